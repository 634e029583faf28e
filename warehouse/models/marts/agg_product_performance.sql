with

sales as (
    select * from {{ ref('fact_sales') }}
),

products as (
    select * from {{ ref('dim_products') }}
),

-- a product keeps source and id through all versions
product_lines as (
    select
        products.source,
        products.product_id,
        sales.transaction_id,
        sales.transaction_type,
        sales.quantity,
        sales.line_total,
        sales.cost_amount,
        sales.profit,
        sales.date_key
    from sales
    inner join products on sales.product_key = products.product_key
),

product_totals as (
    select
        source,
        product_id,
        count(distinct case when transaction_type = 'sale' then transaction_id end) as orders,
        {{ sum_where('quantity', "transaction_type = 'sale'") }} as units_sold,
        {{ sum_where('-quantity', "transaction_type = 'return'") }} as units_returned,
        {{ sum_where('line_total', "transaction_type = 'sale'") }} as revenue,
        {{ sum_where('-line_total', "transaction_type = 'return'") }} as returns,
        sum(cost_amount) as cost,
        sum(profit) as profit,
        min(case when transaction_type = 'sale' then date_key end) as first_date_key,
        max(case when transaction_type = 'sale' then date_key end) as last_date_key
    from product_lines
    group by source, product_id
),

current_products as (
    select * from products
    where is_current
)

select
    current_products.product_key,
    product_totals.product_id,
    product_totals.source,
    current_products.product_name,
    current_products.category,
    product_totals.orders,
    cast(product_totals.units_sold as bigint) as units_sold,
    cast(product_totals.units_returned as bigint) as units_returned,
    {{ money('product_totals.revenue') }} as revenue,
    {{ money('product_totals.returns') }} as returns,
    {{ money('product_totals.revenue - product_totals.returns') }} as net_revenue,
    {{ money('product_totals.cost') }} as cost,
    {{ money('product_totals.profit') }} as profit,
    {{ money_average('product_totals.revenue', 'product_totals.units_sold') }} as average_unit_price,
    {{ key_date('product_totals.first_date_key') }} as first_sold_date,
    {{ key_date('product_totals.last_date_key') }} as last_sold_date,
    row_number() over (
        order by product_totals.revenue desc, product_totals.source, product_totals.product_id
    ) as revenue_rank
from product_totals
inner join current_products
    on product_totals.source = current_products.source
    and product_totals.product_id = current_products.product_id
