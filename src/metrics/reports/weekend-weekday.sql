/*
title: Weekend against weekday
question: Does an average day of the weekend sell more than an average weekday?
note: Averages are over all days of a kind, days without a sale included.
chart: { type: column, x: kind_of_day, y: [net_revenue_per_day] }
columns:
  kind_of_day: { unit: text, description: 'Weekday (Monday to Friday) or Weekend (Saturday, Sunday)' }
  days: { unit: count, description: 'Days of the kind within the range, from the first to the last day with data' }
  gross_revenue: { unit: amount, description: Line totals of sales }
  net_revenue: { unit: amount, description: Line totals of sales less those of returns }
  share: { unit: fraction, description: Net revenue of these days / net revenue of the range }
  net_revenue_per_day: { unit: amount, description: 'Net revenue / days, days without a sale included' }
  orders: { unit: count, description: Completed sales }
  orders_per_day: { unit: number, description: 'Orders / days, days without a sale included' }
  average_order_value: { unit: amount, description: Gross revenue per order; none without orders }
*/
with

days as (
    select
        date_key,
        is_weekend
    from dim_date
    where
        make_date(year, month, day_of_month) between cast($from as date) and cast($to as date)
        and date_key between (select min(date_key) from fact_sales) and (select max(date_key) from fact_sales)
),

kinds as (
    select
        days.is_weekend,
        count(distinct days.date_key) as days,
        coalesce(sum(sales.line_total) filter (where sales.transaction_type = 'sale'), 0) as gross_revenue,
        coalesce(sum(sales.line_total), 0) as net_revenue,
        count(distinct (sales.source, sales.transaction_id)) filter (where sales.transaction_type = 'sale') as orders
    from days
    left join fact_sales as sales on days.date_key = sales.date_key
    group by days.is_weekend
)

select
    case when is_weekend then 'Weekend' else 'Weekday' end as kind_of_day,
    days,
    gross_revenue,
    net_revenue,
    net_revenue / nullif(sum(net_revenue) over (), 0) as share,
    cast(round(net_revenue / days, 2) as decimal(18, 2)) as net_revenue_per_day,
    orders,
    orders / days as orders_per_day,
    cast(round(gross_revenue / nullif(orders, 0), 2) as decimal(18, 2)) as average_order_value
from kinds
order by is_weekend
