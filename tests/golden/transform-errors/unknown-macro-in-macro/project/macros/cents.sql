{% macro cents(column) %}
  {{ rounded(column) }}
{% endmacro %}
