-- Contents of customers and products as they were observed, for the dimensions that keep history.

ALTER TABLE production.customers ADD COLUMN country_code text;
ALTER TABLE production.transactions ADD COLUMN country_code text;
COMMENT ON COLUMN production.customers.country_code IS 'ISO 3166-1 alpha-2; NULL where unknown.';
COMMENT ON COLUMN production.transactions.country_code IS 'ISO 3166-1 alpha-2; NULL where unknown.';

CREATE VIEW production.customer_snapshots AS
SELECT customers.source, customer_id, first_name, last_name, email, phone, registration_date, city, state, country,
  country_code, age_group, customers.content_hash::uuid AS content_hash, customers.observed_at, updated_at,
  customers.batch_id, batches.recorded_at
FROM production.customers JOIN ops.batches USING (batch_id);
COMMENT ON VIEW production.customer_snapshots IS 'One row per content of a customer that a batch brought.';

CREATE VIEW production.product_snapshots AS
SELECT products.source, product_id, product_name, category, sub_category, price, cost, brand, stock_quantity, supplier_id,
  metadata, products.content_hash::uuid AS content_hash, products.observed_at, updated_at, products.batch_id,
  batches.recorded_at
FROM production.products JOIN ops.batches USING (batch_id);
COMMENT ON VIEW production.product_snapshots IS 'One row per content of a product that a batch brought.';
