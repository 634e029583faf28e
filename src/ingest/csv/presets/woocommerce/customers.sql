-- One row per account, as its latest order has it; orders without an account are those of guests.
SELECT
  min(line_number) AS line_number,
  customer_id,
  arg_max(first_name, recency) AS first_name,
  arg_max(last_name, recency) AS last_name,
  arg_max(email, recency) AS email,
  arg_max(phone, recency) AS phone,
  arg_max(city, recency) AS city,
  arg_max(state, recency) AS state,
  arg_max(country, recency) AS country
FROM orders
WHERE customer_id IS NOT NULL
GROUP BY customer_id
