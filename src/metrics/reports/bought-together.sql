/*
title: Products bought together
question: Which products are bought in the same order, and more often than by chance?
note: Pairs in two orders or more, among the 200 products of a source that are in most orders; the category Fees is left out.
chart: { type: table }
limit: 20
columns:
  source: { unit: text, description: The source that both products come from }
  product_id: { unit: text, description: 'Id of the product that is in fewer orders, so that its confidence is the greater' }
  product_name: { unit: text, description: Its present name }
  with_product_id: { unit: text, description: Id of the other product }
  with_product_name: { unit: text, description: Its present name }
  orders_together: { unit: count, description: Orders with both }
  support: { unit: fraction, description: Orders with both / orders of the source in the range }
  confidence: { unit: fraction, description: Orders with both / orders with the product }
  lift: { unit: number, description: Confidence / part of all orders that have the other product; above 1 is more often than by chance }
*/
with

days as (
    select date_key
    from dim_date
    where make_date(year, month, day_of_month) between cast($from as date) and cast($to as date)
),

order_lines as (
    select
        sales.source,
        sales.transaction_id,
        sold.product_id
    from days
    inner join fact_sales as sales on days.date_key = sales.date_key
    inner join dim_products as sold on sales.product_key = sold.product_key
    where sales.transaction_type = 'sale'
),

order_counts as (
    select
        source,
        count(distinct transaction_id) as orders
    from order_lines
    group by source
),

goods as (
    select
        source,
        product_id
    from dim_products
    where is_current and category <> 'Fees'
),

order_products as (
    select distinct
        order_lines.source,
        order_lines.transaction_id,
        order_lines.product_id
    from order_lines
    inner join goods on order_lines.source = goods.source and order_lines.product_id = goods.product_id
),

-- an order of any size then has at most 19,900 pairs, and so has the whole shop
frequent as (
    select
        source,
        product_id,
        count(*) as orders
    from order_products
    group by source, product_id
    having count(*) >= 2
    qualify row_number() over (partition by source order by count(*) desc, product_id) <= 200
),

baskets as (
    select
        order_products.source,
        order_products.transaction_id,
        order_products.product_id,
        frequent.orders
    from order_products
    inner join frequent on order_products.source = frequent.source and order_products.product_id = frequent.product_id
),

pairs as (
    select
        one.source,
        one.product_id,
        other.product_id as with_product_id,
        min(one.orders) as orders,
        min(other.orders) as with_orders,
        count(*) as orders_together
    from baskets as one
    inner join baskets as other
        on one.source = other.source and one.transaction_id = other.transaction_id
        and (one.orders, one.product_id) < (other.orders, other.product_id)
    group by one.source, one.product_id, other.product_id
    having count(*) >= 2
)

select
    pairs.source,
    pairs.product_id,
    product.product_name,
    pairs.with_product_id,
    with_product.product_name as with_product_name,
    pairs.orders_together,
    pairs.orders_together / order_counts.orders as support,
    pairs.orders_together / pairs.orders as confidence,
    pairs.orders_together * order_counts.orders / (pairs.orders * pairs.with_orders) as lift
from pairs
inner join order_counts on pairs.source = order_counts.source
inner join dim_products as product
    on pairs.source = product.source and pairs.product_id = product.product_id and product.is_current
inner join dim_products as with_product
    on pairs.source = with_product.source and pairs.with_product_id = with_product.product_id and with_product.is_current
order by pairs.orders_together desc, lift desc, pairs.source, pairs.product_id, pairs.with_product_id
