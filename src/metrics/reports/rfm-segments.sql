/*
title: RFM segments
question: Which customers are the best, and which is the shop about to lose?
note: Guests and customers without an order are left out.
chart: { type: bar, x: segment, y: [customers] }
columns:
  segment:
    unit: text
    description: >-
      The first that fits: Champions (recency, frequency and monetary score of 4 or more), Loyal (frequency 4 or more),
      Big spenders (monetary 4 or more), New (recency 4 or more and one order), At risk (recency up to 2, frequency 3 or
      more), Lost (recency up to 2), Regular. Scores are 1 + floor(5 x percent_rank), at most 5, over the customers with
      an order in the range, by the day of the last order, the number of orders and gross revenue
  customers: { unit: count, description: Customers with an order in the range; guests are left out }
  share_of_customers: { unit: fraction, description: These customers / all customers of the range }
  orders: { unit: count, description: Their orders }
  gross_revenue: { unit: amount, description: Line totals of their orders }
  share_of_revenue: { unit: fraction, description: Their gross revenue / gross revenue of all customers; that of guests is left out }
  revenue_per_customer: { unit: amount, description: Gross revenue / customers }
  average_recency_days: { unit: number, description: Days from the last order to the end of the range on average }
*/
with

days as (
    select
        date_key,
        make_date(year, month, day_of_month) as day
    from dim_date
    where make_date(year, month, day_of_month) between cast($from as date) and cast($to as date)
),

customer_totals as (
    select
        max(days.day) as last_order,
        count(distinct sales.transaction_id) as orders,
        sum(sales.line_total) as gross_revenue
    from days
    inner join fact_sales as sales on days.date_key = sales.date_key
    inner join dim_customers as customers on sales.customer_key = customers.customer_key
    where sales.transaction_type = 'sale' and sales.customer_key <> 0
    group by customers.source, customers.customer_id
),

scored as (
    select
        *,
        least(5, 1 + floor(5 * percent_rank() over (order by last_order))) as recency_score,
        least(5, 1 + floor(5 * percent_rank() over (order by orders))) as frequency_score,
        least(5, 1 + floor(5 * percent_rank() over (order by gross_revenue))) as monetary_score
    from customer_totals
),

segmented as (
    select
        *,
        case
            when recency_score >= 4 and frequency_score >= 4 and monetary_score >= 4 then 'Champions'
            when frequency_score >= 4 then 'Loyal'
            when monetary_score >= 4 then 'Big spenders'
            when recency_score >= 4 and orders = 1 then 'New'
            when recency_score <= 2 and frequency_score >= 3 then 'At risk'
            when recency_score <= 2 then 'Lost'
            else 'Regular'
        end as segment
    from scored
),

segments as (
    select
        segment,
        count(*) as customers,
        cast(sum(orders) as bigint) as orders,
        sum(gross_revenue) as gross_revenue,
        avg(cast($to as date) - last_order) as average_recency_days
    from segmented
    group by segment
)

select
    segment,
    customers,
    customers / sum(customers) over () as share_of_customers,
    orders,
    gross_revenue,
    gross_revenue / nullif(sum(gross_revenue) over (), 0) as share_of_revenue,
    cast(round(gross_revenue / customers, 2) as decimal(18, 2)) as revenue_per_customer,
    average_recency_days
from segments
order by
    list_position(['Champions', 'Loyal', 'Big spenders', 'New', 'Regular', 'At risk', 'Lost'], segment)
