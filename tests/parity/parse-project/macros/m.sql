{% macro log_hook() %}select '{{ target.name }}'{% endmacro %}

{%- macro cents(col, scale=2) -%} ({{ col }} / 100)::numeric(16, {{ scale }}) {%- endmacro %}

{% macro uses_cents(col) %}
  {{ cents(col) }} {{ feature.cents(col) }} {{ helper.shout(col) }} {{ adapter.dispatch('shout', 'helper')(col) }}
{% endmacro %}
{% macro default__shout(x) %}lower({{ x }}){% endmacro %}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if custom_schema_name is none -%} {{ target.schema }}
    {%- elif node.resource_type == 'seed' -%} seeds_{{ custom_schema_name | trim }}
    {%- else -%} {{ target.schema }}_{{ custom_schema_name | trim }}
    {%- endif -%}
{%- endmacro %}
{% materialization my_table, adapter='duckdb', supported_languages=['sql'] %}
  {{ return({'relations': []}) }}
{% endmaterialization %}
{% test in_macros(model, column_name, floor=0) %}
select * from {{ model }} where {{ column_name }} < {{ floor }}
{% endtest %}
