-- fct_reconciliation has each order of production and of events once; a row for each sum that differs.
with

reconciliation as (
    select
        coalesce(sum(production_orders), 0) as production_orders,
        coalesce(sum(event_orders), 0) as event_orders,
        coalesce(sum(purchase_events), 0) as purchase_events,
        coalesce(sum(event_amount), 0) as event_amount,
        coalesce(sum(matched_orders + only_in_production), 0) as judged_production_orders,
        coalesce(sum(matched_orders + only_in_events), 0) as judged_event_orders
    from {{ ref('fct_reconciliation') }}
),

production as (
    select count(*) as orders
    from {{ ref('stg_transactions') }}
    where transaction_type = 'sale'
),

purchases as (
    select
        count(*) as events,
        count(distinct order_natural_key) as orders,
        coalesce(sum(revenue_amount), 0) as amount
    from {{ ref('int_purchases') }}
)

select
    production.orders as production_orders,
    purchases.orders as event_orders
from reconciliation
cross join production
cross join purchases
where
    reconciliation.production_orders <> production.orders
    or reconciliation.judged_production_orders <> production.orders
    or reconciliation.event_orders <> purchases.orders
    or reconciliation.judged_event_orders <> purchases.orders
    or reconciliation.purchase_events <> purchases.events
    or reconciliation.event_amount <> purchases.amount
