/** Configs of resources: their defaults, how levels of them are merged, and which values they may have. */
import { MillraceError } from '../../kernel/errors.ts';
import type { JsonValue } from '../../stores/duckdb/duckdb.ts';
import type { JsonMap } from '../manifest/types.ts';
import type { ConfiguredKind, ProjectDefinition } from './definition.ts';
import { readTextIfThere } from './files.ts';
import { asMap, isMap, listed, type OpenMap } from './json.ts';

/** The kinds of resources that have configs of their own. */
export type ConfigKind =
  | 'model'
  | 'seed'
  | 'snapshot'
  | 'analysis'
  | 'operation'
  | 'test'
  | 'source'
  | 'exposure'
  | 'unit_test'
  | 'metric'
  | 'semantic_model'
  | 'saved_query'
  | 'group';

type Merge = 'append' | 'update' | 'grants' | 'replace';

const treeOf: Readonly<Record<ConfigKind, ConfiguredKind>> = {
  model: 'models',
  seed: 'seeds',
  snapshot: 'snapshots',
  analysis: 'models',
  operation: 'models',
  test: 'data_tests',
  source: 'sources',
  exposure: 'exposures',
  unit_test: 'unit_tests',
  metric: 'metrics',
  semantic_model: 'semantic_models',
  saved_query: 'saved_queries',
  group: 'models',
};

const nodeOrTest: JsonMap = {
  enabled: true,
  alias: null,
  schema: null,
  database: null,
  tags: [],
  meta: {},
  group: null,
  static_analysis: null,
};

const node: JsonMap = {
  ...nodeOrTest,
  materialized: 'view',
  incremental_strategy: null,
  batch_size: null,
  lookback: 1,
  begin: null,
  persist_docs: {},
  'post-hook': [],
  'pre-hook': [],
  quoting: {},
  column_types: {},
  full_refresh: null,
  unique_key: null,
  on_schema_change: 'ignore',
  on_configuration_change: 'apply',
  grants: {},
  packages: [],
  docs: { show: true, node_color: null },
  contract: { enforced: false, alias_types: true },
  event_time: null,
  concurrent_batches: null,
};

const metaColumns: JsonMap = {
  dbt_valid_to: null,
  dbt_valid_from: null,
  dbt_scd_id: null,
  dbt_updated_at: null,
  dbt_is_deleted: null,
};

/** A threshold of freshness that says nothing. */
export const noFreshness: JsonMap = {
  warn_after: { count: null, period: null },
  error_after: { count: null, period: null },
  filter: null,
};

const defaults: Readonly<Record<ConfigKind, JsonMap>> = {
  model: { ...node, access: 'protected', freshness: null },
  seed: { ...node, materialized: 'seed', delimiter: ',', quote_columns: null },
  snapshot: {
    ...node,
    materialized: 'snapshot',
    strategy: null,
    target_schema: null,
    target_database: null,
    updated_at: null,
    check_cols: null,
    snapshot_meta_column_names: metaColumns,
    dbt_valid_to_current: null,
  },
  analysis: node,
  operation: node,
  test: {
    ...nodeOrTest,
    schema: 'dbt_test__audit',
    materialized: 'test',
    severity: 'ERROR',
    store_failures: null,
    store_failures_as: null,
    where: null,
    limit: null,
    fail_calc: 'count(*)',
    warn_if: '!= 0',
    error_if: '!= 0',
  },
  source: {
    enabled: true,
    event_time: null,
    freshness: noFreshness,
    loaded_at_field: null,
    loaded_at_query: null,
    meta: {},
    tags: [],
    static_analysis: null,
  },
  exposure: { enabled: true, tags: [], meta: {} },
  unit_test: { tags: [], meta: {}, enabled: true, static_analysis: null },
  metric: { enabled: true, group: null, meta: {} },
  semantic_model: { enabled: true, group: null, meta: {} },
  saved_query: { enabled: true, group: null, meta: {}, export_as: null, schema: null, cache: { enabled: false } },
  group: { meta: {} },
};

/** Configs without a default, which materializations and the adapter ask for. */
const asked: readonly string[] = [
  'hard_deletes',
  'incremental_predicates',
  'indexes',
  'invalidate_hard_deletes',
  'merge_clauses',
  'merge_exclude_columns',
  'merge_insert_condition',
  'merge_on_using_columns',
  'merge_returning_columns',
  'merge_update_columns',
  'merge_update_condition',
  'merge_update_set_expressions',
  'partitioned_by',
  'sql_header',
  'store_failures',
];

/** The configs that mean something to a resource; authors may have others of their own. */
export const knownConfigs = (kind: ConfigKind): readonly string[] => [...Object.keys(defaults[kind]), ...asked];

const nodeMerges: Readonly<Record<string, Merge>> = {
  tags: 'append',
  'pre-hook': 'append',
  'post-hook': 'append',
  packages: 'append',
  meta: 'update',
  quoting: 'update',
  column_types: 'update',
  docs: 'update',
  contract: 'update',
  grants: 'grants',
};

const merges: Readonly<Record<ConfigKind, Readonly<Record<string, Merge>>>> = {
  model: nodeMerges,
  seed: nodeMerges,
  snapshot: nodeMerges,
  analysis: nodeMerges,
  operation: nodeMerges,
  test: { tags: 'append', meta: 'update' },
  source: { meta: 'update' },
  exposure: {},
  unit_test: { tags: 'append', meta: 'update' },
  metric: { meta: 'update' },
  semantic_model: { meta: 'update' },
  saved_query: { meta: 'update', cache: 'update' },
  group: { meta: 'update' },
};

const hookNames: Readonly<Record<string, string>> = { pre_hook: 'pre-hook', post_hook: 'post-hook' };

/** Configs with hooks under the names that count. */
const withHookNames = (configs: JsonMap): JsonMap =>
  Object.fromEntries(Object.entries(configs).map(([key, value]) => [hookNames[key] ?? key, value]));

/** Grants: a privilege with a plus adds to those that are there. */
function mergeGrants(base: JsonMap, update: JsonMap): JsonMap {
  const merged: OpenMap = Object.fromEntries(Object.entries(base).map(([key, value]) => [key, listed(value)]));
  for (const [key, value] of Object.entries(update)) {
    const name = key.replace(/^\++/, '');
    const before = key.startsWith('+') ? listed(merged[name] ?? []) : [];
    merged[name] = [...before, ...listed(value)];
  }
  return merged;
}

function mergeValue(merge: Merge, base: JsonValue, update: JsonValue): JsonValue {
  if (merge === 'append') return [...listed(base), ...listed(update)];
  if (merge === 'update' && isMap(base) && isMap(update)) return { ...base, ...update };
  if (merge === 'grants' && isMap(base) && isMap(update)) return mergeGrants(base, update);
  return update;
}

function mergeLevel(kind: ConfigKind, base: JsonMap, level: JsonMap): JsonMap {
  const merged: OpenMap = { ...base };
  for (const [key, value] of Object.entries(withHookNames(level))) {
    const before = base[key];
    merged[key] = before === undefined ? value : mergeValue(merges[kind][key] ?? 'replace', before, value);
  }
  return merged;
}

/** The configs written at one level of a tree: keys with a plus, and keys whose value is no folder. */
const configsOf = (level: JsonMap): JsonMap =>
  Object.fromEntries(
    Object.entries(level)
      .filter(([key, value]) => key.startsWith('+') || !isMap(value))
      .map(([key, value]) => [key.startsWith('+') ? key.slice(1).trim() : key, value]),
  );

/** The levels of a tree on the way to a node: the top, then each folder that is there. */
function levelsOf(tree: JsonMap, fqn: readonly string[]): readonly JsonMap[] {
  const [next, ...rest] = fqn;
  const inner = next === undefined ? undefined : tree[next];
  return [configsOf(tree), ...(isMap(inner) ? levelsOf(inner, rest) : [])];
}

/** The configs that a file sets by config(): several calls add up as levels do. */
export function mergeCalls(base: JsonMap, call: JsonMap): JsonMap {
  if (Object.keys(base).length === 0) return call;
  const merged: OpenMap = { ...base };
  for (const [key, value] of Object.entries(call)) {
    const before = merged[key];
    const merge = nodeMerges[hookNames[key] ?? key] ?? 'replace';
    if (merge === 'append') merged[key] = [...(before === undefined ? [] : listed(before)), ...listed(value)];
    else merged[key] = before === undefined ? value : mergeValue(merge, before, value);
  }
  return merged;
}

/** Where a resource's configs come from. */
export interface ConfigSources {
  readonly kind: ConfigKind;
  readonly fqn: readonly string[];
  /** The project that the resource is of, and the one that is run. */
  readonly own: ProjectDefinition;
  readonly root: ProjectDefinition;
  /** From its YAML. */
  readonly patch?: JsonMap;
  /** From config() in its file. */
  readonly call?: JsonMap;
}

function allLevels(sources: ConfigSources, side: 'configs' | 'unrendered'): readonly JsonMap[] {
  const { kind, fqn, own, root, patch, call } = sources;
  const tree = (project: ProjectDefinition): readonly JsonMap[] => levelsOf(project[side][treeOf[kind]], fqn);
  return [...tree(own), ...(patch ? [patch] : []), ...(call ? [call] : []), ...(own === root ? [] : tree(root))];
}

/** All configs of a resource, merged, before they are completed. */
export const mergedConfig = (sources: ConfigSources): JsonMap =>
  allLevels(sources, 'configs').reduce(
    (merged, level) => mergeLevel(sources.kind, merged, level),
    defaults[sources.kind],
  );

/** What the manifest keeps as unrendered_config: what was set, the later over the earlier. */
export const unrenderedConfig = (sources: ConfigSources): JsonMap =>
  Object.assign({}, ...allLevels(sources, 'unrendered')) as JsonMap;

/** A hook is a text, a mapping, or a mapping as JSON text. */
function hookOf(hook: JsonValue): JsonMap {
  if (typeof hook === 'string') {
    try {
      const parsed = JSON.parse(hook) as JsonValue;
      if (isMap(parsed)) return hookOf(parsed) as JsonMap;
    } catch {
      // Plain SQL.
    }
    return { sql: hook, transaction: true, index: null };
  }
  return { sql: '', transaction: true, index: null, ...asMap(hook) };
}

const failureTables: ReadonlyMap<JsonValue, string> = new Map<JsonValue, string>([
  [true, 'table'],
  [false, 'ephemeral'],
]);

/** store_failures and store_failures_as say the same thing; the latter wins. */
function settleFailures(config: JsonMap): JsonMap {
  const as = config.store_failures_as ?? null;
  return as === null
    ? { ...config, store_failures_as: failureTables.get(config.store_failures ?? null) ?? null }
    : { ...config, store_failures: as !== 'ephemeral' };
}

const buildAfter = (value: JsonValue | undefined): JsonValue =>
  isMap(value) && isMap(value.build_after)
    ? { ...value, build_after: { count: null, period: null, updates_on: 'any', ...value.build_after } }
    : null;

const stateName = (value: JsonValue | undefined): JsonValue =>
  typeof value === 'boolean' ? (value ? 'on' : 'off') : (value ?? null);

/** Configs with all keys of their shapes, as the manifest has them. */
function completed(kind: ConfigKind, config: JsonMap): JsonMap {
  const open: OpenMap = { ...config };
  if ('static_analysis' in open) open.static_analysis = stateName(open.static_analysis);
  if ('contract' in open) open.contract = { enforced: false, alias_types: true, ...asMap(open.contract) };
  if ('docs' in open) open.docs = { show: true, node_color: null, ...asMap(open.docs) };
  for (const key of ['pre-hook', 'post-hook']) {
    if (key in open) open[key] = listed(open[key] ?? []).map(hookOf);
  }
  if (kind === 'snapshot') {
    open.snapshot_meta_column_names = { ...metaColumns, ...asMap(open.snapshot_meta_column_names) };
  }
  if (kind === 'model') open.freshness = buildAfter(open.freshness);
  return kind === 'test' ? settleFailures(open) : open;
}

const isText = (value: JsonValue): boolean => typeof value === 'string';
const isTexts = (value: JsonValue): boolean => isText(value) || (Array.isArray(value) && value.every(isText));
const isFlag = (value: JsonValue): boolean => typeof value === 'boolean';
const isCount = (value: JsonValue): boolean => typeof value === 'number' && Number.isInteger(value);
const oneOf =
  (...words: readonly string[]) =>
  (value: JsonValue): boolean =>
    typeof value === 'string' && words.includes(value);

type Check = readonly [holds: (value: JsonValue) => boolean, wanted: string];

const flag: Check = [isFlag, 'true or false'];
const textual: Check = [isText, 'a text'];
const texts: Check = [isTexts, 'a text or a list of texts'];
const mapping: Check = [isMap, 'a mapping'];

const checks: Readonly<Record<string, Check>> = {
  enabled: flag,
  alias: textual,
  schema: textual,
  database: textual,
  tags: texts,
  meta: mapping,
  group: textual,
  materialized: textual,
  incremental_strategy: textual,
  persist_docs: mapping,
  quoting: mapping,
  column_types: mapping,
  full_refresh: flag,
  unique_key: texts,
  on_schema_change: textual,
  on_configuration_change: [oneOf('apply', 'continue', 'fail'), 'apply, continue or fail'],
  grants: mapping,
  contract: mapping,
  docs: mapping,
  access: [oneOf('private', 'protected', 'public'), 'private, protected or public'],
  severity: [(value) => typeof value === 'string' && /^(?:warn|error)$/i.test(value), 'warn or error'],
  store_failures: flag,
  where: textual,
  limit: [isCount, 'a whole number'],
  fail_calc: textual,
  warn_if: textual,
  error_if: textual,
  check_cols: texts,
  strategy: textual,
  delimiter: textual,
  quote_columns: flag,
};

const forced: Readonly<Partial<Record<ConfigKind, string>>> = { seed: 'seed', test: 'test' };

/** Who a config is of, and where it may be written, for messages. */
export interface ConfigOwner {
  /** As 'the model orders'. */
  readonly name: string;
  /** The project's folder. */
  readonly root: string;
  /** Its files, the likeliest first; dbt_project.yml comes after them. */
  readonly paths: readonly string[];
}

/** The file and line on which a config is set; the top of the first file where it is set nowhere. */
export function placeOfConfig(owner: ConfigOwner, key: string): { readonly path: string; readonly line: number } {
  const setting = new RegExp(`(?<![\\w-])${key.replaceAll(/[-_]/g, '[-_]')}['"]?\\s*[:=]`);
  for (const path of [...owner.paths, 'dbt_project.yml']) {
    const lines = (readTextIfThere(owner.root, path) ?? '').split('\n');
    const index = lines.findIndex((line) => setting.test(line));
    if (index >= 0) return { path, line: index + 1 };
  }
  return { path: owner.paths[0] ?? 'dbt_project.yml', line: 1 };
}

/** The error of a config that cannot be so (MR-TRF-120). */
export const wrongConfig = (owner: ConfigOwner, key: string, problem: string): MillraceError =>
  new MillraceError('MR-TRF-120', { ...placeOfConfig(owner, key), node: owner.name, key, problem });

function check(kind: ConfigKind, config: JsonMap, owner: ConfigOwner): void {
  for (const [key, [holds, wanted]] of Object.entries(checks)) {
    const value = config[key];
    if (value === undefined || value === null || !(key in defaults[kind])) continue;
    if (!holds(value)) throw wrongConfig(owner, key, `it is ${JSON.stringify(value)}, and ${wanted} is wanted`);
  }
  const only = forced[kind];
  if (only !== undefined && config.materialized !== only) {
    throw wrongConfig(owner, 'materialized', `it is ${String(config.materialized)}, and a ${kind} is always ${only}`);
  }
  const contract = asMap(config.contract);
  const changes = config.on_schema_change;
  if (
    contract.enforced === true &&
    config.materialized === 'incremental' &&
    changes !== 'append_new_columns' &&
    changes !== 'fail'
  ) {
    throw wrongConfig(owner, 'on_schema_change', 'with an enforced contract it is append_new_columns or fail');
  }
}

const madeOfFiles: readonly ConfigKind[] = ['model', 'seed', 'snapshot', 'analysis'];

/** Of the engine's own configs, a null in a file or its YAML leaves what the folders say. */
function withoutNulls(sources: ConfigSources, config: JsonMap): JsonMap {
  const { patch: _patch, call: _call, ...folders } = sources;
  if (!madeOfFiles.includes(sources.kind)) return config;
  const emptied = Object.keys(defaults[sources.kind]).filter((key) => config[key] === null);
  if (emptied.length === 0) return config;
  const before = mergedConfig(folders);
  return { ...config, ...Object.fromEntries(emptied.map((key) => [key, before[key] ?? null])) };
}

/** The configs of a resource as the manifest has them. Errors: MR-TRF-120. */
export function configOf(sources: ConfigSources, owner: ConfigOwner): JsonMap {
  const config = completed(sources.kind, withoutNulls(sources, mergedConfig(sources)));
  check(sources.kind, config, owner);
  return config;
}

/** What must hold of a snapshot's configs once all are known. Errors: MR-TRF-120. */
export function checkSnapshot(config: JsonMap, owner: ConfigOwner): void {
  const { strategy, unique_key, check_cols, updated_at, materialized } = config;
  if (!strategy) throw wrongConfig(owner, 'strategy', 'a snapshot needs one: timestamp or check');
  if (!unique_key) throw wrongConfig(owner, 'unique_key', 'a snapshot needs one');
  if (strategy === 'check' && (!check_cols || (typeof check_cols === 'string' && check_cols !== 'all'))) {
    throw wrongConfig(owner, 'check_cols', "the strategy check needs 'all' or a list of columns");
  }
  if (strategy === 'timestamp' && !updated_at)
    throw wrongConfig(owner, 'updated_at', 'the strategy timestamp needs a column');
  if (strategy === 'timestamp' && check_cols) throw wrongConfig(owner, 'check_cols', 'the strategy timestamp has none');
  if (materialized !== 'snapshot') throw wrongConfig(owner, 'materialized', 'a snapshot is always snapshot');
}

/** What must hold of a microbatch model's configs. Errors: MR-TRF-120. */
export function checkMicrobatch(config: JsonMap, owner: ConfigOwner): void {
  if (config.materialized !== 'incremental' || config.incremental_strategy !== 'microbatch') return;
  if (typeof config.event_time !== 'string')
    throw wrongConfig(owner, 'event_time', 'microbatch needs the name of a column');
  if (typeof config.begin !== 'string' || Number.isNaN(Date.parse(config.begin))) {
    throw wrongConfig(owner, 'begin', 'microbatch needs a date, such as 2024-01-01');
  }
  if (!oneOf('hour', 'day', 'month', 'year')(config.batch_size ?? null)) {
    throw wrongConfig(owner, 'batch_size', 'microbatch needs hour, day, month or year');
  }
  if (config.lookback !== null && !isCount(config.lookback ?? null)) {
    throw wrongConfig(owner, 'lookback', 'it is a whole number of batches');
  }
  if (config.concurrent_batches !== null && !isFlag(config.concurrent_batches ?? null)) {
    throw wrongConfig(owner, 'concurrent_batches', 'it is true or false');
  }
}
