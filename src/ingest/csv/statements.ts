/** The SQL statements of a load, each a named function: COPY, upsert, verdicts, quarantine, ledger. */
import { brokenRules, rulesOf } from '../../contracts/judge.ts';
import { malformedRule } from '../../contracts/rules.ts';
import { type TableName, tableContracts } from '../../contracts/tables.ts';
import { sqlText } from '../../stores/duckdb/duckdb.ts';
import type { Layout } from './layout.ts';

const receivedColumns = (table: TableName): string =>
  [...tableContracts[table].columns.map(({ name }) => name), 'other_columns'].join(', ');

const storedColumns = (table: TableName): readonly string[] => tableContracts[table].stored.map(({ name }) => name);

/** PostgreSQL: takes the rows of `stagingRows`. */
export const copyStaging = (table: TableName): string =>
  `COPY staging.${table} (batch_number, line_number, ${receivedColumns(table)}) FROM STDIN (FORMAT csv)`;

/** DuckDB: the rows as received. */
export const stagingRows = (table: TableName, batchNumber: number): string =>
  `SELECT ${batchNumber}, line_number, ${receivedColumns(table)} FROM received_${table}`;

/** PostgreSQL: the numbers that rows of `copyFile` get in this transaction; the first line is the header. */
export const numberStaging = (table: TableName, batchNumber: number): string =>
  `SET LOCAL millrace.batch_number = ${batchNumber}; ALTER SEQUENCE staging.${table}_line_number_seq RESTART WITH 2`;

/**
 * PostgreSQL: takes the bytes of a file that has these columns. As for DuckDB, a field without characters is NULL. The
 * text format is the faster one; it knows no quotes, and backslashes mean something to it.
 */
export function copyFile(table: TableName, columns: readonly string[], layout: Layout): string {
  const names = columns.join(', ');
  const format = layout === 'bare' ? `FORMAT text, DELIMITER ',', NULL ''` : `FORMAT csv, FORCE_NULL (${names})`;
  return `COPY staging.${table} (${names}) FROM STDIN (${format}, HEADER true)`;
}

/** PostgreSQL: an empty clean_<table>, shaped like production, that lives as long as the transaction. */
export const createClean = (table: TableName): string =>
  `CREATE TEMP TABLE clean_${table} ON COMMIT DROP AS
   SELECT 0 AS line_number, ${storedColumns(table).join(', ')}, updated_at, content_hash FROM production.${table} WITH NO DATA`;

/** PostgreSQL: takes the rows of `cleanRows`. */
export const copyClean = (table: TableName): string =>
  `COPY clean_${table} (line_number, ${storedColumns(table).join(', ')}, updated_at, content_hash) FROM STDIN (FORMAT csv)`;

/** DuckDB: the rows that may enter production. */
export const cleanRows = (table: TableName): string =>
  `SELECT line_number, ${storedColumns(table).join(', ')}, source_updated_at, content_hash
   FROM judged_${table} WHERE verdict = 'loaded'`;

/**
 * PostgreSQL: outcome_<table>, what production makes of each clean row: inserted, unchanged, updated, or superseded when
 * what it already has is greater by (observed_at, updated_at, content hash). $1 source, $2 observed_at.
 */
export function createOutcome(table: TableName): string {
  const { key } = tableContracts[table];
  return `CREATE TEMP TABLE outcome_${table} ON COMMIT DROP AS
SELECT clean.line_number, clean.${key}, CASE
  WHEN stored.${key} IS NULL THEN 'inserted'
  WHEN stored.content_hash = clean.content_hash THEN 'unchanged'
  WHEN ($2::timestamptz, coalesce(clean.updated_at, '-infinity'), clean.content_hash)
     > (stored.observed_at, coalesce(stored.updated_at, '-infinity'), stored.content_hash) THEN 'updated'
  ELSE 'superseded' END AS outcome
FROM clean_${table} AS clean
LEFT JOIN production.${table} AS stored ON stored.source = $1 AND stored.${key} = clean.${key}`;
}

/** PostgreSQL: adds the new rows. $1 source, $2 observed_at, $3 batch_id, $4 recorded_at. */
export function insertNew(table: TableName): string {
  const { key } = tableContracts[table];
  const columns = storedColumns(table);
  return `INSERT INTO production.${table} (source, ${columns.join(', ')}, content_hash, observed_at, updated_at, batch_id,
  first_loaded_at, last_changed_at)
SELECT $1, ${columns.map((name) => `clean.${name}`).join(', ')}, clean.content_hash, $2, clean.updated_at, $3, $4, $4
FROM clean_${table} AS clean JOIN outcome_${table} AS judged ON judged.${key} = clean.${key}
WHERE judged.outcome = 'inserted'`;
}

/** PostgreSQL: gives changed rows their new content. Parameters as for `insertNew`. */
export function updateChanged(table: TableName): string {
  const { key } = tableContracts[table];
  const assignments = storedColumns(table)
    .filter((name) => name !== key)
    .map((name) => `${name} = clean.${name}`);
  return `UPDATE production.${table} AS stored
SET ${assignments.join(', ')}, content_hash = clean.content_hash, observed_at = $2, updated_at = clean.updated_at,
  batch_id = $3, last_changed_at = $4
FROM clean_${table} AS clean JOIN outcome_${table} AS judged ON judged.${key} = clean.${key}
WHERE judged.outcome = 'updated' AND stored.source = $1 AND stored.${key} = clean.${key}`;
}

/** PostgreSQL: an unchanged row was seen again, so that older contents that come late do not win. $1 source, $2 observed_at. */
export function touchUnchanged(table: TableName): string {
  const { key } = tableContracts[table];
  return `UPDATE production.${table} AS stored SET observed_at = $2
FROM outcome_${table} AS judged
WHERE judged.outcome = 'unchanged' AND stored.source = $1 AND stored.${key} = judged.${key} AND stored.observed_at < $2`;
}

/** PostgreSQL: how many rows had which outcome. */
export const countOutcomes = (table: TableName): string =>
  `SELECT outcome, count(*) AS count FROM outcome_${table} GROUP BY outcome`;

/** DuckDB: how many rows got which verdict. */
export const countVerdicts = (table: TableName): string =>
  `SELECT verdict, count(*) AS count FROM judged_${table} GROUP BY verdict`;

/** DuckDB: how many rows broke each rule; one row, a column per rule, and `checked`. */
export function countBroken(table: TableName): string {
  const counts = (['error', 'warn'] as const).flatMap((severity) =>
    rulesOf(table, severity).map(
      ({ id }, place) =>
        `count(*) FILTER (broken_${severity === 'error' ? 'errors' : 'warnings'} & ${(1n << BigInt(place)).toString()} <> 0) AS "${id}"`,
    ),
  );
  return `SELECT ${['count(*) AS checked', ...counts].join(', ')} FROM judged_${table} WHERE verdict <> 'duplicate'`;
}

/** PostgreSQL: takes the rows of `quarantineRows`. */
export const copyQuarantine =
  'COPY ops.quarantine (batch_id, table_name, file, line_number, rules, content) FROM STDIN (FORMAT csv)';

/** DuckDB: the quarantined rows as received, with the rules they broke. */
export function quarantineRows(table: TableName, batchId: string, file: string): string {
  const content = tableContracts[table].columns.map(({ name }) => `${sqlText(name)}, text_${name}`).join(', ');
  return `SELECT ${sqlText(batchId)}, '${table}', ${sqlText(file)}, line_number,
  '{' || array_to_string(${brokenRules(table)}, ',') || '}', json_object(${content})
FROM judged_${table} WHERE verdict = 'quarantined' ORDER BY line_number`;
}

/** DuckDB: the malformed records of one file, of a table or (undefined) of a preset. */
export function malformedRows(table: TableName | undefined, batchId: string, file: string, fileNumber: number): string {
  return `SELECT ${sqlText(batchId)}, ${table ? sqlText(table) : 'NULL'}, ${sqlText(file)}, line_number,
  '{${malformedRule}}', json_object('record', record, 'problem', problem)
FROM malformed_${table ?? 'raw'} WHERE file_number = ${fileNumber} ORDER BY line_number`;
}

/** PostgreSQL: an empty verdict_<table> for the lines that were not loaded. */
export const createVerdicts = (table: TableName): string =>
  `CREATE TEMP TABLE verdict_${table} (line_number integer, verdict text) ON COMMIT DROP`;

/** PostgreSQL: takes the rows of `verdictRows`. */
export const copyVerdicts = (table: TableName): string => `COPY verdict_${table} FROM STDIN (FORMAT csv)`;

/** DuckDB: the lines that were judged not to be loaded. */
export const verdictRows = (table: TableName): string =>
  `SELECT line_number, verdict FROM judged_${table} WHERE verdict <> 'loaded'`;

/** PostgreSQL: writes the verdicts beside the rows as received. $1 batch_number. */
export const applyVerdicts = (table: TableName): string =>
  `UPDATE staging.${table} AS staged SET verdict = judged.verdict
FROM (SELECT * FROM verdict_${table}
  UNION ALL SELECT line_number, outcome FROM outcome_${table} WHERE outcome = 'superseded') AS judged
WHERE staged.batch_number = $1 AND staged.line_number = judged.line_number`;

/** PostgreSQL: one entry of the ledger. $1 batch_id, then the counts in the order of the columns. */
export const insertLedger = `INSERT INTO ops.ledger
  (batch_id, table_name, received, duplicate, superseded, quarantined, inserted, updated, unchanged)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`;

/**
 * PostgreSQL: compares a table's entry in the ledger with what is really there: rows staged per verdict, rows in
 * quarantine, rows in production. A row comes back for each that differs. $1 batch_id, $2 batch_number, $3 source,
 * $4 rows of production before the load.
 */
export const checkLedger = (table: TableName): string => `
WITH staged AS (
  SELECT count(*) AS rows, count(*) FILTER (WHERE verdict = 'duplicate') AS duplicate,
    count(*) FILTER (WHERE verdict = 'superseded') AS superseded,
    count(*) FILTER (WHERE verdict = 'quarantined') AS quarantined, count(*) FILTER (WHERE verdict IS NULL) AS loaded
  FROM staging.${table} WHERE batch_number = $2
),
quarantined AS (
  SELECT count(*) AS rows, count(*) FILTER (WHERE rules = '{${malformedRule}}') AS malformed
  FROM ops.quarantine WHERE batch_id = $1 AND table_name = '${table}'
),
stored AS (SELECT count(*) AS rows FROM production.${table} WHERE source = $3)
SELECT claim, booked, found FROM ops.ledger, staged, quarantined, stored, LATERAL (VALUES
  ('received', received, staged.rows + malformed),
  ('duplicate', ledger.duplicate, staged.duplicate),
  ('superseded', ledger.superseded, staged.superseded),
  ('quarantined', ledger.quarantined, quarantined.rows),
  ('quarantined in staging', ledger.quarantined, staged.quarantined + malformed),
  ('loaded', ledger.loaded, staged.loaded),
  ('inserted', ledger.inserted, stored.rows - $4::bigint)
) AS claims (claim, booked, found)
WHERE batch_id = $1 AND table_name = '${table}' AND booked <> found`;

/** PostgreSQL: the number of rows that a source has in production. $1 source. */
export const countProduction = (table: TableName): string =>
  `SELECT count(*) AS count FROM production.${table} WHERE source = $1`;
