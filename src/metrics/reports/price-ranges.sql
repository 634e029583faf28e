/*
title: Price ranges
question: Which price ranges sell, and which earn?
note: By the list price at the time of the sale.
chart: { type: column, x: price_range, y: [net_revenue, profit] }
columns:
  price_range: { unit: text, description: 'By the list price when it was sold: Budget below 25, Mid-Range below 100, Premium below 500, else Luxury' }
  products: { unit: count, description: Products sold in the range }
  orders: { unit: count, description: Orders with such a product; an order may be in several }
  units_sold: { unit: count, description: Units of sales }
  gross_revenue: { unit: amount, description: Line totals of sales }
  returns: { unit: amount, description: 'Line totals of returns, shown positive' }
  net_revenue: { unit: amount, description: Gross revenue less returns }
  share: { unit: fraction, description: Net revenue of the price range / net revenue of all }
  profit: { unit: amount, description: Net revenue less cost over lines whose cost is known; none when it is of none }
  margin: { unit: fraction, description: Profit / net revenue of lines whose cost is known }
*/
with

days as (
    select date_key
    from dim_date
    where make_date(year, month, day_of_month) between cast($from as date) and cast($to as date)
),

tiers as (
    select
        sold.price_tier,
        count(distinct (sold.source, sold.product_id)) filter (where sales.transaction_type = 'sale') as products,
        count(distinct (sales.source, sales.transaction_id)) filter (where sales.transaction_type = 'sale') as orders,
        cast(coalesce(sum(sales.quantity) filter (where sales.transaction_type = 'sale'), 0) as bigint) as units_sold,
        coalesce(sum(sales.line_total) filter (where sales.transaction_type = 'sale'), 0) as gross_revenue,
        coalesce(-sum(sales.line_total) filter (where sales.transaction_type = 'return'), 0) as returns,
        sum(sales.line_total) as net_revenue,
        sum(sales.profit) as profit,
        sum(sales.line_total) filter (where sales.profit is not null) as costed_revenue
    from days
    inner join fact_sales as sales on days.date_key = sales.date_key
    inner join dim_products as sold on sales.product_key = sold.product_key
    group by sold.price_tier
)

select
    price_tier as price_range,
    products,
    orders,
    units_sold,
    gross_revenue,
    returns,
    net_revenue,
    net_revenue / nullif(sum(net_revenue) over (), 0) as share,
    profit,
    profit / nullif(costed_revenue, 0) as margin
from tiers
order by list_position(['Budget', 'Mid-Range', 'Premium', 'Luxury'], price_tier)
