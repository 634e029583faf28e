-- One row per email address, as its latest order has it.
SELECT
  min(line_number) AS line_number,
  person_id(email) AS customer_id,
  arg_max(nullif(regexp_replace(coalesce(billing_name, shipping_name), ' *[^ ]+ *$', ''), ''), recency) AS first_name,
  arg_max(regexp_extract(coalesce(billing_name, shipping_name), '([^ ]+) *$', 1), recency) AS last_name,
  arg_max(lower(trim(email)), recency) AS email,
  arg_max(ltrim(phone, ''''), recency) AS phone,
  arg_max(city, recency) AS city,
  arg_max(state, recency) AS state,
  arg_max(country, recency) AS country
FROM orders
WHERE person_id(email) IS NOT NULL
GROUP BY person_id(email)
