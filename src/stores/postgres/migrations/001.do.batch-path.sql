-- The batch path: rows as received (staging), clean rows (production), and the books about both (ops).

CREATE SCHEMA IF NOT EXISTS ops;
CREATE SCHEMA staging;
CREATE SCHEMA production;
CREATE SCHEMA warehouse;

COMMENT ON SCHEMA ops IS 'The books: batches, ledger, quarantine, files of the lake, publications, runs, audit log.';
COMMENT ON SCHEMA staging IS 'Rows as received: text, with their batch, their line in the file and their verdict.';
COMMENT ON SCHEMA production IS 'Clean rows in third normal form, keyed by source and id.';
COMMENT ON SCHEMA warehouse IS 'The published star schema for BI tools, replaced as a whole by each publication.';

-- ops ---------------------------------------------------------------------------------------------------------------

CREATE TABLE ops.sources (
  source      text PRIMARY KEY CHECK (source ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
  kind        text NOT NULL CHECK (kind IN ('sample', 'csv', 'shop')),
  preset      text,
  input       text NOT NULL,
  options     jsonb NOT NULL DEFAULT '{}',
  added_at    timestamptz NOT NULL
);
COMMENT ON TABLE ops.sources IS 'Where this home''s rows come from: what a run without --input repeats.';
COMMENT ON COLUMN ops.sources.kind IS
  'sample: made by Millrace; csv: the user''s own files; a home holds one of these two. shop: the live shop.';
COMMENT ON COLUMN ops.sources.input IS 'Absolute path of the folder or file.';
COMMENT ON COLUMN ops.sources.options IS 'For the sample, what it was made with: seed, asOf, customers, products, transactions.';

CREATE TABLE ops.batches (
  batch_id     text PRIMARY KEY,
  batch_number integer GENERATED ALWAYS AS IDENTITY UNIQUE,
  source       text NOT NULL REFERENCES ops.sources,
  preset       text,
  content_hash text NOT NULL,
  observed_at  timestamptz NOT NULL,
  recorded_at  timestamptz NOT NULL,
  UNIQUE (source, content_hash)
);
COMMENT ON TABLE ops.batches IS 'Each set of files that was loaded, known by the hash of its content.';
COMMENT ON COLUMN ops.batches.content_hash IS 'SHA-256 over the tables and the SHA-256 of their files.';
COMMENT ON COLUMN ops.batches.observed_at IS 'When the content was true: --as-of, else the time of the load.';
COMMENT ON COLUMN ops.batches.recorded_at IS 'When it was loaded.';

CREATE TABLE ops.batch_files (
  batch_id  text NOT NULL REFERENCES ops.batches ON DELETE CASCADE,
  file      text NOT NULL,
  path      text NOT NULL,
  sha256    text NOT NULL,
  bytes     bigint NOT NULL,
  records   bigint NOT NULL,
  mapped    bigint NOT NULL,
  malformed bigint NOT NULL,
  PRIMARY KEY (batch_id, file),
  CONSTRAINT every_record_accounted_for CHECK (records = mapped + malformed)
);
COMMENT ON TABLE ops.batch_files IS 'The files of each batch: records = mapped (read, or mapped by the preset) + malformed.';

CREATE TABLE ops.ledger (
  batch_id    text NOT NULL REFERENCES ops.batches ON DELETE CASCADE,
  table_name  text NOT NULL CHECK (table_name IN ('customers', 'products', 'transactions', 'transaction_items')),
  received    bigint NOT NULL CHECK (received >= 0),
  duplicate   bigint NOT NULL CHECK (duplicate >= 0),
  superseded  bigint NOT NULL CHECK (superseded >= 0),
  quarantined bigint NOT NULL CHECK (quarantined >= 0),
  inserted    bigint NOT NULL CHECK (inserted >= 0),
  updated     bigint NOT NULL CHECK (updated >= 0),
  unchanged   bigint NOT NULL CHECK (unchanged >= 0),
  loaded      bigint NOT NULL GENERATED ALWAYS AS (inserted + updated + unchanged) STORED,
  PRIMARY KEY (batch_id, table_name),
  CONSTRAINT every_row_accounted_for
    CHECK (received = inserted + updated + unchanged + duplicate + superseded + quarantined)
);
COMMENT ON TABLE ops.ledger IS
  'What became of every row: received = loaded + duplicate + superseded + quarantined; loaded = inserted + updated + unchanged.';

CREATE TABLE ops.quality_results (
  batch_id   text NOT NULL REFERENCES ops.batches ON DELETE CASCADE,
  rule       text NOT NULL,
  table_name text NOT NULL,
  severity   text NOT NULL CHECK (severity IN ('error', 'warn')),
  checked    bigint NOT NULL,
  broken     bigint NOT NULL,
  PRIMARY KEY (batch_id, rule)
);
COMMENT ON TABLE ops.quality_results IS 'How many rows of each batch each rule looked at, and how many broke it.';

CREATE TABLE ops.quarantine (
  quarantine_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  batch_id      text NOT NULL REFERENCES ops.batches ON DELETE CASCADE,
  table_name    text,
  file          text NOT NULL,
  line_number   bigint NOT NULL,
  rules         text[] NOT NULL CHECK (cardinality(rules) > 0),
  content       jsonb NOT NULL
);
CREATE INDEX quarantine_batch ON ops.quarantine (batch_id, table_name);
COMMENT ON TABLE ops.quarantine IS 'Rows that broke a rule of severity error, as received.';
COMMENT ON COLUMN ops.quarantine.table_name IS 'NULL for a malformed record of a preset''s file, which belongs to no table yet.';
COMMENT ON COLUMN ops.quarantine.content IS 'Column -> text as received; {"record": text} for a malformed record.';

CREATE TABLE ops.lake_files (
  path          text PRIMARY KEY,
  dataset       text NOT NULL,
  extract_id    text NOT NULL,
  rows          bigint NOT NULL,
  bytes         bigint NOT NULL,
  registered_at timestamptz NOT NULL,
  retired_at    timestamptz
);
CREATE INDEX lake_files_current ON ops.lake_files (dataset) WHERE retired_at IS NULL;
COMMENT ON TABLE ops.lake_files IS 'The Parquet files that models may read: those not retired. Paths are relative to the lake.';

CREATE TABLE ops.publications (
  publication_id text PRIMARY KEY,
  file           text NOT NULL,
  state          text NOT NULL CHECK (state IN ('switched', 'published')),
  input_hash     text NOT NULL,
  published_at   timestamptz NOT NULL
);
COMMENT ON TABLE ops.publications IS 'Each warehouse that was published.';
COMMENT ON COLUMN ops.publications.state IS
  'switched: PostgreSQL''s warehouse schema has it, the DuckDB file waits to be renamed; published: both have it.';
COMMENT ON COLUMN ops.publications.input_hash IS 'Hash over the models, the settings and the lake files it was built from.';

CREATE TABLE ops.runs (
  run_id     text PRIMARY KEY,
  started_at timestamptz NOT NULL,
  ended_at   timestamptz,
  outcome    text CHECK (outcome IN ('succeeded', 'failed')),
  summary    jsonb
);
COMMENT ON TABLE ops.runs IS 'Each run of the pipeline; a run without an end was killed or still goes on.';

CREATE TABLE ops.audit_log (
  sequence      bigint PRIMARY KEY CHECK (sequence > 0),
  recorded_at   timestamptz NOT NULL,
  actor         text NOT NULL,
  action        text NOT NULL,
  subject       text NOT NULL,
  details       jsonb NOT NULL,
  previous_hash text NOT NULL,
  hash          text NOT NULL UNIQUE
);
COMMENT ON TABLE ops.audit_log IS 'Who changed what: append-only; each entry''s hash covers the one before it.';

CREATE FUNCTION ops.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ops.audit_log is append-only';
END
$$;
CREATE TRIGGER audit_log_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ops.audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();

-- staging: as received, few constraints --------------------------------------------------------------------------------

-- The bytes of a file can be copied into staging as they are: the numbers that they lack are filled in as defaults.
CREATE FUNCTION staging.batch_under_way() RETURNS integer LANGUAGE sql IMMUTABLE
  AS $$ SELECT current_setting('millrace.batch_number')::integer $$;
COMMENT ON FUNCTION staging.batch_under_way IS
  'The batch that this transaction loads. Declared immutable, for defaults of staging alone, so that a COPY asks once and not for every row.';

CREATE TABLE staging.customers (
  batch_number integer NOT NULL DEFAULT staging.batch_under_way(),
  line_number  integer NOT NULL GENERATED BY DEFAULT AS IDENTITY (START 2 CACHE 10000),
  verdict      text,
  customer_id text, first_name text, last_name text, email text, phone text, registration_date text,
  city text, state text, country text, age_group text, other_columns text
);
CREATE TABLE staging.products (
  batch_number integer NOT NULL DEFAULT staging.batch_under_way(),
  line_number  integer NOT NULL GENERATED BY DEFAULT AS IDENTITY (START 2 CACHE 10000),
  verdict      text,
  product_id text, product_name text, category text, sub_category text, price text, cost text, brand text,
  stock_quantity text, supplier_id text, metadata text, other_columns text
);
CREATE TABLE staging.transactions (
  batch_number integer NOT NULL DEFAULT staging.batch_under_way(),
  line_number  integer NOT NULL GENERATED BY DEFAULT AS IDENTITY (START 2 CACHE 10000),
  verdict      text,
  transaction_id text, customer_id text, transaction_date text, transaction_time text, payment_method text,
  shipping_address text, total_amount text, transaction_type text, status text, country text, updated_at text,
  other_columns text
);
CREATE TABLE staging.transaction_items (
  batch_number integer NOT NULL DEFAULT staging.batch_under_way(),
  line_number  integer NOT NULL GENERATED BY DEFAULT AS IDENTITY (START 2 CACHE 10000),
  verdict      text,
  item_id text, transaction_id text, product_id text, quantity text, unit_price text, discount_percentage text,
  line_total text, other_columns text
);
COMMENT ON COLUMN staging.customers.verdict IS 'loaded, duplicate, superseded or quarantined; NULL where the row was loaded.';
COMMENT ON COLUMN staging.products.verdict IS 'loaded, duplicate, superseded or quarantined; NULL where the row was loaded.';
COMMENT ON COLUMN staging.transactions.verdict IS 'loaded, duplicate, superseded or quarantined; NULL where the row was loaded.';
COMMENT ON COLUMN staging.transaction_items.verdict IS 'loaded, duplicate, superseded or quarantined; NULL where the row was loaded.';
COMMENT ON TABLE staging.customers IS 'Rows of customers.csv as received; other_columns: JSON of columns that the contract does not know.';
COMMENT ON TABLE staging.products IS 'Rows of products.csv as received; other_columns: JSON of columns that the contract does not know.';
COMMENT ON TABLE staging.transactions IS 'Rows of transactions.csv as received; other_columns: JSON of columns that the contract does not know.';
COMMENT ON TABLE staging.transaction_items IS 'Rows of transaction_items.csv as received; other_columns: JSON of columns that the contract does not know.';

-- production: clean, third normal form --------------------------------------------------------------------------------

CREATE TABLE production.customers (
  source            text NOT NULL REFERENCES ops.sources,
  customer_id       text NOT NULL CHECK (length(customer_id) BETWEEN 1 AND 64),
  first_name        text,
  last_name         text,
  email             text,
  phone             text,
  registration_date date,
  city              text,
  state             text,
  country           text,
  age_group         text,
  content_hash      text NOT NULL,
  observed_at       timestamptz NOT NULL,
  updated_at        timestamptz,
  batch_id          text NOT NULL REFERENCES ops.batches,
  first_loaded_at   timestamptz NOT NULL,
  last_changed_at   timestamptz NOT NULL,
  PRIMARY KEY (source, customer_id)
);
COMMENT ON TABLE production.customers IS 'One row per customer of a source. Names, email, phone: personal data that goes no further.';

CREATE TABLE production.products (
  source          text NOT NULL REFERENCES ops.sources,
  product_id      text NOT NULL CHECK (length(product_id) BETWEEN 1 AND 64),
  product_name    text NOT NULL,
  category        text NOT NULL,
  sub_category    text,
  price           numeric(18, 4) NOT NULL CHECK (price > 0),
  cost            numeric(18, 4) CHECK (cost >= 0),
  brand           text,
  stock_quantity  bigint CHECK (stock_quantity >= 0),
  supplier_id     text,
  metadata        jsonb,
  content_hash    text NOT NULL,
  observed_at     timestamptz NOT NULL,
  updated_at      timestamptz,
  batch_id        text NOT NULL REFERENCES ops.batches,
  first_loaded_at timestamptz NOT NULL,
  last_changed_at timestamptz NOT NULL,
  PRIMARY KEY (source, product_id)
);
COMMENT ON TABLE production.products IS 'One row per product of a source; price and cost per unit in the shop currency.';

CREATE TABLE production.transactions (
  source           text NOT NULL REFERENCES ops.sources,
  transaction_id   text NOT NULL CHECK (length(transaction_id) BETWEEN 1 AND 64),
  customer_id      text,
  transaction_at   timestamptz NOT NULL CHECK (transaction_at >= '1999-12-31'),
  payment_method   text NOT NULL CHECK (payment_method IN ('Credit Card', 'Debit Card', 'PayPal', 'UPI', 'Net Banking',
                     'Cash on Delivery', 'Bank Transfer', 'Gift Card', 'Other')),
  shipping_address text,
  total_amount     numeric(18, 2),
  transaction_type text NOT NULL CHECK (transaction_type IN ('sale', 'return')),
  status           text NOT NULL CHECK (status IN ('completed', 'pending', 'cancelled')),
  country          text,
  content_hash     text NOT NULL,
  observed_at      timestamptz NOT NULL,
  updated_at       timestamptz,
  batch_id         text NOT NULL REFERENCES ops.batches,
  first_loaded_at  timestamptz NOT NULL,
  last_changed_at  timestamptz NOT NULL,
  PRIMARY KEY (source, transaction_id),
  FOREIGN KEY (source, customer_id) REFERENCES production.customers
);
CREATE INDEX transactions_customer ON production.transactions (source, customer_id);
COMMENT ON TABLE production.transactions IS 'One row per order or return of a source; customer_id NULL is a guest.';
COMMENT ON COLUMN production.transactions.transaction_at IS 'The instant; the files give it as date and time in SHOP_TIMEZONE.';

CREATE TABLE production.transaction_items (
  source              text NOT NULL REFERENCES ops.sources,
  item_id             text NOT NULL CHECK (length(item_id) BETWEEN 1 AND 64),
  transaction_id      text NOT NULL,
  product_id          text NOT NULL,
  quantity            bigint NOT NULL CHECK (quantity <> 0),
  unit_price          numeric(18, 4) NOT NULL CHECK (unit_price >= 0),
  discount_percentage numeric(7, 4) NOT NULL CHECK (discount_percentage BETWEEN 0 AND 100),
  line_total          numeric(18, 2) NOT NULL,
  content_hash        text NOT NULL,
  observed_at         timestamptz NOT NULL,
  updated_at          timestamptz,
  batch_id            text NOT NULL REFERENCES ops.batches,
  first_loaded_at     timestamptz NOT NULL,
  last_changed_at     timestamptz NOT NULL,
  PRIMARY KEY (source, item_id),
  FOREIGN KEY (source, transaction_id) REFERENCES production.transactions,
  FOREIGN KEY (source, product_id) REFERENCES production.products,
  CONSTRAINT line_total_is_the_product CHECK
    (abs(line_total - quantity * unit_price * (1 - discount_percentage / 100)) <= 0.0151)
);
CREATE INDEX transaction_items_transaction ON production.transaction_items (source, transaction_id);
CREATE INDEX transaction_items_product ON production.transaction_items (source, product_id);
COMMENT ON TABLE production.transaction_items IS 'One row per line of an order or return; quantity and line_total are negative on a return.';
