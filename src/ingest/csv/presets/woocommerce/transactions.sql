-- One sale per order, and one return for what was refunded of it, on the date of its latest refund or else of the order.
WITH sides AS (
  SELECT *, name AS transaction_id, 'sale' AS transaction_type, created_at AS moment,
    CASE WHEN usable THEN total_amount::VARCHAR ELSE unusable(currency, written_total) END AS amount
  FROM orders
  UNION ALL
  SELECT *, name || '-R', 'return', coalesce(refunded_at, created_at),
    CASE WHEN usable THEN (-refund_amount)::VARCHAR ELSE unusable(currency, written_refund) END
  FROM orders
  WHERE has_refund
)
SELECT
  line_number,
  transaction_id,
  customer_id,
  coalesce(strftime(moment, '%Y-%m-%d'), written_created) AS transaction_date,
  strftime(moment, '%H:%M:%S') AS transaction_time,
  payment_method,
  shipping_address,
  amount AS total_amount,
  transaction_type,
  status,
  shipping_country AS country
FROM sides
