/** The SQL that puts rows into quarantine with what was received, and that lets them out. */
import { type TableName, tableContracts } from '../../contracts/tables.ts';
import { sqlText } from '../../stores/postgres/postgres.ts';

/** PostgreSQL: a row of staging as JSON, column -> text as received. */
const receivedContent = (table: TableName, row: string): string =>
  `jsonb_build_object(${tableContracts[table].columns.map(({ name }) => `'${name}', ${row}.${name}`).join(', ')})`;

/** PostgreSQL: what a row of production or history would be received as, for rows whose batch has left staging. */
function storedContent(table: TableName, row: string, timeZone: string): string {
  const stored = tableContracts[table].stored.map(({ name }) => name);
  const local = `(${row}.transaction_at AT TIME ZONE ${sqlText(timeZone)})`;
  const derived: Readonly<Record<string, string>> = {
    transaction_date: `${local}::date::text`,
    transaction_time: `${local}::time(0)::text`,
    updated_at: `${row}.updated_at::text`,
  };
  const pairs = tableContracts[table].columns.map(
    ({ name }) => `'${name}', ${stored.includes(name) ? `${row}.${name}::text` : (derived[name] ?? 'NULL')}`,
  );
  return `jsonb_build_object(${pairs.join(', ')})`;
}

/**
 * PostgreSQL: puts rows into quarantine, or back into it. `rows` is a query for batch_id, row_number, rules and stored
 * (the content, where staging has none any more).
 */
const putInto = (table: TableName, rows: string): string =>
  `INSERT INTO ops.quarantine AS held (batch_id, table_name, row_number, file, line_number, rules, content)
SELECT batch_id, '${table}', rows.row_number, coalesce(files.file, ''), coalesce(staged.line_number, rows.row_number - files.line_offset),
  rows.rules, CASE WHEN staged.batch_number IS NULL THEN coalesce(rows.stored, '{}') ELSE ${receivedContent(table, 'staged')} END
FROM (${rows}) AS rows
JOIN ops.batches USING (batch_id)
LEFT JOIN staging.${table} AS staged ON staged.batch_number = batches.batch_number AND staged.row_number = rows.row_number
LEFT JOIN LATERAL (
  SELECT file, line_offset FROM ops.batch_files AS files WHERE files.batch_id = batches.batch_id
    AND CASE WHEN staged.file_number IS NULL THEN coalesce(files.role, '${table}') = '${table}' AND line_offset < rows.row_number
      ELSE files.file_number = staged.file_number END
  ORDER BY line_offset DESC LIMIT 1
) AS files ON true
ON CONFLICT (batch_id, table_name, row_number) WHERE row_number IS NOT NULL
DO UPDATE SET state = 'open', rules = EXCLUDED.rules`;

/** Rows that a settlement found to break rules about their parents. */
export const openQuarantine = (table: TableName, timeZone: string): string =>
  putInto(
    table,
    `SELECT batch_id, row_number, errors AS rules, ${storedContent(table, 'settled', timeZone)} AS stored
  FROM settled_${table} AS settled WHERE becomes = 'quarantined'
  UNION ALL SELECT batch_id, row_number, errors, NULL FROM moves_${table} AS moves
  WHERE becomes = 'quarantined' AND errors <> '{}' AND NOT EXISTS (SELECT FROM settled_${table} AS settled
    WHERE settled.batch_id = moves.batch_id AND settled.row_number = moves.row_number)`,
  );

/** PostgreSQL: an empty table for what the judge found in the rows of a batch that are not clean. */
export const createUnclean = (table: TableName): string =>
  `DROP TABLE IF EXISTS unclean_${table};
CREATE TEMP TABLE unclean_${table} (row_number integer, verdict text, rules text[]) ON COMMIT DROP`;

/** PostgreSQL: takes the rows of `uncleanRows`. */
export const copyUnclean = (table: TableName): string => `COPY unclean_${table} FROM STDIN (FORMAT csv)`;

/** Rows that break rules about themselves. */
export const quarantineUnclean = (table: TableName, batch: string): string =>
  putInto(
    table,
    `SELECT ${sqlText(batch)} AS batch_id, row_number, rules, NULL::jsonb AS stored FROM unclean_${table}
  WHERE verdict = 'broken'`,
  );

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
