/**
 * Brings the published star schema up to date where it stands: rows are deleted, updated and inserted in the transaction
 * that switches, so that readers find all of it or nothing, and wait for nobody. Only where PostgreSQL has what the
 * published DuckDB file has, for certain, and little has changed; otherwise the star schema is copied as a whole.
 */
import { onConnections } from '../ingest/connections.ts';
import { allEnded } from '../kernel/promises.ts';
import { type DuckDB, sqlName, sqlText } from '../stores/duckdb/duckdb.ts';
import { withRowPipes } from '../stores/duckdb/stream-rows.ts';
import { isLockRefused, type Sql } from '../stores/postgres/postgres.ts';
import type { Manifest } from '../transform/manifest/types.ts';
import {
  compareTable,
  type Difference,
  differencesDatabase,
  publishedDatabase,
  readSizes,
  type Sizes,
} from './differences.ts';
import { holdsItsRows, type KnownTable, readKnownTables, recordChanges } from './published-tables.ts';
import { grantReaders, type ReaderRole } from './readers.ts';
import { addRows, copyRows, type Route, type TableRows } from './star-schema.ts';
import { hasRoom, publishedSchema, readStarTables, type StarTable, tableName } from './star-tables.ts';

/** Why a star schema is to be copied as a whole. The transaction in which this is found out is rolled back. */
class CopyNeeded extends Error {}

/** Whether a transaction ended because the star schema is to be copied as a whole. */
export const isCopyNeeded = (thrown: unknown): boolean => thrown instanceof CopyNeeded;

/** What an update of the star schema needs to know. */
export interface UpdateOptions {
  readonly manifest: Manifest;
  /** PostgreSQL outside the transaction. */
  readonly postgres: Sql;
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
  const all = sum(known.map(({ rows }) => rows));
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
    throw isLockRefused(thrown) ? new CopyNeeded() : thrown;
  }
}

/** A table of the build, and what is known of the published one. */
interface Pair {
  readonly table: StarTable;
  readonly known: KnownTable;
}

/** The tables with what is known of them, locked. Errors: CopyNeeded when one is not made as it was. */
async function claimTables(sql: Sql, basis: string, tables: readonly StarTable[]): Promise<readonly Pair[]> {
  const found = await readKnownTables(sql, basis);
  const pairs = tables.flatMap((table) => {
    const known = found?.get(table.model.alias);
    return known ? [{ table, known }] : [];
  });
  if (pairs.length === 0 || pairs.length !== tables.length || pairs.length !== found?.size) throw new CopyNeeded();
  await lockTables(sql, tables);
  return pairs;
}

/**
 * Asked from outside the transaction that has locked the tables, it finds them as they are without what that one changes.
 * Errors: CopyNeeded when a table has not the rows that were published.
 */
async function checkRows(postgres: Sql, pairs: readonly Pair[]): Promise<void> {
  for (const { table, known } of pairs) {
    if (!(await holdsItsRows(postgres, nameOf(table), known))) throw new CopyNeeded();
  }
}

/** The sizes of tables. Errors: CopyNeeded when the published file and PostgreSQL do not agree, or a table has other columns now. */
async function sizesOf(duckdb: DuckDB, pairs: readonly Pair[]): Promise<readonly Sizes[]> {
  const sizes = await readSizes(
    duckdb,
    pairs.map(({ table }) => table),
  );
  if (!sizes?.every(({ before }, n) => before === pairs[n]?.known.rows)) throw new CopyNeeded();
  return sizes;
}

/** Tables that are being compared. */
interface Comparing {
  /** How they differ, in the order in which that is found. Behind a failure those fail that are not found yet. */
  readonly found: readonly Promise<Difference>[];
  /** Waits for all. */
  readonly ended: Promise<void>;
}

/** Which of two tables gives PostgreSQL more to do: the larger one, but first those that have rows that change by themselves. */
const byWork = (one: Sizes, other: Sizes): number =>
  Number(hasRoom(other.table)) - Number(hasRoom(one.table)) || other.before - one.before;

/** Compares two at a time: beside the table that gives PostgreSQL the most to do those that are done the soonest. */
function compareTables(duckdb: DuckDB, tables: readonly Sizes[]): Comparing {
  const [most, ...others] = tables.toSorted(byWork);
  const found = tables.map(() => Promise.withResolvers<Difference>());
  let count = 0;
  const ended = onConnections(duckdb, 2, most ? [most, ...others.toReversed()] : [], async (connection, table) => {
    const difference = await compareTable(connection, table);
    found[count]?.resolve(difference);
    count += 1;
  });
  for (const { promise } of found) promise.catch(() => undefined);
  ended.catch((thrown: unknown) => {
    for (const { reject } of found) reject(thrown);
  });
  return { found: found.map(({ promise }) => promise), ended };
}

/** Rows from DuckDB that a statement of PostgreSQL needs: the columns that they have of a table, and their select. */
interface Told {
  readonly table: StarTable;
  readonly columns: readonly string[];
  readonly select: string;
}

/** Runs a statement with the rows in a temporary table "told"; gives the rows that it touched. */
async function runWith(route: Route, { table, columns, select }: Told, statement: string): Promise<number> {
  const { sql } = route;
  const names = columns.map(sqlName).join(', ');
  await sql.run(`CREATE TEMP TABLE told AS SELECT ${names} FROM ${nameOf(table)} WITH NO DATA`);
  await copyRows(route, select, 'told');
  const touched = await sql.run(statement);
  await sql.run('DROP TABLE told');
  return touched;
}

async function deleteRows(route: Route, { table, leaving }: Difference): Promise<number> {
  const name = nameOf(table);
  if (leaving.rows === 0) return 0;
  if (leaving.keys === undefined || table.key === undefined) return route.sql.run(`DELETE FROM ${name}`);
  const key = sqlName(table.key);
  const statement = `DELETE FROM ${name} AS t USING told WHERE t.${key} = told.${key}`;
  return runWith(route, { table, columns: [table.key], select: leaving.keys }, statement);
}

async function updateRows(route: Route, { table, updated }: Difference): Promise<number> {
  if (updated.rows === 0 || table.key === undefined) return 0;
  const key = sqlName(table.key);
  const values = updated.columns.map((column) => `${sqlName(column)} = told.${sqlName(column)}`);
  const statement = `UPDATE ${nameOf(table)} AS t SET ${values.join(', ')} FROM told WHERE t.${key} = told.${key}`;
  return runWith(route, { table, columns: [table.key, ...updated.columns], select: updated.select }, statement);
}

async function insertRows(route: Route, { table, arriving }: Difference): Promise<number> {
  if (arriving.rows === 0) return 0;
  return addRows(route, table, arriving.select, nameOf(table));
}

/** Errors: CopyNeeded when PostgreSQL had other rows than those that differ. */
async function applyDifference(route: Route, difference: Difference): Promise<void> {
  const { leaving, updated, arriving } = difference;
  const deleted = await deleteRows(route, difference);
  const changed = await updateRows(route, difference);
  const inserted = await insertRows(route, difference);
  if (deleted !== leaving.rows || changed !== updated.rows || inserted !== arriving.rows) throw new CopyNeeded();
}

/** Changes table after table as differences are found; gives how each differed. Errors: CopyNeeded. */
async function applyDifferences(
  sql: Sql,
  duckdb: DuckDB,
  temporaryFolder: string,
  found: readonly Promise<Difference>[],
  known: readonly KnownTable[],
): Promise<readonly Difference[]> {
  const differences: Difference[] = [];
  await withRowPipes(temporaryFolder, async (pipes) => {
    for (const next of found) {
      const difference = await next;
      differences.push(difference);
      checkLimits(differences, known);
      await applyDifference({ sql, duckdb, pipes }, difference);
    }
  });
  return differences;
}

/**
 * Makes the tables in PostgreSQL what the build holds; gives how each differed, in the order of the pairs. DuckDB compares
 * the next tables while PostgreSQL changes one and looks at what the others hold; behind the last one it has time to put the
 * build on the disk.
 */
async function updateTables(
  sql: Sql,
  duckdb: DuckDB,
  { publishedFile, temporaryFolder, postgres }: UpdateOptions,
  pairs: readonly Pair[],
): Promise<readonly Difference[]> {
  await duckdb.run(`ATTACH ${sqlText(publishedFile)} AS ${publishedDatabase} (READ_ONLY);
ATTACH ':memory:' AS ${differencesDatabase}`);
  const { found, ended } = compareTables(duckdb, await sizesOf(duckdb, pairs));
  const known = pairs.map((pair) => pair.known);
  const [, , differences] = await allEnded([
    checkRows(postgres, pairs),
    ended.then(() => onConnections(duckdb, 1, ['CHECKPOINT'], (connection, statement) => connection.run(statement))),
    applyDifferences(sql, duckdb, temporaryFolder, found, known),
  ]);
  return pairs.flatMap(({ table }) => differences.find((each) => each.table === table) ?? []);
}

/**
 * Makes the published tables what the build holds, and lets these roles read them; gives the rows of each model. Part of the
 * transaction that switches. The build is on the disk then. Errors: those of `isCopyNeeded`.
 */
export async function updateStarSchema(sql: Sql, duckdb: DuckDB, options: UpdateOptions): Promise<TableRows> {
  const pairs = await claimTables(sql, options.basis, await readStarTables(duckdb, options.manifest));
  const differences = await updateTables(sql, duckdb, options, pairs);
  await grantReaders(sql, { former: publishedSchema, next: publishedSchema }, options.roles);
  await recordChanges(
    sql,
    options.publication,
    differences.map((each) => ({ name: each.table.model.alias, rows: each.after, rewritten: rewrittenBy(each) })),
  );
  return Object.fromEntries(differences.map(({ table, after }) => [table.model.name, after]));
}
