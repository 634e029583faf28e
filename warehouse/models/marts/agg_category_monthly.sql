with

sales as (
    select * from {{ ref('fact_sales') }}
),

products as (
    select * from {{ ref('dim_products') }}
),

categorised as (
    select
        {{ first_of_month(key_date('sales.date_key')) }} as month,
        products.category,
        {{ natural_key('products.source', 'products.product_id') }} as product_natural_key,
        {{ natural_key('sales.source', 'sales.transaction_id') }} as transaction_natural_key,
        sales.transaction_type,
        sales.quantity,
        sales.line_total,
        sales.profit
    from sales
    inner join products on sales.product_key = products.product_key
),

totals as (
    select
        month,
        category,
        count(distinct case when transaction_type = 'sale' then transaction_natural_key end) as orders,
        count(distinct case when transaction_type = 'sale' then product_natural_key end) as products,
        {{ sum_where('quantity', "transaction_type = 'sale'") }} as units_sold,
        {{ sum_where('line_total', "transaction_type = 'sale'") }} as revenue,
        {{ sum_where('-line_total', "transaction_type = 'return'") }} as returns,
        sum(line_total) as net_revenue,
        sum(profit) as profit
    from categorised
    group by month, category
)

select
    {{ surrogate_key('cast(month as varchar)', 'category') }} as category_monthly_key,
    month,
    category,
    orders,
    products,
    cast(units_sold as bigint) as units_sold,
    {{ money('revenue') }} as revenue,
    {{ money('returns') }} as returns,
    {{ money('net_revenue') }} as net_revenue,
    {{ money('profit') }} as profit,
    {{ safe_divide('net_revenue', 'sum(net_revenue) over (partition by month)') }} as net_revenue_share
from totals
