-- One row per person; city and state are those of the person's latest order.
WITH known AS (
  SELECT customers.*, row_number() OVER (ORDER BY moment NULLS FIRST, customers.line_number) AS recency
  FROM customers
  LEFT JOIN (
    SELECT customer_id, max(shop_time(order_purchase_timestamp)) AS moment FROM orders GROUP BY customer_id
  ) USING (customer_id)
)
SELECT
  min(line_number) AS line_number,
  customer_unique_id AS customer_id,
  arg_max(customer_city, recency) AS city,
  arg_max(customer_state, recency) AS state,
  'Brazil' AS country
FROM known
GROUP BY customer_unique_id
