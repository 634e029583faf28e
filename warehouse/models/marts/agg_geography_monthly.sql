with

transactions as (
    select * from {{ ref('int_transactions') }}
),

located as (
    select
        *,
        {{ first_of_month('date') }} as month,
        coalesce(country, 'Unknown') as country_name
    from transactions
),

totals as (
    select
        month,
        country_name,
        max(country_code) as country_code,
        count(*) filter (where transaction_type = 'sale') as orders,
        count(distinct customer_natural_key) filter (where transaction_type = 'sale') as customers,
        coalesce(sum(units) filter (where transaction_type = 'sale'), 0) as units_sold,
        coalesce(sum(amount) filter (where transaction_type = 'sale'), 0) as revenue,
        coalesce(-sum(amount) filter (where transaction_type = 'return'), 0) as returns,
        sum(profit) as profit
    from located
    group by month, country_name
)

select
    {{ surrogate_key('cast(month as varchar)', 'country_name') }} as geography_monthly_key,
    month,
    country_name as country,
    country_code,
    orders,
    customers,
    cast(units_sold as bigint) as units_sold,
    {{ money('revenue') }} as revenue,
    {{ money('returns') }} as returns,
    {{ money('revenue - returns') }} as net_revenue,
    {{ money('profit') }} as profit,
    {{ money_average('revenue', 'orders') }} as average_order_value
from totals
