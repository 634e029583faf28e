-- One row per invoice: a number that begins with C is a return. Lines of one invoice may differ by a minute: the
-- first one counts. A missing CustomerID is a guest. The file does not say how it was paid.
WITH lines AS (
  SELECT *, try_strptime(InvoiceDate, ['%m/%d/%y %H:%M', '%m/%d/%Y %H:%M']) AS moment
  FROM raw
)
SELECT
  min(line_number) AS line_number,
  InvoiceNo AS transaction_id,
  arg_min(CustomerID, line_number) AS customer_id,
  coalesce(strftime(min(moment), '%Y-%m-%d'), arg_min(InvoiceDate, line_number)) AS transaction_date,
  strftime(min(moment), '%H:%M') AS transaction_time,
  'Other' AS payment_method,
  CASE WHEN starts_with(upper(InvoiceNo), 'C') THEN 'return' ELSE 'sale' END AS transaction_type,
  arg_min(Country, line_number) AS country
FROM lines
GROUP BY InvoiceNo
ORDER BY line_number
