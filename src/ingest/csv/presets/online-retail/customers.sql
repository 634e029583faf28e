-- One row per CustomerID; its country is the one most often seen, of equals the latest, then the first by name.
WITH seen AS (
  SELECT
    CustomerID,
    Country,
    count(*) AS lines,
    max(coalesce(try_strptime(InvoiceDate, ['%m/%d/%y %H:%M', '%m/%d/%Y %H:%M']), TIMESTAMP '1900-01-01')) AS last_seen,
    min(line_number) AS line_number
  FROM raw
  WHERE CustomerID IS NOT NULL
  GROUP BY CustomerID, Country
),
ranked AS (
  SELECT
    *,
    min(line_number) OVER (PARTITION BY CustomerID) AS first_line,
    row_number() OVER (PARTITION BY CustomerID ORDER BY lines DESC, last_seen DESC, Country) AS place
  FROM seen
)
SELECT first_line AS line_number, CustomerID AS customer_id, Country AS country
FROM ranked
WHERE place = 1
ORDER BY line_number
