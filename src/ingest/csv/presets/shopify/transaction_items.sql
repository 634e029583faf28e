-- The items of sales and returns; of an order that cannot be used its lines as they are written.
SELECT sale_items.line_number, name || '-' || suffix AS item_id, name AS transaction_id, product_id,
  quantity::VARCHAR AS quantity, unit_price::VARCHAR AS unit_price, discount_percentage::VARCHAR AS discount_percentage,
  line_total::VARCHAR AS line_total
FROM sale_items JOIN orders USING (order_key)
UNION ALL
SELECT return_items.line_number, name || '-R-' || suffix, name || '-R', product_id,
  quantity::VARCHAR, unit_price::VARCHAR, discount_percentage::VARCHAR, line_total::VARCHAR
FROM return_items JOIN orders USING (order_key)
UNION ALL
SELECT order_lines.line_number, name || '-' || place, name, product_id,
  written_quantity, unusable(currency, written_price), NULL, NULL
FROM order_lines JOIN orders USING (order_key)
WHERE NOT usable
