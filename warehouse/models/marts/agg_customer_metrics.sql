with

transactions as (
    select * from {{ ref('int_transactions') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

as_of as (
    select max(date) as date from transactions
),

known_customers as (
    select
        customer_key,
        source,
        customer_id,
        {{ natural_key('source', 'customer_id') }} as customer_natural_key
    from customers
    where is_current and customer_key <> 0
),

totals as (
    select
        customer_natural_key,
        {{ count_where("transaction_type = 'sale'") }} as orders,
        {{ sum_where('units', "transaction_type = 'sale'") }} as units_bought,
        {{ sum_where('amount', "transaction_type = 'sale'") }} as revenue,
        {{ sum_where('-amount', "transaction_type = 'return'") }} as returns,
        sum(profit) as profit,
        min(case when transaction_type = 'sale' then date end) as first_order_date,
        max(case when transaction_type = 'sale' then date end) as last_order_date
    from transactions
    where customer_natural_key is not null
    group by customer_natural_key
),

-- only buyers are ranked; equals rank and score equal
scores as (
    select
        customer_natural_key,
        {{ quintile('last_order_date') }} as recency_score,
        {{ quintile('orders') }} as frequency_score,
        {{ quintile('revenue') }} as monetary_score
    from totals
    where orders > 0
),

scored as (
    select
        known_customers.customer_key,
        known_customers.source,
        known_customers.customer_id,
        coalesce(totals.orders, 0) as orders,
        coalesce(totals.units_bought, 0) as units_bought,
        coalesce(totals.revenue, 0) as revenue,
        coalesce(totals.returns, 0) as returns,
        totals.profit,
        totals.first_order_date,
        totals.last_order_date,
        {{ days_between('totals.last_order_date', 'as_of.date') }} as recency_days,
        coalesce(scores.recency_score, 0) as recency_score,
        coalesce(scores.frequency_score, 0) as frequency_score,
        coalesce(scores.monetary_score, 0) as monetary_score
    from known_customers
    cross join as_of
    left join totals on known_customers.customer_natural_key = totals.customer_natural_key
    left join scores on known_customers.customer_natural_key = scores.customer_natural_key
)

select
    customer_key,
    source,
    customer_id,
    orders,
    cast(units_bought as bigint) as units_bought,
    {{ money('revenue') }} as revenue,
    {{ money('returns') }} as returns,
    {{ money('revenue - returns') }} as net_revenue,
    {{ money('profit') }} as profit,
    {{ money_average('revenue', 'orders') }} as average_order_value,
    first_order_date,
    last_order_date,
    cast(recency_days as integer) as recency_days,
    {{ safe_divide(days_between('first_order_date', 'last_order_date'), 'orders - 1') }} as average_days_between_orders,
    recency_score,
    frequency_score,
    monetary_score,
    recency_score + frequency_score + monetary_score as rfm_total_score,
    {{ rfm_segment('recency_score', 'frequency_score', 'monetary_score', 'orders') }} as rfm_segment,
    {{ first_of_month('first_order_date') }} as cohort_month,
    orders > 1 as is_repeat
from scored
