/*
title: Geography
question: Which countries do orders and revenue come from?
chart: { type: bar, x: country, y: [net_revenue] }
columns:
  country: { unit: text, description: "The country of the order, else the customer's at that time; Unknown without either" }
  customers: { unit: count, description: Customers with an order from there; guests are left out }
  orders: { unit: count, description: Completed sales }
  gross_revenue: { unit: amount, description: Line totals of sales }
  returns: { unit: amount, description: 'Line totals of returns, shown positive' }
  net_revenue: { unit: amount, description: Gross revenue less returns }
  share: { unit: fraction, description: Net revenue of the country / net revenue of the range }
  average_order_value: { unit: amount, description: Gross revenue per order; none without orders }
*/
with

days as (
    select date_key
    from dim_date
    where make_date(year, month, day_of_month) between cast($from as date) and cast($to as date)
),

countries as (
    select
        coalesce(sales.country, 'Unknown') as country,
        count(distinct (customers.source, customers.customer_id)) filter (
            where sales.transaction_type = 'sale' and sales.customer_key <> 0
        ) as customers,
        count(distinct (sales.source, sales.transaction_id)) filter (where sales.transaction_type = 'sale') as orders,
        coalesce(sum(sales.line_total) filter (where sales.transaction_type = 'sale'), 0) as gross_revenue,
        coalesce(-sum(sales.line_total) filter (where sales.transaction_type = 'return'), 0) as returns,
        sum(sales.line_total) as net_revenue
    from days
    inner join fact_sales as sales on days.date_key = sales.date_key
    inner join dim_customers as customers on sales.customer_key = customers.customer_key
    group by coalesce(sales.country, 'Unknown')
)

select
    country,
    customers,
    orders,
    gross_revenue,
    returns,
    net_revenue,
    net_revenue / nullif(sum(net_revenue) over (), 0) as share,
    cast(round(gross_revenue / nullif(orders, 0), 2) as decimal(18, 2)) as average_order_value
from countries
order by net_revenue desc, country
