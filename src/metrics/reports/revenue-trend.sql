/*
title: Revenue trend
question: How do revenue and orders develop from month to month?
note: Growth against or of a month that is not complete says little.
chart: { type: line, x: month, y: [gross_revenue, net_revenue] }
columns:
  month: { unit: month, description: Calendar month; months without a sale are there too }
  is_complete: { unit: flag, description: The range and the data cover every day of the month }
  gross_revenue: { unit: amount, description: Line totals of sales }
  returns: { unit: amount, description: 'Line totals of returns, shown positive, in the month of the return' }
  net_revenue: { unit: amount, description: Gross revenue less returns }
  growth: { unit: fraction, description: Change of net revenue against the month before; none for the first month and after one of 0 or less }
  orders: { unit: count, description: Completed sales }
  average_order_value: { unit: amount, description: Gross revenue per order; none without orders }
  customers: { unit: count, description: Customers with an order in the month; guests are left out }
*/
with

days as (
    select
        date_key,
        make_date(year, month, day_of_month) as day
    from dim_date
    where
        make_date(year, month, day_of_month) between cast($from as date) and cast($to as date)
        and date_key between (select min(date_key) from fact_sales) and (select max(date_key) from fact_sales)
),

months as (
    select
        date_trunc('month', days.day) as month,
        count(distinct days.day) = day(last_day(min(days.day))) as is_complete,
        coalesce(sum(sales.line_total) filter (where sales.transaction_type = 'sale'), 0) as gross_revenue,
        coalesce(-sum(sales.line_total) filter (where sales.transaction_type = 'return'), 0) as returns,
        coalesce(sum(sales.line_total), 0) as net_revenue,
        count(distinct (sales.source, sales.transaction_id)) filter (where sales.transaction_type = 'sale') as orders,
        count(distinct (customers.source, customers.customer_id)) filter (
            where sales.transaction_type = 'sale' and sales.customer_key <> 0
        ) as customers
    from days
    left join fact_sales as sales on days.date_key = sales.date_key
    left join dim_customers as customers on sales.customer_key = customers.customer_key
    group by date_trunc('month', days.day)
),

compared as (
    select
        *,
        lag(net_revenue) over (order by month) as net_revenue_before
    from months
)

select
    strftime(month, '%Y-%m') as month,
    is_complete,
    gross_revenue,
    returns,
    net_revenue,
    case
        when net_revenue_before > 0 then (net_revenue - net_revenue_before) / net_revenue_before
    end as growth,
    orders,
    cast(round(gross_revenue / nullif(orders, 0), 2) as decimal(18, 2)) as average_order_value,
    customers
from compared
order by month
