/** The methods of selection: each turns a criterion into a test of entries. */
import { isDeepStrictEqual } from 'node:util';
import { MillraceError } from '../../kernel/errors.ts';
import { nearest } from '../../kernel/nearest.ts';
import type { JsonValue } from '../../stores/duckdb/duckdb.ts';
import type { GraphEntry, Manifest, ManifestEntry, ResourceType } from '../manifest/types.ts';
import { isNodeType, nodeTypes } from './graph.ts';
import { hasWildcard, nameMatcher, pathMatcher } from './patterns.ts';
import type { Criterion, MethodName } from './selection.ts';
import { stateMatcher, type Warn } from './state.ts';

/** What of sources.json says how fresh a source was. */
export interface SourceFreshness {
  readonly unique_id: string;
  /** ISO 8601; absent where it could not be asked. */
  readonly max_loaded_at?: string;
}

/** What earlier runs left behind, as far as it is there. */
export interface EarlierState {
  readonly manifest?: Manifest;
  /** Of run_results.json. */
  readonly results?: readonly { readonly unique_id: string; readonly status: string }[];
  /** Of the earlier sources.json. */
  readonly sources?: readonly SourceFreshness[];
  /** Of the sources.json of the newest run. */
  readonly currentSources?: readonly SourceFreshness[];
}

/** What the methods look at besides an entry. */
export interface MethodContext {
  readonly manifest: Manifest;
  readonly earlier: EarlierState;
  readonly now: Date;
  readonly warn: Warn;
}

type Matcher = (entry: GraphEntry) => boolean;
type Method = (criterion: Criterion, context: MethodContext) => Matcher;
type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (entry: GraphEntry): Fields => entry as unknown as Fields;

/** An error that names the values that are known, and the nearest. */
function unknownValue({ raw, value }: Criterion, known: readonly string[]): MillraceError {
  const details = { selection: raw, value: String(value), nearest: nearest(String(value), known) };
  return new MillraceError('MR-SEL-003', { ...details, known: known.join(', ') });
}

/** Whether dotted parts match a name in full or from its front; a wildcard reaches to its end. */
function matchesName(fqn: readonly string[], selector: string, isVersioned: boolean): boolean {
  const leaf = (isVersioned ? fqn.at(-2) : fqn.at(-1)) ?? '';
  if (leaf === selector) return true;
  const wanted = selector.split('.');
  if (isVersioned && fqn.slice(-2).join('_') === wanted.slice(-2).join('_')) return true;
  const parts = fqn.join('.').split('.');
  if (parts.length < wanted.length) return false;
  const from = wanted.findIndex(hasWildcard);
  const plain = from < 0 ? wanted : wanted.slice(0, from);
  if (plain.some((part, index) => parts[index] !== part)) return false;
  if (from < 0 || nameMatcher(wanted.slice(from).join('.'))(parts.slice(from).join('.'))) return true;
  return wanted.length === 1 && nameMatcher(selector)(leaf);
}

const byName: Method = ({ value }) => {
  const selector = String(value);
  return (entry) => {
    if (entry.resource_type === 'source') return false;
    const { version } = entry as { version?: unknown };
    const isVersioned = entry.resource_type === 'model' && version !== null && version !== undefined;
    return [entry.fqn, entry.fqn.slice(1)].some((fqn) => matchesName(fqn, selector, isVersioned));
  };
};

function tagsOf(entry: GraphEntry): readonly string[] {
  const tags = entry.resource_type === 'unit_test' ? entry.config.tags : fieldsOf(entry).tags;
  return typeof tags === 'string' ? [tags] : ((tags ?? []) as readonly string[]);
}

const byTag: Method = ({ value }) => {
  const matches = nameMatcher(String(value));
  return (entry) => tagsOf(entry).some(matches);
};

const byGroup: Method = ({ value }) => {
  const matches = nameMatcher(String(value));
  return (entry) => {
    const { group } = entry.config;
    return (
      (isNodeType(entry.resource_type) || entry.resource_type === 'metric') &&
      typeof group === 'string' &&
      matches(group)
    );
  };
};

const byAccess: Method =
  ({ value }) =>
  (entry) =>
    entry.resource_type === 'model' && fieldsOf(entry).access === value;

/** Parts apart by dots, of which those before the last may be left out. */
function dottedMatchers({ raw, value }: Criterion, form: readonly string[]): readonly ((name: string) => boolean)[] {
  const parts = String(value).split('.');
  if (parts.length > form.length) {
    throw new MillraceError('MR-SEL-002', { selection: raw, problem: `its value has the form ${form.join('.')}` });
  }
  return [...Array.from({ length: form.length - parts.length }, () => '*'), ...parts].map(nameMatcher);
}

const bySource: Method = (criterion) => {
  const parts = String(criterion.value).split('.');
  const value = parts.length === 1 ? `${parts[0]}.*` : criterion.value;
  const [matchesPackage, matchesSource, matchesTable] = dottedMatchers({ ...criterion, value }, [
    '[package',
    'source',
    'table]',
  ]);
  return (entry) =>
    entry.resource_type === 'source' &&
    matchesPackage?.(entry.package_name) === true &&
    matchesSource?.((entry as { source_name: string }).source_name) === true &&
    matchesTable?.(entry.name) === true;
};

const byKind =
  (type: ResourceType): Method =>
  (criterion) => {
    const [matchesPackage, matchesName] = dottedMatchers(criterion, ['package', 'name']);
    return (entry) =>
      entry.resource_type === type &&
      matchesPackage?.(entry.package_name) === true &&
      matchesName?.(entry.name) === true;
  };

const above = (path: string): readonly string[] => {
  const parts = path.split('/');
  return parts.map((_, index) => parts.slice(0, index).join('/'));
};

const patchPath = (entry: ManifestEntry): string | undefined =>
  (entry as { patch_path?: string | null }).patch_path?.split('://')[1];

/** The files of the project itself that something is read from. */
function projectFiles(manifest: Manifest): ReadonlySet<string> {
  const { nodes, sources, macros, docs, exposures, metrics, unit_tests, semantic_models, saved_queries } = manifest;
  const all: readonly Readonly<Record<string, ManifestEntry>>[] = [
    ...[nodes, sources, macros, docs, exposures, metrics, unit_tests, semantic_models, saved_queries],
  ];
  const entries = [...all.flatMap((some) => Object.values(some)), ...Object.values(manifest.disabled).flat()];
  const own = entries.filter((entry) => entry.package_name === manifest.metadata.project_name);
  return new Set(own.flatMap((entry) => [entry.original_file_path, patchPath(entry) ?? '']));
}

/** By where the project's own files are; a package's file is found where the project has a folder or file of its path. */
const byPath: Method = ({ raw, value }, { manifest }) => {
  const pattern = String(value);
  if (pattern.startsWith('/')) {
    throw new MillraceError('MR-SEL-002', { selection: raw, problem: "paths are given from the project's folder" });
  }
  const matches = pathMatcher(pattern);
  const files = projectFiles(manifest);
  const foundFiles = new Set([...files].filter((path) => matches(path, 'file')));
  const folders = new Set([...files].flatMap(above));
  const foundFolders = new Set([...folders].filter((path) => matches(path, 'folder')));
  return (entry) =>
    foundFiles.has(entry.original_file_path) ||
    foundFiles.has(patchPath(entry) ?? '') ||
    above(entry.original_file_path).some((folder) => foundFolders.has(folder));
};

const byFile: Method = ({ value }) => {
  const matches = nameMatcher(String(value));
  return ({ original_file_path: path }) => {
    const name = path.split('/').at(-1) ?? '';
    return matches(name) || matches(name.replace(/(?<=.)\.[^.]+$/, ''));
  };
};

const byPackage: Method = ({ value }, { manifest }) => {
  const matches = nameMatcher(value === 'this' ? manifest.metadata.project_name : String(value));
  return (entry) => matches(entry.package_name);
};

const pythonText = (value: JsonValue): string => (typeof value === 'boolean' ? (value ? 'True' : 'False') : `${value}`);

const isSameText = (one: string, other: string): boolean => one.toUpperCase() === other.toUpperCase();

/** By the value of a config, or a member where it is a list; the words true and false stand for truth values too. */
const byConfig: Method = ({ value, arguments: way }) => {
  const text = pythonText(value);
  const ignoresCase = way.length === 1 && way[0] === 'severity';
  const isWanted = (found: unknown): boolean => {
    if (typeof found === 'boolean' && isSameText(text, pythonText(found))) return true;
    return ignoresCase && typeof found === 'string' ? isSameText(found, text) : isDeepStrictEqual(found, value);
  };
  return (entry) => {
    if (!isNodeType(entry.resource_type) && entry.resource_type !== 'source') return false;
    let found: unknown = entry.config;
    for (const key of way) {
      if (typeof found !== 'object' || found === null || Array.isArray(found) || !Object.hasOwn(found, key))
        return false;
      found = (found as Fields)[key];
    }
    return Array.isArray(found) ? found.some(isWanted) : isWanted(found);
  };
};

const byTestName: Method = ({ value }) => {
  const matches = nameMatcher(String(value));
  return (entry) => {
    if (entry.resource_type === 'unit_test') return matches(entry.name);
    const metadata = fieldsOf(entry).test_metadata as { name: string } | undefined;
    return entry.resource_type === 'test' && metadata !== undefined && matches(metadata.name);
  };
};

const isGeneric: Matcher = (entry) => entry.resource_type === 'test' && Boolean(fieldsOf(entry).test_metadata);

const testTypes: Readonly<Record<string, Matcher>> = {
  generic: isGeneric,
  singular: (entry) => entry.resource_type === 'test' && !isGeneric(entry),
  unit: (entry) => entry.resource_type === 'unit_test',
  data: (entry) => entry.resource_type === 'test',
  schema: isGeneric,
};

const byTestType: Method = (criterion) => {
  const matcher = testTypes[String(criterion.value)];
  if (!matcher) throw unknownValue(criterion, ['generic', 'singular', 'unit', 'data']);
  return matcher;
};

/** What `--resource-type` and `resource_type:` may name. */
const selectableTypes = [
  ...nodeTypes,
  'source',
  'exposure',
  'metric',
  'semantic_model',
  'saved_query',
  'unit_test',
] as const satisfies readonly ResourceType[];

/** What dbt knows besides, and no graph has. */
const otherTypes: readonly string[] = ['macro', 'group', 'doc', 'fixture', 'function', 'rpc'];

const byResourceType: Method = (criterion) => {
  const { value } = criterion;
  const isKnown = (selectableTypes as readonly unknown[]).includes(value) || otherTypes.includes(String(value));
  if (!isKnown) throw unknownValue(criterion, selectableTypes);
  return (entry) => entry.resource_type === value;
};

/** What an earlier run left behind; without it the criterion means nothing. */
function earlierPart<K extends keyof EarlierState>(
  { raw }: Criterion,
  { earlier }: MethodContext,
  part: K,
  file: string,
): NonNullable<EarlierState[K]> {
  const found = earlier[part];
  if (found === undefined || found === null) throw new MillraceError('MR-SEL-005', { selection: raw, file });
  return found;
}

const byState: Method = (criterion, context) =>
  stateMatcher(String(criterion.value), criterion.raw, {
    now: context.manifest,
    before: earlierPart(criterion, context, 'manifest', 'manifest.json'),
    at: context.now,
    warn: context.warn,
  });

const byResult: Method = (criterion, context) => {
  const results = earlierPart(criterion, context, 'results', 'run_results.json');
  const ids = new Set(results.flatMap(({ unique_id, status }) => (status === criterion.value ? [unique_id] : [])));
  return (entry) => ids.has(entry.unique_id);
};

/** An ISO 8601 time as whole seconds and its fraction, which can be compared. */
const instantOf = (text: string): readonly [number, string] => {
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? '';
  return [Math.floor(Date.parse(text) / 1000), fraction.padEnd(9, '0')];
};

function isLater(text: string, than: string): boolean {
  const [[seconds, fraction], [thanSeconds, thanFraction]] = [instantOf(text), instantOf(than)];
  return seconds === thanSeconds ? fraction > thanFraction : seconds > thanSeconds;
}

/** Sources with newer rows than at the earlier look, and those that nobody had looked at. */
const bySourceStatus: Method = (criterion, context) => {
  const before = earlierPart(criterion, context, 'sources', 'sources.json');
  const current = earlierPart(criterion, context, 'currentSources', 'sources.json');
  if (criterion.value !== 'fresher') return () => false;
  const earlier = new Map(before.map((source) => [source.unique_id, source.max_loaded_at]));
  const fresher = current.filter(({ unique_id, max_loaded_at: loaded }) => {
    if (!loaded) return false;
    const known = earlier.get(unique_id);
    return !earlier.has(unique_id) || (known !== undefined && isLater(loaded, known));
  });
  const ids = new Set(fresher.map(({ unique_id }) => unique_id));
  return (entry) => ids.has(entry.unique_id);
};

type Version = string | number;

const isLower = (one: Version, other: Version): boolean => {
  const [a, b] = [Number(one), Number(other)];
  return Number.isNaN(a) || Number.isNaN(b) ? String(one) < String(other) : a < b;
};

interface Versioned {
  readonly version?: Version | null;
  readonly latest_version?: Version | null;
}

const versionChecks: Readonly<Record<string, (model: Versioned) => boolean>> = {
  latest: ({ version, latest_version }) => version !== null && version !== undefined && version === latest_version,
  prerelease: ({ version, latest_version }) => Boolean(version && latest_version && isLower(latest_version, version)),
  old: ({ version, latest_version }) => Boolean(version && latest_version && isLower(version, latest_version)),
  none: ({ version }) => version === null || version === undefined,
};

const byVersion: Method = (criterion) => {
  const check = versionChecks[String(criterion.value)];
  if (!check) throw unknownValue(criterion, Object.keys(versionChecks));
  return (entry) => entry.resource_type === 'model' && check(entry as Versioned);
};

const methods: Readonly<Record<MethodName, Method>> = {
  fqn: byName,
  tag: byTag,
  group: byGroup,
  access: byAccess,
  source: bySource,
  path: byPath,
  file: byFile,
  package: byPackage,
  config: byConfig,
  test_name: byTestName,
  test_type: byTestType,
  resource_type: byResourceType,
  state: byState,
  exposure: byKind('exposure'),
  metric: byKind('metric'),
  result: byResult,
  source_status: bySourceStatus,
  version: byVersion,
  semantic_model: byKind('semantic_model'),
  saved_query: byKind('saved_query'),
  unit_test: byKind('unit_test'),
};

/**
 * The test of entries that a criterion stands for, its relatives aside.
 * Errors: MR-SEL-002, MR-SEL-003 for a value that the method does not know, MR-SEL-005 without the file to compare with.
 */
export function criterionMatcher(criterion: Criterion, context: MethodContext): Matcher {
  return methods[criterion.method](criterion, context);
}
