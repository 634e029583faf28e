{% macro rate(part, whole) %}
  {{ part / whole }}
{% endmacro %}
