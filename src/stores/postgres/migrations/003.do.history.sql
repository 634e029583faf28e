-- Batches that can be undone: what lost to other contents is kept, each row knows the line it came from, the ledger has
-- an entry for every movement, and staging is cut into partitions that are dropped whole.

-- ops -------------------------------------------------------------------------------------------------------------------

ALTER TABLE ops.batches ALTER COLUMN batch_number DROP IDENTITY;
ALTER TABLE ops.batches DROP CONSTRAINT batches_source_content_hash_key;
ALTER TABLE ops.batches
  ADD COLUMN options      jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN rules_hash   text,
  ADD COLUMN revertible   boolean NOT NULL DEFAULT true,
  ADD COLUMN reverted_at  timestamptz,
  ADD COLUMN stages       jsonb NOT NULL DEFAULT '[]';
UPDATE ops.batches SET revertible = false;
CREATE UNIQUE INDEX batches_content ON ops.batches (source, content_hash, observed_at) WHERE reverted_at IS NULL;
COMMENT ON COLUMN ops.batches.batch_number IS 'The order in which batches were loaded; a reverted batch that is loaded again gets a new number.';
COMMENT ON COLUMN ops.batches.options IS 'The options of the preset.';
COMMENT ON COLUMN ops.batches.rules_hash IS 'Which rules, with which severities, judged the batch last.';
COMMENT ON COLUMN ops.batches.revertible IS 'False for batches that were loaded before superseded contents were kept.';
COMMENT ON COLUMN ops.batches.reverted_at IS 'When the batch was undone; NULL while it counts.';
COMMENT ON COLUMN ops.batches.stages IS 'What each stage of the load did: [{stage, rows, milliseconds}].';

ALTER TABLE ops.batch_files
  ADD COLUMN file_number smallint NOT NULL DEFAULT 0,
  ADD COLUMN role        text,
  ADD COLUMN line_offset integer NOT NULL DEFAULT 0,
  ADD COLUMN encoding    text NOT NULL DEFAULT 'utf-8',
  ADD COLUMN compression text NOT NULL DEFAULT 'none',
  ADD COLUMN archived_as text;
UPDATE ops.batch_files SET role = CASE WHEN file IN ('customers.csv', 'products.csv', 'transactions.csv', 'transaction_items.csv')
  THEN left(file, -4) ELSE 'file' END;
UPDATE ops.batch_files AS files SET file_number = numbered.place
FROM (SELECT batch_id, file, row_number() OVER (PARTITION BY batch_id ORDER BY file) - 1 AS place FROM ops.batch_files) AS numbered
WHERE numbered.batch_id = files.batch_id AND numbered.file = files.file;
ALTER TABLE ops.batch_files DROP CONSTRAINT batch_files_pkey, ADD PRIMARY KEY (batch_id, file_number);
COMMENT ON COLUMN ops.batch_files.file_number IS 'The place of the file in the batch, from 0.';
COMMENT ON COLUMN ops.batch_files.role IS 'The table, or the role in the preset, that the file feeds.';
COMMENT ON COLUMN ops.batch_files.line_offset IS 'What is added to a line of this file to make the row_number of its row.';
COMMENT ON COLUMN ops.batch_files.archived_as IS 'The name of its copy below raw/batches in the home.';

ALTER TABLE ops.ledger DROP CONSTRAINT ledger_pkey;
ALTER TABLE ops.ledger
  DROP CONSTRAINT ledger_received_check, DROP CONSTRAINT ledger_duplicate_check, DROP CONSTRAINT ledger_superseded_check,
  DROP CONSTRAINT ledger_quarantined_check, DROP CONSTRAINT ledger_inserted_check, DROP CONSTRAINT ledger_updated_check,
  DROP CONSTRAINT ledger_unchanged_check;
ALTER TABLE ops.ledger
  ADD COLUMN entry       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  ADD COLUMN operation   text NOT NULL DEFAULT 'load' CHECK (operation IN ('load', 'replay', 'revert', 'recheck')),
  ADD COLUMN caused_by   text,
  ADD COLUMN recorded_at timestamptz;
UPDATE ops.ledger SET caused_by = batch_id, recorded_at = (SELECT recorded_at FROM ops.batches WHERE batches.batch_id = ledger.batch_id);
ALTER TABLE ops.ledger ALTER COLUMN recorded_at SET NOT NULL, ALTER COLUMN operation DROP DEFAULT;
CREATE INDEX ledger_batch ON ops.ledger (batch_id, table_name);
COMMENT ON TABLE ops.ledger IS
  'What became of every row, an entry for each movement: received = loaded + duplicate + superseded + quarantined; loaded = inserted + updated + unchanged. The entries of a batch add up to where its rows are now; inserted adds up to the rows of production.';
COMMENT ON COLUMN ops.ledger.operation IS 'load, replay (of quarantined rows), revert (of a batch) or recheck (after rules changed).';
COMMENT ON COLUMN ops.ledger.caused_by IS 'The batch that was loaded or reverted; another one than batch_id where rows of an earlier batch moved with it.';

CREATE VIEW ops.ledger_balance AS
SELECT batch_id, table_name, sum(received)::bigint AS received, sum(loaded)::bigint AS loaded, sum(duplicate)::bigint AS duplicate,
  sum(superseded)::bigint AS superseded, sum(quarantined)::bigint AS quarantined, sum(inserted)::bigint AS inserted,
  sum(updated)::bigint AS updated, sum(unchanged)::bigint AS unchanged
FROM ops.ledger GROUP BY batch_id, table_name;
COMMENT ON VIEW ops.ledger_balance IS 'Where the rows of each batch are now: the sum of its entries.';

ALTER TABLE ops.quality_results ADD COLUMN examples integer[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN ops.quality_results.examples IS 'The row numbers of the first rows that broke the rule, ten at most.';

ALTER TABLE ops.quarantine
  ADD COLUMN row_number integer,
  ADD COLUMN state      text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'released')),
  ADD COLUMN fixed      jsonb;
UPDATE ops.quarantine SET row_number = line_number WHERE table_name IS NOT NULL;
CREATE UNIQUE INDEX quarantine_row ON ops.quarantine (batch_id, table_name, row_number) WHERE row_number IS NOT NULL;
COMMENT ON COLUMN ops.quarantine.row_number IS 'Names the row within its batch and table; NULL for a malformed record of a preset''s file.';
COMMENT ON COLUMN ops.quarantine.line_number IS
  'The line in the file; 0 for a row that a preset had mapped and that lost its parent after its batch had left staging.';
COMMENT ON COLUMN ops.quarantine.state IS 'open, or released when a replay, a recheck or the arrival of its parent let the row in.';
COMMENT ON COLUMN ops.quarantine.fixed IS 'Column -> text that was set by hand and stands in place of what was received.';

-- production --------------------------------------------------------------------------------------------------------------

ALTER TABLE production.customers ADD COLUMN country_code text CHECK (country_code ~ '^[A-Z]{2}$');
ALTER TABLE production.transactions ADD COLUMN country_code text CHECK (country_code ~ '^[A-Z]{2}$');
COMMENT ON COLUMN production.customers.country_code IS 'ISO 3166-1 alpha-2; NULL where the country is not recognised.';
COMMENT ON COLUMN production.transactions.country_code IS 'ISO 3166-1 alpha-2; NULL where the country is not recognised.';

DO $$
DECLARE
  tables constant text[] := ARRAY['customers', 'products', 'transactions', 'transaction_items'];
  keys   constant text[] := ARRAY['customer_id', 'product_id', 'transaction_id', 'item_id'];
  named  text;
BEGIN
  FOR place IN 1..4 LOOP
    named := tables[place];
    EXECUTE format('ALTER TABLE production.%I DROP CONSTRAINT %I', named, named || '_source_fkey');
    EXECUTE format('ALTER TABLE production.%I ALTER COLUMN content_hash TYPE uuid USING content_hash::uuid,
      ADD COLUMN row_number integer, ADD COLUMN outcome text NOT NULL DEFAULT ''inserted''
      CHECK (outcome IN (''inserted'', ''updated'', ''unchanged'', ''superseded''))', named);
    EXECUTE format('UPDATE production.%1$I AS stored SET row_number = staged.row_number
      FROM (SELECT batch_id, trim(%2$I) AS key, min(line_number) AS row_number FROM staging.%1$I
        JOIN ops.batches USING (batch_number) WHERE verdict IS NULL GROUP BY 1, 2) AS staged
      WHERE staged.batch_id = stored.batch_id AND staged.key = stored.%2$I', named, keys[place]);
    EXECUTE format('UPDATE production.%1$I AS stored SET row_number = numbered.place
      FROM (SELECT ctid, -row_number() OVER () AS place FROM production.%1$I WHERE row_number IS NULL) AS numbered
      WHERE numbered.ctid = stored.ctid', named);
    EXECUTE format('ALTER TABLE production.%I ALTER COLUMN row_number SET NOT NULL, ALTER COLUMN outcome DROP DEFAULT', named);
    EXECUTE format('COMMENT ON COLUMN production.%I.row_number IS ''Names the row within its batch and table.''', named);
    EXECUTE format('COMMENT ON COLUMN production.%I.outcome IS ''What the row is booked as in the ledger of its batch.''', named);
  END LOOP;
END
$$;

-- Indexes begin with the id: it tells rows apart at once, and an index over it is made three times as fast. Foreign keys
-- are checked when the transaction commits, so that parents and children may change in any order within it.
ALTER TABLE production.transaction_items
  DROP CONSTRAINT transaction_items_source_transaction_id_fkey, DROP CONSTRAINT transaction_items_source_product_id_fkey,
  DROP CONSTRAINT transaction_items_pkey;
ALTER TABLE production.transactions DROP CONSTRAINT transactions_source_customer_id_fkey, DROP CONSTRAINT transactions_pkey;
ALTER TABLE production.products DROP CONSTRAINT products_pkey;
ALTER TABLE production.customers DROP CONSTRAINT customers_pkey;
DROP INDEX production.transactions_customer, production.transaction_items_transaction, production.transaction_items_product;

ALTER TABLE production.customers ADD PRIMARY KEY (customer_id, source);
ALTER TABLE production.products ADD PRIMARY KEY (product_id, source);
ALTER TABLE production.transactions ADD PRIMARY KEY (transaction_id, source), ADD FOREIGN KEY (customer_id, source)
  REFERENCES production.customers (customer_id, source) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE production.transaction_items ADD PRIMARY KEY (item_id, source), ADD FOREIGN KEY (transaction_id, source)
  REFERENCES production.transactions (transaction_id, source) DEFERRABLE INITIALLY DEFERRED, ADD FOREIGN KEY (product_id, source)
  REFERENCES production.products (product_id, source) DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX transactions_customer ON production.transactions (customer_id, source);
CREATE INDEX transaction_items_transaction ON production.transaction_items (transaction_id, source);
CREATE INDEX transaction_items_product ON production.transaction_items (product_id, source);

-- history: what production has not ---------------------------------------------------------------------------------------

CREATE SCHEMA history;
COMMENT ON SCHEMA history IS
  'Contents that batches brought and that production does not show: superseded by greater ones, or waiting for a parent.';

DO $$
DECLARE
  tables constant text[] := ARRAY['customers', 'products', 'transactions', 'transaction_items'];
  keys   constant text[] := ARRAY['customer_id', 'product_id', 'transaction_id', 'item_id'];
  named  text;
BEGIN
  FOR place IN 1..4 LOOP
    named := tables[place];
    EXECUTE format('CREATE TABLE history.%1$I (LIKE production.%1$I)', named);
    EXECUTE format('CREATE INDEX %I ON history.%I (%I, source)', named || '_key', named, keys[place]);
    EXECUTE format('CREATE INDEX %I ON history.%I (source) WHERE outcome = ''quarantined''', named || '_waiting', named);
    EXECUTE format('CREATE INDEX %I ON history.%I USING brin (batch_id)', named || '_batch', named);
    EXECUTE format('COMMENT ON TABLE history.%1$I IS ''Contents of production.%1$s that batches brought beside the one that counts.''', named);
    EXECUTE format('COMMENT ON COLUMN history.%I.outcome IS
      ''What the row is booked as: quarantined while it waits for a parent; superseded, or what it was when it still counted.''', named);
  END LOOP;
END
$$;

CREATE VIEW production.customer_snapshots AS
WITH observed AS (
  SELECT * FROM production.customers UNION ALL SELECT * FROM history.customers WHERE outcome <> 'quarantined'
)
SELECT source, customer_id, first_name, last_name, email, phone, registration_date, city, state, country, country_code, age_group,
  content_hash, observed_at, updated_at, batch_id, row_number, recorded_at
FROM observed JOIN (SELECT batch_id, recorded_at FROM ops.batches) AS batches USING (batch_id);
COMMENT ON VIEW production.customer_snapshots IS
  'Every content of a customer that a batch brought, by the time at which it was true: what the history of customers is computed from.';

CREATE VIEW production.product_snapshots AS
WITH observed AS (
  SELECT * FROM production.products UNION ALL SELECT * FROM history.products WHERE outcome <> 'quarantined'
)
SELECT source, product_id, product_name, category, sub_category, price, cost, brand, stock_quantity, supplier_id, metadata,
  content_hash, observed_at, updated_at, batch_id, row_number, recorded_at
FROM observed JOIN (SELECT batch_id, recorded_at FROM ops.batches) AS batches USING (batch_id);
COMMENT ON VIEW production.product_snapshots IS
  'Every content of a product that a batch brought, by the time at which it was true: what the history of products is computed from.';

-- staging: a partition per batch and table --------------------------------------------------------------------------------

CREATE SEQUENCE staging.row_numbers CACHE 10000;

DO $$
DECLARE
  named text;
  kept  record;
BEGIN
  FOREACH named IN ARRAY ARRAY['customers', 'products', 'transactions', 'transaction_items'] LOOP
    EXECUTE format('ALTER TABLE staging.%I RENAME TO %I', named, named || '_before');
    EXECUTE format('ALTER TABLE staging.%I ALTER COLUMN line_number DROP IDENTITY', named || '_before');
    EXECUTE format('ALTER TABLE staging.%I RENAME COLUMN line_number TO row_number', named || '_before');
    EXECUTE format('ALTER TABLE staging.%I ALTER COLUMN batch_number DROP DEFAULT, ADD COLUMN file_number smallint,
      ADD COLUMN line_number integer', named || '_before');
    EXECUTE format('CREATE TABLE staging.%I (LIKE staging.%I) PARTITION BY LIST (batch_number)', named, named || '_before');
    FOR kept IN SELECT batch_number FROM ops.batches ORDER BY batch_number DESC LIMIT 3 LOOP
      EXECUTE format('CREATE TABLE staging.%I PARTITION OF staging.%I FOR VALUES IN (%s)',
        named || '_' || kept.batch_number, named, kept.batch_number);
      EXECUTE format('INSERT INTO staging.%I SELECT * FROM staging.%I WHERE batch_number = %s',
        named, named || '_before', kept.batch_number);
    END LOOP;
    EXECUTE format('DROP TABLE staging.%I', named || '_before');
    EXECUTE format('COMMENT ON TABLE staging.%I IS
      ''Rows as received, of the last batches; other_columns: JSON of columns that the contract does not know.''', named);
    EXECUTE format('COMMENT ON COLUMN staging.%I.row_number IS ''Names the row within its batch and table.''', named);
    EXECUTE format('COMMENT ON COLUMN staging.%I.file_number IS
      ''The file that the row was mapped from; NULL where row_number says it: see ops.batch_files.line_offset.''', named);
    EXECUTE format('COMMENT ON COLUMN staging.%I.line_number IS
      ''The line in that file that the row was mapped from; NULL where row_number says it.''', named);
    EXECUTE format('COMMENT ON COLUMN staging.%I.verdict IS
      ''duplicate, superseded or quarantined when the batch was loaded; NULL where the row was loaded.''', named);
  END LOOP;
END
$$;
DROP FUNCTION staging.batch_under_way();
COMMENT ON SEQUENCE staging.row_numbers IS 'Numbers the rows of a file while its bytes are copied into staging.';
