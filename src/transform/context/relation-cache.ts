/** What the database holds, asked for once and kept up to date by whoever changes it. */
import type { DuckDB } from '../../stores/duckdb/duckdb.ts';
import type { Policy } from './relation.ts';
import { Relation } from './relation.ts';

/** One row per schema, whose identifier is null, and one per table and view. */
const catalogSql = `select catalog_name = current_database() as current, catalog_name as database, schema_name as schema, null as identifier, null as type
from system.information_schema.schemata
union all
select table_catalog = current_database(), table_catalog, table_schema, table_name, if(table_type = 'VIEW', 'view', 'table')
from system.information_schema.tables`;

interface CatalogRow {
  readonly current: boolean;
  readonly database: string;
  readonly schema: string;
  readonly identifier: string | null;
  readonly type: string | null;
}

const keyOf = (...names: readonly (string | null)[]): string =>
  names.map((name) => name?.toLowerCase() ?? '').join('\u0000');

/** Tables, views and schemas by name, whatever the case of their letters. */
export class RelationCache {
  readonly #quoting: Policy;
  readonly #database: string;
  readonly #schemas = new Set<string>();
  readonly #relations = new Map<string, Relation>();

  /** `database` is the one that is meant where none is named; empty: the current one, whose relations are called without it. */
  constructor(quoting: Policy, database: string) {
    this.#quoting = quoting;
    this.#database = database;
  }

  /** Reads all there is in every attached database. */
  async fill(duckdb: DuckDB): Promise<void> {
    for (const { current, schema, identifier, type, ...row } of await duckdb.rows<CatalogRow>(catalogSql)) {
      const database = current && this.#database === '' ? null : row.database;
      if (identifier === null) this.addSchema(database, schema);
      else this.add(new Relation({ database, schema, identifier, type, quote: this.#quoting }));
    }
  }

  find(database: string | null, schema: string | null, identifier: string | null): Relation | undefined {
    return this.#relations.get(keyOf(database ?? this.#database, schema, identifier));
  }

  add(relation: Relation): void {
    this.#relations.set(keyOf(relation.database, relation.schema, relation.identifier), relation);
  }

  remove(relation: Relation): void {
    this.#relations.delete(keyOf(relation.database, relation.schema, relation.identifier));
  }

  rename(from: Relation, to: Relation): void {
    this.remove(from);
    this.add(to.type === null ? to.with({ type: from.type }) : to);
  }

  hasSchema(database: string | null, schema: string): boolean {
    return this.#schemas.has(keyOf(database, schema));
  }

  addSchema(database: string | null, schema: string): void {
    this.#schemas.add(keyOf(database, schema));
  }

  removeSchema(database: string | null, schema: string): void {
    this.#schemas.delete(keyOf(database, schema));
    for (const relation of this.inSchema(database, schema)) this.remove(relation);
  }

  inSchema(database: string | null, schema: string | null): readonly Relation[] {
    const wanted = keyOf(database, schema);
    return [...this.#relations.values()].filter((relation) => keyOf(relation.database, relation.schema) === wanted);
  }
}
