{#- Classes of products. -#}

{#- The class of a list price in the shop's currency; NULL without a price. -#}
{%- macro price_tier(price) -%}
    case
        when {{ price }} < 25 then 'Budget'
        when {{ price }} < 100 then 'Mid-Range'
        when {{ price }} < 500 then 'Premium'
        when {{ price }} >= 500 then 'Luxury'
    end
{%- endmacro -%}

{#- The class of an average rating from 0 to 5. -#}
{%- macro rating_tier(rating) -%}
    case
        when {{ rating }} is null then 'Unrated'
        when {{ rating }} >= 4.5 then 'Excellent'
        when {{ rating }} >= 4 then 'Good'
        when {{ rating }} >= 3 then 'Average'
        else 'Poor'
    end
{%- endmacro -%}
