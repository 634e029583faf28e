-- Keys with which pages and services may send events to the collector.

CREATE TABLE ops.write_keys (
  key_id     text PRIMARY KEY,
  source     text NOT NULL,
  key_sha256 text NOT NULL UNIQUE CHECK (key_sha256 ~ '^[0-9a-f]{64}$'),
  created_at timestamptz NOT NULL,
  revoked_at timestamptz
);
COMMENT ON TABLE ops.write_keys IS 'Keys with which events are sent; a key can write events of its source, and read nothing.';
COMMENT ON COLUMN ops.write_keys.key_sha256 IS 'SHA-256 of the key in hexadecimal; the key itself is shown once and not kept.';
COMMENT ON COLUMN ops.write_keys.revoked_at IS 'Since when the key is refused; NULL while it is good.';
