with

transactions as (
    select * from {{ ref('int_transactions') }}
),

dates as (
    select * from {{ ref('dim_date') }}
),

days as (
    select date
    from dates
    where date between (select min(date) from transactions) and (select max(date) from transactions)
),

daily_transactions as (
    select
        date,
        {{ count_where("transaction_type = 'sale'") }} as transactions,
        {{ sum_where('amount', "transaction_type = 'sale'") }} as revenue,
        {{ sum_where('-amount', "transaction_type = 'return'") }} as returns,
        sum(profit) as profit,
        {{ sum_where('units', "transaction_type = 'sale'") }} as units,
        count(distinct case when transaction_type = 'sale' then customer_natural_key end) as customers
    from transactions
    group by date
),

first_orders as (
    select
        customer_natural_key,
        min(date) as date
    from transactions
    where transaction_type = 'sale' and customer_natural_key is not null
    group by customer_natural_key
),

daily_new_customers as (
    select
        date,
        count(*) as new_customers
    from first_orders
    group by date
),

daily as (
    select
        days.date,
        coalesce(daily_transactions.transactions, 0) as transactions,
        coalesce(daily_transactions.revenue, 0) as revenue,
        coalesce(daily_transactions.returns, 0) as returns,
        case when daily_transactions.date is null then 0 else daily_transactions.profit end as profit,
        cast(coalesce(daily_transactions.units, 0) as bigint) as units,
        coalesce(daily_transactions.customers, 0) as customers,
        coalesce(daily_new_customers.new_customers, 0) as new_customers
    from days
    left join daily_transactions on days.date = daily_transactions.date
    left join daily_new_customers on days.date = daily_new_customers.date
),

-- days have no gaps, so seven rows are seven calendar days
windowed as (
    select
        *,
        sum(revenue) over (order by date rows between 6 preceding and current row) as revenue_7d,
        count(*) over (order by date rows between 6 preceding and current row) as days_7d
    from daily
)

select
    date,
    transactions,
    {{ money('revenue') }} as revenue,
    {{ money('returns') }} as returns,
    {{ money('revenue - returns') }} as net_revenue,
    {{ money('profit') }} as profit,
    units,
    customers,
    new_customers,
    {{ money_average('revenue', 'transactions') }} as average_order_value,
    {{ money_average('revenue_7d', 'days_7d') }} as revenue_7d_avg
from windowed
