/** The tables of the star schema: the models they are copies of, their columns in PostgreSQL, their keys and indexes. */
import { type DuckDB, sqlName, sqlText } from '../stores/duckdb/duckdb.ts';
import type { Manifest, ManifestNode } from '../transform/manifest/types.ts';

/** The schema that BI tools read. */
export const publishedSchema = 'warehouse';

/** A column of a model, with DuckDB's type. */
export interface Column {
  readonly name: string;
  readonly type: string;
}

/** A table of the star schema. */
export interface StarTable {
  readonly model: ManifestNode;
  readonly columns: readonly Column[];
  /** The column that the model's tests say is unique and present. */
  readonly key: string | undefined;
  /** Columns with an index beside the key's: what the tests say refers to another model, and dates. */
  readonly indexed: readonly string[];
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

/** A model's table in DuckDB; in an attached database where one is named. */
export const builtName = ({ schema, alias }: ManifestNode, database?: string): string =>
  [...(database ? [database] : []), schema, alias].map(sqlName).join('.');

/** A model's table in PostgreSQL. */
export const tableName = ({ alias }: ManifestNode, schema: string): string => `${schema}.${sqlName(alias)}`;

/** By columns of these types people look for days and months. */
const isDate = ({ type }: Column): boolean => ['DATE', 'TIMESTAMP WITH TIME ZONE'].includes(type);

/** Schema and name of each table of the build, or of a database attached to it -> its columns in their order. */
export async function readColumns(duckdb: DuckDB, database?: string): Promise<ReadonlyMap<string, readonly Column[]>> {
  const of = database === undefined ? 'current_database()' : sqlText(database);
  const rows = await duckdb.rows<Column & { readonly relation: string }>(
    `SELECT schema_name || '.' || table_name AS relation, column_name AS name, data_type AS type
     FROM duckdb_columns() WHERE NOT internal AND database_name = ${of} ORDER BY schema_name, table_name, column_index`,
  );
  const relations = Map.groupBy(rows, ({ relation }) => relation);
  return new Map(
    [...relations].map(([relation, columns]) => [relation, columns.map(({ name, type }) => ({ name, type }))]),
  );
}

/** What readColumns says of a model's table. */
export const columnsOf = (
  columns: ReadonlyMap<string, readonly Column[]>,
  { schema, alias }: ManifestNode,
): readonly Column[] => columns.get(`${schema}.${alias}`) ?? [];

function toStarTable({ nodes }: Manifest, model: ManifestNode, columns: readonly Column[]): StarTable {
  const tests = Object.values(nodes).flatMap(({ attached_node, test_metadata, column_name }) =>
    attached_node === model.unique_id && test_metadata && column_name
      ? [{ kind: test_metadata.name, column: column_name }]
      : [],
  );
  const has = (kind: string, column: string): boolean =>
    tests.some((test) => test.kind === kind && test.column === column);
  const key = tests.find(({ kind, column }) => kind === 'unique' && has('not_null', column))?.column;
  const references = tests.filter(({ kind }) => kind === 'relationships').map(({ column }) => column);
  const indexed = new Set([...references, ...columns.filter(isDate).map(({ name }) => name)]);
  return { model, columns, key, indexed: [...indexed].filter((column) => column !== key) };
}

/** The tables of the star schema that an open build holds, in the order of their names. */
export async function readStarTables(duckdb: DuckDB, manifest: Manifest): Promise<readonly StarTable[]> {
  const columns = await readColumns(duckdb);
  return publishedModels(manifest).map((model) => toStarTable(manifest, model, columnsOf(columns, model)));
}

/**
 * Whether a table has room for a second version of each row beside the first, so that PostgreSQL need not touch its
 * indexes when other columns change: those do that each build makes anew as a whole, for such as count days until today
 * change in every row.
 */
export const hasRoom = ({ model }: StarTable): boolean => model.config.materialized === 'table';
