/*
title: Payment methods
question: How do customers pay, and how much?
chart: { type: bar, x: payment_method, y: [orders] }
columns:
  payment_method: { unit: text, description: Payment method }
  payment_type: { unit: text, description: Online or Offline }
  orders: { unit: count, description: Completed sales }
  share_of_orders: { unit: fraction, description: Orders paid so / orders of the range }
  gross_revenue: { unit: amount, description: Line totals of sales }
  returns: { unit: amount, description: 'Line totals of returns, shown positive' }
  net_revenue: { unit: amount, description: Gross revenue less returns }
  share: { unit: fraction, description: Net revenue paid so / net revenue of the range }
  average_order_value: { unit: amount, description: Gross revenue per order; none without orders }
*/
with

days as (
    select date_key
    from dim_date
    where make_date(year, month, day_of_month) between cast($from as date) and cast($to as date)
),

methods as (
    select
        payments.payment_method,
        payments.payment_type,
        count(distinct (sales.source, sales.transaction_id)) filter (where sales.transaction_type = 'sale') as orders,
        coalesce(sum(sales.line_total) filter (where sales.transaction_type = 'sale'), 0) as gross_revenue,
        coalesce(-sum(sales.line_total) filter (where sales.transaction_type = 'return'), 0) as returns,
        sum(sales.line_total) as net_revenue
    from days
    inner join fact_sales as sales on days.date_key = sales.date_key
    inner join dim_payment_method as payments on sales.payment_method_key = payments.payment_method_key
    group by payments.payment_method, payments.payment_type
)

select
    payment_method,
    payment_type,
    orders,
    orders / nullif(sum(orders) over (), 0) as share_of_orders,
    gross_revenue,
    returns,
    net_revenue,
    net_revenue / nullif(sum(net_revenue) over (), 0) as share,
    cast(round(gross_revenue / nullif(orders, 0), 2) as decimal(18, 2)) as average_order_value
from methods
order by orders desc, net_revenue desc, payment_method
