with

sales as (
    select * from {{ ref('fact_sales') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

dates as (
    select * from {{ ref('dim_date') }}
),

days as (
    select
        date_key,
        {{ key_date('date_key') }} as date
    from dates
    where date_key between (select min(date_key) from sales) and (select max(date_key) from sales)
),

daily_lines as (
    select
        date_key,
        coalesce(sum(line_total) filter (where transaction_type = 'sale'), 0) as revenue,
        coalesce(-sum(line_total) filter (where transaction_type = 'return'), 0) as returns,
        sum(profit) as profit,
        coalesce(sum(quantity) filter (where transaction_type = 'sale'), 0) as units
    from sales
    group by date_key
),

-- a customer keeps the id through all versions; a guest has none here
orders as (
    select distinct
        sales.source,
        sales.transaction_id,
        sales.date_key,
        case
            when sales.customer_key <> 0 then {{ natural_key('customers.source', 'customers.customer_id') }}
        end as customer_natural_key
    from sales
    left join customers on sales.customer_key = customers.customer_key
    where sales.transaction_type = 'sale'
),

daily_orders as (
    select
        date_key,
        count(*) as transactions,
        count(distinct customer_natural_key) as customers
    from orders
    group by date_key
),

first_orders as (
    select
        customer_natural_key,
        min(date_key) as date_key
    from orders
    where customer_natural_key is not null
    group by customer_natural_key
),

daily_new_customers as (
    select
        date_key,
        count(*) as new_customers
    from first_orders
    group by date_key
),

daily as (
    select
        days.date,
        coalesce(daily_orders.transactions, 0) as transactions,
        coalesce(daily_lines.revenue, 0) as revenue,
        coalesce(daily_lines.returns, 0) as returns,
        case when daily_lines.date_key is null then 0 else daily_lines.profit end as profit,
        cast(coalesce(daily_lines.units, 0) as bigint) as units,
        coalesce(daily_orders.customers, 0) as customers,
        coalesce(daily_new_customers.new_customers, 0) as new_customers
    from days
    left join daily_lines on days.date_key = daily_lines.date_key
    left join daily_orders on days.date_key = daily_orders.date_key
    left join daily_new_customers on days.date_key = daily_new_customers.date_key
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
