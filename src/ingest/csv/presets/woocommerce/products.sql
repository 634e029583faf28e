-- One row per SKU, or per product id where there is none, and per kind of fee. Name and price are the most frequent ones:
-- of equals the latest, then the first by name or the smallest.
WITH seen AS (
  SELECT sale_items.*, recency FROM sale_items JOIN orders USING (order_key)
  UNION ALL
  SELECT return_items.*, recency FROM return_items JOIN orders USING (order_key) WHERE product_id = 'FEE:REFUND'
  UNION ALL
  SELECT order_key, order_lines.line_number, NULL, product_id, product_name, 'Uncategorised', NULL, NULL, NULL, NULL, recency
  FROM order_lines JOIN orders USING (order_key)
  WHERE NOT usable
),
ids AS (
  SELECT product_id, min(line_number) AS line_number, min(category) AS category FROM seen GROUP BY product_id
),
names AS (
  SELECT product_id, product_name,
    row_number() OVER (PARTITION BY product_id ORDER BY count(*) DESC, max(recency) DESC, product_name) AS rank
  FROM seen WHERE product_name IS NOT NULL
  GROUP BY product_id, product_name
),
prices AS (
  SELECT product_id, unit_price,
    row_number() OVER (PARTITION BY product_id ORDER BY count(*) DESC, max(recency) DESC, unit_price) AS rank
  FROM seen WHERE unit_price > 0
  GROUP BY product_id, unit_price
),
refused AS (
  SELECT product_id, min(unusable(currency, order_lines.written_total)) AS price
  FROM order_lines JOIN orders USING (order_key)
  WHERE NOT usable
  GROUP BY product_id
)
SELECT
  ids.line_number,
  ids.product_id,
  names.product_name,
  ids.category,
  coalesce(prices.unit_price::VARCHAR, refused.price) AS price
FROM ids
LEFT JOIN names ON names.product_id IS NOT DISTINCT FROM ids.product_id AND names.rank = 1
LEFT JOIN prices ON prices.product_id IS NOT DISTINCT FROM ids.product_id AND prices.rank = 1
LEFT JOIN refused ON refused.product_id IS NOT DISTINCT FROM ids.product_id
