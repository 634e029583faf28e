{% test all_even(model, columns, options=none) %}
{{ config(fail_calc='count(*)') }}
select * from {{ model }}
{% endtest %}
{% test dated(model, col) %} select * from {{ model }} {% endtest %}
