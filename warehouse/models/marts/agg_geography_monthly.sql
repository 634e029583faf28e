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
        {{ count_where("transaction_type = 'sale'") }} as orders,
        count(distinct case when transaction_type = 'sale' then customer_natural_key end) as customers,
        {{ sum_where('units', "transaction_type = 'sale'") }} as units_sold,
        {{ sum_where('amount', "transaction_type = 'sale'") }} as revenue,
        {{ sum_where('-amount', "transaction_type = 'return'") }} as returns,
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
