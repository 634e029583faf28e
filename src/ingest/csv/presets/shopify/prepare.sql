-- Orders and their lines with amounts in the shop's currency, then all items of sales. An order is known by its first line.
-- One that stands in two files is two orders here: which of them holds is decided as for any row that comes twice.
CREATE VIEW order_records AS
SELECT *, min(line_number) OVER (PARTITION BY file_number, "Name") AS order_key,
  coalesce("Lineitem name", "Lineitem sku", "Lineitem price", "Lineitem quantity") IS NOT NULL AS has_line,
  coalesce(trim("Lineitem name") = 'Tip' AND coalesce(trim("Lineitem sku"), '') = '', false) AS is_tip
FROM raw;

CREATE TABLE order_lines AS
SELECT order_key, line_number, row_number() OVER (PARTITION BY order_key ORDER BY line_number) AS place,
  id_of(coalesce(nullif(trim("Lineitem sku"), ''), "Lineitem name")) AS product_id,
  "Lineitem name" AS product_name,
  "Vendor" AS brand,
  "Lineitem quantity" AS written_quantity,
  "Lineitem price" AS written_price,
  "Lineitem compare at price" AS written_list_price,
  CASE WHEN regexp_full_match(trim("Lineitem quantity"), '[0-9]{1,6}') THEN trim("Lineitem quantity")::BIGINT END AS quantity,
  amount_of("Lineitem price") AS price,
  amount_of("Lineitem compare at price") AS list_price,
  coalesce(amount_of("Lineitem discount"), 0) AS discount,
  is_tip
FROM order_records
WHERE has_line;

CREATE TABLE line_facts AS
SELECT order_key, bool_and(coalesce(price >= 0 AND quantity >= 0, false)) AS lines_usable,
  coalesce(sum(round(quantity * price, 2)) FILTER (NOT is_tip), 0) AS gross,
  coalesce(sum(round(quantity * price, 2)) FILTER (is_tip), 0) AS tips
FROM order_lines
GROUP BY order_key;

CREATE TABLE written_orders AS
SELECT
  order_key,
  line_number,
  "Name" AS name,
  "Email" AS email,
  lower(trim("Financial Status")) AS financial_status,
  "Currency" AS currency,
  "Total" AS written_total,
  "Refunded Amount" AS written_refund,
  "Created at" AS written_created,
  shop_time("Created at") AS created_at,
  shop_time("Paid at") AS paid_at,
  shop_time("Fulfilled at") AS fulfilled_at,
  shop_time(coalesce("Cancelled at", "Canceled at")) AS cancelled_at,
  coalesce("Cancelled at", "Canceled at") IS NOT NULL AS is_cancelled,
  "Payment Method" AS payment,
  amount_of("Total") AS total,
  amount_of(coalesce("Subtotal", '0')) AS subtotal,
  amount_of(coalesce("Shipping", '0')) AS shipping,
  amount_of(coalesce("Taxes", '0')) AS taxes,
  amount_of(coalesce("Duties", '0')) AS duties,
  amount_of(coalesce("Discount Amount", '0')) AS discount,
  amount_of(coalesce("Refunded Amount", '0')) AS refund,
  "Billing Name" AS billing_name,
  "Shipping Name" AS shipping_name,
  coalesce("Phone", "Billing Phone", "Shipping Phone") AS phone,
  coalesce("Billing City", "Shipping City") AS city,
  coalesce("Billing Province", "Shipping Province") AS state,
  coalesce("Billing Country", "Shipping Country") AS country,
  coalesce("Shipping Country", "Billing Country") AS shipping_country,
  nullif(concat_ws(', ', "Shipping Street", "Shipping City", ltrim("Shipping Zip", ''''), "Shipping Province", "Shipping Country"), '') AS shipping_address
FROM order_records
WHERE line_number = order_key;

-- Amounts as they are charged, in the order's own currency: whether taxes are on top, and whether the Shipping that is
-- written was given free by a discount that is more than that of the lines. Subtotal is without tips, Total with them.
CREATE TABLE charged_orders AS
WITH told AS (
  SELECT *, total - coalesce(tips, 0) AS due, rate_of(currency) AS rate,
    coalesce(lines_usable, true) AND rate_of(currency) IS NOT NULL
      AND coalesce(least(total, subtotal, shipping, taxes, duties, discount, refund) >= 0, false)
      AND total + subtotal + shipping + taxes + duties + discount + refund IS NOT NULL
      AND converted(total, rate_of(currency)) + converted(refund, rate_of(currency)) IS NOT NULL
      AND converted(coalesce(gross + tips, 0), rate_of(currency)) IS NOT NULL AS usable,
    row_number() OVER (ORDER BY coalesce(created_at, TIMESTAMP '1900-01-01'), line_number) AS recency
  FROM written_orders LEFT JOIN line_facts USING (order_key)
),
shipped AS (
  SELECT *,
    CASE WHEN due IN (subtotal + shipping + duties, subtotal + shipping + duties + taxes) THEN shipping
      ELSE greatest(shipping - greatest(discount - (coalesce(gross, 0) - subtotal), 0), 0) END AS shipping_charged
  FROM told
)
SELECT *,
  CASE getvariable('taxes') WHEN 'added' THEN true WHEN 'included' THEN false
    ELSE due >= subtotal + shipping_charged + duties + taxes END AS taxes_added
FROM shipped;

-- In the shop's currency. What lines come to together is what the Total leaves to them.
CREATE TABLE orders AS
WITH in_shop_currency AS (
  SELECT *, converted(total, rate)::DECIMAL(18, 2) AS total_amount, converted(refund, rate)::DECIMAL(18, 2) AS refund_amount,
    least(converted(coalesce(tips, 0), rate), converted(total, rate))::DECIMAL(18, 2) AS tip_amount,
    converted(shipping_charged, rate)::DECIMAL(18, 2) AS shipping_wanted,
    CASE WHEN taxes_added THEN converted(taxes, rate) ELSE 0 END::DECIMAL(18, 2) AS taxes_wanted,
    converted(duties, rate)::DECIMAL(18, 2) AS duties_wanted
  FROM charged_orders
),
with_shipping AS (SELECT *, least(shipping_wanted, total_amount - tip_amount) AS shipping_amount FROM in_shop_currency),
with_taxes AS (SELECT *, least(taxes_wanted, total_amount - tip_amount - shipping_amount) AS tax_amount FROM with_shipping),
with_duties AS (
  SELECT *, least(duties_wanted, total_amount - tip_amount - shipping_amount - tax_amount) AS duty_amount FROM with_taxes
)
SELECT *,
  (total_amount - tip_amount - shipping_amount - tax_amount - duty_amount)::DECIMAL(18, 2) AS target,
  greatest(created_at, paid_at, fulfilled_at, cancelled_at) AS last_change,
  coalesce(cancelled_at, greatest(created_at, paid_at, fulfilled_at)) AS refunded_at,
  coalesce(refund <> 0, trim(written_refund) <> '', false) AS has_refund,
  CASE
    WHEN financial_status IN ('voided', 'expired') THEN 'cancelled'
    WHEN is_cancelled AND (financial_status IN ('pending', 'authorized') OR refund >= total) THEN 'cancelled'
    WHEN financial_status IN ('paid', 'partially_refunded', 'refunded') THEN 'completed'
    WHEN financial_status IN ('pending', 'authorized', 'partially_paid') THEN 'pending'
    ELSE financial_status
  END AS status,
  CASE
    WHEN payment ILIKE '%paypal%' THEN 'PayPal'
    WHEN payment ILIKE '%cash on delivery%' OR payment ILIKE 'cod' THEN 'Cash on Delivery'
    WHEN payment ILIKE '%bank%' OR payment ILIKE '%wire%' THEN 'Bank Transfer'
    WHEN regexp_matches(lower(payment), 'shopify payments|shopify_payments|stripe|credit|braintree|authorize|visa|mastercard')
      THEN 'Credit Card'
    WHEN payment ILIKE '%gift%' THEN 'Gift Card'
    ELSE payment
  END AS payment_method
FROM with_duties;

-- The weight of a line is its price less its own discount, unless the lines came to more than that.
CREATE TABLE priced_lines AS
WITH priced AS (
  SELECT order_lines.* EXCLUDE (discount), target, converted(price, rate) AS unit_price,
    converted(order_lines.discount, rate)::DECIMAL(18, 2) AS own_discount
  FROM order_lines JOIN orders USING (order_key)
  WHERE usable AND NOT is_tip
),
valued AS (
  SELECT *, (quantity * unit_price)::DECIMAL(18, 2) AS gross,
    greatest((quantity * unit_price)::DECIMAL(18, 2) - own_discount, 0) AS net
  FROM priced
)
SELECT *, CASE WHEN target > sum(net) OVER (PARTITION BY order_key) THEN gross ELSE net END::DECIMAL(18, 2) AS weight
FROM valued;

CREATE TABLE settled_lines AS
SELECT * FROM charge_lines('priced_lines', 'orders') JOIN priced_lines USING (order_key, place);

CREATE TABLE sale_items AS
WITH fees AS (
  SELECT order_key, unnest([
    {suffix: 'TIP', name: 'Tip', amount: tip_amount},
    {suffix: 'SHIPPING', name: 'Shipping', amount: shipping_amount},
    {suffix: 'TAX', name: 'Taxes', amount: tax_amount},
    {suffix: 'DUTIES', name: 'Duties', amount: duty_amount},
    {suffix: 'ADJUSTMENT', name: 'Adjustment', amount: (target - coalesce(settled, 0))::DECIMAL(18, 2)}
  ]) AS fee
  FROM orders
  LEFT JOIN (SELECT order_key, sum(line_total) AS settled FROM settled_lines GROUP BY order_key) USING (order_key)
  WHERE usable
)
SELECT order_key, line_number, place::VARCHAR AS suffix, product_id, product_name,
  'Uncategorised' AS category, brand,
  quantity, unit_price, discount_percentage, line_total
FROM settled_lines
UNION ALL
SELECT order_key, orders.line_number, fee.suffix, 'FEE:' || fee.suffix, fee.name, 'Fees', NULL,
  1, fee.amount, 0, fee.amount
FROM fees JOIN orders USING (order_key)
WHERE fee.amount > 0;

-- A refund of the whole order takes its items back; of another one it is not known for which items it was.
CREATE TABLE return_items AS
SELECT order_key, sale_items.line_number, suffix, product_id, product_name, category, brand,
  -quantity AS quantity, unit_price, discount_percentage, -line_total AS line_total
FROM sale_items JOIN orders USING (order_key)
WHERE refund_amount = total_amount AND refund_amount > 0 AND quantity > 0
UNION ALL
SELECT order_key, line_number, 'REFUND', 'FEE:REFUND', 'Refund', 'Fees', NULL, -1, refund_amount, 0, -refund_amount
FROM orders
WHERE usable AND refund_amount > 0 AND refund_amount <> total_amount;
