/*
title: Pareto of products
question: How few products make most of the revenue?
note: The best products by gross revenue come first.
chart: { type: line, x: share_of_products, y: [share_of_revenue] }
columns:
  target: { unit: fraction, description: 'The part of gross revenue to be reached, such as 0.8' }
  products: { unit: count, description: The fewest products that reach it }
  share_of_products: { unit: fraction, description: These products / products with revenue in the range }
  gross_revenue: { unit: amount, description: Line totals of their sales }
  share_of_revenue: { unit: fraction, description: 'Their gross revenue / gross revenue of the range, at least the target' }
*/
with

days as (
    select date_key
    from dim_date
    where make_date(year, month, day_of_month) between cast($from as date) and cast($to as date)
),

products as (
    select
        sold.source,
        sold.product_id,
        sum(sales.line_total) as gross_revenue
    from days
    inner join fact_sales as sales on days.date_key = sales.date_key
    inner join dim_products as sold on sales.product_key = sold.product_key
    where sales.transaction_type = 'sale'
    group by sold.source, sold.product_id
    having sum(sales.line_total) > 0
),

-- with the best products first: how many make how much
best as (
    select
        row_number() over best_first as products,
        sum(gross_revenue) over best_first as gross_revenue
    from products
    window best_first as (order by gross_revenue desc, source, product_id rows unbounded preceding)
),

totals as (
    select
        count(*) as products,
        sum(gross_revenue) as gross_revenue
    from products
),

targets as (
    select unnest(generate_series(1, 10)) * 0.1 as target
)

select
    targets.target,
    min(best.products) as products,
    min(best.products) / min(totals.products) as share_of_products,
    min(best.gross_revenue) as gross_revenue,
    min(best.gross_revenue) / min(totals.gross_revenue) as share_of_revenue
from targets
cross join totals
inner join best on best.gross_revenue >= totals.gross_revenue * targets.target
group by targets.target
order by targets.target
