/*
title: Slow movers
question: Which products in stock have not sold for the longest time?
note: Products out of stock and products of the category Fees are left out; stock is that of now.
chart: { type: table }
limit: 20
columns:
  source: { unit: text, description: The source that the product comes from }
  product_id: { unit: text, description: The product's id in its source }
  product_name: { unit: text, description: Its present name }
  category: { unit: text, description: Its present category }
  last_sale: { unit: date, description: Day of the last sale up to the end of the range; none for products never sold }
  days_since_last_sale: { unit: count, description: Days from the last sale to the end of the range; products never sold come first }
  units_sold: { unit: count, description: Units of sales within the range }
  stock_quantity: { unit: count, description: 'Units in stock now, whatever the range; none when unknown' }
  stock_at_cost: { unit: amount, description: Units in stock x present cost; none when either is unknown }
*/
with

sold_products as (
    select
        sold.source,
        sold.product_id,
        max(make_date(dates.year, dates.month, dates.day_of_month)) as last_sale,
        sum(sales.quantity) filter (
            where make_date(dates.year, dates.month, dates.day_of_month) >= cast($from as date)
        ) as units_sold
    from fact_sales as sales
    inner join dim_date as dates on sales.date_key = dates.date_key
    inner join dim_products as sold on sales.product_key = sold.product_key
    where
        sales.transaction_type = 'sale'
        and make_date(dates.year, dates.month, dates.day_of_month) <= cast($to as date)
    group by sold.source, sold.product_id
)

select
    products.source,
    products.product_id,
    products.product_name,
    products.category,
    sold_products.last_sale,
    cast($to as date) - sold_products.last_sale as days_since_last_sale,
    cast(coalesce(sold_products.units_sold, 0) as bigint) as units_sold,
    stock.stock_quantity,
    cast(round(cast(stock.stock_quantity as decimal(20, 0)) * products.cost, 2) as decimal(18, 2)) as stock_at_cost
from dim_products as products
left join sold_products on products.source = sold_products.source and products.product_id = sold_products.product_id
left join stg_products as stock on products.source = stock.source and products.product_id = stock.product_id
where
    products.is_current
    and products.category <> 'Fees'
    and (stock.stock_quantity > 0 or stock.stock_quantity is null)
order by days_since_last_sale desc nulls first, stock_at_cost desc nulls last, products.source, products.product_id
