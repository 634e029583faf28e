{% macro to_currency(column, places=none) %}
  {{ return(adapter.dispatch('to_currency', 'money')(column, places or 2)) }}
{% endmacro %}

{% macro default__to_currency(column, places) -%}
  round({{ column }}, {{ places }})
{%- endmacro %}

{% macro duckdb__to_currency(column, places) -%}
  cast({{ column }} / {{ var('cents', 100) }} as decimal(18, {{ places }}))
{%- endmacro %}

{% macro label() %}{{ return(adapter.dispatch('label', 'money')()) }}{% endmacro %}

{% macro default__label() %}{{ return("package's own") }}{% endmacro %}

{% test positive(model, column_name) %}
select {{ column_name }} from {{ model }} where not {{ column_name }} > 0
{% endtest %}
