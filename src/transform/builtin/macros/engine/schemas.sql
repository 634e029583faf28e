{# Schemas, and what the database says of itself. #}

{% macro create_schema(relation) -%}
  {{ adapter.dispatch('create_schema', 'dbt')(relation) }}
{%- endmacro %}

{% macro default__create_schema(relation) -%}
  {% call statement('create_schema') %}create schema if not exists {{ relation.without_identifier() }}{% endcall %}
{%- endmacro %}

{% macro drop_schema(relation) -%}
  {{ adapter.dispatch('drop_schema', 'dbt')(relation) }}
{%- endmacro %}

{% macro default__drop_schema(relation) -%}
  {% call statement('drop_schema') %}drop schema if exists {{ relation.without_identifier() }} cascade{% endcall %}
{%- endmacro %}

{% macro drop_schema_named(schema_name) %}
  {{ return(adapter.dispatch('drop_schema_named', 'dbt')(schema_name)) }}
{% endmacro %}

{% macro default__drop_schema_named(schema_name) %}
  {% do adapter.drop_schema(api.Relation.create(schema=schema_name)) %}
{% endmacro %}

{% macro list_schemas(database) -%}
  {{ return(adapter.dispatch('list_schemas', 'dbt')(database)) }}
{%- endmacro %}

{% macro default__list_schemas(database) %}
  {{ return(run_query(
    'select schema_name from system.information_schema.schemata'
    ~ (" where lower(catalog_name) = lower('" ~ database ~ "')" if database is not none else '')
  )) }}
{% endmacro %}

{% macro check_schema_exists(information_schema, schema) -%}
  {{ return(adapter.dispatch('check_schema_exists', 'dbt')(information_schema, schema)) }}
{%- endmacro %}

{% macro default__check_schema_exists(information_schema, schema) %}
  {% set sql %}
    select count(*) from system.information_schema.schemata
    where lower(schema_name) = lower('{{ schema }}') and lower(catalog_name) = lower('{{ information_schema.database }}')
  {% endset %}
  {{ return(run_query(sql)) }}
{% endmacro %}

{% macro information_schema_name(database) %}
  {{ return(adapter.dispatch('information_schema_name', 'dbt')(database)) }}
{% endmacro %}

{% macro default__information_schema_name(database) -%}
  {{ database ~ '.' if database }}information_schema
{%- endmacro %}

{% macro list_relations_without_caching(schema_relation) %}
  {{ return(adapter.dispatch('list_relations_without_caching', 'dbt')(schema_relation)) }}
{% endmacro %}

{% macro default__list_relations_without_caching(schema_relation) %}
  {% call statement('list_relations_without_caching', fetch_result=True) %}
    select
      table_catalog as database,
      table_name as name,
      table_schema as schema,
      if(table_type = 'VIEW', 'view', 'table') as type
    from system.information_schema.tables
    where lower(table_schema) = lower('{{ schema_relation.schema }}')
      and lower(table_catalog) = lower('{{ schema_relation.database }}')
  {% endcall %}
  {{ return(load_result('list_relations_without_caching').table) }}
{% endmacro %}
