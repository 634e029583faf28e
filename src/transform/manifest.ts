/** What a dbt-format project is once it has been read: relations in build order, tests, sources; plain data. */
import { sqlName } from '../stores/duckdb/duckdb.ts';

/** Where a table or view is. Without a database it is in the one that is built. */
export interface Relation {
  readonly database: string | undefined;
  readonly schema: string;
  readonly identifier: string;
}

/** A column that the YAML properties describe. */
export interface DescribedColumn {
  readonly name: string;
  /** True when its name has to be quoted in SQL. */
  readonly quote: boolean;
  /** '' when it has none. */
  readonly description: string;
}

/** What every named thing of a project has. */
interface Resource {
  /** How `dependsOn` names it: a model or seed by its name, a source table as in `sourceId`. */
  readonly id: string;
  readonly name: string;
  /** Of its file, relative to the project's folder. */
  readonly path: string;
  readonly relation: Relation;
  readonly description: string;
  readonly columns: readonly DescribedColumn[];
}

/** Which descriptions become comments in the database. */
interface PersistDocs {
  readonly relation: boolean;
  readonly columns: boolean;
}

/** A CSV file that becomes a table. */
export interface Seed extends Resource {
  readonly kind: 'seed';
  readonly materialized: 'seed';
  /** Absolute path of the CSV file. */
  readonly file: string;
  readonly delimiter: string;
  /** Column name -> SQL type; the types of the others are found by reading the file. */
  readonly columnTypes: Readonly<Record<string, string>>;
  readonly persistDocs: PersistDocs;
  readonly dependsOn: readonly string[];
}

/** A select that becomes a view or a table. */
export interface Model extends Resource {
  readonly kind: 'model';
  readonly materialized: 'view' | 'table';
  /** The select as DuckDB gets it; its lines are those of the file. */
  readonly sql: string;
  readonly persistDocs: PersistDocs;
  readonly dependsOn: readonly string[];
}

/** A table that the project reads and somebody else writes. */
export interface SourceTable extends Resource {
  readonly kind: 'source';
  /** The name of the group of tables: the first argument of source(). */
  readonly source: string;
}

/** A select that yields the rows which break an expectation. */
export interface Test {
  readonly kind: 'test';
  readonly name: string;
  /** Of the file that declares it, relative to the project's folder. */
  readonly path: string;
  /** Whether a failing row stops what depends on the tested relations. */
  readonly severity: 'error' | 'warn';
  readonly sql: string;
  /** The ids of the relations that it reads. */
  readonly dependsOn: readonly string[];
  /** For a generic test: which one, on which relation (its id) and column. */
  readonly generic?: { readonly kind: string; readonly subject: string; readonly column: string };
}

/** A project, ready to be built. */
export interface Project {
  readonly name: string;
  /** Absolute path. */
  readonly folder: string;
  /** Seeds and models, each after all that it depends on. */
  readonly nodes: readonly (Seed | Model)[];
  readonly tests: readonly Test[];
  readonly sources: readonly SourceTable[];
}

/** The id of a source table. */
export const sourceId = (source: string, table: string): string => `source.${source}.${table}`;

/** A relation as SQL writes it. */
export const relationSql = (relation: Relation): string =>
  [relation.database, relation.schema, relation.identifier]
    .filter((part) => part !== undefined)
    .map(sqlName)
    .join('.');

/** The relations that a project's source() calls read, for whoever provides them. */
export const sourceRelations = (project: Project): readonly Relation[] =>
  project.sources.map((table) => table.relation);
