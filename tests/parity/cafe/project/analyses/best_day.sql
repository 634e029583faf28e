select ordered_on, sum(order_total) as revenue from {{ ref('orders') }} group by 1 order by 2 desc limit 1
