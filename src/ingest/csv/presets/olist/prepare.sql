-- Who bought: each order has a customer_id of its own, the person behind it is the customer_unique_id.
CREATE TABLE people AS
SELECT customer_id, arg_min(customer_unique_id, line_number) AS person FROM customers GROUP BY customer_id;

CREATE TABLE order_moments AS
SELECT order_id, min(line_number) AS line_number, min(shop_time(order_purchase_timestamp)) AS moment
FROM orders GROUP BY order_id;

CREATE TABLE freight AS
SELECT order_id, min(line_number) AS line_number, sum(amount_of(freight_value))::DECIMAL(18, 2) AS amount,
  bool_and(amount_of(freight_value) IS NOT NULL) AS readable, min(freight_value) FILTER (amount_of(freight_value) IS NULL) AS written
FROM items WHERE freight_value IS NOT NULL
GROUP BY order_id;
