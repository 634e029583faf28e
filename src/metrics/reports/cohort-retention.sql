/*
title: Cohort retention
question: How many of the customers who first ordered in a month order again in the months after?
note: Guests are left out; the last month of each cohort may be under way.
chart: { type: heatmap, x: months_since, y: [retention], series: cohort_month }
columns:
  cohort_month: { unit: month, description: Month of the first order of all; cohorts whose first orders lie in the range }
  months_since: { unit: count, description: Months after that month; 0 is the month itself }
  customers: { unit: count, description: Customers of the cohort; guests are left out }
  active_customers: { unit: count, description: Those of them with an order in that month }
  retention: { unit: fraction, description: Active customers / customers }
  gross_revenue: { unit: amount, description: Line totals of their orders in that month }
*/
with

sold as (
    select
        customers.source,
        customers.customer_id,
        make_date(dates.year, dates.month, dates.day_of_month) as day,
        sales.line_total
    from fact_sales as sales
    inner join dim_date as dates on sales.date_key = dates.date_key
    inner join dim_customers as customers on sales.customer_key = customers.customer_key
    where sales.transaction_type = 'sale' and sales.customer_key <> 0
),

cohort_customers as (
    select
        source,
        customer_id,
        date_trunc('month', min(day)) as cohort_month
    from sold
    group by source, customer_id
    having min(day) between cast($from as date) and cast($to as date)
),

cohorts as (
    select
        cohort_month,
        count(*) as customers
    from cohort_customers
    group by cohort_month
),

last_day as (
    select least(cast($to as date), make_date(dates.year, dates.month, dates.day_of_month)) as day
    from dim_date as dates
    where dates.date_key = (select max(date_key) from fact_sales)
),

cohort_months as (
    select
        cohorts.cohort_month,
        cohorts.customers,
        unnest(generate_series(0, date_diff('month', cohorts.cohort_month, last_day.day))) as months_since
    from cohorts
    cross join last_day
),

active as (
    select
        cohort_customers.cohort_month,
        date_diff('month', cohort_customers.cohort_month, sold.day) as months_since,
        count(distinct (sold.source, sold.customer_id)) as active_customers,
        sum(sold.line_total) as gross_revenue
    from sold
    inner join cohort_customers
        on sold.source = cohort_customers.source and sold.customer_id = cohort_customers.customer_id
    where sold.day <= cast($to as date)
    group by all
)

select
    strftime(cohort_months.cohort_month, '%Y-%m') as cohort_month,
    cohort_months.months_since,
    cohort_months.customers,
    coalesce(active.active_customers, 0) as active_customers,
    coalesce(active.active_customers, 0) / cohort_months.customers as retention,
    coalesce(active.gross_revenue, 0) as gross_revenue
from cohort_months
left join active
    on cohort_months.cohort_month = active.cohort_month and cohort_months.months_since = active.months_since
order by cohort_months.cohort_month, cohort_months.months_since
