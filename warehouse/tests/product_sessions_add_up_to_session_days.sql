-- int_product_sessions has every event that names a product once; a row where a sum differs.
with

product_sessions as (
    select
        coalesce(sum(events), 0) as events,
        coalesce(sum(purchase_events), 0) as purchase_events
    from {{ ref('int_product_sessions') }}
),

session_days as (
    select coalesce(sum(product_events), 0) as events
    from {{ ref('int_session_days') }}
),

purchases as (
    select count(*) as events
    from {{ ref('int_purchases') }}
    where product_natural_key is not null
)

select
    product_sessions.events as product_session_events,
    session_days.events as session_day_events,
    purchases.events as purchase_events
from product_sessions
cross join session_days
cross join purchases
where product_sessions.events <> session_days.events or product_sessions.purchase_events <> purchases.events
