/** dbt_project.yml: where a project keeps its files, its variables, and the configs that hold for whole folders. */
import { basename } from 'node:path';
import { MillraceError } from '../../kernel/errors.ts';
import { nearest } from '../../kernel/nearest.ts';
import type { JsonValue } from '../../stores/duckdb/duckdb.ts';
import type { JsonMap } from '../manifest/types.ts';
import { readTextIfThere } from './files.ts';
import { isMap, textList } from './json.ts';
import { cachedYaml, errorAt, mistake, type YamlCache, type YamlFile, type YamlPath } from './yaml.ts';

/** Renders a text of YAML that has Jinja in it; a text that is one expression becomes that expression's value. */
export type RenderValue = (text: string, line: () => number) => Promise<JsonValue>;

/** The kinds of resources that dbt_project.yml configures by folder. */
export const configuredKinds = [
  'models',
  'seeds',
  'snapshots',
  'analyses',
  'sources',
  'data_tests',
  'unit_tests',
  'exposures',
  'metrics',
  'semantic_models',
  'saved_queries',
] as const;

/** A kind of resources as dbt_project.yml names it. */
export type ConfiguredKind = (typeof configuredKinds)[number];

/** dbt_project.yml, its templates rendered. */
export interface ProjectDefinition {
  readonly name: string;
  readonly version: JsonValue;
  /** Absolute path of the project's folder. */
  readonly root: string;
  readonly modelPaths: readonly string[];
  readonly seedPaths: readonly string[];
  readonly snapshotPaths: readonly string[];
  readonly macroPaths: readonly string[];
  readonly analysisPaths: readonly string[];
  readonly testPaths: readonly string[];
  readonly docsPaths: readonly string[];
  readonly targetPath: string;
  readonly packagesPath: string;
  /** Variables as written: those under a package's name hold for that package. */
  readonly vars: JsonMap;
  readonly configs: Readonly<Record<ConfiguredKind, JsonMap>>;
  /** The same before their templates are rendered. */
  readonly unrendered: Readonly<Record<ConfiguredKind, JsonMap>>;
  readonly onRunStart: readonly string[];
  readonly onRunEnd: readonly string[];
  /** macro namespace -> the packages in which a dispatched macro is looked for. */
  readonly dispatch: ReadonlyMap<string, readonly string[]>;
  readonly quoting: JsonMap;
  readonly flags: JsonMap;
  readonly requiredVersions: readonly string[];
  /** Whether only public models may be referred to from other packages. */
  readonly restrictAccess: boolean;
  readonly file: YamlFile;
}

/** The dbt whose behaviour this engine has. */
export const dbtVersion = '1.11.16';

const knownKeys: readonly string[] = [
  ...configuredKinds,
  'tests',
  'functions',
  'semantic-models',
  'saved-queries',
  'name',
  'version',
  'config-version',
  'profile',
  'model-paths',
  'source-paths',
  'seed-paths',
  'data-paths',
  'snapshot-paths',
  'macro-paths',
  'analysis-paths',
  'test-paths',
  'docs-paths',
  'asset-paths',
  'function-paths',
  'target-path',
  'log-path',
  'packages-install-path',
  'clean-targets',
  'vars',
  'on-run-start',
  'on-run-end',
  'dispatch',
  'query-comment',
  'quoting',
  'flags',
  'require-dbt-version',
  'restrict-access',
  'dbt-cloud',
];

/** Parts that are rendered later, when a node is run or a variable is read, or never. */
const isLate = (at: YamlPath): boolean =>
  ['on-run-start', 'on-run-end', 'query-comment', 'vars'].includes(String(at[0])) ||
  at.some((key) => typeof key === 'string' && /^\+?\s*(?:pre|post)[-_]hook$/.test(key));

/** What a template without any tag comes to: its last line break is no part of it. */
const plain = (text: string): string => text.replace(/\n$/, '');

/** Renders the texts of a value; `skip` says which ways are left as they are. */
export async function renderDeep(
  value: JsonValue,
  render: (text: string, at: YamlPath) => Promise<JsonValue>,
  skip: (at: YamlPath) => boolean,
  at: YamlPath = [],
): Promise<JsonValue> {
  if (at.length > 0 && skip(at)) return value;
  if (typeof value === 'string') return /\{[{%#]/.test(value) ? render(value, at) : plain(value);
  if (Array.isArray(value)) {
    const items: JsonValue[] = [];
    for (const [index, item] of value.entries()) items.push(await renderDeep(item, render, skip, [...at, index]));
    return items;
  }
  if (!isMap(value)) return value;
  const entries: [string, JsonValue][] = [];
  for (const [key, item] of Object.entries(value))
    entries.push([key, await renderDeep(item, render, skip, [...at, key])]);
  return Object.fromEntries(entries);
}

const tree = (file: YamlFile, value: JsonMap, key: string): JsonMap => {
  const found = value[key];
  if (found === undefined || found === null) return {};
  if (!isMap(found)) throw mistake({ file, at: [key] }, `${key} is a mapping of folders and configs`);
  return found;
};

const trees = (file: YamlFile, value: JsonMap): Readonly<Record<ConfiguredKind, JsonMap>> => {
  const of = (kind: ConfiguredKind): JsonMap => {
    const spellings = [kind, kind.replaceAll('_', '-'), ...(kind === 'data_tests' ? ['tests'] : [])];
    return tree(file, value, spellings.find((key) => key in value) ?? kind);
  };
  return Object.fromEntries(configuredKinds.map((kind) => [kind, of(kind)])) as Record<ConfiguredKind, JsonMap>;
};

const paths = (
  file: YamlFile,
  value: JsonMap,
  keys: readonly string[],
  fallback: readonly string[],
): readonly string[] => {
  const key = keys.find((one) => value[one] !== undefined && value[one] !== null);
  if (key === undefined) return fallback;
  const found = value[key];
  if (!Array.isArray(found) || found.some((item) => typeof item !== 'string')) {
    throw mistake({ file, at: [key] }, `${key} is a list of folders`);
  }
  return found as readonly string[];
};

function dispatchOf(file: YamlFile, value: JsonMap): ReadonlyMap<string, readonly string[]> {
  const entries = value.dispatch ?? [];
  if (!Array.isArray(entries)) throw mistake({ file, at: ['dispatch'] }, 'dispatch is a list');
  return new Map(
    (entries as readonly JsonValue[]).map((entry, index) => {
      if (!isMap(entry) || typeof entry.macro_namespace !== 'string' || !Array.isArray(entry.search_order)) {
        throw mistake(
          { file, at: ['dispatch', index] },
          'each part of dispatch has a macro_namespace and a search_order',
        );
      }
      return [entry.macro_namespace, entry.search_order.map(String)];
    }),
  );
}

const text = (value: JsonValue | undefined, fallback: string): string => (typeof value === 'string' ? value : fallback);

function refuseUnknownKeys(file: YamlFile, value: JsonMap): void {
  const unknown = Object.keys(value).find((key) => !knownKeys.includes(key));
  if (unknown === undefined) return;
  throw errorAt({ file, at: [] }, 'MR-TRF-103', { key: unknown, nearest: nearest(unknown, knownKeys) }, unknown);
}

/** A version as three numbers; what follows them does not count. */
const numbersOf = (version: string): readonly number[] =>
  [...version.replace(/[a-z+-].*$/i, '').split('.'), '0', '0'].slice(0, 3).map(Number);

function compareVersions(one: string, other: string): number {
  const [left, right] = [numbersOf(one), numbersOf(other)];
  const at = left.findIndex((number, index) => number !== right[index]);
  return at < 0 ? 0 : (left[at] ?? 0) - (right[at] ?? 0);
}

const comparisons: Readonly<Record<string, (order: number) => boolean>> = {
  '>=': (order) => order >= 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '<': (order) => order < 0,
  '=': (order) => order === 0,
};

const isMet = (wanted: string): boolean => {
  const [, sign = '', version = ''] = /^\s*(>=|<=|>|<|=?)\s*v?(.+?)\s*$/.exec(wanted) ?? [];
  const holds = comparisons[sign === '' ? '=' : sign];
  return holds?.(compareVersions(dbtVersion, version)) ?? false;
};

function refuseOtherVersions(path: string, wanted: readonly string[]): void {
  if (wanted.every(isMet)) return;
  throw new MillraceError('MR-TRF-125', { path, wanted: wanted.join(', '), version: dbtVersion });
}

/**
 * Reads dbt_project.yml in `root`; `path` is what messages call it. Errors: MR-TRF-124 when there is none, MR-TRF-101 to 103
 * with file and line, MR-TRF-125 for another version of dbt.
 */
export async function readDefinition(
  root: string,
  path: string,
  render: RenderValue,
  cache: YamlCache,
): Promise<ProjectDefinition> {
  const source = readTextIfThere(root, 'dbt_project.yml');
  if (source === undefined) throw new MillraceError('MR-TRF-124', { folder: root });
  const file = cachedYaml(cache, path, source);
  if (!isMap(file.value)) throw mistake({ file, at: [] }, 'dbt_project.yml is a mapping');
  refuseUnknownKeys(file, file.value);
  const rendered = await renderDeep(file.value, (value, at) => render(value, () => file.line(at)), isLate);
  const value = isMap(rendered) ? rendered : {};
  if (typeof value.name !== 'string' || !/^[^\d\W]\w*$/.test(value.name)) {
    throw mistake({ file, at: ['name'] }, 'the project needs a name of letters, digits and underscores');
  }
  const requiredVersions = textList(value['require-dbt-version']).flatMap((one) => one.split(','));
  refuseOtherVersions(path, requiredVersions);
  const modelPaths = paths(file, value, ['model-paths', 'source-paths'], ['models']);
  const seedPaths = paths(file, value, ['seed-paths', 'data-paths'], ['seeds']);
  const snapshotPaths = paths(file, value, ['snapshot-paths'], ['snapshots']);
  const macroPaths = paths(file, value, ['macro-paths'], ['macros']);
  const analysisPaths = paths(file, value, ['analysis-paths'], ['analyses']);
  const testPaths = paths(file, value, ['test-paths'], ['tests']);
  const all = [...modelPaths, ...seedPaths, ...snapshotPaths, ...analysisPaths, ...macroPaths, ...testPaths];
  return {
    name: value.name,
    version: value.version ?? null,
    root,
    modelPaths,
    seedPaths,
    snapshotPaths,
    macroPaths,
    analysisPaths,
    testPaths,
    docsPaths: paths(file, value, ['docs-paths'], all),
    targetPath: text(value['target-path'], 'target'),
    packagesPath: text(value['packages-install-path'], 'dbt_packages'),
    vars: tree(file, value, 'vars'),
    configs: trees(file, value),
    unrendered: trees(file, file.value),
    onRunStart: textList(value['on-run-start']),
    onRunEnd: textList(value['on-run-end']),
    dispatch: dispatchOf(file, value),
    quoting: tree(file, value, 'quoting'),
    flags: tree(file, value, 'flags'),
    requiredVersions,
    restrictAccess: value['restrict-access'] === true,
    file,
  };
}

/** All folders in which a project's YAML files lie. */
export const allFolders = (definition: ProjectDefinition): readonly string[] => [
  ...new Set([
    ...definition.modelPaths,
    ...definition.seedPaths,
    ...definition.snapshotPaths,
    ...definition.analysisPaths,
    ...definition.macroPaths,
    ...definition.testPaths,
  ]),
];

/** The name of a file without folders and ending. */
export const nameOfFile = (path: string): string => basename(path).replace(/\.[^.]*$/, '');
