{# Descriptions as comments in the database; indexes; grants, which DuckDB does not have. #}

{% macro persist_docs(relation, model, for_relation=true, for_columns=true) -%}
  {{ return(adapter.dispatch('persist_docs', 'dbt')(relation, model, for_relation, for_columns)) }}
{%- endmacro %}

{% macro default__persist_docs(relation, model, for_relation, for_columns) %}
  {% if for_relation and config.persist_relation_docs() and model.description %}
    {% do run_query(alter_relation_comment(relation, model.description)) %}
  {% endif %}
  {% if for_columns and config.persist_column_docs() and model.columns %}
    {% set comments = alter_column_comment(relation, model.columns) | trim %}
    {% if comments %}{% do run_query(comments) %}{% endif %}
  {% endif %}
{% endmacro %}

{% macro alter_relation_comment(relation, relation_comment) %}
  {{ return(adapter.dispatch('alter_relation_comment', 'dbt')(relation, relation_comment)) }}
{% endmacro %}

{% macro default__alter_relation_comment(relation, relation_comment) -%}
  comment on {{ relation.type }} {{ relation }} is {{ string_literal(escape_single_quotes(relation_comment)) }};
{%- endmacro %}

{% macro alter_column_comment(relation, column_dict) %}
  {{ return(adapter.dispatch('alter_column_comment', 'dbt')(relation, column_dict)) }}
{% endmacro %}

{% macro default__alter_column_comment(relation, column_dict) %}
  {%- set present = adapter.get_columns_in_relation(relation) | map(attribute='name') | map('lower') | list -%}
  {%- for name, column in column_dict.items() if name | lower in present -%}
    comment on column {{ relation }}.{{ adapter.quote(name) if column['quote'] else name }} is {{ string_literal(escape_single_quotes(column['description'])) }};
  {% endfor -%}
{% endmacro %}

{% macro get_create_index_sql(relation, index_dict) %}
  {{ return(adapter.dispatch('get_create_index_sql', 'dbt')(relation, index_dict)) }}
{% endmacro %}

{% macro default__get_create_index_sql(relation, index_dict) -%}
  {%- set name = local_md5((index_dict['columns'] | join('_')) ~ '_' ~ relation.render() ~ '_' ~ index_dict.get('unique', false) ~ '_' ~ invocation_id) -%}
  create {{ 'unique ' if index_dict.get('unique') }}index "{{ name }}" on {{ relation }} ({{ index_dict['columns'] | join(', ') }});
{%- endmacro %}

{% macro create_indexes(relation) -%}
  {{ adapter.dispatch('create_indexes', 'dbt')(relation) }}
{%- endmacro %}

{% macro default__create_indexes(relation) %}
  {% for index in config.get('indexes', default=[]) %}
    {% do run_query(get_create_index_sql(relation, index)) %}
  {% endfor %}
{% endmacro %}

{% macro apply_grants(relation, grant_config, should_revoke=True) %}
  {{ return(adapter.dispatch('apply_grants', 'dbt')(relation, grant_config, should_revoke)) }}
{% endmacro %}

{% macro default__apply_grants(relation, grant_config, should_revoke=True) %}
  {% if grant_config %}{% do adapter.warn_once('DuckDB has no grants: those of the configs are left out') %}{% endif %}
{% endmacro %}

{% macro should_revoke(existing_relation, full_refresh_mode=True) %}
  {{ return(existing_relation is not none) }}
{% endmacro %}
