-- Rows after the first one of an order that have no line item.
SELECT line_number, 'it continues its order and has no line item' AS reason
FROM order_records
WHERE NOT has_line
