with

transactions as (
    select * from {{ ref('stg_transactions') }}
),

items as (
    select * from {{ ref('stg_transaction_items') }}
),

purchases as (
    select * from {{ ref('int_purchases') }}
),

line_sums as (
    select
        transaction_natural_key,
        sum(line_total) as amount
    from items
    group by transaction_natural_key
),

production_orders as (
    select
        {{ natural_key('transactions.source', "'order|' || transactions.transaction_id") }} as order_natural_key,
        {{ shop_date('transactions.transaction_at') }} as date,
        transactions.status = 'completed' as is_completed,
        coalesce(line_sums.amount, 0) as amount
    from transactions
    left join line_sums on transactions.transaction_natural_key = line_sums.transaction_natural_key
    where transactions.transaction_type = 'sale'
),

event_orders as (
    select
        order_natural_key,
        min(date) as date,
        count(*) as purchase_events,
        sum(revenue_amount) as amount
    from purchases
    group by order_natural_key
),

-- an order that both have is of the day that production says
orders as (
    select
        coalesce(production_orders.date, event_orders.date) as date,
        production_orders.order_natural_key is not null as in_production,
        event_orders.order_natural_key is not null as in_events,
        coalesce(production_orders.is_completed, false) as is_completed,
        coalesce(event_orders.purchase_events, 0) as purchase_events,
        coalesce(production_orders.amount, 0) as production_amount,
        coalesce(event_orders.amount, 0) as event_amount
    from production_orders
    full outer join event_orders on production_orders.order_natural_key = event_orders.order_natural_key
)

select
    date,
    {{ count_where('in_production') }} as production_orders,
    {{ count_where('is_completed') }} as completed_orders,
    {{ count_where('in_events') }} as event_orders,
    cast(sum(purchase_events) as bigint) as purchase_events,
    {{ count_where('in_production and in_events') }} as matched_orders,
    {{ count_where('in_production and not in_events') }} as only_in_production,
    {{ count_where('in_events and not in_production') }} as only_in_events,
    {{ money('sum(production_amount)') }} as production_amount,
    {{ money('sum(event_amount)') }} as event_amount,
    {{ money('sum(production_amount - event_amount)') }} as amount_difference,
    {{ money(sum_where('production_amount - event_amount', 'in_production and in_events')) }} as matched_amount_difference
from orders
group by date
