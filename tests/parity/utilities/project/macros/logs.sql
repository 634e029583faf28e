{% macro say() %}
  {% do dbt_utils.log_info('said') %}
{% endmacro %}
