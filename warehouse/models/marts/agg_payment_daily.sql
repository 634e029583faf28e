with

transactions as (
    select * from {{ ref('int_transactions') }}
),

payment_methods as (
    select * from {{ ref('dim_payment_method') }}
),

totals as (
    select
        date,
        payment_method_key,
        {{ count_where("transaction_type = 'sale'") }} as orders,
        {{ sum_where('amount', "transaction_type = 'sale'") }} as revenue,
        {{ sum_where('-amount', "transaction_type = 'return'") }} as returns
    from transactions
    group by date, payment_method_key
)

select
    {{ surrogate_key('cast(totals.date as varchar)', 'totals.payment_method_key') }} as payment_daily_key,
    totals.date,
    totals.payment_method_key,
    payment_methods.payment_method,
    totals.orders,
    {{ money('totals.revenue') }} as revenue,
    {{ money('totals.returns') }} as returns,
    {{ money('totals.revenue - totals.returns') }} as net_revenue,
    {{ money_average('totals.revenue', 'totals.orders') }} as average_order_value
from totals
left join payment_methods on totals.payment_method_key = payment_methods.payment_method_key
