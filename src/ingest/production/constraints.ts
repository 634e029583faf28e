/**
 * How a large batch gets in fast: keys, indexes and foreign keys of the tables it fills are dropped and made again, all at
 * once, in the transaction that loads it. They are in force when it commits, for every row.
 */
import { type TableName, tableNames } from '../../contracts/tables.ts';
import type { Sql } from '../../stores/postgres/postgres.ts';

/** Statements that make again what was dropped, those that others rest upon first. */
type Restore = readonly string[];

/** What was dropped: how it is made again, and the tables that go without keys and indexes meanwhile. */
export interface Relaxed {
  readonly restore: Restore;
  readonly tables: readonly TableName[];
}

/** Below this number of rows, constraints that check row by row cost less than making them anew. */
const largeBatch = 20_000;

interface Definition {
  readonly name: string;
  readonly kind: 'p' | 'u' | 'f' | 'i';
  readonly definition: string;
}

const definitions = `
SELECT conname AS name, contype::text AS kind, pg_get_constraintdef(oid) AS definition
FROM pg_constraint WHERE conrelid = $1::regclass AND contype IN ('p', 'u', 'f')
UNION ALL
SELECT relname, 'i', pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
WHERE indrelid = $1::regclass AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND conrelid = indrelid)`;

/** A table gains from it when most of its rows will be new. */
async function isLarge(sql: Sql, table: TableName, arriving: number): Promise<boolean> {
  if (arriving < largeBatch) return false;
  const [stored] = await sql.rows<{ count: number }>(`SELECT count(*) AS count FROM production.${table}`);
  return arriving > (stored?.count ?? 0);
}

async function drop(sql: Sql, table: TableName, kinds: readonly Definition['kind'][]): Promise<Restore> {
  const found = await sql.rows<Definition>(definitions, [`production.${table}`]);
  const dropped = found.filter(({ kind }) => kinds.includes(kind));
  for (const { name, kind } of dropped) {
    await sql.run(
      kind === 'i' ? `DROP INDEX production.${name}` : `ALTER TABLE production.${table} DROP CONSTRAINT ${name}`,
    );
  }
  return dropped.map(({ name, kind, definition }) =>
    kind === 'i' ? definition : `ALTER TABLE production.${table} ADD CONSTRAINT ${name} ${definition}`,
  );
}

/**
 * Drops what would be checked row by row for the tables that the arriving rows (a number per table) more than double.
 */
export async function relaxConstraints(sql: Sql, arriving: ReadonlyMap<TableName, number>): Promise<Relaxed> {
  const large: TableName[] = [];
  for (const table of tableNames) if (await isLarge(sql, table, arriving.get(table) ?? 0)) large.push(table);
  if (large.length === 0) return { restore: [], tables: [] };
  // Foreign keys of every table: they rest upon the keys of the large ones.
  const foreign: string[] = [];
  for (const table of tableNames) foreign.push(...(await drop(sql, table, ['f'])));
  const [keys, indexes]: [string[], string[]] = [[], []];
  for (const table of large) {
    indexes.push(...(await drop(sql, table, ['i'])));
    keys.push(...(await drop(sql, table, ['p', 'u'])));
  }
  // Indexes come last: while they are not there, foreign keys are checked by hash joins, in a tenth of the time.
  return { restore: [...keys, ...foreign, ...indexes], tables: large };
}

/** Makes again what was dropped; a row that breaks it ends the transaction. */
export async function restoreConstraints(sql: Sql, { restore }: Relaxed): Promise<void> {
  for (const statement of restore) await sql.run(statement);
}
