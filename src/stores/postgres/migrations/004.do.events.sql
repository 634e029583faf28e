-- Events: batches of them are booked like those of CSV files; their clean rows live in the lake, whose files are registered here.

ALTER TABLE ops.sources DROP CONSTRAINT sources_kind_check;
ALTER TABLE ops.sources ADD CONSTRAINT sources_kind_check CHECK (kind IN ('sample', 'csv', 'shop', 'events'));
COMMENT ON COLUMN ops.sources.kind IS
  'sample: made by Millrace; csv: the user''s own files; a home holds one of these two. shop: the live shop. events: files of events, or a collector.';
COMMENT ON COLUMN ops.sources.input IS 'Absolute path of the folder or file; empty for a collector.';

ALTER TABLE ops.ledger DROP CONSTRAINT ledger_table_name_check;
ALTER TABLE ops.ledger ADD CONSTRAINT ledger_table_name_check CHECK
  (table_name IN ('customers', 'products', 'transactions', 'transaction_items', 'events', 'catalog', 'profiles'));

ALTER TABLE ops.batches ADD COLUMN dataset text CHECK (dataset IN ('lake.events', 'lake.catalog', 'lake.profiles'));
COMMENT ON COLUMN ops.batches.dataset IS 'Where the rows of the batch live in the lake; NULL for batches of CSV files, whose rows live in production.';

CREATE INDEX batch_files_content ON ops.batch_files (sha256);

ALTER TABLE ops.lake_files
  ALTER COLUMN extract_id DROP NOT NULL,
  ADD COLUMN batch_id         text REFERENCES ops.batches ON DELETE CASCADE,
  ADD COLUMN event_date       date,
  ADD COLUMN contract_version integer;
DROP INDEX ops.lake_files_current;
CREATE INDEX lake_files_current ON ops.lake_files (dataset, event_date) WHERE retired_at IS NULL;
COMMENT ON COLUMN ops.lake_files.extract_id IS 'Of production''s files: the extract that wrote them.';
COMMENT ON COLUMN ops.lake_files.batch_id IS 'The batch whose load wrote the file; NULL where several files were put together, and for extracts.';
COMMENT ON COLUMN ops.lake_files.event_date IS 'The UTC day of the file''s events; NULL for files of other datasets.';
COMMENT ON COLUMN ops.lake_files.contract_version IS 'The version of the contract by which the rows were judged; the least of them where files were put together.';

CREATE TABLE ops.changed_keys (
  dataset     text NOT NULL,
  key         text NOT NULL,
  batch_id    text NOT NULL REFERENCES ops.batches ON DELETE CASCADE,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (dataset, key, batch_id, recorded_at)
);
CREATE INDEX changed_keys_recorded ON ops.changed_keys (recorded_at);
COMMENT ON TABLE ops.changed_keys IS 'What loads touched: what is computed from these keys is to be computed again.';
COMMENT ON COLUMN ops.changed_keys.key IS 'For lake.events a UTC day, YYYY-MM-DD; for lake.catalog and lake.profiles an id.';

CREATE TABLE ops.drift (
  source      text NOT NULL REFERENCES ops.sources,
  kind        text NOT NULL CHECK (kind IN ('field', 'value')),
  field       text NOT NULL,
  value       text NOT NULL DEFAULT '',
  example     text NOT NULL,
  rows        bigint NOT NULL,
  received    bigint NOT NULL,
  batch_id    text NOT NULL REFERENCES ops.batches ON DELETE CASCADE,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (source, kind, field, value)
);
COMMENT ON TABLE ops.drift IS 'Fields and values of events that the contract does not know, each reported when it was first seen.';
COMMENT ON COLUMN ops.drift.kind IS 'field: beyond the contract, kept in properties; value: none of the known words, the event is in quarantine.';
COMMENT ON COLUMN ops.drift.example IS 'The value of the field in the first such event, without personal data, 200 characters at most.';
COMMENT ON COLUMN ops.drift.rows IS 'Events of the batch that had it; of received events.';
