/**
 * Brings the published star schema up to date where it stands: rows are deleted, updated and inserted in the transaction
 * that switches, so that readers find all of it or nothing, and wait for nobody. Only where PostgreSQL has what the
 * published DuckDB file has, for certain, and little has changed; otherwise the star schema is copied as a whole.
 */
import { type DuckDB, sqlName, sqlText } from '../stores/duckdb/duckdb.ts';
import { isLockTimeout, type Sql } from '../stores/postgres/postgres.ts';
import type { Manifest } from '../transform/manifest/types.ts';
import { compareTable, type Difference, publishedDatabase } from './differences.ts';
import { holdsItsRows, type KnownTable, readKnownTables, recordChanges } from './published-tables.ts';
import { grantReaders, type ReaderRole } from './readers.ts';
import { addRows, copyRows, type TableRows } from './star-schema.ts';
import { publishedSchema, readStarTables, type StarTable, tableName } from './star-tables.ts';

/** Why a star schema is to be copied as a whole. The transaction in which this is found out is rolled back. */
class CopyNeeded extends Error {}

/** Whether a transaction ended because the star schema is to be copied as a whole. */
export const isCopyNeeded = (thrown: unknown): boolean => thrown instanceof CopyNeeded;

/** What an update of the star schema needs to know. */
export interface UpdateOptions {
  readonly manifest: Manifest;
  /** The publication that the build started from, and its DuckDB file. */
  readonly basis: string;
  readonly publishedFile: string;
  readonly publication: string;
  readonly roles: readonly ReaderRole[];
  readonly temporaryFolder: string;
}

/** Deleting and inserting costs three times as much as copying, and leaves room that stays empty for a while. */
const limits = {
  /** Rows that a publication may delete and insert: so many, and this share of all. */
  once: { rows: 1000, share: 0.1 },
  /** The same for all publications since the last whole copy. */
  together: { rows: 10_000, share: 0.5 },
  /** Transactions that the rows of a table may come from. */
  transactions: 100,
} as const;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

const rewrittenBy = ({ leaving, arriving }: Difference): number => leaving.rows + arriving.rows;

/** Errors: CopyNeeded when more is to be written than a copy would cost, or more has been than tables should bear. */
function checkLimits(differences: readonly Difference[], known: readonly KnownTable[]): void {
  const all = sum(differences.map(({ after }) => after));
  const now = sum(differences.map(rewrittenBy));
  const before = sum(known.map(({ rewritten }) => rewritten));
  const transactions = Math.max(...known.map(({ writtenBy }) => writtenBy.split(',').length));
  const { once, together } = limits;
  if (
    now > once.rows + once.share * all ||
    before + now > together.rows + together.share * all ||
    transactions >= limits.transactions
  ) {
    throw new CopyNeeded();
  }
}

const nameOf = ({ model }: StarTable): string => tableName(model, publishedSchema);

/** Keeps all but readers out until the transaction ends. Errors: CopyNeeded when somebody writes there now. */
async function lockTables(sql: Sql, tables: readonly StarTable[]): Promise<void> {
  try {
    await sql.run(`SET LOCAL lock_timeout = '2s';
LOCK TABLE ${tables.map(nameOf).join(', ')} IN EXCLUSIVE MODE;
SET LOCAL lock_timeout = DEFAULT;`);
  } catch (thrown) {
    throw isLockTimeout(thrown) ? new CopyNeeded() : thrown;
  }
}

/** The tables as they were published, locked. Errors: CopyNeeded when one is not what was published. */
async function claimTables(sql: Sql, basis: string, tables: readonly StarTable[]): Promise<readonly KnownTable[]> {
  const found = await readKnownTables(sql, basis);
  const known = tables.flatMap(({ model }) => found?.get(model.alias) ?? []);
  if (known.length === 0 || known.length !== tables.length || known.length !== found?.size) throw new CopyNeeded();
  await lockTables(sql, tables);
  for (const [place, table] of tables.entries()) {
    const each = known[place];
    if (!each || !(await holdsItsRows(sql, nameOf(table), each))) throw new CopyNeeded();
  }
  return known;
}

/** Errors: CopyNeeded when the published file and PostgreSQL do not agree, or a table has other columns now. */
async function compareTables(
  duckdb: DuckDB,
  publishedFile: string,
  tables: readonly StarTable[],
  known: readonly KnownTable[],
): Promise<readonly Difference[]> {
  await duckdb.run(`ATTACH ${sqlText(publishedFile)} AS ${publishedDatabase} (READ_ONLY)`);
  const differences: Difference[] = [];
  for (const [place, table] of tables.entries()) {
    const difference = await compareTable(duckdb, table);
    if (!difference || difference.before !== known[place]?.rows) throw new CopyNeeded();
    differences.push(difference);
  }
  return differences;
}

/** Feeds a temporary table with these columns of a table, and runs a statement that uses it; gives the rows it touched. */
async function withRows(
  sql: Sql,
  duckdb: DuckDB,
  {
    table,
    columns,
    select,
    temporaryFolder,
  }: {
    readonly table: StarTable;
    readonly columns: readonly string[];
    readonly select: string;
    readonly temporaryFolder: string;
  },
  statement: string,
): Promise<number> {
  await sql.run(
    `CREATE TEMP TABLE told AS SELECT ${columns.map(sqlName).join(', ')} FROM ${nameOf(table)} WITH NO DATA`,
  );
  await copyRows(sql, duckdb, select, 'told', temporaryFolder);
  const touched = await sql.run(statement);
  await sql.run('DROP TABLE told');
  return touched;
}

async function deleteRows(sql: Sql, duckdb: DuckDB, { table, leaving }: Difference, folder: string): Promise<number> {
  const name = nameOf(table);
  if (leaving.keys === undefined || table.key === undefined) return sql.run(`DELETE FROM ${name}`);
  const key = sqlName(table.key);
  const rows = { table, columns: [table.key], select: leaving.keys, temporaryFolder: folder };
  return withRows(sql, duckdb, rows, `DELETE FROM ${name} AS t USING told WHERE t.${key} = told.${key}`);
}

async function updateRows(sql: Sql, duckdb: DuckDB, { table, updated }: Difference, folder: string): Promise<number> {
  const keyColumn = table.key ?? '';
  const key = sqlName(keyColumn);
  const values = updated.columns.map((column) => `${sqlName(column)} = told.${sqlName(column)}`).join(', ');
  const rows = { table, columns: [keyColumn, ...updated.columns], select: updated.select, temporaryFolder: folder };
  return withRows(
    sql,
    duckdb,
    rows,
    `UPDATE ${nameOf(table)} AS t SET ${values} FROM told WHERE t.${key} = told.${key}`,
  );
}

/** Errors: CopyNeeded when the rows were not those that were to be there. */
async function applyDifference(sql: Sql, duckdb: DuckDB, difference: Difference, folder: string): Promise<void> {
  const { table, leaving, updated, arriving } = difference;
  const deleted = leaving.rows > 0 ? await deleteRows(sql, duckdb, difference, folder) : 0;
  const changed = updated.rows > 0 ? await updateRows(sql, duckdb, difference, folder) : 0;
  if (deleted !== leaving.rows || changed !== updated.rows) throw new CopyNeeded();
  if (arriving.rows === 0) return;
  await addRows(sql, duckdb, table, { into: nameOf(table), select: arriving.select, temporaryFolder: folder });
}

/**
 * Makes the published tables what the build holds, and lets these roles read them; gives the rows of each model. Part of the
 * transaction that switches. Errors: those of `isCopyNeeded`.
 */
export async function updateStarSchema(sql: Sql, duckdb: DuckDB, options: UpdateOptions): Promise<TableRows> {
  const tables = await readStarTables(duckdb, options.manifest);
  const known = await claimTables(sql, options.basis, tables);
  const differences = await compareTables(duckdb, options.publishedFile, tables, known);
  checkLimits(differences, known);
  for (const difference of differences) await applyDifference(sql, duckdb, difference, options.temporaryFolder);
  await grantReaders(sql, { former: publishedSchema, next: publishedSchema }, options.roles);
  await recordChanges(
    sql,
    options.publication,
    differences.map((each) => ({ name: each.table.model.alias, rows: each.after, rewritten: rewrittenBy(each) })),
  );
  return Object.fromEntries(differences.map(({ table, after }) => [table.model.name, after]));
}
