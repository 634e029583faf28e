select c.customer_id, count(o.order_id) as orders, sum(o.amount) as total
from {{ ref('dim_customers') }} c left join {{ ref('fct_orders') }} o on o.customer_id = c.customer_id
group by 1
