-- One row per order. It is paid by what paid most of it, of equals the first; its total is the sum of its payments.
WITH paid AS (
  SELECT order_id, sum(amount_of(payment_value))::DECIMAL(18, 2) AS amount,
    bool_and(amount_of(payment_value) IS NOT NULL) AS readable,
    min(payment_value) FILTER (amount_of(payment_value) IS NULL) AS written
  FROM payments
  GROUP BY order_id
),
kinds AS (
  SELECT order_id, lower(trim(payment_type)) AS payment_type,
    row_number() OVER (
      PARTITION BY order_id ORDER BY sum(amount_of(payment_value)) DESC NULLS LAST, min(line_number)
    ) AS rank
  FROM payments
  GROUP BY order_id, lower(trim(payment_type))
)
SELECT
  orders.line_number,
  orders.order_id AS transaction_id,
  coalesce(people.person, orders.customer_id) AS customer_id,
  coalesce(strftime(shop_time(order_purchase_timestamp), '%Y-%m-%d'), order_purchase_timestamp) AS transaction_date,
  strftime(shop_time(order_purchase_timestamp), '%H:%M:%S') AS transaction_time,
  CASE kinds.payment_type
    WHEN 'boleto' THEN 'Bank Transfer'
    WHEN 'voucher' THEN 'Gift Card'
    WHEN 'not_defined' THEN 'Other'
    ELSE kinds.payment_type
  END AS payment_method,
  CASE WHEN paid.readable THEN paid.amount::VARCHAR ELSE paid.written END AS total_amount,
  'sale' AS transaction_type,
  CASE lower(trim(order_status))
    WHEN 'delivered' THEN 'completed'
    WHEN 'shipped' THEN 'completed'
    WHEN 'invoiced' THEN 'completed'
    WHEN 'processing' THEN 'completed'
    WHEN 'approved' THEN 'completed'
    WHEN 'created' THEN 'pending'
    WHEN 'canceled' THEN 'cancelled'
    WHEN 'unavailable' THEN 'cancelled'
    ELSE order_status
  END AS status,
  'Brazil' AS country
FROM orders
LEFT JOIN people USING (customer_id)
LEFT JOIN paid USING (order_id)
LEFT JOIN kinds ON kinds.order_id = orders.order_id AND kinds.rank = 1
