with supply_costs as (
    select product_id, sum(supply_cost) as supply_cost from {{ ref('stg_supplies') }} group by 1
)
select
    items.order_item_id,
    items.order_id,
    items.product_id,
    orders.ordered_on,
    products.product_name,
    products.product_price,
    products.is_food,
    products.is_drink,
    supply_costs.supply_cost
from {{ ref('stg_order_items') }} as items
left join {{ ref('stg_orders') }} as orders on orders.order_id = items.order_id
left join {{ ref('stg_products') }} as products on products.product_id = items.product_id
left join supply_costs on supply_costs.product_id = items.product_id
