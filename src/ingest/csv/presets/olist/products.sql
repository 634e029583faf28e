-- One row per product, and one for freight. The files give no name, so category and id make one, and no price: it is the
-- most frequent one of the items, of equals the latest, then the smallest.
WITH prices AS (
  SELECT product_id, amount_of(price) AS price,
    row_number() OVER (PARTITION BY product_id ORDER BY count(*) DESC, max(moment) DESC NULLS LAST, amount_of(price)) AS rank
  FROM items LEFT JOIN order_moments USING (order_id)
  WHERE amount_of(price) > 0
  GROUP BY product_id, amount_of(price)
),
named AS (
  SELECT product_category_name, min(product_category_name_english) AS english FROM categories GROUP BY product_category_name
),
freight_prices AS (
  SELECT amount FROM freight LEFT JOIN order_moments USING (order_id) WHERE amount > 0
  GROUP BY amount ORDER BY count(*) DESC, max(moment) DESC NULLS LAST, amount LIMIT 1
)
SELECT
  products.line_number,
  products.product_id,
  coalesce(english, product_category_name, 'Product') || ' ' || left(products.product_id, 8) AS product_name,
  coalesce(english, product_category_name, 'Uncategorised') AS category,
  prices.price::VARCHAR AS price
FROM products
LEFT JOIN named USING (product_category_name)
LEFT JOIN prices ON prices.product_id = products.product_id AND prices.rank = 1
UNION ALL
SELECT (SELECT min(line_number) FROM freight WHERE amount > 0), 'FEE:FREIGHT', 'Freight', 'Fees', amount::VARCHAR
FROM freight_prices
