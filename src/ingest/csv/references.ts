/** The parents that rows of a batch may refer to: those that the batch itself loads, and those in production. */
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parentColumns } from '../../contracts/judge.ts';
import { references } from '../../contracts/rules.ts';
import { type TableName, tableContracts } from '../../contracts/tables.ts';
import { copiedRows, type DuckDB } from '../../stores/duckdb/duckdb.ts';
import { streamRows } from '../../stores/duckdb/stream-rows.ts';
import { type Postgres, sqlText } from '../../stores/postgres/postgres.ts';

const wantedKeys = (parent: TableName): string =>
  references
    .filter((reference) => reference.parent === parent)
    .map(({ table, column }) => `SELECT trim(${column}) AS key FROM received_${table}`)
    .join(' UNION ');

/** DuckDB: keys that children name and the batch's own clean parents lack. */
const missingKeys = (parent: TableName): string =>
  `SELECT key FROM (${wantedKeys(parent)}) WHERE key <> '' AND key NOT IN
   (SELECT ${tableContracts[parent].key} FROM judged_${parent} WHERE verdict = 'clean')`;

/**
 * Makes parents_<table> from judged_<table> and, for keys that the batch does not load, from production.
 * Only the keys in question travel, not the whole of production. They are asked for on a connection of their own, while
 * that of the load is busy with staging; production does not change meanwhile.
 */
export async function gatherParents(
  postgres: Postgres,
  duckdb: DuckDB,
  temporaryFolder: string,
  source: string,
  parent: TableName,
): Promise<void> {
  const columns = parentColumns(parent);
  await duckdb.run(
    `CREATE TABLE parents_${parent} AS SELECT ${columns.join(', ')} FROM judged_${parent} WHERE verdict = 'clean'`,
  );
  const [missing] = await duckdb.rows<{ count: number }>(`SELECT count(*) AS count FROM (${missingKeys(parent)})`);
  if (!missing?.count) return;
  const folder = await mkdtemp(join(temporaryFolder, 'parents-'));
  try {
    const found = join(folder, 'found.csv');
    await postgres.transaction(async (sql) => {
      await sql.run('CREATE TEMP TABLE wanted_parents (key text) ON COMMIT DROP');
      await streamRows(duckdb, missingKeys(parent), temporaryFolder, (rows) =>
        sql.copyIn('COPY wanted_parents FROM STDIN (FORMAT csv)', rows),
      );
      await sql.copyOut(
        `COPY (SELECT ${columns.join(', ')} FROM production.${parent}
          WHERE source = ${sqlText(source)} AND ${tableContracts[parent].key} IN (SELECT key FROM wanted_parents))
         TO STDOUT (FORMAT csv)`,
        createWriteStream(found),
      );
    });
    const shape = Object.fromEntries(columns.map((_, index) => [`c${index}`, 'VARCHAR']));
    await duckdb.run(`INSERT INTO parents_${parent} FROM ${copiedRows(found, shape)}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The tables that others refer to. */
export const isParent = (table: TableName): boolean => references.some(({ parent }) => parent === table);
