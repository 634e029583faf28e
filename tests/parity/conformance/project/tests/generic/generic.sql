{% test at_least(model, rows=1) %}
{{ config(fail_calc='missing', severity='warn') }}
select greatest(0, {{ rows }} - count(*)) as missing from {{ model }}
{% endtest %}

{% test row_total_is(model, column, minimum=0, maximum=none) %}
select sum({{ column }}) as total from {{ model }}
having sum({{ column }}) < {{ minimum }}{% if maximum is not none %} or sum({{ column }}) > {{ maximum }}{% endif %}
{% endtest %}

{% test not_in(model, column_name, values) -%}
select {{ column_name }} from {{ model }} where {{ column_name }} in ({% for value in values %}'{{ value }}'{% if not loop.last %}, {% endif %}{% endfor %})
{%- endtest %}

{% test expression_holds(model, expression, label='') %}
-- {{ label }}
select * from {{ model }} where not ({{ expression }})
{% endtest %}
