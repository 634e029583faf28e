/** Copies the star schema from DuckDB into PostgreSQL's warehouse schema: all of it, keys and indexes too, or nothing. */
import { type DuckDB, sqlName } from '../stores/duckdb/duckdb.ts';
import { streamRows } from '../stores/duckdb/stream-rows.ts';
import { type Postgres, type Sql, sqlText } from '../stores/postgres/postgres.ts';
import type { Manifest, ManifestNode } from '../transform/manifest/types.ts';
import { grantReaders, personal, type ReaderRole } from './readers.ts';

/** The schema that BI tools read. */
const published = 'warehouse';

/** The schema in which the next star schema is prepared. */
const next = 'warehouse_next';

/** What the schemas begin with that former star schemas are put aside in. */
const formerPrefix = 'warehouse_before_';

interface Column {
  readonly name: string;
  readonly type: string;
}

/** PostgreSQL's type for one of DuckDB's. */
export function postgresType(duckdbType: string): string {
  const decimal = /^DECIMAL\((\d+),(\d+)\)$/.exec(duckdbType);
  if (decimal) return `numeric(${decimal[1]}, ${decimal[2]})`;
  const types: Readonly<Record<string, string>> = {
    BOOLEAN: 'boolean',
    TINYINT: 'smallint',
    SMALLINT: 'smallint',
    INTEGER: 'integer',
    BIGINT: 'bigint',
    HUGEINT: 'numeric(38, 0)',
    FLOAT: 'real',
    DOUBLE: 'double precision',
    DATE: 'date',
    TIME: 'time',
    TIMESTAMP: 'timestamp',
    'TIMESTAMP WITH TIME ZONE': 'timestamptz',
  };
  return types[duckdbType] ?? 'text';
}

/** The models that BI tools read: the tables among the marts, in the order of their names. */
export const publishedModels = ({ nodes }: Manifest): readonly ManifestNode[] =>
  Object.values(nodes)
    .filter(
      ({ resource_type, config, path }) =>
        resource_type === 'model' &&
        ['table', 'incremental'].includes(config.materialized) &&
        /(^|\/)marts\//.test(path),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));

const comment = (kind: string, name: string, description: string): string =>
  description === '' ? '' : `COMMENT ON ${kind} ${name} IS ${sqlText(description.trim())};`;

const tableOf = (model: ManifestNode): string => `${next}.${sqlName(model.alias)}`;

const createTable = (model: ManifestNode, columns: readonly Column[]): string =>
  `CREATE TABLE ${tableOf(model)} (${columns.map(({ name, type }) => `${sqlName(name)} ${postgresType(type)}`).join(', ')})`;

/** By columns of these types people look for days and months. */
const isDate = ({ type }: Column): boolean => ['DATE', 'TIMESTAMP WITH TIME ZONE'].includes(type);

/**
 * The key is what the model's tests say is unique and present. Indexes: what they say refers to another model, and dates.
 */
function constraints({ nodes }: Manifest, model: ManifestNode, columns: readonly Column[]): string {
  const tests = Object.values(nodes).flatMap(({ attached_node, test_metadata, column_name }) =>
    attached_node === model.unique_id && test_metadata && column_name
      ? [{ kind: test_metadata.name, column: column_name }]
      : [],
  );
  const has = (kind: string, column: string): boolean =>
    tests.some((test) => test.kind === kind && test.column === column);
  const key = tests.find(({ kind, column }) => kind === 'unique' && has('not_null', column))?.column;
  const primaryKey = key ? `ALTER TABLE ${tableOf(model)} ADD PRIMARY KEY (${sqlName(key)});` : '';
  const references = tests.filter(({ kind }) => kind === 'relationships').map(({ column }) => column);
  const indexed = new Set([...references, ...columns.filter(isDate).map(({ name }) => name)]);
  const indexes = [...indexed]
    .filter((column) => column !== key)
    .map((column) => `CREATE INDEX ON ${tableOf(model)} (${sqlName(column)});`);
  return [primaryKey, ...indexes].join('\n');
}

const comments = (model: ManifestNode, columns: readonly Column[]): string =>
  [
    comment('TABLE', tableOf(model), model.description),
    ...Object.values(model.columns)
      .filter(({ name }) => columns.some((column) => column.name === name))
      .map(({ name, description }) => comment('COLUMN', `${tableOf(model)}.${sqlName(name)}`, description)),
  ].join('\n');

/** The address of each version of a customer: what its snapshots have in common, told by the last of them. */
const emailsOfVersions = (versions: string): string => `SELECT DISTINCT ON (customer_key) customer_key, snapshots.email
FROM ${versions} AS versions
JOIN production.customer_snapshots AS snapshots ON snapshots.source = versions.source
  AND snapshots.customer_id = versions.customer_id
  AND snapshots.observed_at >= versions.valid_from AND snapshots.observed_at < versions.valid_to
WHERE email_token IS NOT NULL
ORDER BY customer_key, snapshots.observed_at DESC, snapshots.updated_at DESC NULLS LAST, snapshots.content_hash DESC`;

const emailDescription =
  'The cleaned address, trimmed and in lower case, of this version; NULL where email_token is. For pii_reader alone.';

/**
 * Fills the table of customers by way of a temporary one, for only PostgreSQL knows the addresses. No statistics are kept
 * of them: those would be copies of addresses in the catalogue.
 */
async function addEmails(sql: Sql, table: string, copy: (into: string) => Promise<number>): Promise<number> {
  const { column } = personal;
  await sql.run(`CREATE TEMP TABLE arriving ON COMMIT DROP AS SELECT * FROM ${table};
ALTER TABLE ${table} ADD COLUMN ${column} text;
ALTER TABLE ${table} ALTER COLUMN ${column} SET STATISTICS 0;
${comment('COLUMN', `${table}.${column}`, emailDescription)}`);
  const rows = await copy('arriving');
  await sql.run(`ANALYZE arriving;
INSERT INTO ${table} SELECT arriving.*, emails.email FROM arriving LEFT JOIN (${emailsOfVersions('arriving')}) AS emails USING (customer_key)`);
  return rows;
}

async function copyModel(
  sql: Sql,
  duckdb: DuckDB,
  manifest: Manifest,
  model: ManifestNode,
  temporaryFolder: string,
): Promise<number> {
  const relation = `${sqlName(model.schema)}.${sqlName(model.alias)}`;
  const { columns } = await duckdb.query(`SELECT * FROM ${relation} LIMIT 0`);
  await sql.run(createTable(model, columns));
  const copy = (into: string): Promise<number> =>
    streamRows(duckdb, `SELECT * FROM ${relation}`, temporaryFolder, (stream) =>
      sql.copyIn(`COPY ${into} FROM STDIN (FORMAT csv)`, stream),
    );
  const table = tableOf(model);
  const rows = model.name === personal.table ? await addEmails(sql, table, copy) : await copy(table);
  await sql.run(`${constraints(manifest, model, columns)}\n${comments(model, columns)}\nANALYZE ${tableOf(model)};`);
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
): Promise<Readonly<Record<string, number>>> {
  await sql.run(`DROP SCHEMA IF EXISTS ${next} CASCADE; CREATE SCHEMA ${next};`);
  const rows: Record<string, number> = {};
  for (const model of publishedModels(manifest)) {
    rows[model.name] = await copyModel(sql, duckdb, manifest, model, temporaryFolder);
  }
  await grantReaders(sql, { former: published, next }, roles);
  return rows;
}

/** Gives warehouse_next its name. Only names change, so that no reader of the old tables has to be waited for. */
export const switchStarSchema = (sql: Sql, publication: string): Promise<number> =>
  sql.run(`ALTER SCHEMA ${published} RENAME TO ${sqlName(`${formerPrefix}${publication}`)};
ALTER SCHEMA ${next} RENAME TO ${published};
COMMENT ON SCHEMA ${published} IS 'The published star schema for BI tools, replaced as a whole by each publication.';`);

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
