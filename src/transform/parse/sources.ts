/** Source tables as YAML declares them: where they stand, their freshness, tags and meta, and the tests on them. */
import type { JsonValue } from '../../stores/duckdb/duckdb.ts';
import type { JsonMap, ManifestSource } from '../manifest/types.ts';
import { type ConfigSources, configOf, noFreshness, unrenderedConfig } from './config.ts';
import { columnArgument, type TestTarget, type WrittenTest } from './generic-tests.ts';
import { asList, asMap, isMap, type Mutable, type OpenMap, textList, textOr, unique } from './json.ts';
import { columnsOf, testsAt, writtenColumns } from './patches.ts';
import type { PropertyEntry } from './properties.ts';
import { packageOf, relationText, type Workspace } from './workspace.ts';
import { mistake, within, type YamlPlace } from './yaml.ts';

/** A source table with the tests that are declared on it. */
export interface SourceWithTests {
  readonly source: Mutable<ManifestSource>;
  readonly tests: readonly WrittenTest[];
}

const noTime: JsonMap = { count: null, period: null };

const isTime = (value: JsonValue | undefined): boolean =>
  isMap(value) && typeof value.count === 'number' && typeof value.period === 'string';

const isThreshold = (value: JsonMap | null): boolean =>
  value !== null && (isTime(value.warn_after) || isTime(value.error_after));

/** One of warn_after and error_after: null where it was set to null. */
function mergeTime(base: JsonValue | undefined, update: JsonValue | undefined): JsonValue {
  if (isTime(base) && isTime(update)) return { ...asMap(base), ...asMap(update) };
  if (update === null) return null;
  return isTime(update) ? (update ?? null) : (base ?? null);
}

function mergeThreshold(base: JsonMap | null, update: JsonMap | null): JsonMap | null {
  if (base !== null && update !== null) {
    return {
      warn_after: mergeTime(base.warn_after, update.warn_after),
      error_after: mergeTime(base.error_after, update.error_after),
      filter: update.filter ?? base.filter ?? null,
    };
  }
  return base === null && isThreshold(update) ? update : null;
}

const time = (value: JsonValue | undefined): JsonValue => (value === null ? null : { ...noTime, ...asMap(value) });

/** A threshold with all its keys; null where it was set to null, and nothing said where it was left out. */
const threshold = (holder: JsonMap): JsonMap | null => {
  const value = holder.freshness;
  if (value === null) return null;
  const written = asMap(value);
  return {
    warn_after: time(written.warn_after),
    error_after: time(written.error_after),
    filter: written.filter ?? null,
  };
};

const freshnessOf = (source: JsonMap, table: JsonMap): JsonMap | null =>
  [asMap(source.config), table, asMap(table.config)].map(threshold).reduce(mergeThreshold, threshold(source));

const periods: readonly JsonValue[] = ['minute', 'hour', 'day'];

/** Refuses a period that nobody counts in, of a source or a table and of its config. Errors: MR-TRF-102. */
function checkPeriods(holder: JsonMap, place: YamlPlace): void {
  for (const keys of [[], ['config']]) {
    const written = asMap(keys.reduce<JsonMap>((at, key) => asMap(at[key]), holder).freshness);
    for (const limit of ['warn_after', 'error_after']) {
      const { period = null } = asMap(written[limit]);
      if (period === null || periods.includes(period)) continue;
      const at = within(place, ...keys, 'freshness', limit);
      throw mistake(at, `the period of ${limit} is minute, hour or day, not ${JSON.stringify(period)}`, 'period');
    }
  }
}

const has = (holder: JsonMap, key: string): boolean => holder[key] !== undefined;
const either = (holder: JsonMap, key: string): JsonValue => holder[key] ?? asMap(holder.config)[key] ?? null;

/** By which column or query a table's age is found: the table's own before the source's. */
function loadedAt(source: JsonMap, table: JsonMap, place: YamlPlace): { field: JsonValue; query: JsonValue } {
  const present = has(table, 'loaded_at_field') || Boolean(asMap(table.config).loaded_at_field);
  const [ownField, ownQuery] = [either(table, 'loaded_at_field'), either(table, 'loaded_at_query')];
  if (present && ownQuery !== null) {
    throw mistake(place, 'loaded_at_field and loaded_at_query cannot stand together', 'loaded_at_query');
  }
  return {
    field: present || ownField !== null ? ownField : either(source, 'loaded_at_field'),
    query: ownQuery ?? (present ? null : either(source, 'loaded_at_query')),
  };
}

const quotingKeys = ['database', 'schema', 'identifier', 'column'];

const quotingOf = (source: JsonMap, table: JsonMap): JsonMap => {
  const merged = { ...asMap(source.quoting), ...asMap(table.quoting) };
  return Object.fromEntries(quotingKeys.map((key) => [key, merged[key] ?? null]));
};

const setOnly = (quoting: JsonMap): JsonMap =>
  Object.fromEntries(Object.entries(quoting).filter(([, value]) => value !== null));

/** A file that a source reads instead of a table: `external_location` with the source's names filled in. */
function externalLocation(source: ManifestSource): string | undefined {
  const settings = { ...source.source_meta, ...source.meta, ...source.config };
  const location = settings.external_location;
  if (typeof location !== 'string') return undefined;
  const names: JsonMap = {
    ...settings,
    name: source.name,
    identifier: source.identifier,
    schema: source.schema,
    database: source.database,
  };
  const filled = location.replaceAll(/\{(\w+)\}/g, (whole, key: string) => String(names[key] ?? whole));
  return filled.includes('(') || filled.startsWith("'") ? filled : `'${filled}'`;
}

function relationOf(source: ManifestSource): string {
  const names = { database: source.database, schema: source.schema, alias: source.identifier };
  return externalLocation(source) ?? relationText(names, setOnly(source.quoting));
}

const externalOf = (value: JsonValue | undefined): JsonMap | null =>
  isMap(value)
    ? { location: null, file_format: null, row_format: null, tbl_properties: null, partitions: null, ...value }
    : null;

function sourceTable(
  workspace: Workspace,
  entry: PropertyEntry,
  table: JsonMap,
  place: YamlPlace,
): Mutable<ManifestSource> {
  const source = entry.value;
  const name = String(table.name);
  const folders = entry.path.split('/').slice(0, -1);
  const fqn = [entry.packageName, ...folders, entry.name, name];
  checkPeriods(source, entry.place);
  checkPeriods(table, place);
  const freshness = freshnessOf(source, table);
  const { field, query } = loadedAt(source, table, place);
  const tags = unique([
    ...textList(source.tags),
    ...textList(asMap(source.config).tags),
    ...textList(table.tags),
    ...textList(asMap(table.config).tags),
  ]).sort();
  const sourceMeta = { ...asMap(source.meta), ...asMap(asMap(source.config).meta) };
  const meta = { ...sourceMeta, ...asMap(table.meta), ...asMap(asMap(table.config).meta) };
  const patch: OpenMap = { ...asMap(source.config), ...asMap(table.config) };
  delete patch.freshness;
  if (freshness === null || isThreshold(freshness)) patch.freshness = freshness;
  Object.assign(patch, { loaded_at_field: field, loaded_at_query: query, meta, tags });
  const sources: ConfigSources = {
    kind: 'source',
    fqn,
    own: packageOf(workspace, entry.packageName),
    root: workspace.root,
    patch,
  };
  const config = configOf(sources, {
    name: `the source ${entry.name}.${name}`,
    root: packageOf(workspace, entry.packageName).root,
    paths: [entry.originalPath],
  });
  const made: Mutable<ManifestSource> = {
    name,
    resource_type: 'source',
    package_name: entry.packageName,
    path: entry.originalPath,
    original_file_path: entry.originalPath,
    unique_id: `source.${entry.packageName}.${entry.name}.${name}`,
    fqn,
    database: textOr(source.database, '') || workspace.target.database,
    schema: textOr(source.schema, '') || entry.name,
    source_name: entry.name,
    source_description: textOr(source.description, ''),
    loader: textOr(source.loader, ''),
    identifier: textOr(table.identifier, '') || name,
    quoting: quotingOf(source, table),
    loaded_at_field: textOr(config.loaded_at_field, null),
    loaded_at_query: textOr(config.loaded_at_query, null),
    freshness: isMap(config.freshness) ? { ...noFreshness, ...config.freshness } : null,
    external: externalOf(table.external),
    description: textOr(table.description, ''),
    columns: columnsOf(writtenColumns(table, place)),
    meta: asMap(config.meta),
    source_meta: sourceMeta,
    tags: textList(config.tags),
    config: config as ManifestSource['config'],
    patch_path: null,
    unrendered_config: unrenderedConfig(sources),
    relation_name: '',
    created_at: workspace.now,
    unrendered_database: textOr(entry.raw.database, null),
    unrendered_schema: textOr(entry.raw.schema, null),
    doc_blocks: [],
  };
  made.relation_name = relationOf(made);
  return made;
}

function testsOf(workspace: Workspace, entry: PropertyEntry, table: JsonMap, place: YamlPlace): readonly WrittenTest[] {
  const quoting = quotingOf(entry.value, table);
  const target: TestTarget = {
    project: packageOf(workspace, entry.packageName),
    name: `${entry.name}_${String(table.name)}`,
    reference: { source: [entry.name, String(table.name)] },
    yamlKey: 'sources',
    originalPath: entry.originalPath,
    tags: [...textList(entry.value.tags), ...textList(table.tags)],
  };
  const own = testsAt(table, place).map((test) => ({ ...test, target, columnName: null, columnTags: [] }));
  const ofColumns = writtenColumns(table, place).flatMap((column) =>
    testsAt(column.value, column.place).map((test) => ({
      ...test,
      target,
      columnName: columnArgument(column.value, quoting.column === true),
      columnTags: unique([...textList(column.value.tags), ...textList(asMap(column.value.config).tags)]),
    })),
  );
  return [...own, ...ofColumns];
}

const patchOnly: readonly string[] = ['name', 'overrides', 'tables'];

/** An entry with what another project's YAML says of it (`overrides:` its package). */
function overridden(entry: PropertyEntry, patch: PropertyEntry): PropertyEntry {
  const own = Object.entries(patch.value).filter(([key]) => !patchOnly.includes(key));
  const patches = asList(patch.value.tables).map(asMap);
  const tables = asList(entry.value.tables).map((table) => {
    const of = patches.find((one) => one.name === asMap(table).name);
    return of ? { ...asMap(table), ...of } : table;
  });
  return { ...entry, value: { ...entry.value, ...Object.fromEntries(own), tables } };
}

/** The sources of all packages, each with what other projects' YAML says of it. */
export function mergedSources(workspace: Workspace, entries: readonly PropertyEntry[]): readonly PropertyEntry[] {
  const all = entries.filter((entry) => entry.kind === 'sources');
  const patches = all.filter((entry) => entry.value.overrides !== undefined);
  const sources = all.filter((entry) => entry.value.overrides === undefined);
  for (const patch of patches) {
    if (sources.some((entry) => entry.packageName === patch.value.overrides && entry.name === patch.name)) continue;
    const { file, at } = patch.place;
    const place = `${file.path}:${file.line(at, 'overrides')}`;
    workspace.warn(`${place}: the package ${String(patch.value.overrides)} has no source ${patch.name} to override`);
  }
  return sources.map((entry) => {
    const patch = patches.find((one) => one.value.overrides === entry.packageName && one.name === entry.name);
    return patch ? overridden(entry, patch) : entry;
  });
}

/** The tables of a source. Errors: MR-TRF-102 and 120. */
export const readSource = (workspace: Workspace, entry: PropertyEntry): readonly SourceWithTests[] =>
  asList(entry.value.tables).map((item, index) => {
    const table = asMap(item);
    const place = within(entry.place, 'tables', index);
    return { source: sourceTable(workspace, entry, table, place), tests: testsOf(workspace, entry, table, place) };
  });
