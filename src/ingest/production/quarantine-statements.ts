/** The SQL that puts rows into quarantine with what was received, and that lets them out. */
import { brokenRules } from '../../contracts/judge.ts';
import type { Rule } from '../../contracts/rules.ts';
import { type TableName, tableContracts } from '../../contracts/tables.ts';
import { sqlText } from '../../stores/postgres/postgres.ts';

/** PostgreSQL: a row of staging as JSON, column -> text as received. */
const receivedContent = (table: TableName, row: string): string =>
  `jsonb_build_object(${tableContracts[table].columns.map(({ name }) => `'${name}', ${row}.${name}`).join(', ')})
    || CASE WHEN ${row}.other_columns IS NULL THEN '{}' ELSE jsonb_build_object('other_columns', ${row}.other_columns) END`;

/** PostgreSQL: what a row of production or history would be received as, for rows whose batch has left staging. */
function storedContent(table: TableName, row: string, timeZone: string): string {
  const stored = tableContracts[table].stored.map(({ name }) => name);
  const local = `(${row}.transaction_at AT TIME ZONE ${sqlText(timeZone)})`;
  const derived: Readonly<Record<string, string>> = {
    transaction_date: `${local}::date::text`,
    transaction_time: `${local}::time::text`,
    updated_at: `${row}.updated_at::text`,
  };
  const pairs = tableContracts[table].columns.map(
    ({ name }) => `'${name}', ${stored.includes(name) ? `${row}.${name}::text` : (derived[name] ?? 'NULL')}`,
  );
  return `jsonb_build_object(${pairs.join(', ')})`;
}

const upsert = `ON CONFLICT (batch_id, table_name, row_number) WHERE row_number IS NOT NULL
DO UPDATE SET state = 'open', rules = EXCLUDED.rules`;

/**
 * PostgreSQL: rows that a settlement found to break rules about their parents, with what was received, or, where their
 * batch has left staging, with what was stored of it. Of rows that a preset had mapped the line is not known then: it is 0.
 */
export const openQuarantine = (table: TableName, timeZone: string): string =>
  `INSERT INTO ops.quarantine AS held (batch_id, table_name, row_number, file, line_number, rules, content)
SELECT batch_id, '${table}', unfit.row_number,
  coalesce(files.file, (SELECT min(file) FROM ops.batch_files AS mapped WHERE mapped.batch_id = batches.batch_id)),
  coalesce(staged.line_number, unfit.row_number - files.line_offset, 0), unfit.errors,
  CASE WHEN staged.batch_number IS NULL THEN coalesce(unfit.stored, '{}') ELSE ${receivedContent(table, 'staged')} END
FROM (
  SELECT batch_id, row_number, errors, ${storedContent(table, 'settled', timeZone)} AS stored
  FROM settled_${table} AS settled WHERE becomes = 'quarantined'
  UNION ALL SELECT batch_id, row_number, errors, NULL FROM moves_${table} AS moves
  WHERE becomes = 'quarantined' AND errors <> '{}' AND NOT EXISTS (SELECT FROM settled_${table} AS settled
    WHERE settled.batch_id = moves.batch_id AND settled.row_number = moves.row_number)
) AS unfit
JOIN ops.batches USING (batch_id)
LEFT JOIN staging.${table} AS staged ON staged.batch_number = batches.batch_number AND staged.row_number = unfit.row_number
LEFT JOIN LATERAL (
  SELECT file, line_offset FROM ops.batch_files AS files WHERE files.batch_id = batches.batch_id
    AND CASE WHEN staged.file_number IS NULL THEN files.role = '${table}' AND line_offset < unfit.row_number
      ELSE files.file_number = staged.file_number END
  ORDER BY line_offset DESC LIMIT 1
) AS files ON true
${upsert}`;

/** PostgreSQL: an empty table for what the judge found in the rows of a batch that are not clean. */
export const createUnclean = (table: TableName): string =>
  `DROP TABLE IF EXISTS unclean_${table};
CREATE TEMP TABLE unclean_${table} (row_number integer, verdict text, file_number smallint, line_number integer, rules text[],
  content jsonb) ON COMMIT DROP`;

/** PostgreSQL: takes the rows of `uncleanRows`. */
export const copyUnclean = (table: TableName): string => `COPY unclean_${table} FROM STDIN (FORMAT csv)`;

/** DuckDB: the rows that are not clean, with the rules of severity error that they break and, of broken ones, their text. */
export function uncleanRows(table: TableName, rules: readonly Rule[]): string {
  const content = tableContracts[table].columns.map(({ name }) => `${sqlText(name)}, received.${name}`).join(', ');
  return `SELECT row_number, verdict, judged.file_number, judged.line_number,
  '{' || array_to_string(${brokenRules(rules, table, 'error')}, ',') || '}', CASE WHEN verdict = 'broken' THEN
    CASE WHEN received.other_columns IS NULL THEN json_object(${content})
      ELSE json_object(${content}, 'other_columns', received.other_columns) END END
FROM (SELECT * FROM judged_${table} WHERE verdict <> 'clean') AS judged
JOIN received_${table} AS received USING (row_number)`;
}

/** PostgreSQL: rows that break rules about themselves. */
export const quarantineUnclean = (table: TableName, batch: string): string =>
  `INSERT INTO ops.quarantine AS held (batch_id, table_name, row_number, file, line_number, rules, content)
SELECT ${sqlText(batch)}, '${table}', unclean.row_number, files.file, unclean.line_number, unclean.rules, unclean.content
FROM unclean_${table} AS unclean
JOIN ops.batch_files AS files ON files.batch_id = ${sqlText(batch)} AND files.file_number = unclean.file_number
WHERE unclean.verdict = 'broken'
${upsert}`;

/** PostgreSQL: held rows that turned out to be exact copies of other rows of their batch are no longer open. */
export const closeCopies = (table: TableName, batch: string): string =>
  close(table, `SELECT ${sqlText(batch)} AS batch_id, row_number FROM unclean_${table} WHERE verdict = 'duplicate'`);

/** PostgreSQL: rows of earlier batches that were let in are no longer open. */
export const closeReleased = (table: TableName): string =>
  close(
    table,
    `SELECT batch_id, row_number FROM settled_${table} WHERE outcome = 'quarantined' AND becomes <> 'quarantined'`,
  );

/** PostgreSQL: rows that arrived out of quarantine, and do not wait again, are no longer open. */
export const closeArrived = (table: TableName): string =>
  close(
    table,
    `SELECT batch_id, row_number FROM arriving_${table} AS arriving WHERE NOT EXISTS (
    SELECT FROM moves_${table} AS moves WHERE moves.batch_id = arriving.batch_id
      AND moves.row_number = arriving.row_number AND moves.becomes = 'quarantined')`,
  );

const close = (table: TableName, letIn: string): string =>
  `UPDATE ops.quarantine AS held SET state = 'released' FROM (${letIn}) AS let_in
WHERE held.batch_id = let_in.batch_id AND held.table_name = '${table}' AND held.row_number = let_in.row_number
  AND held.state = 'open'`;
