{% macro cents(column) %}
  {{ column / }}
{% endmacro %}
