{% macro cents_to_money(column) %}({{ column }} / 100)::decimal(16, 2){% endmacro %}
