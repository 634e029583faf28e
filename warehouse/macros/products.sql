{#- The class of a list price in the shop's currency; NULL without a price. -#}
{%- macro price_tier(price) -%}
    case
        when {{ price }} < 25 then 'Budget'
        when {{ price }} < 100 then 'Mid-Range'
        when {{ price }} < 500 then 'Premium'
        when {{ price }} >= 500 then 'Luxury'
    end
{%- endmacro -%}
