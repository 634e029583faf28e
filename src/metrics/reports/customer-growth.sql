/*
title: Customer growth
question: How many customers does the shop win from month to month?
note: Guests are left out.
chart: { type: column, x: month, y: [new_customers, returning_customers] }
columns:
  month: { unit: month, description: Calendar month; months without a sale are there too }
  customers: { unit: count, description: Customers with an order in the month; guests are left out }
  new_customers: { unit: count, description: Customers whose first order of all is in the month }
  returning_customers: { unit: count, description: Customers with an order in the month whose first order of all was earlier }
  total_customers: { unit: count, description: 'Customers with an order up to the end of the month, those before the range included' }
  growth: { unit: fraction, description: New customers / customers before the month; none where there were none }
*/
with

days as (
    select
        date_key,
        date_trunc('month', make_date(year, month, day_of_month)) as month
    from dim_date
    where
        make_date(year, month, day_of_month) between cast($from as date) and cast($to as date)
        and date_key between (select min(date_key) from fact_sales) and (select max(date_key) from fact_sales)
),

orders as (
    select distinct
        customers.source,
        customers.customer_id,
        sales.date_key
    from fact_sales as sales
    inner join dim_customers as customers on sales.customer_key = customers.customer_key
    where
        sales.transaction_type = 'sale'
        and sales.customer_key <> 0
),

numbered as (
    select
        *,
        min(date_key) over (partition by source, customer_id) as first_date_key
    from orders
),

earlier as (
    select count(distinct (source, customer_id)) as customers
    from numbered
    where first_date_key < (select min(date_key) from days)
),

months as (
    select
        days.month,
        count(distinct (numbered.source, numbered.customer_id)) filter (
            where numbered.customer_id is not null
        ) as customers,
        count(*) filter (where numbered.date_key = numbered.first_date_key) as new_customers
    from days
    left join numbered on days.date_key = numbered.date_key
    group by days.month
),

summed as (
    select
        months.*,
        cast(earlier.customers + sum(months.new_customers) over (order by months.month) as bigint) as total_customers
    from months
    cross join earlier
)

select
    strftime(month, '%Y-%m') as month,
    customers,
    new_customers,
    customers - new_customers as returning_customers,
    total_customers,
    new_customers / nullif(total_customers - new_customers, 0) as growth
from summed
order by month
