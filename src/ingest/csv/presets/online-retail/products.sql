-- One row per stock code as written; the name is its most frequent description, the price its most frequent positive
-- unit price: of equals the latest, then the smallest. Codes that stand for charges are products of category Fees.
WITH lines AS (
  SELECT
    line_number,
    StockCode,
    Description,
    UnitPrice,
    TRY_CAST(UnitPrice AS DECIMAL(18, 4)) AS unit_price,
    coalesce(try_strptime(InvoiceDate, ['%m/%d/%y %H:%M', '%m/%d/%Y %H:%M']), TIMESTAMP '1900-01-01') AS moment
  FROM raw
),
codes AS (
  SELECT StockCode, min(line_number) AS line_number FROM lines GROUP BY StockCode
),
names AS (
  SELECT StockCode, Description,
    row_number() OVER (PARTITION BY StockCode ORDER BY count(*) DESC, max(moment) DESC, Description) AS place
  FROM lines
  WHERE Description IS NOT NULL
  GROUP BY StockCode, Description
),
prices AS (
  SELECT StockCode, unit_price, min(UnitPrice) AS written,
    row_number() OVER (PARTITION BY StockCode ORDER BY count(*) DESC, max(moment) DESC, unit_price) AS place
  FROM lines
  WHERE unit_price > 0
  GROUP BY StockCode, unit_price
)
SELECT
  codes.line_number,
  codes.StockCode AS product_id,
  names.Description AS product_name,
  CASE WHEN upper(codes.StockCode) IN
    ('POST', 'DOT', 'M', 'D', 'C2', 'S', 'B', 'CRUK', 'BANK CHARGES', 'AMAZONFEE')
    THEN 'Fees' ELSE 'Uncategorised' END AS category,
  prices.written AS price
FROM codes
LEFT JOIN names ON names.StockCode IS NOT DISTINCT FROM codes.StockCode AND names.place = 1
LEFT JOIN prices ON prices.StockCode IS NOT DISTINCT FROM codes.StockCode AND prices.place = 1
ORDER BY codes.line_number
