with summary as (
    select
        order_id,
        sum(supply_cost) as order_cost,
        sum(product_price) as order_items_subtotal,
        count(*) as count_order_items,
        count(*) filter (is_food) as count_food_items,
        count(*) filter (is_drink) as count_drink_items
    from {{ ref('order_items') }}
    group by 1
)
select
    orders.*,
    summary.* exclude (order_id),
    row_number() over (partition by customer_id order by ordered_at, orders.order_id) as customer_order_number
from {{ ref('stg_orders') }} as orders
left join summary on summary.order_id = orders.order_id
