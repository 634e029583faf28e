-- One row per item, each of which is one piece, and one per order for its freight.
SELECT
  line_number,
  order_id || '-' || order_item_id AS item_id,
  order_id AS transaction_id,
  product_id,
  '1' AS quantity,
  price AS unit_price
FROM items
UNION ALL
SELECT line_number, order_id || '-FREIGHT', order_id, 'FEE:FREIGHT', '1', CASE WHEN readable THEN amount::VARCHAR ELSE written END
FROM freight
WHERE amount > 0 OR NOT readable
