/** The relations that SQL may name, with their columns in order: from DuckDB's catalog, or given. */
import type { DuckDB } from '../../stores/duckdb/duckdb.ts';
import { fold } from './values.ts';

/** Where a relation is. */
export interface RelationName {
  /** Undefined: the database that is asked. */
  readonly database?: string | undefined;
  readonly schema: string;
  readonly identifier: string;
}

/** A column of a relation. */
export interface CatalogColumn {
  readonly name: string;
  /** DuckDB's type; '' when it is not known. */
  readonly type: string;
}

/** A relation as the database has it. */
export interface CatalogRelation {
  /** As in `relationId`. */
  readonly id: string;
  readonly database: string;
  readonly schema: string;
  readonly columns: readonly CatalogColumn[];
}

/** What SQL may name. */
export interface Catalog {
  /** The relation that SQL means by a name, of which database and schema may be left out ('' or undefined). */
  readonly find: (name: Partial<RelationName> & { readonly identifier: string }) => CatalogRelation | undefined;
}

/** How lineage names a relation: `schema.identifier`; without the schema in main, with the database in another one. */
export const relationId = ({ database, schema, identifier }: RelationName): string =>
  [
    ...(database === undefined ? [] : [database]),
    ...(schema === 'main' && database === undefined ? [] : [schema]),
    identifier,
  ].join('.');

const keyOf = (parts: readonly string[]): string => fold(JSON.stringify(parts));

/** A catalog of these relations in the database of that name. Of two relations of one name the later counts. */
export function createCatalog(
  database: string,
  relations: readonly (RelationName & { readonly columns: readonly CatalogColumn[] })[],
): Catalog {
  const isHere = (name: string): boolean => fold(name) === fold(database);
  const known = new Map<string, CatalogRelation>();
  for (const relation of relations) {
    const { schema, identifier, columns } = relation;
    const elsewhere = relation.database !== undefined && !isHere(relation.database) ? relation.database : undefined;
    const id = relationId({ database: elsewhere, schema, identifier });
    const entry = { id, database: elsewhere ?? database, schema, columns };
    known.set(keyOf([elsewhere ?? database, schema, identifier]), entry);
  }
  return {
    find({ database: named = '', schema = '', identifier }) {
      const at = (inDatabase: string, inSchema: string) => known.get(keyOf([inDatabase, inSchema, identifier]));
      if (named !== '') return at(named, schema === '' ? 'main' : schema);
      if (schema === '') return at(database, 'main');
      // Of two parts the first is a schema, or else a database.
      return at(database, schema) ?? at(schema, 'main');
    },
  };
}

interface StoredColumn extends RelationName {
  readonly database: string;
  readonly name: string;
  readonly type: string;
}

/** The catalog of an open database: tables and views with the columns that they had when they were made. */
export async function readCatalog(duckdb: DuckDB): Promise<Catalog> {
  const columns = await duckdb.rows<StoredColumn & { current: string }>(
    `SELECT current_database() AS current, database_name AS database, schema_name AS schema, table_name AS identifier,
       column_name AS name, data_type AS type
     FROM duckdb_columns() WHERE NOT internal ORDER BY database_oid, schema_oid, table_oid, column_index`,
  );
  const byRelation = Map.groupBy(columns, ({ database, schema, identifier }) => keyOf([database, schema, identifier]));
  const relations = [...byRelation.values()].flatMap((group) => (group[0] ? [{ ...group[0], columns: group }] : []));
  return createCatalog(columns[0]?.current ?? 'memory', relations);
}
