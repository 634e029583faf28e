/*
title: Top products by profit
question: Which products earn the most?
note: Lines whose cost is unknown are left out.
chart: { type: bar, x: product_name, y: [profit] }
limit: 20
columns:
  rank: { unit: count, description: Place by profit; equal products are in the order of source and id }
  source: { unit: text, description: The source that the product comes from }
  product_id: { unit: text, description: The product's id in its source }
  product_name: { unit: text, description: Its present name }
  category: { unit: text, description: Its present category }
  net_revenue: { unit: amount, description: 'Line totals of sales less those of returns, of lines whose cost is known' }
  cost: { unit: amount, description: 'What the units cost, returned ones taken off' }
  profit: { unit: amount, description: Net revenue less cost; products without a known cost are left out }
  margin: { unit: fraction, description: Profit / net revenue }
  share: { unit: fraction, description: Profit of the product / profit of all products in the range }
  units_sold: { unit: count, description: Units of sales whose cost is known }
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
        sum(sales.line_total) as net_revenue,
        sum(sales.cost_amount) as cost,
        sum(sales.profit) as profit,
        cast(coalesce(sum(sales.quantity) filter (where sales.transaction_type = 'sale'), 0) as bigint) as units_sold
    from days
    inner join fact_sales as sales on days.date_key = sales.date_key
    inner join dim_products as sold on sales.product_key = sold.product_key
    where sales.profit is not null
    group by sold.source, sold.product_id
)

select
    row_number() over (order by totals.profit desc, totals.source, totals.product_id) as rank,
    totals.source,
    totals.product_id,
    products.product_name,
    products.category,
    totals.net_revenue,
    totals.cost,
    totals.profit,
    totals.profit / nullif(totals.net_revenue, 0) as margin,
    totals.profit / nullif(sum(totals.profit) over (), 0) as share,
    totals.units_sold
from totals
inner join dim_products as products
    on totals.source = products.source and totals.product_id = products.product_id and products.is_current
order by rank
