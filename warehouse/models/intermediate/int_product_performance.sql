with

events as (
    select * from {{ ref('stg_events') }}
),

session_days as (
    select * from {{ ref('int_session_days') }}
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

-- what a session did with a product
product_sessions as (
    select
        product_natural_key,
        source,
        user_id,
        session_id,
        {{ count_events('product_view') }} as views,
        {{ count_events('add_to_cart') }} as carts,
        {{ count_events('remove_from_cart') }} as removals,
        {{ count_events('begin_checkout') }} as named_checkouts,
        {{ count_events('purchase') }} as purchase_events,
        min(case when event_type = 'add_to_cart' then event_timestamp end) as first_add_to_cart_at
    from events
    where product_natural_key is not null
    group by product_natural_key, source, user_id, session_id
),

session_checkouts as (
    select
        source,
        user_id,
        session_id,
        max(last_begin_checkout_at) as last_begin_checkout_at
    from session_days
    where last_begin_checkout_at is not null
    group by source, user_id, session_id
),

clicks as (
    select
        product_sessions.product_natural_key,
        cast(sum(product_sessions.views) as bigint) as views,
        count(distinct case when product_sessions.views > 0 then product_sessions.user_id end) as unique_viewers,
        cast(sum(product_sessions.carts) as bigint) as carts,
        cast(sum(product_sessions.removals) as bigint) as removals,
        {{ count_where(
            'product_sessions.named_checkouts > 0'
            ~ ' or session_checkouts.last_begin_checkout_at >= product_sessions.first_add_to_cart_at'
        ) }} as checkouts,
        {{ count_where('product_sessions.views > 0') }} as viewing_sessions,
        {{ count_where('product_sessions.views > 0 and product_sessions.carts > 0') }} as carting_sessions,
        {{ count_where('product_sessions.views > 0 and product_sessions.purchase_events > 0') }} as purchasing_sessions
    from product_sessions
    left join session_checkouts
        on product_sessions.source = session_checkouts.source
        and product_sessions.user_id = session_checkouts.user_id
        and product_sessions.session_id = session_checkouts.session_id
    group by product_sessions.product_natural_key
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
