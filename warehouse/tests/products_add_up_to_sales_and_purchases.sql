-- int_product_performance has every completed line and every purchase of a product once; a row for each sum that differs.
with

performance as (
    select
        coalesce(sum(revenue), 0) as revenue,
        coalesce(sum(units), 0) as units,
        coalesce(sum(sales_revenue), 0) as sales_revenue,
        coalesce(sum(sales_units), 0) as sales_units,
        coalesce(sum(returned_units), 0) as returned_units
    from {{ ref('int_product_performance') }}
),

purchases as (
    select
        coalesce(sum(revenue_amount), 0) as revenue,
        coalesce(sum(quantity), 0) as units
    from {{ ref('int_purchases') }}
    where product_natural_key is not null
),

sales as (
    select
        {{ sum_where('line_total', "transaction_type = 'sale'") }} as revenue,
        {{ sum_where('quantity', "transaction_type = 'sale'") }} as units,
        {{ sum_where('-quantity', "transaction_type = 'return'") }} as returned_units
    from {{ ref('fact_sales') }}
)

select 'purchases' as of_what
from performance
cross join purchases
where performance.revenue <> purchases.revenue or performance.units <> purchases.units
union all
select 'sales'
from performance
cross join sales
where
    performance.sales_revenue <> sales.revenue
    or performance.sales_units <> sales.units
    or performance.returned_units <> sales.returned_units
