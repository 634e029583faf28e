with

transactions as (
    select * from {{ ref('int_transactions') }}
),

customers as (
    select * from {{ ref('agg_customer_metrics') }}
),

dates as (
    select * from {{ ref('dim_date') }}
),

members as (
    select
        {{ natural_key('source', 'customer_id') }} as customer_natural_key,
        cohort_month
    from customers
    where cohort_month is not null
),

cohorts as (
    select
        cohort_month,
        count(*) as customers
    from members
    group by cohort_month
),

months as (
    select distinct {{ first_of_month('date') }} as month
    from dates
    where date <= (select max(date) from transactions)
),

activity as (
    select
        members.cohort_month,
        {{ first_of_month('transactions.date') }} as month,
        count(distinct transactions.customer_natural_key) as active,
        sum(transactions.amount) as revenue
    from transactions
    inner join members on transactions.customer_natural_key = members.customer_natural_key
    where transactions.transaction_type = 'sale'
    group by members.cohort_month, {{ first_of_month('transactions.date') }}
),

cohort_months as (
    select
        cohorts.cohort_month,
        {{ months_between('cohorts.cohort_month', 'months.month') }} as months_since,
        cohorts.customers,
        coalesce(activity.active, 0) as active,
        coalesce(activity.revenue, 0) as revenue
    from cohorts
    inner join months on months.month >= cohorts.cohort_month
    left join activity
        on cohorts.cohort_month = activity.cohort_month
        and months.month = activity.month
)

select
    {{ surrogate_key('cast(cohort_month as varchar)', 'months_since') }} as cohort_retention_key,
    cohort_month,
    cast(months_since as integer) as months_since,
    customers,
    active,
    {{ money('revenue') }} as revenue,
    {{ safe_divide('active', 'customers') }} as retention_rate
from cohort_months
