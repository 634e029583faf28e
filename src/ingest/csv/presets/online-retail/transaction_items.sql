-- One row per line. A line that repeats within its invoice is a line of its own: the count of its like is in its id.
SELECT
  line_number,
  InvoiceNo || '-' || StockCode || '-' || row_number() OVER (PARTITION BY InvoiceNo, StockCode ORDER BY line_number) AS item_id,
  InvoiceNo AS transaction_id,
  StockCode AS product_id,
  Quantity AS quantity,
  UnitPrice AS unit_price
FROM raw
ORDER BY line_number
