{{ config(materialized='incremental', unique_key='day') }}
select ordered_on as day, count(*) as orders, sum(order_total) as revenue
from {{ ref('orders') }}
{% if is_incremental() %}
where ordered_on >= (select max(day) from {{ this }})
{% endif %}
group by 1
