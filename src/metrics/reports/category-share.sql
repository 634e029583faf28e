/*
title: Category share
question: Which categories bring the revenue?
chart: { type: pie, x: category, y: [net_revenue] }
columns:
  category: { unit: text, description: The present category of the product }
  gross_revenue: { unit: amount, description: Line totals of sales }
  returns: { unit: amount, description: 'Line totals of returns, shown positive' }
  net_revenue: { unit: amount, description: Gross revenue less returns }
  share: { unit: fraction, description: Net revenue of the category / net revenue of the range }
  orders: { unit: count, description: Orders with a product of the category; an order may be in several }
  units_sold: { unit: count, description: Units of sales }
*/
with

days as (
    select date_key
    from dim_date
    where make_date(year, month, day_of_month) between cast($from as date) and cast($to as date)
),

categories as (
    select
        products.category,
        coalesce(sum(sales.line_total) filter (where sales.transaction_type = 'sale'), 0) as gross_revenue,
        coalesce(-sum(sales.line_total) filter (where sales.transaction_type = 'return'), 0) as returns,
        sum(sales.line_total) as net_revenue,
        count(distinct (sales.source, sales.transaction_id)) filter (where sales.transaction_type = 'sale') as orders,
        cast(coalesce(sum(sales.quantity) filter (where sales.transaction_type = 'sale'), 0) as bigint) as units_sold
    from days
    inner join fact_sales as sales on days.date_key = sales.date_key
    inner join dim_products as sold on sales.product_key = sold.product_key
    inner join dim_products as products
        on sold.source = products.source and sold.product_id = products.product_id and products.is_current
    group by products.category
)

select
    category,
    gross_revenue,
    returns,
    net_revenue,
    net_revenue / nullif(sum(net_revenue) over (), 0) as share,
    orders,
    units_sold
from categories
order by net_revenue desc, category
