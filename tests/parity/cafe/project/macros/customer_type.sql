{% macro customer_type(orders) -%}
case when {{ orders }} >= {{ var('regular_from') }} then 'regular' when {{ orders }} > 1 then 'returning' else 'new' end
{%- endmacro %}
