with

product_sessions as (
    select * from {{ ref('int_product_sessions') }}
),

purchase_events as (
    select * from {{ ref('int_purchases') }}
),

items as (
    select * from {{ ref('stg_transaction_items') }}
),

transactions as (
    select * from {{ ref('stg_transactions') }}
),

clicks as (
    select
        product_natural_key,
        cast(sum(views) as bigint) as views,
        count(distinct case when views > 0 then user_id end) as unique_viewers,
        cast(sum(carts) as bigint) as carts,
        cast(sum(removals) as bigint) as removals,
        {{ count_where('is_checked_out') }} as checkouts,
        {{ count_where('views > 0') }} as viewing_sessions,
        {{ count_where('views > 0 and carts > 0') }} as carting_sessions,
        {{ count_where('views > 0 and purchase_events > 0') }} as purchasing_sessions
    from product_sessions
    group by product_natural_key
),

purchases as (
    select
        product_natural_key,
        count(distinct order_natural_key) as purchases,
        cast(sum(quantity) as bigint) as units,
        sum(revenue_amount) as revenue
    from purchase_events
    where product_natural_key is not null
    group by product_natural_key
),

sales as (
    select
        items.product_natural_key,
        cast({{ sum_where('items.quantity', "transactions.transaction_type = 'sale'") }} as bigint) as sales_units,
        {{ sum_where('items.line_total', "transactions.transaction_type = 'sale'") }} as sales_revenue,
        cast({{ sum_where('-items.quantity', "transactions.transaction_type = 'return'") }} as bigint) as returned_units
    from items
    inner join transactions on items.transaction_natural_key = transactions.transaction_natural_key
    where transactions.status = 'completed'
    group by items.product_natural_key
),

-- events of a product bring what its purchases are found by, so these two have every product
products as (
    select product_natural_key from clicks
    union
    select product_natural_key from sales
)

select
    products.product_natural_key,
    coalesce(clicks.views, 0) as views,
    coalesce(clicks.unique_viewers, 0) as unique_viewers,
    coalesce(clicks.carts, 0) as carts,
    coalesce(clicks.removals, 0) as removals,
    coalesce(clicks.checkouts, 0) as checkouts,
    coalesce(purchases.purchases, 0) as purchases,
    coalesce(purchases.units, 0) as units,
    {{ money('coalesce(purchases.revenue, 0)') }} as revenue,
    coalesce(clicks.viewing_sessions, 0) as viewing_sessions,
    coalesce(clicks.carting_sessions, 0) as carting_sessions,
    coalesce(clicks.purchasing_sessions, 0) as purchasing_sessions,
    {{ safe_divide('clicks.carting_sessions', 'clicks.viewing_sessions') }} as view_to_cart_rate,
    {{ safe_divide('clicks.purchasing_sessions', 'clicks.viewing_sessions') }} as overall_conversion_rate,
    coalesce(sales.sales_units, 0) as sales_units,
    {{ money('coalesce(sales.sales_revenue, 0)') }} as sales_revenue,
    coalesce(sales.returned_units, 0) as returned_units
from products
left join clicks on products.product_natural_key = clicks.product_natural_key
left join purchases on products.product_natural_key = purchases.product_natural_key
left join sales on products.product_natural_key = sales.product_natural_key
