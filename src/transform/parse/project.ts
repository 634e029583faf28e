/** Reads a dbt project: its folder, packages and settings -> a manifest, and macros that are ready to be called. */
import type { JsonValue } from '../../stores/duckdb/duckdb.ts';
import type { ParseHost } from '../context/parse-context.ts';
import { toPython, type Value } from '../jinja/values.ts';
import type {
  JsonMap,
  Manifest,
  ManifestDoc,
  ManifestGroup,
  ManifestNode,
  ManifestSource,
  NodeConfig,
} from '../manifest/types.ts';
import { ParseCache } from './cache.ts';
import { dbtVersion, type ProjectDefinition } from './definition.ts';
import { readExposure, readGroup } from './exposures.ts';
import { md5 } from './files.ts';
import { Gathered } from './gathered.ts';
import { genericTest, type TestTarget, type WrittenTest } from './generic-tests.ts';
import { graphMaps, refuseCycles } from './graph.ts';
import { asMap, isMap, type Mutable, textOr } from './json.ts';
import { checkNodes, Descriptions, primaryKeyOf, refuseSpacedNames, refuseTwinRelations, resolve } from './link.ts';
import { Lookup } from './lookup.ts';
import { macroFiles, readMacros, rememberedMacros } from './macro-files.ts';
import type { Macros } from './macros.ts';
import { type Draft, finishNode } from './nodes.ts';
import { readPackages } from './packages.ts';
import { Patches, testsOfNode } from './patching.ts';
import { draftFiles, draftYamlSnapshots, readDocs, readEntries } from './project-files.ts';
import type { PropertyEntry } from './properties.ts';
import { linkMetrics, linkSemantics, readSemantics, type SemanticDraft } from './semantics.ts';
import { mergedSources, readSource } from './sources.ts';
import { fixtureReader, readUnitTest } from './unit-tests.ts';
import { refuseUnknownCalls } from './unknown-calls.ts';
import { warnOfConfigSlips, warnOfIgnored, warnOfUnusedConfigs } from './unused-configs.ts';
import { relationNamer, type Target, type Workspace, yamlRenderer } from './workspace.ts';

/** What a project is read with. */
export interface ReadSettings {
  /** From --vars; they win over those of the project. */
  readonly vars: JsonMap;
  readonly env: (name: string) => string | undefined;
  readonly target: Target;
  readonly clock: () => Date;
  readonly invocationId: string;
  /** Where what was read is kept for the next time; null keeps nothing. */
  readonly cacheFolder: string | null;
  /** Names that every template sees besides those of parsing: target, modules, tojson, exceptions, ... */
  readonly common: (name: string) => Value | undefined;
}

/** A project that was read. */
export interface ReadProject {
  readonly manifest: Manifest;
  readonly macros: Macros;
  /** The project itself first, then its packages. */
  readonly packages: readonly ProjectDefinition[];
  /** The variables that hold within a package. */
  readonly vars: (packageName: string) => ReadonlyMap<string, Value>;
  readonly warnings: readonly string[];
}

/** The variables of a package: its own, then the root project's, then those of the command line; the later win. */
function varReader(packages: readonly ProjectDefinition[], given: JsonMap) {
  const remembered = new Map<string, ReadonlyMap<string, Value>>();
  const of = (
    definition: ProjectDefinition | undefined,
    packageName: string,
  ): readonly (readonly [string, JsonValue])[] =>
    definition ? Object.entries({ ...definition.vars, ...asMap(definition.vars[packageName]) }) : [];
  return (packageName: string): ReadonlyMap<string, Value> => {
    const known = remembered.get(packageName);
    if (known) return known;
    const [root, ...others] = packages;
    const own = others.find((one) => one.name === packageName);
    const all = [...of(own, packageName), ...of(root, packageName), ...Object.entries(given)];
    const vars = new Map(all.map(([key, value]) => [key, toPython(value)]));
    remembered.set(packageName, vars);
    return vars;
  };
}

const byId = <T extends { readonly unique_id: string }>(entries: readonly T[]): Record<string, T> =>
  Object.fromEntries(entries.map((entry) => [entry.unique_id, entry]));

/** Lays what YAML says of macros over them. */
function describeMacros(workspace: Workspace, entries: readonly PropertyEntry[], macros: Manifest['macros']): void {
  for (const entry of entries) {
    if (entry.kind !== 'macros') continue;
    const macro = macros[`macro.${entry.packageName}.${entry.name}`] as Mutable<Manifest['macros'][string]> | undefined;
    if (!macro) {
      const { file, at } = entry.place;
      workspace.warn(
        `${file.path}:${file.line(at)}: macros describes ${entry.name}, but there is no macro of that name`,
      );
      continue;
    }
    const config = asMap(entry.value.config);
    const meta = { ...asMap(entry.value.meta), ...asMap(config.meta) };
    const docs = { show: true, node_color: null, ...asMap(config.docs ?? entry.value.docs) };
    macro.description = textOr(entry.value.description, '');
    macro.meta = meta;
    macro.docs = docs;
    macro.config = { meta, docs };
    macro.patch_path = `${entry.packageName}://${entry.originalPath}`;
    const given = entry.value.arguments;
    macro.arguments = (Array.isArray(given) ? given : []).filter(isMap).map((one: JsonMap) => ({
      name: one.name ?? null,
      type: one.type ?? null,
      description: one.description ?? '',
    }));
  }
}

/** A generic test with what it is about. */
interface TargetedTest {
  readonly node: Mutable<ManifestNode>;
  readonly target: TestTarget;
}

/** Notes the nodes that generic tests are about, and the groups that they inherit; gives the tests of each node. */
function attachTests(tests: readonly TargetedTest[], lookup: Lookup): ReadonlyMap<string, readonly ManifestNode[]> {
  const ofNode = new Map<string, ManifestNode[]>();
  for (const { node: test, target } of tests) {
    if (!('ref' in target.reference)) continue;
    const found = lookup.node({ ...target.reference.ref, package: target.project.name }, target.project.name);
    const node = found && ('found' in found ? found.found : found.disabled);
    if (!node) continue;
    test.attached_node = node.unique_id;
    test.group = node.group;
    ofNode.set(node.unique_id, [...(ofNode.get(node.unique_id) ?? []), test]);
  }
  return ofNode;
}

/** A manifest that was read before, as of now. */
const renewed = (manifest: Manifest, settings: ReadSettings): Manifest => ({
  ...manifest,
  metadata: { ...manifest.metadata, ...momentOf(settings) },
});

/** Reads a project. Errors: MR-TRF-101 to 127, each with the author's file and line. */
export async function readProject(folder: string, settings: ReadSettings): Promise<ReadProject> {
  const { common, target } = settings;
  const cache = new ParseCache(settings.cacheFolder, settings.env, { vars: settings.vars, target: { ...target } });
  const { env } = cache;
  const bare: Omit<ParseHost, 'macros'> = { env, common, vars: varReader([], settings.vars) };
  const packages = await readPackages(folder, (name, path) => yamlRenderer(bare, name, path), cache.definitions);
  const vars = varReader(packages, settings.vars);
  const files = macroFiles(packages);
  const { key, kept } = cache.open(packages, files);
  if (kept) {
    const macros = rememberedMacros(packages, files, kept.places);
    return { manifest: renewed(kept.manifest, settings), macros, packages, vars, warnings: kept.warnings };
  }
  const now = settings.clock().getTime() / 1000;
  const known = cache.macros();
  const read = known
    ? { ...known, macros: rememberedMacros(packages, files, known.places) }
    : readMacros(packages, files, now);
  const asRead = structuredClone(read.manifest);
  const warnings: string[] = [];
  const workspace: Workspace = {
    root: packages[0],
    packages,
    target,
    host: { env, common, vars, macros: read.macros },
    cache,
    warn: (text) => warnings.push(text),
    now,
  };
  const manifest = await readManifest(workspace, settings, read.manifest);
  cache.save(key, { manifest, warnings, places: read.places }, asRead);
  return { manifest, macros: read.macros, packages, vars, warnings };
}

/** Configs whose `begin`, where it is a day alone, names the day's first second. */
function withFullBegin(config: NodeConfig): NodeConfig {
  const { begin, incremental_strategy: strategy } = config;
  const isDay = typeof begin === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(begin);
  return isDay && strategy === 'microbatch' ? { ...config, begin: `${begin}T00:00:00` } : config;
}

async function readManifest(
  workspace: Workspace,
  settings: ReadSettings,
  macros: Manifest['macros'],
): Promise<Manifest> {
  const { root, packages } = workspace;
  const entries: PropertyEntry[] = [];
  const drafts: Draft[] = [];
  const docs: ManifestDoc[] = [];
  for (const project of packages) {
    entries.push(...(await readEntries(workspace, project)));
    drafts.push(...(await draftFiles(workspace, project)));
    docs.push(...(await readDocs(project)));
  }
  drafts.push(...draftYamlSnapshots(workspace, entries));
  const gathered = new Gathered(workspace);
  const written = [
    ...(await gatherNodes(workspace, gathered, drafts, entries)),
    ...gatherSources(workspace, gathered, entries),
  ];
  const tests = await gatherTests(workspace, gathered, written);
  const groups = entries.filter((entry) => entry.kind === 'groups').map((entry) => readGroup(workspace, entry));
  for (const entry of entries) {
    if (entry.kind === 'exposures') gathered.put(gathered.exposures, await readExposure(workspace, entry));
  }
  const semantics = entries
    .filter((entry) => ['semantic_models', 'metrics', 'saved_queries'].includes(entry.kind))
    .flatMap((entry) => readSemantics(workspace, entry));

  const allNodes = [
    ...Object.values(gathered.nodes),
    ...(gathered.disabledOf('model') as ManifestNode[]),
    ...(gathered.disabledOf('seed') as ManifestNode[]),
    ...(gathered.disabledOf('snapshot') as ManifestNode[]),
  ];
  const allSources = [...Object.values(gathered.sources), ...(gathered.disabledOf('source') as ManifestSource[])];
  const lookup = new Lookup(root.name, allNodes, allSources);
  for (const node of Object.values(gathered.nodes)) resolve(workspace, node, lookup);
  for (const exposure of Object.values(gathered.exposures)) resolve(workspace, exposure, lookup);
  linkSemantics(semantics, lookup);
  linkMetrics([...Object.values(gathered.nodes), ...Object.values(gathered.exposures)], semantics);
  const testsOf = attachTests(tests, lookup);
  for (const node of Object.values(gathered.nodes)) {
    if (node.resource_type === 'model') node.primary_key = primaryKeyOf(node, testsOf.get(node.unique_id) ?? []);
  }
  const models = Object.values(gathered.nodes).filter((node) => node.resource_type === 'model');
  const files = fixtureReader(workspace);
  for (const entry of entries) {
    if (entry.kind !== 'unit_tests') continue;
    for (const test of readUnitTest(workspace, entry, lookup, models, files)) gathered.put(gathered.unitTests, test);
  }
  describeMacros(workspace, entries, macros);
  await describe(workspace, gathered, byId(docs), macros);
  if (workspace.root.flags.require_resource_names_without_spaces !== false) {
    refuseSpacedNames(Object.values(gathered.nodes));
  }
  refuseTwinRelations(Object.values(gathered.nodes));
  checkNodes(workspace, Object.values(gathered.nodes), groups);
  for (const model of models) model.config = withFullBegin(model.config);
  refuseCycles(gathered.nodes);
  warnOfIgnored(workspace);
  warnOfUnusedConfigs(workspace, gathered.all());
  warnOfConfigSlips(workspace, gathered.all());
  return assemble(workspace, settings, gathered, groups, semantics, macros, byId(docs));
}

async function gatherNodes(
  workspace: Workspace,
  gathered: Gathered,
  drafts: readonly Draft[],
  entries: readonly PropertyEntry[],
): Promise<readonly WrittenTest[]> {
  const patches = new Patches(workspace, drafts);
  for (const entry of entries) patches.add(entry);
  const nameRelation = relationNamer(workspace);
  const tests: WrittenTest[] = [];
  for (const draft of drafts) {
    const laid = patches.laid.get(draft);
    const node = await finishNode(workspace, draft, laid?.patch, nameRelation);
    if (node.config.enabled) refuseUnknownCalls(workspace, draft);
    gathered.put(gathered.nodes, node);
    if (laid) tests.push(...testsOfNode(workspace, node, laid));
  }
  return tests;
}

function gatherSources(
  workspace: Workspace,
  gathered: Gathered,
  entries: readonly PropertyEntry[],
): readonly WrittenTest[] {
  const tests: WrittenTest[] = [];
  for (const entry of mergedSources(workspace, entries)) {
    for (const { source, tests: own } of readSource(workspace, entry)) {
      gathered.put(gathered.sources, source);
      tests.push(...own);
    }
  }
  return tests;
}

async function gatherTests(
  workspace: Workspace,
  gathered: Gathered,
  tests: readonly WrittenTest[],
): Promise<readonly TargetedTest[]> {
  const targeted: TargetedTest[] = [];
  const nameRelation = relationNamer(workspace);
  for (const test of tests) {
    const render = yamlRenderer(workspace.host, test.target.project.name, test.target.originalPath);
    const node = await genericTest(workspace, test, render, nameRelation);
    targeted.push({ node, target: test.target });
    gathered.put(gathered.nodes, node);
  }
  return targeted;
}

async function describe(
  workspace: Workspace,
  gathered: Gathered,
  docs: Readonly<Record<string, ManifestDoc>>,
  macros: Manifest['macros'],
): Promise<void> {
  const descriptions = new Descriptions(workspace, docs);
  for (const node of Object.values(gathered.nodes)) await descriptions.describeNode(node);
  for (const source of Object.values(gathered.sources)) await descriptions.describeSource(source);
  for (const macro of Object.values(macros)) await descriptions.describeMacro(macro);
  for (const exposure of Object.values(gathered.exposures)) {
    const { text } = await descriptions.render(
      exposure.description,
      exposure.package_name,
      exposure.original_file_path,
    );
    exposure.description = text;
  }
}

/** What tells one reading of a project from another. */
const momentOf = (settings: ReadSettings) => ({
  generated_at: settings.clock().toISOString(),
  invocation_id: settings.invocationId,
  invocation_started_at: settings.clock().toISOString(),
});

function assemble(
  workspace: Workspace,
  settings: ReadSettings,
  gathered: Gathered,
  groups: readonly ManifestGroup[],
  semantics: readonly SemanticDraft[],
  macros: Manifest['macros'],
  docs: Readonly<Record<string, ManifestDoc>>,
): Manifest {
  const { nodes, sources, exposures, unitTests } = gathered;
  const ofKind = (kind: string) => {
    const all = semantics.map(({ entry }) => entry).filter((entry) => entry.resource_type === kind);
    for (const entry of all.filter((one) => !one.config.enabled)) gathered.disabled[entry.unique_id] = [entry];
    return byId(all.filter((entry) => entry.config.enabled));
  };
  const [metrics, semanticModels, savedQueries] = [ofKind('metric'), ofKind('semantic_model'), ofKind('saved_query')];
  const all = [nodes, sources, exposures, metrics, semanticModels, savedQueries, unitTests].flatMap((one) =>
    Object.values(one),
  );
  const { parents, children } = graphMaps(all);
  const members = (group: string): readonly string[] =>
    Object.values(nodes)
      .filter((node) => node.group === group)
      .map((node) => node.unique_id);
  return {
    metadata: {
      dbt_schema_version: 'https://schemas.getdbt.com/dbt/manifest/v12.json',
      dbt_version: dbtVersion,
      ...momentOf(settings),
      env: {},
      project_name: workspace.root.name,
      project_id: md5(workspace.root.name),
      user_id: null,
      send_anonymous_usage_stats: false,
      adapter_type: 'duckdb',
      quoting: { database: true, schema: true, identifier: true, column: null, ...workspace.root.quoting },
    },
    nodes,
    sources,
    macros,
    docs,
    exposures,
    metrics,
    groups: byId(groups),
    selectors: {},
    disabled: gathered.disabled,
    parent_map: parents,
    child_map: children,
    group_map: Object.fromEntries(groups.map((group) => [group.name, members(group.name)])),
    saved_queries: savedQueries,
    semantic_models: semanticModels,
    unit_tests: unitTests,
    functions: {},
  };
}
