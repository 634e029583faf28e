-- Records that tell something about rows of other records.
SELECT line_number, 'a payment, counted in its order' AS reason FROM payments
UNION ALL
SELECT line_number, 'another customer_id of a person' FROM customers
UNION ALL
SELECT line_number, 'the English name of a category' FROM categories
