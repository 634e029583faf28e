-- What the tables of the published star schema hold, so that a publication can change rows of them.

CREATE TABLE ops.published_tables (
  table_name     text PRIMARY KEY,
  publication_id text NOT NULL,
  structure      text NOT NULL,
  rows           bigint NOT NULL CHECK (rows >= 0),
  written_by     xid[] NOT NULL,
  rewritten      bigint NOT NULL CHECK (rewritten >= 0)
);
COMMENT ON TABLE ops.published_tables IS 'The tables of schema warehouse as the last publication left them.';
COMMENT ON COLUMN ops.published_tables.structure IS
  'Hash over the columns and comments of a table and over all that depends on it, such as its indexes and views of others.';
COMMENT ON COLUMN ops.published_tables.written_by IS 'The transactions of publications that rows of the table come from.';
COMMENT ON COLUMN ops.published_tables.rewritten IS
  'Rows that publications have deleted and inserted since they copied the table as a whole.';
