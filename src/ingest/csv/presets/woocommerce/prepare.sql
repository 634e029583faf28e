-- Orders and their lines with amounts in the shop's currency, then the items of sales and returns. An order is known by its
-- first line. One that stands in two files is two orders here: which holds is decided as for any row that comes twice.
CREATE VIEW order_records AS
SELECT *, min(line_number) OVER (PARTITION BY file_number, order_id) AS order_key,
  coalesce(item_name, item_sku, item_quantity, item_total) IS NOT NULL AS has_line
FROM raw;

CREATE TABLE order_lines AS
SELECT order_key, line_number, row_number() OVER (PARTITION BY order_key ORDER BY line_number) AS place,
  item_id,
  id_of(coalesce(nullif(trim(item_sku), ''), nullif(trim(item_product_id), '0'), item_name)) AS product_id,
  item_name AS product_name,
  item_quantity AS written_quantity,
  item_total AS written_total,
  CASE WHEN regexp_full_match(trim(item_quantity), '[0-9]{1,6}') THEN trim(item_quantity)::BIGINT END AS quantity,
  amount_of(item_total) AS total,
  amount_of(coalesce(item_subtotal, item_total)) AS subtotal,
  abs(coalesce(amount_of(item_refunded), 0)) AS refund,
  abs(coalesce(TRY_CAST(item_refunded_qty AS INTEGER), 0)) AS refunded_quantity
FROM order_records
WHERE has_line;

CREATE TABLE line_facts AS
SELECT order_key, bool_and(coalesce(total >= 0 AND subtotal >= 0 AND quantity >= 0, false)) AS lines_usable,
  sum(subtotal + total) AS gross
FROM order_lines
GROUP BY order_key;

CREATE TABLE charged_orders AS
SELECT order_key, line_number, lines_usable, gross,
  id_of(coalesce(order_number_formatted, order_number, order_id)) AS name,
  regexp_replace(lower(trim(status)), '^wc-', '') AS status,
  order_currency AS currency,
  rate_of(order_currency) AS rate,
  order_total AS written_total,
  refunded_total AS written_refund,
  coalesce(order_date, "date") AS written_created,
  shop_time(coalesce(order_date, "date")) AS created_at,
  -- The dates in the list of refunds: key:value pairs or JSON, in which signs may be escaped.
  list_max(list_transform(
    regexp_extract_all(replace(refunds, '\', ''), 'date"?:"?([0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?)?)', 1),
    lambda written: shop_time(written)
  )) AS refunded_at,
  payment_method AS payment,
  nullif(trim(customer_id), '0') AS customer_id,
  billing_first_name AS first_name,
  billing_last_name AS last_name,
  billing_email AS email,
  billing_phone AS phone,
  billing_city AS city,
  billing_state AS state,
  billing_country AS country,
  coalesce(shipping_country, billing_country) AS shipping_country,
  nullif(
    concat_ws(', ', shipping_address_1, shipping_address_2, shipping_postcode, shipping_city, shipping_state, shipping_country),
    ''
  ) AS shipping_address,
  amount_of(order_total) AS total,
  amount_of(coalesce(shipping_total, '0')) AS shipping,
  amount_of(coalesce(tax_total, '0')) AS taxes,
  amount_of(coalesce(fee_total, '0')) AS fees,
  abs(amount_of(coalesce(refunded_total, '0'))) AS refund
FROM order_records LEFT JOIN line_facts USING (order_key)
WHERE line_number = order_key;

-- In the shop's currency. What lines come to together is what the total leaves to them; a fee below 0 is a discount.
CREATE TABLE orders AS
WITH told AS (
  SELECT *,
    coalesce(lines_usable, true) AND rate IS NOT NULL AND coalesce(least(total, shipping, taxes) >= 0, false)
      AND total + shipping + taxes + fees + refund IS NOT NULL
      AND converted(total, rate) + converted(refund, rate) + converted(coalesce(gross, 0), rate) IS NOT NULL AS usable,
    row_number() OVER (ORDER BY coalesce(created_at, TIMESTAMP '1900-01-01'), line_number) AS recency
  FROM charged_orders
),
in_shop_currency AS (
  SELECT *, converted(total, rate)::DECIMAL(18, 2) AS total_amount, converted(refund, rate)::DECIMAL(18, 2) AS refund_amount,
    least(converted(shipping, rate)::DECIMAL(18, 2), converted(total, rate)::DECIMAL(18, 2)) AS shipping_amount
  FROM told
),
with_taxes AS (
  SELECT *, least(converted(taxes, rate)::DECIMAL(18, 2), total_amount - shipping_amount) AS tax_amount FROM in_shop_currency
),
with_fees AS (
  SELECT *,
    least(greatest(converted(fees, rate)::DECIMAL(18, 2), 0), total_amount - shipping_amount - tax_amount)::DECIMAL(18, 2)
      AS fee_amount
  FROM with_taxes
)
SELECT * EXCLUDE (status),
  (total_amount - shipping_amount - tax_amount - fee_amount)::DECIMAL(18, 2) AS target,
  coalesce(refund <> 0, trim(written_refund) <> '', false) AS has_refund,
  CASE
    WHEN status IN ('completed', 'processing', 'refunded') THEN 'completed'
    WHEN status IN ('pending', 'on-hold', 'checkout-draft') THEN 'pending'
    WHEN status IN ('cancelled', 'failed', 'trash') THEN 'cancelled'
    WHEN list_contains(list_transform(string_split(getvariable('paid_statuses'), ','), lambda word: lower(trim(word))), status)
      THEN 'completed'
    ELSE status
  END AS status,
  CASE
    WHEN payment ILIKE '%paypal%' OR payment ILIKE 'ppcp%' OR payment ILIKE 'ppec%' THEN 'PayPal'
    WHEN payment ILIKE 'cod' OR payment ILIKE '%cash on delivery%' THEN 'Cash on Delivery'
    WHEN payment ILIKE 'bacs' OR payment ILIKE '%bank%' THEN 'Bank Transfer'
    WHEN regexp_matches(lower(payment), 'stripe|woocommerce_payments|credit|braintree|authorize|square') THEN 'Credit Card'
    WHEN payment ILIKE '%gift%' THEN 'Gift Card'
    WHEN payment ILIKE 'cheque' THEN 'Other'
    ELSE payment
  END AS payment_method
FROM with_fees;

CREATE TABLE priced_lines AS
SELECT order_lines.*,
  CASE WHEN quantity > 0 THEN converted(subtotal / quantity, rate) ELSE 0 END::DECIMAL(18, 4) AS unit_price,
  CASE WHEN quantity > 0 THEN converted(order_lines.total, rate) ELSE 0 END::DECIMAL(18, 2) AS weight
FROM order_lines JOIN orders USING (order_key)
WHERE usable;

CREATE TABLE settled_lines AS
SELECT * FROM charge_lines('priced_lines', 'orders') JOIN priced_lines USING (order_key, place);

CREATE TABLE sale_items AS
WITH fees AS (
  SELECT order_key, unnest([
    {suffix: 'SHIPPING', name: 'Shipping', amount: shipping_amount},
    {suffix: 'TAX', name: 'Taxes', amount: tax_amount},
    {suffix: 'FEES', name: 'Fees', amount: fee_amount},
    {suffix: 'ADJUSTMENT', name: 'Adjustment', amount: (target - coalesce(settled, 0))::DECIMAL(18, 2)}
  ]) AS fee
  FROM orders
  LEFT JOIN (SELECT order_key, sum(line_total) AS settled FROM settled_lines GROUP BY order_key) USING (order_key)
  WHERE usable
)
SELECT order_key, line_number, coalesce(nullif(trim(item_id), ''), place::VARCHAR) AS suffix, product_id, product_name,
  'Uncategorised' AS category, quantity, unit_price, discount_percentage, line_total
FROM settled_lines
UNION ALL
SELECT order_key, orders.line_number, fee.suffix, 'FEE:' || fee.suffix, fee.name, 'Fees', 1, fee.amount, 0, fee.amount
FROM fees JOIN orders USING (order_key)
WHERE fee.amount > 0;

-- A refund of the whole order takes its items back. Of another one the lines say what they gave back; what they leave
-- (taxes, shipping, an amount for no line) is one item. When lines gave back more than the order, all is that one item.
CREATE TABLE return_items AS
WITH given_back AS (
  SELECT order_key, settled_lines.line_number, coalesce(nullif(trim(item_id), ''), place::VARCHAR) AS suffix, product_id,
    product_name, -refunded_quantity AS quantity,
    converted(settled_lines.refund / refunded_quantity, rate) AS unit_price,
    converted(settled_lines.refund, rate)::DECIMAL(18, 2) AS amount,
    sum(converted(settled_lines.refund, rate)::DECIMAL(18, 2)) OVER (PARTITION BY order_key) AS order_amount
  FROM settled_lines JOIN orders USING (order_key)
  WHERE refund_amount > 0 AND refund_amount <> total_amount AND settled_lines.refund > 0
    AND refunded_quantity BETWEEN 1 AND 100
),
by_line AS (
  SELECT given_back.* FROM given_back JOIN orders USING (order_key) WHERE order_amount <= refund_amount
),
rest AS (
  SELECT order_key, orders.line_number, (refund_amount - coalesce(sum(amount), 0))::DECIMAL(18, 2) AS amount
  FROM orders LEFT JOIN by_line USING (order_key)
  WHERE usable AND refund_amount > 0 AND refund_amount <> total_amount
  GROUP BY order_key, orders.line_number, refund_amount
)
SELECT order_key, sale_items.line_number, suffix, product_id, product_name, category,
  -quantity AS quantity, unit_price, discount_percentage, -line_total AS line_total
FROM sale_items JOIN orders USING (order_key)
WHERE refund_amount = total_amount AND refund_amount > 0 AND quantity > 0
UNION ALL
SELECT order_key, line_number, suffix, product_id, product_name, 'Uncategorised', quantity, unit_price, 0, -amount
FROM by_line
UNION ALL
SELECT order_key, line_number, 'REFUND', 'FEE:REFUND', 'Refund', 'Fees', -1, amount, 0, -amount
FROM rest
WHERE amount > 0;
