/** What YAML says of a node: description, columns, constraints and configs, for each version of a model. */
import type { JsonValue } from '../../stores/duckdb/duckdb.ts';
import type { ColumnInfo, JsonMap } from '../manifest/types.ts';
import { asList, asMap, isMap, type OpenMap, textList, textOr, unique } from './json.ts';
import type { PropertyEntry } from './properties.ts';
import { mistake, within, type YamlPlace } from './yaml.ts';

/** What is laid over a node. */
export interface Patch {
  readonly entry: PropertyEntry;
  /** The node's name: of a version, the model's. */
  readonly name: string;
  readonly description: string;
  readonly config: JsonMap;
  readonly columns: Readonly<Record<string, ColumnInfo>>;
  readonly constraints: readonly JsonMap[];
  readonly deprecationDate: string | null;
  readonly timeSpine: JsonMap | null;
  readonly version: string | number | null;
  readonly latestVersion: string | number | null;
}

/** A column as it is written, with its place for messages about its tests. */
export interface WrittenColumn {
  readonly value: JsonMap;
  readonly place: YamlPlace;
}

const constraintTypes: readonly JsonValue[] = ['check', 'not_null', 'unique', 'primary_key', 'foreign_key', 'custom'];

const constraintOf = (value: JsonMap, forModel: boolean, place: YamlPlace): JsonMap => {
  if (!constraintTypes.includes(value.type ?? null)) {
    throw mistake(place, `a constraint's type is one of ${constraintTypes.join(', ')}`);
  }
  return {
    type: value.type ?? null,
    name: value.name ?? null,
    expression: value.expression ?? null,
    warn_unenforced: value.warn_unenforced ?? true,
    warn_unsupported: value.warn_unsupported ?? true,
    to: value.to ?? null,
    to_columns: value.to_columns ?? [],
    ...(forModel ? { columns: value.columns ?? [] } : {}),
  };
};

/** Constraints with all their keys. Errors: MR-TRF-102 for an unknown type. */
const constraintsOf = (value: JsonValue | undefined, forModel: boolean, place: YamlPlace): readonly JsonMap[] =>
  asList(value).map((item, index) => constraintOf(asMap(item), forModel, within(place, 'constraints', index)));

const columnKeys: readonly string[] = [
  'name',
  'description',
  'meta',
  'data_type',
  'constraints',
  'docs',
  'config',
  'data_tests',
  'tests',
  'quote',
  'tags',
  'granularity',
];

function columnOf({ value, place }: WrittenColumn): ColumnInfo {
  const config = asMap(value.config);
  const meta = { ...asMap(value.meta), ...asMap(config.meta) };
  const tags = unique([...textList(value.tags), ...textList(config.tags)]);
  const extra = Object.entries(value).filter(([key]) => !columnKeys.includes(key));
  return {
    name: String(value.name),
    description: textOr(value.description, ''),
    meta,
    data_type: value.data_type === undefined || value.data_type === null ? null : String(value.data_type),
    constraints: constraintsOf(value.constraints, false, place),
    quote: typeof value.quote === 'boolean' ? value.quote : null,
    config: { meta, tags },
    tags,
    granularity: textOr(value.granularity, null),
    doc_blocks: [],
    ...Object.fromEntries(extra),
  };
}

/** Columns by their names. */
export const columnsOf = (columns: readonly WrittenColumn[]): Readonly<Record<string, ColumnInfo>> =>
  Object.fromEntries(columns.map((column) => [String(column.value.name), columnOf(column)]));

/** The columns of an entry. */
export const writtenColumns = (value: JsonMap, place: YamlPlace): readonly WrittenColumn[] =>
  asList(value.columns).map((column, index) => ({ value: asMap(column), place: within(place, 'columns', index) }));

const movable = ['meta', 'docs', 'group', 'contract', 'access'] as const;

/** The configs of an entry, with those that may stand beside `config`. Errors: MR-TRF-102 for one in both places. */
function entryConfig(entry: PropertyEntry): JsonMap {
  const config: OpenMap = { ...asMap(entry.value.config) };
  for (const key of movable) {
    const value = entry.value[key];
    if (value === undefined) continue;
    if (key in config) throw mistake(entry.place, `${key} stands both beside config and within it`, key);
    config[key] = value;
  }
  return config;
}

const isOld = (value: JsonValue): boolean =>
  isMap(value) && ('include' in value || 'exclude' in value) && !('name' in value);

/** Whether a version has a column of the model, by its include and exclude. */
function includes(rule: JsonMap | undefined, name: string): boolean {
  if (!rule) return true;
  const included = rule.include ?? '*';
  const all = included === '*' || included === 'all';
  return (all || asList(included).includes(name)) && !asList(rule.exclude).includes(name);
}

/** The columns of one version of a model: those of the model that it includes, then its own. */
function versionColumns(entry: PropertyEntry, version: JsonMap, place: YamlPlace): readonly WrittenColumn[] {
  const own = asList(version.columns);
  const rules = own.filter(isOld);
  if (rules.length > 1) throw mistake(place, 'a version has at most one include or exclude', 'columns');
  const rule = rules[0] === undefined ? undefined : asMap(rules[0]);
  const base = writtenColumns(entry.value, entry.place).filter(({ value }) => includes(rule, String(value.name)));
  return [...base, ...writtenColumns(version, place).filter(({ value }) => !isOld(value))];
}

/** A version of a model as its YAML lists it. */
export interface ModelVersion {
  /** 1, 2 or a text. */
  readonly v: string | number;
  /** The names that its file may have, the likelier first. */
  readonly files: readonly string[];
  readonly columns: readonly WrittenColumn[];
  /** Its tests, with their place; those of the model where it has none of its own. */
  readonly tests: readonly { readonly value: JsonValue; readonly place: YamlPlace }[];
  readonly patch: Patch;
}

/** The tests that stand at an entry or column, under either name. Errors: MR-TRF-102 for both. */
export function testsAt(value: JsonMap, place: YamlPlace): ModelVersion['tests'] {
  const keys = ['tests', 'data_tests'].filter((key) => asList(value[key]).length > 0);
  if (keys.length > 1) throw mistake(place, 'tests and data_tests cannot stand together', 'tests');
  return keys.flatMap((key) =>
    asList(value[key]).map((test, index) => ({ value: test, place: within(place, key, index) })),
  );
}

/** A date as dbt writes it: with its time, in UTC unless it names another zone. */
const dateText = (value: JsonValue | undefined): string | null => {
  if (value === undefined || value === null) return null;
  const text = String(value);
  const [, day, time = 'T00:00:00', zone = '+00:00'] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))?\s*(Z|[+-]\d\d:?\d\d)?$/.exec(text) ?? [];
  if (day === undefined) return text;
  return `${day}${time.startsWith('T') ? time : `T${time}`}${zone === 'Z' ? '+00:00' : zone}`;
};

function timeSpineOf(value: JsonValue | undefined): JsonMap | null {
  if (!isMap(value)) return null;
  return {
    standard_granularity_column: value.standard_granularity_column ?? null,
    custom_granularities: asList(value.custom_granularities).map((item) => ({ column_name: null, ...asMap(item) })),
  };
}

/** What YAML says of a node that has no versions. */
export const patchOf = (entry: PropertyEntry): Patch => ({
  entry,
  name: entry.name,
  description: textOr(entry.value.description, ''),
  config: entryConfig(entry),
  columns: columnsOf(writtenColumns(entry.value, entry.place)),
  constraints: constraintsOf(entry.value.constraints, true, entry.place),
  deprecationDate: dateText(entry.value.deprecation_date),
  timeSpine: timeSpineOf(entry.value.time_spine),
  version: null,
  latestVersion: null,
});

/** Mappings merged all the way down; the second wins. */
function deepMerge(base: JsonMap, over: JsonMap): JsonMap {
  const merged: OpenMap = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key];
    merged[key] = isMap(before) && isMap(value) ? deepMerge(before, value) : value;
  }
  return merged;
}

function laterVersion(one: string | number, other: string | number): string | number {
  const [left, right] = [Number(one), Number(other)];
  const isLater = Number.isNaN(left) || Number.isNaN(right) ? String(one) < String(other) : left < right;
  return isLater ? other : one;
}

const versionOf = (value: JsonValue | undefined): string | number | null =>
  typeof value === 'string' || typeof value === 'number' ? value : null;

/** The versions that a model's YAML lists; none for a model without. Errors: MR-TRF-102. */
export function versionsOf(entry: PropertyEntry): readonly ModelVersion[] {
  const listed = asList(entry.value.versions).map((item, index) => ({
    value: asMap(item),
    place: within(entry.place, 'versions', index),
  }));
  const numbers = listed.map(({ value, place }) => {
    const v = versionOf(value.v);
    if (v === null) throw mistake(place, 'a version needs a v, such as v: 1');
    return v;
  });
  const twin = numbers.findIndex((v, index) => numbers.slice(0, index).some((other) => String(other) === String(v)));
  if (twin >= 0) throw mistake(listed[twin]?.place ?? entry.place, `the version ${numbers[twin]} is listed twice`);
  const [first, ...others] = numbers;
  if (first === undefined) return [];
  const latest = versionOf(entry.value.latest_version) ?? others.reduce(laterVersion, first);
  if (!numbers.some((v) => String(v) === String(latest))) {
    throw mistake(
      entry.place,
      `latest_version is ${latest}, which is not one of ${numbers.join(', ')}`,
      'latest_version',
    );
  }
  const base = patchOf(entry);
  return listed.map(({ value, place }, index) => {
    const v = numbers[index] ?? first;
    const columns = versionColumns(entry, value, place);
    const own: OpenMap = { ...asMap(value.config) };
    if (value.access !== undefined) own.access = value.access;
    if (isMap(value.docs)) own.docs = value.docs;
    const file = textOr(value.defined_in, `${entry.name}_v${v}`);
    const hasTests = value.data_tests !== undefined || value.tests !== undefined;
    return {
      v,
      files: String(v) === String(latest) ? [file, entry.name] : [file],
      columns,
      tests: hasTests ? testsAt(value, place) : testsAt(entry.value, entry.place),
      patch: {
        ...base,
        description: textOr(value.description, '') || base.description,
        config: deepMerge(base.config, own),
        columns: columnsOf(columns),
        constraints:
          asList(value.constraints).length > 0 ? constraintsOf(value.constraints, true, place) : base.constraints,
        deprecationDate: dateText(value.deprecation_date),
        timeSpine: null,
        version: v,
        latestVersion: latest,
      },
    };
  });
}
