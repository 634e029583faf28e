-- Each aggregate adds up to fact_sales, to the cent; a row for each sum that does not. Figures of customers leave guests out.
with

facts as (
    select
        {{ sum_where('line_total', "transaction_type = 'sale'") }} as revenue,
        {{ sum_where('line_total', "transaction_type = 'sale' and customer_key <> 0") }} as customer_revenue,
        {{ sum_where('-line_total', "transaction_type = 'return'") }} as returns,
        {{ sum_where('-line_total', "transaction_type = 'return' and customer_key <> 0") }} as customer_returns,
        coalesce(sum(profit), 0) as profit,
        {{ sum_where('quantity', "transaction_type = 'sale'") }} as units,
        count(distinct case when transaction_type = 'sale' then {{ natural_key('source', 'transaction_id') }} end) as orders,
        count(distinct case when transaction_type = 'sale' and customer_key <> 0 then {{ natural_key('source', 'transaction_id') }} end) as customer_orders
    from {{ ref('fact_sales') }}
),

sums as (
    select
        'agg_daily_sales' as aggregate,
        sum(revenue) as revenue,
        sum(returns) as returns,
        sum(profit) as profit,
        sum(units) as units,
        sum(transactions) as orders
    from {{ ref('agg_daily_sales') }}
    union all
    select 'agg_product_performance', sum(revenue), sum(returns), sum(profit), sum(units_sold), null
    from {{ ref('agg_product_performance') }}
    union all
    select 'agg_category_monthly', sum(revenue), sum(returns), sum(profit), sum(units_sold), null
    from {{ ref('agg_category_monthly') }}
    union all
    select 'agg_payment_daily', sum(revenue), sum(returns), null, null, sum(orders)
    from {{ ref('agg_payment_daily') }}
    union all
    select 'agg_geography_monthly', sum(revenue), sum(returns), sum(profit), sum(units_sold), sum(orders)
    from {{ ref('agg_geography_monthly') }}
),

customer_sums as (
    select
        'agg_customer_metrics' as aggregate,
        sum(revenue) as revenue,
        sum(returns) as returns,
        sum(orders) as orders
    from {{ ref('agg_customer_metrics') }}
    union all
    select 'agg_cohort_retention', sum(revenue), null, null
    from {{ ref('agg_cohort_retention') }}
)

select sums.aggregate
from sums
cross join facts
where
    coalesce(sums.revenue, 0) <> facts.revenue
    or coalesce(sums.returns, 0) <> facts.returns
    or sums.profit <> facts.profit
    or sums.units <> facts.units
    or sums.orders <> facts.orders
union all
select customer_sums.aggregate
from customer_sums
cross join facts
where
    coalesce(customer_sums.revenue, 0) <> facts.customer_revenue
    or customer_sums.returns <> facts.customer_returns
    or customer_sums.orders <> facts.customer_orders
