/** Generic tests declared in YAML: their arguments, configs, names and hashes as dbt makes them, and their nodes. */
import { MillraceError } from '../../kernel/errors.ts';
import { nearest } from '../../kernel/nearest.ts';
import type { JsonValue } from '../../stores/duckdb/duckdb.ts';
import { noUse, type ParsedNode, parseScope, type TemplateUse } from '../context/parse-context.ts';
import { Relation } from '../context/relation.ts';
import type { Scope } from '../jinja/frame.ts';
import { Dict, PyFloat, repr, str, toPython, type Value } from '../jinja/values.ts';
import type { JsonMap, ManifestNode, NodeConfig, RefArgs } from '../manifest/types.ts';
import { type ConfigSources, configOf, mergeCalls, unrenderedConfig } from './config.ts';
import type { ProjectDefinition, RenderValue } from './definition.ts';
import { md5 } from './files.ts';
import { asMap, isMap, listed, type Mutable, type OpenMap, textList, textOr, unique } from './json.ts';
import { builtinPackage } from './macros.ts';
import { type NameRelation, nameNode } from './nodes.ts';
import { readTemplate, templateError, type Workspace } from './workspace.ts';
import { errorAt, mistake, type YamlPath, type YamlPlace } from './yaml.ts';

/** What a generic test is about. */
export interface TestTarget {
  readonly project: ProjectDefinition;
  /** The model's name; of a source table, `source_table`. */
  readonly name: string;
  readonly reference: { readonly ref: RefArgs } | { readonly source: readonly [string, string] };
  /** The list of the property file that it stands in. */
  readonly yamlKey: string;
  readonly originalPath: string;
  /** Tags that its tests inherit. */
  readonly tags: readonly string[];
}

/** A test as it stands in YAML. */
export interface WrittenTest {
  readonly target: TestTarget;
  readonly value: JsonValue;
  readonly place: YamlPlace;
  /** With quotes where the column wants them. */
  readonly columnName: string | null;
  readonly columnTags: readonly string[];
}

const configKeys: readonly string[] = [
  'severity',
  'tags',
  'enabled',
  'where',
  'limit',
  'warn_if',
  'error_if',
  'fail_calc',
  'store_failures',
  'store_failures_as',
  'meta',
  'database',
  'schema',
  'alias',
];

const isFalsy = (value: JsonValue | undefined): boolean =>
  value === undefined ||
  value === null ||
  value === false ||
  value === 0 ||
  value === '' ||
  (typeof value === 'object' && Object.keys(value).length === 0);

/** A test's kind and what it is given: `unique`, `{unique: {...}}` or `{test_name: unique, ...}`; `at` leads to the latter. */
function splitTest(value: JsonValue, place: YamlPlace): { name: string; given: JsonMap; at: YamlPath } {
  if (typeof value === 'string') return { name: value, given: {}, at: [] };
  if (!isMap(value)) throw mistake(place, 'a test is a name, or a name with its arguments');
  if ('test_name' in value) {
    const { test_name: name, ...given } = value;
    if (typeof name !== 'string') throw mistake(place, 'test_name is a text', 'test_name');
    return { name, given, at: [] };
  }
  const [first, ...others] = Object.entries(value);
  if (!first || others.length > 0) {
    throw mistake(place, 'a test has one name; its arguments are indented below it, under `arguments:`');
  }
  const [name, given] = first;
  if (given !== null && !isMap(given))
    throw mistake(place, `what the test ${name} is given are keys with values`, name);
  return { name, given: given ?? {}, at: [name] };
}

/** What Python makes of YAML's values: whole numbers that are written as floats stay floats. */
function asPython(value: JsonValue, floats: ReadonlySet<string>, at: YamlPath): Value {
  if (floats.size === 0) return toPython(value);
  if (typeof value === 'number') return floats.has(JSON.stringify(at)) ? new PyFloat(value) : toPython(value);
  if (Array.isArray(value)) return value.map((item: JsonValue, index) => asPython(item, floats, [...at, index]));
  if (!isMap(value)) return toPython(value);
  return Dict.of(Object.entries(value).map(([key, item]) => [key, asPython(item, floats, [...at, key])]));
}

/** The short and the full name of a test: its kind, its target and its arguments; a long one is cut and hashed. */
function synthesize(kind: string, target: string, args: ReadonlyMap<string, Value>): readonly [string, string] {
  const parts = [...args.keys()]
    .filter((key) => key !== 'model')
    .sort()
    .flatMap((key): readonly Value[] => {
      const value = args.get(key) ?? null;
      if (value instanceof Map) return [...value.values()];
      return Array.isArray(value) ? value : [value];
    });
  const flat = parts.map((part) => (part === null ? 'None' : pythonText(part)).replaceAll(/[^0-9a-zA-Z_]+/g, '_'));
  const identifier = `${kind}_${target}`;
  const full = `${identifier}_${flat.join('__')}`;
  return [full.length >= 64 ? `${identifier.slice(0, 30)}_${md5(full)}` : full, full];
}

const pythonText = (value: Value): string => (value === null || typeof value === 'boolean' ? repr(value) : str(value));

/** Metadata as the hash sees it: keys sorted, and all values texts. */
function hashable(value: Value): Value {
  if (value instanceof Map) {
    const keys = [...value.keys()].map(String).sort();
    return Dict.of(keys.map((key) => [key, hashable(value.get(key) ?? null)]));
  }
  return Array.isArray(value) ? value.map(hashable) : pythonText(value);
}

/** Arguments and configs of a test, told apart. */
interface TestParts {
  readonly kind: string;
  readonly namespace: string | null;
  readonly args: ReadonlyMap<string, Value>;
  /** The same as data. */
  readonly kwargs: JsonMap;
  readonly config: OpenMap;
  readonly customName: string | null;
  readonly description: string;
}

const modelText = ({ reference }: TestTarget): string => {
  if ('source' in reference) return `source('${reference.source[0]}', '${reference.source[1]}')`;
  const { name, version } = reference.ref;
  return version === null ? `ref('${name}')` : `ref('${name}', version='${version}')`;
};

async function partsOf(test: WrittenTest, render: RenderValue): Promise<TestParts> {
  const { place, target, columnName } = test;
  const { name, given, at } = splitTest(test.value, place);
  const [, namespace = null, kind = ''] = /^(?:([a-zA-Z_]\w*)\.)?([a-zA-Z_]\w*)/.exec(name) ?? [];
  if (kind === '') throw mistake(place, `${name} is no name of a test`);
  const nestedCounts = target.project.flags.require_generic_test_arguments_property !== false;
  const nested = nestedCounts ? asMap(given.arguments) : {};
  const written: OpenMap = { ...given, ...(columnName === null ? {} : { column_name: columnName }), ...nested };
  if (nestedCounts) delete written.arguments;
  if ('model' in written)
    throw mistake(place, `the test ${name} is given a model by itself; leave the argument model out`);
  const inConfig: OpenMap = { ...asMap(given.config) };
  const config: OpenMap = {};
  const take = async (key: string, value: JsonValue): Promise<void> => {
    const rendered =
      typeof value === 'string' && value.includes('{{') ? await render(value, () => place.file.line(place.at)) : value;
    if (rendered !== null) config[key] = rendered;
  };
  for (const key of configKeys) {
    const beside = written[key];
    delete written[key];
    if (!isFalsy(beside) && key in inConfig)
      throw mistake(place, `${key} stands both beside config and within it`, name);
    const value = isFalsy(beside) && key in inConfig ? inConfig[key] : beside;
    delete inConfig[key];
    if (value !== undefined) await take(key, value);
  }
  for (const [key, value] of Object.entries(inConfig)) await take(key, value);
  const { config: _, description, name: customName, ...kwargs } = written;
  const floats = place.file.floats;
  const way = (key: string): YamlPath => [...place.at, ...at, ...(key in nested ? ['arguments'] : []), key];
  const args = new Map<string, Value>(
    Object.entries(kwargs).map(([key, value]) => [key, asPython(value, floats, way(key))]),
  );
  args.set('model', `{{ get_where_subquery(${modelText(target)}) }}`);
  return {
    kind,
    namespace,
    args,
    kwargs: { ...kwargs, model: `{{ get_where_subquery(${modelText(target)}) }}` },
    config,
    customName: textOr(customName, null),
    description: textOr(description, ''),
  };
}

/** A config call as it stands in a test's template. */
function configCall(config: JsonMap): string {
  const entries = Object.entries(config).map(([key, value]) => {
    const text = typeof value === 'string' ? `"${value.replaceAll('"', '\\"')}"` : repr(toPython(value));
    return `${key}=${text}`;
  });
  return entries.length === 0 ? '' : `{{ config(${entries.join(',')}) }}`;
}

const targetName = ({ name, reference }: TestTarget): string =>
  'ref' in reference && reference.ref.version !== null ? `${name}_v${reference.ref.version}` : name;

/** Refuses a test that no macro stands for. Errors: MR-TRF-113, MR-TRF-118 for a package that is not there. */
function findTestMacro(workspace: Workspace, test: WrittenTest, parts: TestParts): string {
  const { macros } = workspace.host;
  const { kind, namespace } = parts;
  const entry =
    namespace === null
      ? macros.find(`test_${kind}`, test.target.project.name)
      : (macros.inPackage(namespace, `test_${kind}`) ?? macros.find(`test_${kind}`, namespace));
  if (entry) return entry.id;
  if (namespace !== null && !macros.hasPackage(namespace)) {
    const { path } = test.place.file;
    throw new MillraceError('MR-TRF-118', {
      package: namespace,
      problem: `${path}:${test.place.file.line(test.place.at)} uses its test ${kind}`,
      folder: workspace.root.packagesPath,
    });
  }
  const known = [...macros.all()]
    .filter((macro) => macro.name.startsWith('test_'))
    .map((macro) => macro.name.slice('test_'.length));
  throw errorAt(test.place, 'MR-TRF-113', {
    test: namespace === null ? kind : `${namespace}.${kind}`,
    nearest: nearest(kind, known),
  });
}

const functionLike = /^\s*(?:env_var|ref|var|source|doc)\s*\(.+\)\s*$/s;

/** Renders a test's arguments, so that what they refer to is seen. */
async function renderArguments(
  workspace: Workspace,
  parts: TestParts,
  test: WrittenTest,
  scope: Scope,
  use: TemplateUse,
): Promise<Map<Value, Value>> {
  const { macros } = workspace.host;
  const { reference, originalPath, project } = test.target;
  const where = macros.find('get_where_subquery', project.name);
  const renderText = async (value: string): Promise<Value> => {
    const isFunction = functionLike.test(value);
    if (!isFunction && !/\{[{%]/.test(value)) return value;
    return readTemplate(isFunction ? `{{ ${value} }}` : value, originalPath).renderNative(scope);
  };
  const renderValue = async (value: Value): Promise<Value> => {
    if (Array.isArray(value)) return inOrder(value, renderValue);
    if (value instanceof Map) {
      const items = await inOrder([...value.values()], renderValue);
      return Dict.of([...value.keys()].map((key, index) => [key, items[index] ?? null]));
    }
    return typeof value === 'string' ? renderText(value) : value;
  };
  const rendered = new Map<Value, Value>();
  for (const [key, value] of parts.args) {
    if (key === 'model' && where?.packageName === builtinPackage) {
      use.macros.push(where.id);
      note(reference, use);
    } else rendered.set(key, key === 'column_name' ? value : await renderValue(value));
  }
  return rendered;
}

/** What becomes of each value, one after the other: templates are rendered in their order. */
async function inOrder(values: readonly Value[], map: (value: Value) => Promise<Value>): Promise<Value[]> {
  const mapped: Value[] = [];
  for (const value of values) mapped.push(await map(value));
  return mapped;
}

/** Notes what a test is about. */
function note(reference: TestTarget['reference'], use: TemplateUse): void {
  if ('source' in reference) use.sources.push([...reference.source]);
  else
    use.refs.push({ ...reference.ref, version: reference.ref.version === null ? null : String(reference.ref.version) });
}

/** Tests whose use is known without looking, as long as they are the engine's own. */
const plainTests: readonly string[] = ['macro.dbt.test_not_null', 'macro.dbt.test_unique'];

/** Tests of the engine that use nothing but their arguments. */
const argumentTests: readonly string[] = ['macro.dbt.test_accepted_values', 'macro.dbt.test_relationships'];

async function seeUse(
  workspace: Workspace,
  test: WrittenTest,
  parts: TestParts,
  macro: string,
  rawCode: string,
  node: ParsedNode,
  use: TemplateUse,
): Promise<void> {
  const scope = parseScope(workspace.host, node, use);
  const rendered = await renderArguments(workspace, parts, test, scope, use);
  if (argumentTests.includes(macro)) return;
  const model = new Relation({ database: node.database, schema: node.schema, identifier: node.identifier });
  const kwargs = Dict.of([...rendered, ...(rendered.has('model') ? [] : [['model', model] as const])]);
  await readTemplate(rawCode, test.target.originalPath).render({
    ...scope,
    lookup: (name) => (name === '_dbt_generic_test_kwargs' ? kwargs : scope.lookup(name)),
  });
}

async function testUse(
  workspace: Workspace,
  test: WrittenTest,
  parts: TestParts,
  macro: string,
  rawCode: string,
  node: ParsedNode,
): Promise<TemplateUse> {
  const use = noUse();
  use.macros.push(macro);
  const { reference, originalPath } = test.target;
  if (plainTests.includes(macro)) {
    if ('ref' in reference) use.refs.push(reference.ref);
    else use.sources.push([...reference.source]);
    return use;
  }
  try {
    await seeUse(workspace, test, parts, macro, rawCode, node, use);
  } catch (thrown) {
    const error = templateError(thrown, originalPath, test.place.file.line(test.place.at));
    if (!(error instanceof MillraceError) || (error.code !== 'MR-TRF-110' && error.code !== 'MR-TRF-111')) throw error;
    throw errorAt(test.place, error.code, { problem: String(error.details.problem ?? '') });
  }
  return use;
}

/** The node of a generic test. Errors: MR-TRF-102, 113, 118, 120 and those of templates. */
export async function genericTest(
  workspace: Workspace,
  test: WrittenTest,
  render: RenderValue,
  nameRelation: NameRelation,
): Promise<Mutable<ManifestNode>> {
  const { target } = test;
  const parts = await partsOf(test, render);
  const macro = findTestMacro(workspace, test, parts);
  const isSource = 'source' in target.reference;
  const prefix = `${parts.namespace === null ? '' : `${parts.namespace}_`}${isSource ? 'source_' : ''}${parts.kind}`;
  const [short, full] =
    parts.customName === null
      ? synthesize(prefix, targetName(target), parts.args)
      : [parts.customName, parts.customName];
  const call: OpenMap = { ...parts.config };
  if (short !== full && !('alias' in call)) call.alias = short;
  const macroName = `${parts.namespace === null ? '' : `${parts.namespace}.`}test_${parts.kind}`;
  const rawCode = `{{ ${macroName}(**_dbt_generic_test_kwargs) }}${configCall(call)}`;
  const folders = target.originalPath.split('/').slice(1, -1);
  const fqn = [target.project.name, ...folders, full];
  const metadata = Dict.of([
    ['namespace', parts.namespace],
    ['name', parts.kind],
    ['kwargs', Dict.of(parts.args)],
  ]);
  const hash = md5(full + repr(hashable(metadata))).slice(-10);
  const parsed: ParsedNode = {
    packageName: target.project.name,
    database: workspace.target.database,
    schema: workspace.target.schema,
    identifier: full,
    model: () => ({
      name: full,
      alias: full,
      resource_type: 'test',
      package_name: target.project.name,
      fqn,
      column_name: test.columnName,
    }),
  };
  const use = await testUse(workspace, test, parts, macro, rawCode, parsed);
  // The template of a test holds its configs a second time, and its macro may set more.
  const again = argumentTests.includes(macro) ? call : use.configs;
  const calls = plainTests.includes(macro) ? call : mergeCalls(call, again);
  const sources: ConfigSources = { kind: 'test', fqn, own: target.project, root: workspace.root, call: calls };
  const config = configOf(sources, {
    name: `the test ${full}`,
    root: target.project.root,
    paths: [target.originalPath],
  });
  const own = unique([...target.tags, ...test.columnTags, ...listed(call.tags ?? []).map(String)]).sort();
  const node: Mutable<ManifestNode> = {
    name: full,
    resource_type: 'test',
    package_name: target.project.name,
    path: `${short}.sql`,
    original_file_path: target.originalPath,
    unique_id: `test.${target.project.name}.${full}.${hash}`,
    fqn,
    database: null,
    schema: '',
    alias: full,
    checksum: { name: 'none', checksum: '' },
    config: config as NodeConfig,
    unrendered_config: unrenderedConfig(sources),
    tags: unique([...own, ...textList(config.tags)]),
    meta: asMap(config.meta),
    group: textOr(config.group, null),
    description: parts.description,
    columns: {},
    patch_path: null,
    relation_name: null,
    raw_code: rawCode,
    language: 'sql',
    refs: use.refs,
    sources: use.sources,
    metrics: use.metrics,
    depends_on: { macros: use.macros, nodes: [] },
    docs: { show: true, node_color: null },
    doc_blocks: [],
    contract: { enforced: false, alias_types: true, checksum: null },
    created_at: workspace.now,
    test_metadata: { name: parts.kind, kwargs: parts.kwargs, namespace: parts.namespace },
    column_name: test.columnName,
    attached_node: null,
    file_key_name: `${target.yamlKey}.${isSource ? sourceOfTarget(target) : target.name}`,
  };
  await nameNode(workspace, node, config, nameRelation);
  return node;
}

const sourceOfTarget = ({ reference, name }: TestTarget): string =>
  'source' in reference ? reference.source[0] : name;

/** A column's name as its tests are given it. */
export const columnArgument = (column: JsonMap, quoteByDefault: boolean): string => {
  const quote = typeof column.quote === 'boolean' ? column.quote : quoteByDefault;
  return quote ? `"${String(column.name)}"` : String(column.name);
};
