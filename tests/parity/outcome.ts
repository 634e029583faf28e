/** What a run of a project came to: how each node ended, and every relation of the database, in a form that two runs share. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type DuckDB, openDuckDB, sqlName, sqlText } from '../../src/stores/duckdb/duckdb.ts';
import type { Manifest, ManifestNode } from '../../src/transform/manifest/types.ts';
import { smallLimits } from '../setup/fixtures.ts';
import { readJson } from './dbt-runner.ts';

/** A relation with all that is in it. */
export interface RelationContents {
  readonly kind: string;
  /** Name and type of each column, in order. */
  readonly columns: readonly string[];
  /** The comments of the relation and its columns. */
  readonly comments: Readonly<Record<string, string>>;
  /** The constraints of the table. */
  readonly constraints: readonly string[];
  /** Each row as JSON, sorted. */
  readonly rows: readonly string[];
}

/** schema.identifier -> the relation. */
export type DatabaseContents = Readonly<Record<string, RelationContents>>;

interface Column {
  readonly name: string;
  readonly type: string;
  readonly comment: string | null;
}

/** Columns that hold when a run happened, where they do: the word 'now' stands for a time of these days. */
const snapshotTimes = ['dbt_valid_from', 'dbt_valid_to', 'dbt_updated_at', 'from_time', 'to_time'];

const isRecent = (column: string): string =>
  `coalesce(abs(epoch(${sqlName(column)}::timestamp) - epoch(current_timestamp)) < 2 * 86400, false)`;

/** How a column is read so that the day of the run does not show. */
function readable(column: string, columns: readonly Column[]): string {
  const name = sqlName(column);
  if (snapshotTimes.includes(column))
    return `CASE WHEN ${isRecent(column)} THEN 'now' ELSE ${name}::varchar END AS ${name}`;
  if (column === 'dbt_scd_id')
    return `CASE WHEN ${isRecent('dbt_updated_at')} THEN 'now' ELSE ${name}::varchar END AS ${name}`;
  if (column === 'happened_at') {
    return `(${name} - date_trunc('day', current_timestamp AT TIME ZONE 'UTC'))::varchar AS ${name}`;
  }
  const type = columns.find((one) => one.name === column)?.type ?? '';
  return type === 'DOUBLE' || type === 'FLOAT' ? `round(${name}, 9) AS ${name}` : name;
}

async function readColumns(duckdb: DuckDB, schema: string, name: string): Promise<readonly Column[]> {
  return duckdb.rows<Column>(
    `SELECT column_name AS name, data_type AS type, comment FROM duckdb_columns()
     WHERE database_name = current_database() AND schema_name = ${sqlText(schema)} AND table_name = ${sqlText(name)}
     ORDER BY column_index`,
  );
}

interface Relation {
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
  readonly comment: string | null;
}

async function readRelation(duckdb: DuckDB, { schema, name, kind, comment }: Relation): Promise<RelationContents> {
  const columns = await readColumns(duckdb, schema, name);
  const list = columns.map((column) => readable(column.name, columns)).join(', ');
  const rows = await duckdb.rows<{ row: string }>(
    `SELECT to_json(t)::varchar AS row FROM (SELECT ${list} FROM ${sqlName(schema)}.${sqlName(name)}) t`,
  );
  const constraints = await duckdb.rows<{ text: string }>(
    `SELECT constraint_text AS text FROM duckdb_constraints()
     WHERE database_name = current_database() AND schema_name = ${sqlText(schema)} AND table_name = ${sqlText(name)}`,
  );
  const comments = [{ name: '', comment }, ...columns].flatMap((one) => (one.comment ? [[one.name, one.comment]] : []));
  return {
    kind,
    columns: columns.map((column) => `${column.name} ${column.type}`),
    comments: Object.fromEntries(comments),
    constraints: constraints.map(({ text }) => text).sort(),
    rows: rows.map(({ row }) => row).sort(),
  };
}

/** Everything in a DuckDB file but what the adapter leaves behind when it replaces a table. */
export async function readDatabase(file: string, folder: string): Promise<DatabaseContents> {
  const duckdb = await openDuckDB(file, smallLimits(folder));
  try {
    const relations = await duckdb.rows<Relation>(
      `SELECT schema_name AS schema, table_name AS name, 'table' AS kind, comment FROM duckdb_tables()
       WHERE database_name = current_database()
       UNION ALL SELECT schema_name, view_name, 'view', comment FROM duckdb_views()
       WHERE database_name = current_database() AND NOT internal ORDER BY ALL`,
    );
    const kept = relations.filter(({ name }) => !name.endsWith('__dbt_backup'));
    const contents: [string, RelationContents][] = [];
    for (const relation of kept) {
      contents.push([`${relation.schema}.${relation.name}`, await readRelation(duckdb, relation)]);
    }
    return Object.fromEntries(contents);
  } finally {
    duckdb.close();
  }
}

interface RunResults {
  readonly results: readonly {
    readonly unique_id: string;
    readonly status: string;
    readonly failures?: number | null;
  }[];
}

/** unique_id -> how it ended; of a test with its count of failures. */
export type Statuses = Readonly<Record<string, string>>;

/** How every node of the newest run ended; `file` is run_results.json or sources.json. */
export function readStatuses(target: string, file: string): Statuses {
  if (!existsSync(join(target, file))) return {};
  const { results } = readJson<RunResults>(target, file);
  const told = results.map(({ unique_id: id, status, failures }): [string, string] => [
    id,
    /^(?:unit_)?test\./.test(id) && typeof failures === 'number' ? `${status} ${failures}` : status,
  ]);
  return Object.fromEntries(told.sort(([one], [other]) => (one < other ? -1 : 1)));
}

const describeNode = (node: ManifestNode) => ({
  fqn: node.fqn,
  relation: node.relation_name,
  alias: node.alias,
  schema: node.schema,
  path: node.original_file_path,
  tags: node.tags,
  config: node.config,
  nodes: [...(node.depends_on.nodes ?? [])].sort(),
  description: node.description,
  columns: node.columns,
  checksum: node.checksum,
  access: node.access,
  version: node.version,
  group: node.group,
});

/** What of a manifest two parsers must agree on; macros are those of the project and its packages. */
export function describeManifest(manifest: Manifest) {
  const own = Object.keys(manifest.macros).filter((id) => !/^macro\.dbt(?:_duckdb)?\./.test(id));
  return {
    nodes: Object.fromEntries(Object.entries(manifest.nodes).map(([id, node]) => [id, describeNode(node)])),
    macros: own.sort(),
    parents: Object.fromEntries(Object.entries(manifest.parent_map).map(([id, ids]) => [id, [...ids].sort()])),
    others: [
      ...[
        'sources',
        'docs',
        'exposures',
        'metrics',
        'groups',
        'disabled',
        'saved_queries',
        'semantic_models',
        'unit_tests',
      ],
    ]
      .flatMap((kind) => Object.keys(manifest[kind as 'docs']))
      .filter((id) => !/^doc\.dbt\./.test(id))
      .sort(),
  };
}
