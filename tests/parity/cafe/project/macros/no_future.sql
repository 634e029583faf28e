{% test not_before(model, column_name, day) %}
select * from {{ model }} where {{ column_name }} < date '{{ day }}'
{% endtest %}
