/** catalog.json (schema version 1): what DuckDB has of a project's relations, their columns and comments. */
import type { DuckDB } from '../../stores/duckdb/duckdb.ts';
import type { JsonMap, Manifest } from '../manifest/types.ts';
import { artifactMetadata, type Invocation } from './run-results.ts';

/** A column of a relation, as information_schema has it. */
interface CatalogColumn {
  readonly database: string;
  readonly schema: string;
  readonly relation: string;
  /** BASE TABLE or VIEW. */
  readonly kind: string;
  readonly relation_comment: string | null;
  readonly column: string;
  /** From 1. */
  readonly place: number;
  readonly type: string;
  readonly column_comment: string | null;
}

const columnsOfRelations = `SELECT columns.database_name AS database, columns.schema_name AS schema, columns.table_name AS relation,
  relations.kind, relations.comment AS relation_comment, columns.column_name AS column, columns.column_index AS place,
  columns.data_type AS type, columns.comment AS column_comment
FROM duckdb_columns() AS columns
JOIN (
  SELECT database_name, schema_name, table_name AS name, 'BASE TABLE' AS kind, comment FROM duckdb_tables()
  UNION ALL SELECT database_name, schema_name, view_name, 'VIEW', comment FROM duckdb_views()
) AS relations
  ON relations.database_name = columns.database_name AND relations.schema_name = columns.schema_name
    AND relations.name = columns.table_name
WHERE NOT columns.internal
ORDER BY ALL`;

/** A relation of catalog.json. */
export interface CatalogTable {
  readonly metadata: {
    readonly type: string;
    readonly schema: string;
    readonly name: string;
    readonly database: string;
    readonly comment: string | null;
    readonly owner: null;
  };
  /** By name, in their order. */
  readonly columns: Readonly<
    Record<
      string,
      { readonly type: string; readonly index: number; readonly name: string; readonly comment: string | null }
    >
  >;
  readonly stats: JsonMap;
  readonly unique_id: string;
}

/** catalog.json. */
export interface Catalog {
  readonly metadata: JsonMap;
  readonly nodes: Readonly<Record<string, CatalogTable>>;
  readonly sources: Readonly<Record<string, CatalogTable>>;
  readonly errors: null;
}

/** Names are told apart as DuckDB tells them: capitals do not count. */
const keyOf = (database: string, schema: string, name: string): string =>
  JSON.stringify([database, schema, name].map((part) => part.toLowerCase()));

const noStats: JsonMap = {
  has_stats: {
    id: 'has_stats',
    label: 'Has Stats?',
    value: false,
    include: false,
    description: 'Indicates whether there are statistics for this table',
  },
};

function toTable(uniqueId: string, columns: readonly CatalogColumn[]): CatalogTable | undefined {
  const [first] = columns;
  if (!first) return undefined;
  return {
    metadata: {
      type: first.kind,
      schema: first.schema,
      name: first.relation,
      database: first.database,
      comment: first.relation_comment,
      owner: null,
    },
    columns: Object.fromEntries(
      columns
        .toSorted((a, b) => a.place - b.place)
        .map(({ column, type, place, column_comment }) => [
          column,
          { type, index: place, name: column, comment: column_comment },
        ]),
    ),
    stats: noStats,
    unique_id: uniqueId,
  };
}

/** Looks up what there is of the project in the open database; what was not built is left out. */
export async function catalogArtifact(
  duckdb: DuckDB,
  manifest: Manifest,
  invocation: Omit<Invocation, 'args'>,
): Promise<Catalog> {
  const rows = await duckdb.rows<CatalogColumn>(columnsOfRelations);
  const byRelation = Map.groupBy(rows, ({ database, schema, relation }) => keyOf(database, schema, relation));
  const [current] = await duckdb.rows<{ database: string }>('SELECT current_database() AS database');
  const find = (uniqueId: string, database: string | null, schema: string, name: string) => {
    const key = keyOf(database ?? current?.database ?? '', schema, name);
    return toTable(uniqueId, byRelation.get(key) ?? []);
  };
  const tables = <Entry>(entries: readonly Entry[], of: (entry: Entry) => CatalogTable | undefined) =>
    Object.fromEntries(
      entries.flatMap((entry) => {
        const table = of(entry);
        return table ? [[table.unique_id, table] as const] : [];
      }),
    );
  return {
    metadata: artifactMetadata(manifest, 'catalog/v1', invocation),
    nodes: tables(
      Object.values(manifest.nodes).filter(({ relation_name }) => relation_name !== null),
      (node) => find(node.unique_id, node.database, node.schema, node.alias),
    ),
    sources: tables(Object.values(manifest.sources), (source) =>
      find(source.unique_id, source.database, source.schema, source.identifier),
    ),
    errors: null,
  };
}
