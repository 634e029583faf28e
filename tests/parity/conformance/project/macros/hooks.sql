{% macro start_log() %}
  {% if execute %}
    {% do run_query("create table if not exists audit.runs (what varchar, detail varchar)") %}
    {% do run_query("create table if not exists audit.results (node varchar, status varchar, failures bigint)") %}
  {% endif %}
  {{ return('select 1 as started') }}
{% endmacro %}

{% macro log_results(results) %}
  {%- set rows = [] -%}
  {%- for result in results -%}
    {%- do rows.append("('" ~ result.node.unique_id ~ "', '" ~ result.status ~ "', " ~ (result.failures if result.node.resource_type in ['test', 'unit_test'] and result.failures is not none else 'null') ~ ")") -%}
  {%- endfor -%}
  {%- if rows %}insert into audit.results values {{ rows | sort | join(', ') }}{% endif -%}
{% endmacro %}
