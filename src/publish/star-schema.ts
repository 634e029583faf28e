/** Copies the star schema from DuckDB into PostgreSQL's warehouse schema: all of it, keys and indexes too, or nothing. */
import { type DuckDB, sqlName } from '../stores/duckdb/duckdb.ts';
import { streamRows } from '../stores/duckdb/stream-rows.ts';
import { type Postgres, type Sql, sqlText } from '../stores/postgres/postgres.ts';
import type { Model, Project } from '../transform/manifest.ts';

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

/** The models that BI tools read: the tables among the marts. */
export const publishedModels = (project: Project): readonly Model[] =>
  project.nodes.filter(
    (node): node is Model => node.kind === 'model' && node.materialized === 'table' && /(^|\/)marts\//.test(node.path),
  );

const comment = (kind: string, name: string, description: string): string =>
  description === '' ? '' : `COMMENT ON ${kind} ${name} IS ${sqlText(description.trim())};`;

const tableOf = (model: Model): string => `${next}.${sqlName(model.relation.identifier)}`;

const createTable = (model: Model, columns: readonly Column[]): string =>
  `CREATE TABLE ${tableOf(model)} (${columns.map(({ name, type }) => `${sqlName(name)} ${postgresType(type)}`).join(', ')})`;

/** What the model's tests say holds: its key is unique and present, its references exist. */
function constraints(project: Project, model: Model): string {
  const tests = project.tests.flatMap(({ generic }) => (generic && generic.subject === model.id ? [generic] : []));
  const has = (kind: string, column: string): boolean =>
    tests.some((test) => test.kind === kind && test.column === column);
  const key = tests.find(({ kind, column }) => kind === 'unique' && has('not_null', column))?.column;
  const primaryKey = key ? `ALTER TABLE ${tableOf(model)} ADD PRIMARY KEY (${sqlName(key)});` : '';
  const indexes = tests
    .filter(({ kind, column }) => kind === 'relationships' && column !== key)
    .map(({ column }) => `CREATE INDEX ON ${tableOf(model)} (${sqlName(column)});`);
  return [primaryKey, ...new Set(indexes)].join('\n');
}

const comments = (model: Model, columns: readonly Column[]): string =>
  [
    comment('TABLE', tableOf(model), model.description),
    ...model.columns
      .filter(({ name }) => columns.some((column) => column.name === name))
      .map(({ name, description }) => comment('COLUMN', `${tableOf(model)}.${sqlName(name)}`, description)),
  ].join('\n');

async function copyModel(
  sql: Sql,
  duckdb: DuckDB,
  project: Project,
  model: Model,
  temporaryFolder: string,
): Promise<number> {
  const relation = `${sqlName(model.relation.schema)}.${sqlName(model.relation.identifier)}`;
  const { columns } = await duckdb.query(`SELECT * FROM ${relation} LIMIT 0`);
  await sql.run(createTable(model, columns));
  const rows = await streamRows(duckdb, `SELECT * FROM ${relation}`, temporaryFolder, (stream) =>
    sql.copyIn(`COPY ${tableOf(model)} FROM STDIN (FORMAT csv)`, stream),
  );
  await sql.run(`${constraints(project, model)}\n${comments(model, columns)}\nANALYZE ${tableOf(model)};`);
  return rows;
}

/**
 * Fills warehouse_next with the published models; gives the rows of each. Part of the transaction that switches.
 */
export async function prepareStarSchema(
  sql: Sql,
  duckdb: DuckDB,
  project: Project,
  temporaryFolder: string,
): Promise<Readonly<Record<string, number>>> {
  await sql.run(`DROP SCHEMA IF EXISTS ${next} CASCADE; CREATE SCHEMA ${next};`);
  const rows: Record<string, number> = {};
  for (const model of publishedModels(project)) {
    rows[model.name] = await copyModel(sql, duckdb, project, model, temporaryFolder);
  }
  return rows;
}

/** Gives warehouse_next its name. Only names change, so that no reader of the old tables has to be waited for. */
export const switchStarSchema = (sql: Sql, publication: string): Promise<number> =>
  sql.run(`ALTER SCHEMA warehouse RENAME TO ${sqlName(`${formerPrefix}${publication}`)};
ALTER SCHEMA ${next} RENAME TO warehouse;
COMMENT ON SCHEMA warehouse IS 'The published star schema for BI tools, replaced as a whole by each publication.';`);

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
