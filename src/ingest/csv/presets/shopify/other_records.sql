-- Lines that are tips, and rows after the first one of an order that have no line item.
SELECT line_number,
  CASE WHEN is_tip THEN 'a tip, counted among the fees of its order' ELSE 'it continues its order and has no line item' END AS reason
FROM order_records
WHERE is_tip OR NOT has_line
