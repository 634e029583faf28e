/*
title: Top products by revenue
question: Which products bring the most revenue?
chart: { type: bar, x: product_name, y: [net_revenue] }
limit: 20
columns:
  rank: { unit: count, description: Place by net revenue; equal products are in the order of source and id }
  source: { unit: text, description: The source that the product comes from }
  product_id: { unit: text, description: The product's id in its source }
  product_name: { unit: text, description: Its present name }
  category: { unit: text, description: Its present category }
  gross_revenue: { unit: amount, description: Line totals of sales }
  returns: { unit: amount, description: 'Line totals of returns, shown positive' }
  net_revenue: { unit: amount, description: Gross revenue less returns }
  share: { unit: fraction, description: Net revenue of the product / net revenue of the range }
  orders: { unit: count, description: Orders with the product }
  units_sold: { unit: count, description: Units of sales }
*/
with

days as (
    select date_key
    from dim_date
    where make_date(year, month, day_of_month) between cast($from as date) and cast($to as date)
),

totals as (
    select
        sold.source,
        sold.product_id,
        coalesce(sum(sales.line_total) filter (where sales.transaction_type = 'sale'), 0) as gross_revenue,
        coalesce(-sum(sales.line_total) filter (where sales.transaction_type = 'return'), 0) as returns,
        sum(sales.line_total) as net_revenue,
        count(distinct sales.transaction_id) filter (where sales.transaction_type = 'sale') as orders,
        cast(coalesce(sum(sales.quantity) filter (where sales.transaction_type = 'sale'), 0) as bigint) as units_sold
    from days
    inner join fact_sales as sales on days.date_key = sales.date_key
    inner join dim_products as sold on sales.product_key = sold.product_key
    group by sold.source, sold.product_id
)

select
    row_number() over (order by totals.net_revenue desc, totals.source, totals.product_id) as rank,
    totals.source,
    totals.product_id,
    products.product_name,
    products.category,
    totals.gross_revenue,
    totals.returns,
    totals.net_revenue,
    totals.net_revenue / nullif(sum(totals.net_revenue) over (), 0) as share,
    totals.orders,
    totals.units_sold
from totals
inner join dim_products as products
    on totals.source = products.source and totals.product_id = products.product_id and products.is_current
order by rank
