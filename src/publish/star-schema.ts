/** Copies the star schema from DuckDB into PostgreSQL's warehouse schema: all of it, keys and indexes too, or nothing. */
import { type DuckDB, sqlName } from '../stores/duckdb/duckdb.ts';
import { type RowPipes, withRowPipes } from '../stores/duckdb/stream-rows.ts';
import { type Postgres, type Sql, sqlText } from '../stores/postgres/postgres.ts';
import type { Manifest } from '../transform/manifest/types.ts';
import { recordTables } from './published-tables.ts';
import { grantReaders, personal, type ReaderRole } from './readers.ts';
import {
  builtName,
  hasRoom,
  postgresType,
  publishedModels,
  publishedSchema,
  readStarTables,
  type StarTable,
  tableName,
} from './star-tables.ts';

/** The schema in which the next star schema is prepared. */
const next = 'warehouse_next';

/** What the schemas begin with that former star schemas are put aside in. */
const formerPrefix = 'warehouse_before_';

/** The names of a star schema's tables with the rows of each. */
export type TableRows = Readonly<Record<string, number>>;

const comment = (kind: string, name: string, description: string): string =>
  description === '' ? '' : `COMMENT ON ${kind} ${name} IS ${sqlText(description.trim())};`;

const emailDescription =
  'The cleaned address, trimmed and in lower case, of this version; NULL where email_token is. For pii_reader alone.';

/** Of addresses no statistics are kept: those would be copies of them in the catalogue. */
const addEmailColumn = (table: string): string => `ALTER TABLE ${table} ADD COLUMN ${personal.column} text;
ALTER TABLE ${table} ALTER COLUMN ${personal.column} SET STATISTICS 0;
${comment('COLUMN', `${table}.${personal.column}`, emailDescription)}`;

const hasEmails = ({ model }: StarTable): boolean => model.name === personal.table;

function createTable(table: StarTable): string {
  const name = tableName(table.model, next);
  const columns = table.columns.map((column) => `${sqlName(column.name)} ${postgresType(column.type)}`);
  return `CREATE TABLE ${name} (${columns.join(', ')}) WITH (fillfactor = ${hasRoom(table) ? 45 : 100});
${hasEmails(table) ? addEmailColumn(name) : ''}`;
}

function constraints({ model, key, indexed }: StarTable): string {
  const name = tableName(model, next);
  const primaryKey = key ? `ALTER TABLE ${name} ADD PRIMARY KEY (${sqlName(key)});` : '';
  return [primaryKey, ...indexed.map((column) => `CREATE INDEX ON ${name} (${sqlName(column)});`)].join('\n');
}

function comments({ model, columns }: StarTable): string {
  const name = tableName(model, next);
  const described = Object.values(model.columns).filter(({ name }) => columns.some((column) => column.name === name));
  return [
    comment('TABLE', name, model.description),
    ...described.map((column) => comment('COLUMN', `${name}.${sqlName(column.name)}`, column.description)),
  ].join('\n');
}

/** The address of each version of a customer: what its snapshots have in common, told by the last of them. */
const emailsOfVersions = (versions: string): string => `SELECT DISTINCT ON (customer_key) customer_key, snapshots.email
FROM ${versions} AS versions
JOIN production.customer_snapshots AS snapshots ON snapshots.source = versions.source
  AND snapshots.customer_id = versions.customer_id
  AND snapshots.observed_at >= versions.valid_from AND snapshots.observed_at < versions.valid_to
WHERE email_token IS NOT NULL
ORDER BY customer_key, snapshots.observed_at DESC, snapshots.updated_at DESC NULLS LAST, snapshots.content_hash DESC`;

/** Where rows come from, where they go, and the way between. */
export interface Route {
  readonly duckdb: DuckDB;
  readonly sql: Sql;
  readonly pipes: RowPipes;
}

/** Feeds a table from DuckDB; gives the rows. */
export const copyRows = ({ sql, duckdb, pipes }: Route, select: string, into: string): Promise<number> =>
  pipes.stream(duckdb, select, (rows) => sql.copyIn(`COPY ${into} FROM STDIN (FORMAT csv)`, rows));

/**
 * Adds the rows of a select in DuckDB to a table of the star schema in PostgreSQL; gives how many. Customers go by way of a
 * temporary table, for only PostgreSQL knows their addresses.
 */
export async function addRows(route: Route, table: StarTable, select: string, into: string): Promise<number> {
  if (!hasEmails(table)) return copyRows(route, select, into);
  const { sql } = route;
  const columns = table.columns.map(({ name }) => sqlName(name)).join(', ');
  await sql.run(`CREATE TEMP TABLE arriving AS SELECT ${columns} FROM ${into} WITH NO DATA`);
  const rows = await copyRows(route, select, 'arriving');
  await sql.run(`ANALYZE arriving;
INSERT INTO ${into} SELECT arriving.*, emails.email FROM arriving LEFT JOIN (${emailsOfVersions('arriving')}) AS emails USING (customer_key);
DROP TABLE arriving;`);
  return rows;
}

async function copyTable(route: Route, table: StarTable): Promise<number> {
  const { sql } = route;
  const into = tableName(table.model, next);
  await sql.run(createTable(table));
  const rows = await addRows(route, table, `FROM ${builtName(table.model)}`, into);
  await sql.run(`${constraints(table)}\n${comments(table)}\nANALYZE ${into};`);
  return rows;
}

/**
 * Fills warehouse_next with the published models, and lets these roles read it; gives the rows of each model. Part of the
 * transaction that switches.
 */
export async function prepareStarSchema(
  sql: Sql,
  duckdb: DuckDB,
  manifest: Manifest,
  temporaryFolder: string,
  roles: readonly ReaderRole[],
): Promise<TableRows> {
  await sql.run(`DROP SCHEMA IF EXISTS ${next} CASCADE; CREATE SCHEMA ${next};`);
  const rows: Record<string, number> = {};
  await withRowPipes(temporaryFolder, async (pipes) => {
    for (const table of await readStarTables(duckdb, manifest)) {
      rows[table.model.name] = await copyTable({ sql, duckdb, pipes }, table);
    }
  });
  await grantReaders(sql, { former: publishedSchema, next }, roles);
  return rows;
}

/**
 * Gives warehouse_next its name, and notes what its tables hold. Only names change, so that no reader of the old tables has
 * to be waited for.
 */
export async function switchStarSchema(
  sql: Sql,
  publication: string,
  manifest: Manifest,
  rows: TableRows,
): Promise<void> {
  await sql.run(`ALTER SCHEMA ${publishedSchema} RENAME TO ${sqlName(`${formerPrefix}${publication}`)};
ALTER SCHEMA ${next} RENAME TO ${publishedSchema};
COMMENT ON SCHEMA ${publishedSchema} IS 'The published star schema for BI tools; each publication changes it as a whole.';`);
  const tables = publishedModels(manifest).map(({ name, alias }) => ({
    name: alias,
    rows: rows[name] ?? 0,
    rewritten: 0,
  }));
  await recordTables(sql, publication, tables);
}

/** Drops what switches have put aside, once nobody reads it any more; a reader that lingers leaves it for the next time. */
export async function dropFormerStarSchemas(postgres: Postgres): Promise<void> {
  const former = await postgres.rows<{ name: string }>(
    'SELECT nspname AS name FROM pg_namespace WHERE starts_with(nspname, $1)',
    [formerPrefix],
  );
  for (const { name } of former) {
    await postgres
      .transaction((sql) => sql.run(`SET LOCAL lock_timeout = '2s'; DROP SCHEMA ${sqlName(name)} CASCADE;`))
      .catch(() => undefined);
  }
}
