-- One sale per order, and one return for what was refunded of it, dated by the last thing that the file tells of the order.
WITH sides AS (
  SELECT *, name AS transaction_id, 'sale' AS transaction_type, created_at AS moment,
    CASE WHEN usable THEN total_amount::VARCHAR ELSE unusable(currency, written_total) END AS amount
  FROM orders
  UNION ALL
  SELECT *, name || '-R', 'return', refunded_at,
    CASE WHEN usable THEN (-refund_amount)::VARCHAR ELSE unusable(currency, written_refund) END
  FROM orders
  WHERE has_refund
)
SELECT
  line_number,
  transaction_id,
  person_id(email) AS customer_id,
  coalesce(strftime(moment, '%Y-%m-%d'), written_created) AS transaction_date,
  strftime(moment, '%H:%M:%S') AS transaction_time,
  payment_method,
  shipping_address,
  amount AS total_amount,
  transaction_type,
  status,
  shipping_country AS country,
  strftime(last_change, '%Y-%m-%d %H:%M:%S') AS updated_at
FROM sides
