/**
 * What a project consists of once it is read: dbt's manifest, schema version 12, as data. The same shape is written as
 * target/manifest.json, selected from, run, and compared with an earlier one. Keys are named as dbt names them.
 */
import type { JsonValue } from '../../stores/duckdb/duckdb.ts';

/** A mapping of JSON values. */
export type JsonMap = { readonly [key: string]: JsonValue };

/** What a unique_id begins with. */
export type ResourceType =
  | 'model'
  | 'seed'
  | 'snapshot'
  | 'analysis'
  | 'test'
  | 'operation'
  | 'sql_operation'
  | 'source'
  | 'exposure'
  | 'metric'
  | 'semantic_model'
  | 'saved_query'
  | 'unit_test'
  | 'macro'
  | 'group'
  | 'doc';

/** ref('name'), ref('package', 'name'), ref('name', version=1). */
export interface RefArgs {
  readonly name: string;
  readonly package: string | null;
  readonly version: string | number | null;
}

/** What a checksum is of: the file's bytes, trimmed as dbt trims them. */
export interface FileHash {
  /** 'sha256', 'none' or 'path'. */
  readonly name: string;
  readonly checksum: string;
}

/** A column as YAML describes it. */
export interface ColumnInfo {
  readonly name: string;
  readonly description: string;
  readonly meta: JsonMap;
  readonly data_type: string | null;
  readonly constraints: readonly JsonMap[];
  readonly quote: boolean | null;
  readonly config: { readonly meta: JsonMap; readonly tags: readonly string[] };
  readonly tags: readonly string[];
  readonly granularity: string | null;
  readonly doc_blocks: readonly string[];
}

/** All configs of a node by their names (`materialized`, `tags`, `pre-hook`, `unique_key`, ...), those of users included. */
export type NodeConfig = JsonMap & {
  readonly enabled: boolean;
  readonly materialized: string;
  readonly tags: readonly string[];
  readonly meta: JsonMap;
};

/** What every entry of the manifest has. Paths have forward slashes. */
export interface ManifestEntry {
  readonly name: string;
  readonly resource_type: ResourceType;
  readonly package_name: string;
  /** Below the folder of its kind, as `staging/stg_orders.sql`. */
  readonly path: string;
  /** Below the project, as `models/staging/stg_orders.sql`. */
  readonly original_file_path: string;
  /** As `model.shop.stg_orders`. */
  readonly unique_id: string;
}

/** The nodes and macros that an entry uses, by unique_id, in the order of their first use. */
export interface DependsOn {
  readonly macros: readonly string[];
  readonly nodes: readonly string[];
}

/** A model, seed, snapshot, analysis, test or hook. */
export interface ManifestNode extends ManifestEntry {
  readonly resource_type: 'model' | 'seed' | 'snapshot' | 'analysis' | 'test' | 'operation' | 'sql_operation';
  /** Package, folders, name. */
  readonly fqn: readonly string[];
  readonly database: string | null;
  readonly schema: string;
  readonly alias: string;
  readonly checksum: FileHash;
  readonly config: NodeConfig;
  readonly unrendered_config: JsonMap;
  readonly tags: readonly string[];
  readonly meta: JsonMap;
  readonly group: string | null;
  readonly description: string;
  readonly columns: Readonly<Record<string, ColumnInfo>>;
  /** As `shop://models/schema.yml`. */
  readonly patch_path: string | null;
  /** "database"."schema"."identifier"; null for what makes no relation. */
  readonly relation_name: string | null;
  /** The template. */
  readonly raw_code: string;
  readonly language: string;
  readonly refs: readonly RefArgs[];
  /** [source name, table name]. */
  readonly sources: readonly (readonly [string, string])[];
  readonly metrics: readonly (readonly string[])[];
  readonly depends_on: DependsOn;
  readonly docs: JsonMap;
  readonly doc_blocks: readonly string[];
  readonly contract: { readonly enforced: boolean; readonly alias_types: boolean; readonly checksum: string | null };
  readonly created_at: number;
  /** Models. */
  readonly access?: 'private' | 'protected' | 'public';
  readonly version?: string | number | null;
  readonly latest_version?: string | number | null;
  readonly constraints?: readonly JsonMap[];
  readonly deprecation_date?: string | null;
  readonly primary_key?: readonly string[];
  readonly time_spine?: JsonMap | null;
  /** Seeds: the folder of the project. */
  readonly root_path?: string | null;
  /** Generic tests: what is tested and by what; singular tests have none. */
  readonly test_metadata?: {
    readonly name: string;
    readonly kwargs: JsonMap;
    readonly namespace: string | null;
  };
  readonly column_name?: string | null;
  /** The node that a generic test is about. */
  readonly attached_node?: string | null;
  readonly file_key_name?: string | null;
  /** Hooks of the project: their place in on-run-start or on-run-end. */
  readonly index?: number | null;
}

/** A table that is there before the project runs. */
export interface ManifestSource extends ManifestEntry {
  readonly resource_type: 'source';
  readonly fqn: readonly string[];
  readonly database: string | null;
  readonly schema: string;
  readonly source_name: string;
  readonly source_description: string;
  readonly identifier: string;
  readonly loader: string;
  readonly loaded_at_field: string | null;
  readonly loaded_at_query: string | null;
  readonly freshness: JsonMap | null;
  readonly quoting: JsonMap;
  readonly external: JsonMap | null;
  readonly description: string;
  readonly columns: Readonly<Record<string, ColumnInfo>>;
  readonly meta: JsonMap;
  readonly source_meta: JsonMap;
  readonly tags: readonly string[];
  readonly config: JsonMap & { readonly enabled: boolean };
  readonly patch_path: string | null;
  readonly unrendered_config: JsonMap;
  readonly relation_name: string;
  readonly created_at: number;
  /** Database and schema as YAML has them, before their templates are rendered. */
  readonly unrendered_database: string | null;
  readonly unrendered_schema: string | null;
  readonly doc_blocks: readonly string[];
}

/** A use of the project's data outside of it. */
export interface ManifestExposure extends ManifestEntry {
  readonly resource_type: 'exposure';
  readonly fqn: readonly string[];
  readonly type: string;
  readonly owner: JsonMap;
  readonly label: string | null;
  readonly maturity: string | null;
  readonly url: string | null;
  readonly description: string;
  readonly config: JsonMap & { readonly enabled: boolean };
  readonly unrendered_config: JsonMap;
  readonly meta: JsonMap;
  readonly tags: readonly string[];
  readonly refs: readonly RefArgs[];
  readonly sources: readonly (readonly [string, string])[];
  readonly metrics: readonly (readonly string[])[];
  readonly depends_on: DependsOn;
  readonly created_at: number;
}

/** A test of a model's SQL over given rows. */
export interface ManifestUnitTest extends ManifestEntry {
  readonly resource_type: 'unit_test';
  readonly fqn: readonly string[];
  /** The name of the model that is tested. */
  readonly model: string;
  readonly given: readonly UnitTestRows[];
  readonly expect: Omit<UnitTestRows, 'input'>;
  readonly overrides: {
    readonly macros: JsonMap;
    readonly vars: JsonMap;
    readonly env_vars: JsonMap;
  } | null;
  readonly description: string;
  readonly config: JsonMap & { readonly enabled: boolean };
  readonly depends_on: DependsOn;
  readonly schema: string | null;
  readonly created_at: number;
  /** sha256 of all of it but the description. */
  readonly checksum: string | null;
  readonly version?: string | number | null;
  /** The versions of the model that were asked for, as written. */
  readonly versions?: JsonMap | null;
}

/** Rows of a unit test; `input` is the ref() or source() that they stand for. */
export interface UnitTestRows {
  readonly input: string;
  readonly format: 'dict' | 'csv' | 'sql';
  readonly rows: readonly JsonMap[] | string | null;
  readonly fixture: string | null;
}

/** A macro, materialization or generic test, by its name in Jinja (`test_unique`, `materialization_table_default`). */
export interface ManifestMacro extends ManifestEntry {
  readonly resource_type: 'macro';
  /** The block as it is written, its tags included. */
  readonly macro_sql: string;
  readonly depends_on: { readonly macros: readonly string[] };
  readonly description: string;
  readonly meta: JsonMap;
  readonly docs: JsonMap;
  readonly config: JsonMap;
  readonly patch_path: string | null;
  readonly arguments: readonly JsonMap[];
  readonly created_at: number;
  readonly supported_languages: readonly string[] | null;
}

/** A docs block. */
export interface ManifestDoc extends ManifestEntry {
  readonly resource_type: 'doc';
  readonly block_contents: string;
}

/** A group of models with an owner. */
export interface ManifestGroup extends ManifestEntry {
  readonly resource_type: 'group';
  readonly owner: JsonMap;
  readonly description: string | null;
  readonly config: JsonMap;
}

/** A semantic model, metric or saved query: kept as written, for selection and the artifact. */
export interface ManifestSemantic extends ManifestEntry {
  readonly resource_type: 'semantic_model' | 'metric' | 'saved_query';
  readonly fqn: readonly string[];
  readonly depends_on: DependsOn;
  readonly config: JsonMap & { readonly enabled: boolean };
  readonly [key: string]: unknown;
}

/** What selects and runs: everything that has a place in the graph. */
export type GraphEntry = ManifestNode | ManifestSource | ManifestExposure | ManifestUnitTest | ManifestSemantic;

/** A project as a whole, all by unique_id. */
export interface Manifest {
  readonly metadata: JsonMap & {
    readonly dbt_schema_version: string;
    readonly dbt_version: string;
    readonly generated_at: string;
    readonly invocation_id: string;
    readonly project_name: string;
    readonly project_id: string | null;
    readonly adapter_type: string;
  };
  readonly nodes: Readonly<Record<string, ManifestNode>>;
  readonly sources: Readonly<Record<string, ManifestSource>>;
  readonly macros: Readonly<Record<string, ManifestMacro>>;
  readonly docs: Readonly<Record<string, ManifestDoc>>;
  readonly exposures: Readonly<Record<string, ManifestExposure>>;
  readonly metrics: Readonly<Record<string, ManifestSemantic>>;
  readonly groups: Readonly<Record<string, ManifestGroup>>;
  readonly selectors: JsonMap;
  /** What is disabled: unique_id -> its entries. */
  readonly disabled: Readonly<Record<string, readonly GraphEntry[]>>;
  /** unique_id -> the unique_ids that it reads, and that read it. */
  readonly parent_map: Readonly<Record<string, readonly string[]>>;
  readonly child_map: Readonly<Record<string, readonly string[]>>;
  readonly group_map: Readonly<Record<string, readonly string[]>>;
  readonly saved_queries: Readonly<Record<string, ManifestSemantic>>;
  readonly semantic_models: Readonly<Record<string, ManifestSemantic>>;
  readonly unit_tests: Readonly<Record<string, ManifestUnitTest>>;
  readonly functions: JsonMap;
}
