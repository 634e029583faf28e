/** Staging: a partition per batch and table, which the load makes and which is dropped whole when it is too old. */
import { type TableName, tableContracts, tableNames } from '../../contracts/tables.ts';
import type { Sql } from '../../stores/postgres/postgres.ts';

/** How many batches staging keeps. */
const stagedBatches = 3;

const partition = (table: TableName, batchNumber: number): string => `staging.${table}_${batchNumber}`;

/** The columns of a row as received. */
export const receivedColumns = (table: TableName): string =>
  [...tableContracts[table].columns.map(({ name }) => name), 'other_columns'].join(', ');

/** Makes the partitions of a batch; the numbers that the bytes of a file lack are filled in as defaults. */
export async function createStaging(sql: Sql, batchNumber: number): Promise<void> {
  for (const table of tableNames) {
    const name = partition(table, batchNumber);
    await sql.run(`DROP TABLE IF EXISTS ${name};
CREATE TABLE ${name} PARTITION OF staging.${table} FOR VALUES IN (${batchNumber});
ALTER TABLE ${name} ALTER COLUMN batch_number SET DEFAULT ${batchNumber},
  ALTER COLUMN row_number SET DEFAULT nextval('staging.row_numbers');`);
  }
}

/** Sets the number of the next row whose bytes are copied. */
export const numberRowsFrom = (first: number): string => `ALTER SEQUENCE staging.row_numbers RESTART WITH ${first}`;

/** Takes rows of row_number, file_number, line_number and the columns as received. */
export const copyRows = (table: TableName, batchNumber: number): string =>
  `COPY ${partition(table, batchNumber)} (row_number, file_number, line_number, ${receivedColumns(table)}) FROM STDIN (FORMAT csv)`;

/** Takes the bytes of a file with these columns. */
export const copyBytes = (table: TableName, batchNumber: number, columns: string, format: string): string =>
  `COPY ${partition(table, batchNumber)} (${columns}) FROM STDIN (${format}, HEADER true)`;

/** Writes the verdicts beside the rows that were not loaded: `verdicts` is a query for row_number and verdict. */
export const writeVerdicts = (table: TableName, batchNumber: number, verdicts: string): string =>
  `UPDATE ${partition(table, batchNumber)} AS staged SET verdict = judged.verdict FROM (${verdicts}) AS judged
WHERE staged.row_number = judged.row_number`;

/** Counts the rows of a batch in staging, by verdict. */
export const countStaged = (table: TableName, batchNumber: number): string =>
  `SELECT coalesce(verdict, 'loaded') AS verdict, count(*) AS rows FROM ${partition(table, batchNumber)} GROUP BY 1`;

async function dropPartitions(sql: Sql, condition: string, values: readonly unknown[]): Promise<void> {
  const old = await sql.rows<{ name: string }>(
    `SELECT inhrelid::regclass::text AS name FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
     WHERE inhparent::regclass::text = ANY($1) AND substring(relname FROM '[0-9]+$')::integer ${condition}`,
    [tableNames.map((table) => `staging.${table}`), ...values],
  );
  for (const { name } of old) await sql.run(`DROP TABLE ${name}`);
}

/** Drops all but the last batches. */
export const trimStaging = (sql: Sql): Promise<void> =>
  dropPartitions(
    sql,
    `NOT IN (SELECT batch_number FROM ops.batches WHERE reverted_at IS NULL AND dataset IS NULL ORDER BY batch_number DESC LIMIT ${stagedBatches})`,
    [],
  );

/** Drops the rows of one batch. */
export const dropStaged = (sql: Sql, batchNumber: number): Promise<void> => dropPartitions(sql, '= $2', [batchNumber]);
