/** Property files: what YAML says of models, seeds, sources and the rest, checked for keys and types and rendered. */
import { slipOf } from '../../kernel/nearest.ts';
import type { JsonValue } from '../../stores/duckdb/duckdb.ts';
import type { JsonMap } from '../manifest/types.ts';
import { type RenderValue, renderDeep } from './definition.ts';
import { asList, asMap, isMap } from './json.ts';
import { mistake, within, type YamlFile, type YamlPath, type YamlPlace } from './yaml.ts';

/** The lists that a property file can have. */
export const propertyKinds = [
  'models',
  'seeds',
  'snapshots',
  'analyses',
  'sources',
  'macros',
  'data_tests',
  'exposures',
  'groups',
  'unit_tests',
  'semantic_models',
  'metrics',
  'saved_queries',
] as const;

/** A list of a property file. */
export type PropertyKind = (typeof propertyKinds)[number];

/** One entry of a property file, its templates rendered but for descriptions, tests and hooks. */
export interface PropertyEntry {
  readonly kind: PropertyKind;
  readonly name: string;
  readonly value: JsonMap;
  /** The entry as it is written. */
  readonly raw: JsonMap;
  readonly place: YamlPlace;
  readonly packageName: string;
  /** Below the folder that was searched. */
  readonly path: string;
  /** Below the project. */
  readonly originalPath: string;
}

type Type = 'text' | 'map' | 'list' | 'maps' | 'flag' | 'any' | 'tests' | 'columns' | 'texts';

type Shape = Readonly<Record<string, Type>>;

const described: Shape = { name: 'text', description: 'text', config: 'map', meta: 'map', docs: 'map' };
const tested: Shape = { data_tests: 'tests', tests: 'tests', columns: 'columns' };

const column: Shape = {
  ...described,
  data_tests: 'tests',
  tests: 'tests',
  data_type: 'text',
  constraints: 'maps',
  quote: 'flag',
  tags: 'texts',
  policy_tags: 'any',
  granularity: 'text',
};

const node: Shape = {
  ...described,
  ...tested,
  data_type: 'text',
  constraints: 'maps',
  quote_columns: 'flag',
  access: 'text',
  group: 'text',
  contract: 'map',
};

const table: Shape = {
  ...described,
  ...tested,
  data_type: 'text',
  constraints: 'maps',
  loaded_at_field: 'any',
  loaded_at_query: 'text',
  identifier: 'text',
  quoting: 'map',
  freshness: 'any',
  external: 'map',
  tags: 'texts',
  loader: 'text',
};

const shapes: Readonly<Record<PropertyKind, Shape>> = {
  models: { ...node, latest_version: 'any', versions: 'maps', deprecation_date: 'any', time_spine: 'map' },
  seeds: node,
  snapshots: { ...node, relation: 'text' },
  analyses: {
    ...described,
    columns: 'columns',
    constraints: 'maps',
    access: 'text',
    group: 'text',
    contract: 'map',
    data_type: 'text',
  },
  sources: {
    ...described,
    database: 'text',
    schema: 'text',
    loader: 'text',
    quoting: 'map',
    freshness: 'any',
    loaded_at_field: 'any',
    loaded_at_query: 'text',
    tables: 'maps',
    tags: 'texts',
    overrides: 'text',
  },
  macros: { ...described, arguments: 'maps', data_type: 'text', constraints: 'maps' },
  data_tests: { ...described, data_type: 'text', constraints: 'maps' },
  exposures: {
    ...described,
    type: 'text',
    owner: 'map',
    label: 'text',
    maturity: 'text',
    tags: 'texts',
    url: 'text',
    depends_on: 'list',
  },
  groups: { ...described, owner: 'map' },
  unit_tests: {
    ...described,
    model: 'text',
    given: 'maps',
    expect: 'map',
    overrides: 'map',
    versions: 'map',
    tags: 'texts',
  },
  semantic_models: {
    ...described,
    model: 'text',
    label: 'text',
    defaults: 'map',
    entities: 'maps',
    measures: 'maps',
    dimensions: 'maps',
    primary_entity: 'text',
  },
  metrics: {
    ...described,
    label: 'text',
    type: 'text',
    type_params: 'map',
    filter: 'any',
    time_granularity: 'text',
    tags: 'texts',
    group: 'text',
  },
  saved_queries: { ...described, label: 'text', query_params: 'map', exports: 'maps', tags: 'texts', group: 'text' },
};

const wanted: Readonly<Record<Type, string>> = {
  text: 'a text',
  map: 'a mapping of keys and values',
  list: 'a list',
  maps: 'a list of mappings',
  flag: 'true or false',
  any: 'anything',
  tests: 'a list of tests',
  columns: 'a list of columns, each with a name',
  texts: 'a text or a list of texts',
};

const fits: Readonly<Record<Type, (value: JsonValue) => boolean>> = {
  text: (value) => typeof value === 'string',
  map: isMap,
  list: Array.isArray,
  maps: (value) => Array.isArray(value) && value.every(isMap),
  flag: (value) => typeof value === 'boolean' || (typeof value === 'string' && value.includes('{{')),
  any: () => true,
  tests: Array.isArray,
  columns: (value) => Array.isArray(value) && value.every(isMap),
  texts: (value) =>
    typeof value === 'string' || (Array.isArray(value) && value.every((item) => typeof item === 'string')),
};

/** Takes a warning for the author. */
export type Warn = (text: string) => void;

function checkColumns(place: YamlPlace, columns: readonly JsonValue[], warn: Warn): void {
  for (const [index, entry] of columns.entries()) {
    const at = within(place, index);
    if (isMap(entry) && ('include' in entry || 'exclude' in entry) && !('name' in entry)) continue;
    checkShape(at, asMap(entry), column, 'column', warn);
    if (typeof asMap(entry).name !== 'string') throw mistake(at, 'a column needs a name');
  }
}

function checkShape(place: YamlPlace, value: JsonMap, shape: Shape, what: string, warn: Warn): void {
  for (const [key, item] of Object.entries(value)) {
    const type = shape[key];
    if (type === undefined) {
      const line = place.file.line(place.at, key);
      const slip = slipOf(key, Object.keys(shape));
      const hint = slip === undefined ? 'it has no effect' : `did you mean ${slip}?`;
      warn(`${place.file.path}:${line}: the key ${key} of a ${what} is unknown; ${hint}`);
    } else if (item !== null && !fits[type](item)) {
      throw mistake(place, `${key} is ${wanted[type]}`, key);
    } else if (type === 'columns') checkColumns(within(place, key), asList(item), warn);
  }
}

const singular = (kind: PropertyKind): string =>
  kind === 'analyses'
    ? 'analysis'
    : kind === 'saved_queries'
      ? 'saved query'
      : kind.replace(/s$/, '').replaceAll('_', ' ');

function checkEntry(place: YamlPlace, kind: PropertyKind, value: JsonMap, warn: Warn): void {
  checkShape(place, value, shapes[kind], singular(kind), warn);
  if (typeof value.name !== 'string' || value.name === '') throw mistake(place, `a ${singular(kind)} needs a name`);
  if (kind === 'sources') {
    for (const [index, entry] of asList(value.tables).entries()) {
      const at = within(place, 'tables', index);
      checkShape(at, asMap(entry), table, 'source table', warn);
      if (typeof asMap(entry).name !== 'string') throw mistake(at, 'a source table needs a name');
    }
  }
}

const late: readonly JsonValue[] = ['tests', 'data_tests', 'description', 'loaded_at_query'];
const withColumns: readonly JsonValue[] = ['columns', 'dimensions', 'measures', 'entities'];

/** Parts of an entry that are rendered later: descriptions, tests, hooks. */
function isLate(at: YamlPath): boolean {
  const [first, second, third] = at;
  if (first !== undefined && late.includes(first)) return true;
  if (at.length === 2 && second !== undefined && late.includes(second)) return true;
  if (first === 'config' && /^(?:pre|post)[-_]hook$|^loaded_at_query$/.test(String(second))) return true;
  if (at.length === 5 && at[4] === 'description') return true;
  return (
    withColumns.includes(first ?? '') &&
    third !== undefined &&
    ['tests', 'data_tests', 'description'].includes(String(third))
  );
}

function isLateIn(kind: PropertyKind, at: YamlPath): boolean {
  if (kind === 'sources') {
    if (at[0] === 'description' || at[0] === 'loaded_at_query') return true;
    if (at[0] === 'config' && at[1] === 'loaded_at_query') return true;
    return at[0] === 'tables' && at.length > 2 && isLate(at.slice(2));
  }
  if (kind === 'macros' && at[0] === 'arguments') return isLate(at.slice(1));
  if (kind === 'metrics' && (at.at(-1) === 'filter' || at.at(-2) === 'filter')) return true;
  if (kind === 'saved_queries' && at[0] === 'query_params' && at[1] === 'where') return true;
  return isLate(at);
}

const topKeys: readonly string[] = [...propertyKinds, 'tests', 'version', 'functions', 'anchors'];

/** Where a property file lies. */
export interface PropertyFileOf {
  readonly packageName: string;
  readonly path: string;
  readonly originalPath: string;
}

/** The entries of a property file. Errors: MR-TRF-102 with file and line, and what rendering throws. Unknown keys warn. */
export async function readProperties(
  file: YamlFile,
  of: PropertyFileOf,
  render: RenderValue,
  warn: Warn,
): Promise<readonly PropertyEntry[]> {
  if (file.value === null) return [];
  if (!isMap(file.value)) throw mistake({ file, at: [] }, 'a property file is a mapping, with keys such as models');
  const entries: PropertyEntry[] = [];
  for (const [key, list] of Object.entries(file.value)) {
    if (!topKeys.includes(key)) {
      const hint = slipOf(key, topKeys);
      const question = hint === undefined ? '' : `; did you mean ${hint}?`;
      warn(`${file.path}:${file.line([], key)}: the key ${key} is unknown${question}`);
      continue;
    }
    const kind = propertyKinds.find((one) => one === key);
    if (kind === undefined || list === null) continue;
    if (!Array.isArray(list)) throw mistake({ file, at: [] }, `${key} is a list`, key);
    for (const [index, raw] of (list as readonly JsonValue[]).entries()) {
      const place: YamlPlace = { file, at: [key, index] };
      if (!isMap(raw)) throw mistake(place, `an entry of ${key} is a mapping with a name`);
      checkEntry(place, kind, raw, warn);
      const rendered = await renderDeep(
        raw,
        (text, at) => render(text, () => file.line([...place.at, ...at])),
        (at) => isLateIn(kind, at),
      );
      const value = asMap(rendered);
      entries.push({ kind, name: String(value.name), value, raw, place, ...of });
    }
  }
  return entries;
}
