{#- Classes of customers and users. -#}

{#- The segment of the three scores and the number of orders; the first that holds. -#}
{%- macro rfm_segment(recency_score, frequency_score, monetary_score, orders) -%}
    case
        when {{ orders }} = 0 then 'Never bought'
        when {{ recency_score }} >= 4 and {{ frequency_score }} >= 4 and {{ monetary_score }} >= 4 then 'Champions'
        when {{ frequency_score }} >= 4 then 'Loyal'
        when {{ monetary_score }} >= 4 then 'Big spenders'
        when {{ recency_score }} >= 4 and {{ orders }} = 1 then 'New'
        when {{ recency_score }} <= 2 and {{ frequency_score }} >= 3 then 'At risk'
        when {{ recency_score }} <= 2 then 'Lost'
        else 'Regular'
    end
{%- endmacro -%}
