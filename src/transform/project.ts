/** Reads a dbt-format project from its folder: files, configs, templates, graph. No database is needed. */
import { resolve } from 'node:path';
import { closest } from 'fastest-levenshtein';
import { compileDeclaredTest, compileModel, compileSeed, compileTestFile, type TestSubject } from './compile.ts';
import { checkConfig, sourceConfig } from './config.ts';
import { type ProjectDefinition, projectVars, readDefinition } from './definition.ts';
import { draftNodes, type ModelDraft, type SeedDraft, type Workspace } from './drafts.ts';
import { listFiles, type ProjectFile, readProjectFile } from './files.ts';
import { orderNodes } from './graph.ts';
import { type Project, type SourceTable, sourceId, type Test } from './manifest.ts';
import { type NodeProperties, type Properties, readProperties, type SourceProperties } from './properties.ts';
import { type References, valueScope } from './references.ts';
import { createTemplates, type JsonObject, renderValues } from './template.ts';

/** What a project is read with. */
export interface ProjectSettings {
  /** Variables that win over those of dbt_project.yml. */
  readonly vars?: JsonObject;
  /** What env_var() reads. */
  readonly env: (name: string) => string | undefined;
}

const readFiles = (root: string, folders: readonly string[], endings: readonly string[]): readonly ProjectFile[] =>
  listFiles(root, folders, endings).map((path) => readProjectFile(root, path));

function openWorkspace(root: string, definition: ProjectDefinition, settings: ProjectSettings): Workspace {
  const vars = { ...projectVars(definition), ...settings.vars };
  const macros = readFiles(root, definition['macro-paths'], ['.sql']);
  return { root, definition, templates: createTemplates(macros, { vars, env: settings.env }) };
}

/** A source table, its templates rendered; undefined when it is disabled. */
function resolveSource({ templates }: Workspace, entry: SourceProperties): SourceTable | undefined {
  const scope = valueScope(`${entry.source}.${entry.name}`);
  const { schema, database, identifier, config } = renderValues(
    templates,
    { schema: entry.schema, database: entry.database ?? null, identifier: entry.identifier, config: entry.config },
    entry.path,
    scope,
  );
  if (!checkConfig(sourceConfig, config, entry.mistake).enabled) return undefined;
  return {
    kind: 'source',
    id: sourceId(entry.source, entry.name),
    source: entry.source,
    name: entry.name,
    path: entry.path,
    relation: { database: database ?? undefined, schema, identifier },
    description: entry.description,
    columns: entry.columns,
  };
}

/** Properties need something to describe, and once is enough. */
function refuseStrayProperties(properties: Properties, drafts: readonly (ModelDraft | SeedDraft)[]): void {
  const seen = new Set<string>();
  const once = (key: string, entry: NodeProperties | SourceProperties): void => {
    if (seen.has(key)) throw entry.mistake(`${entry.name} is described twice`);
    seen.add(key);
  };
  for (const entry of properties.sources) once(sourceId(entry.source, entry.name), entry);
  for (const entry of properties.nodes) {
    once(`${entry.kind} ${entry.name}`, entry);
    const names = drafts.filter((draft) => draft.kind === entry.kind).map((draft) => draft.name);
    if (names.includes(entry.name)) continue;
    const hint = names.length > 0 ? `; did you mean '${closest(entry.name, names)}'?` : '';
    throw entry.mistake(`there is no ${entry.kind} named '${entry.name}'${hint}`);
  }
}

function compileTests(workspace: Workspace, references: References, properties: Properties): readonly Test[] {
  const declared = (entry: NodeProperties | SourceProperties, subject: TestSubject | undefined) =>
    subject ? entry.tests.map((test) => compileDeclaredTest(workspace, references, test, subject)) : [];

  const onSources = properties.sources.flatMap((entry) => {
    const table = references.sources.get(sourceId(entry.source, entry.name));
    const name = `${entry.source}_${entry.name}`;
    return declared(entry, table && { id: table.id, name, kind: 'source', relation: table.relation });
  });
  const onNodes = properties.nodes.flatMap((entry) => {
    const relation = references.nodes.get(entry.name);
    return declared(entry, relation && { id: entry.name, name: entry.name, kind: 'node', relation });
  });
  const inFiles = workspace.definition['test-paths'].flatMap((folder) =>
    listFiles(workspace.root, [folder], ['.sql']).map((path) => compileTestFile(workspace, references, folder, path)),
  );
  return [...onSources, ...onNodes, ...inFiles].filter((test) => test !== undefined);
}

/**
 * Reads the project in `folder`. Errors: MR-TRF-001 for a file that is wrong, MR-TRF-002 for an unknown reference,
 * MR-TRF-003 for a cycle, MR-TRF-004 for a template.
 */
export function loadProject(folder: string, settings: ProjectSettings): Project {
  const root = resolve(folder);
  const definition = readDefinition(root).value;
  const workspace = openWorkspace(root, definition, settings);
  const propertyFolders = [...definition['model-paths'], ...definition['seed-paths']];
  const properties = readProperties(readFiles(root, propertyFolders, ['.yml', '.yaml']));
  const drafts = draftNodes(workspace, properties.nodes);
  refuseStrayProperties(properties, drafts);
  const sources = properties.sources.flatMap((entry) => resolveSource(workspace, entry) ?? []);
  const references: References = {
    packageName: definition.name,
    nodes: new Map(drafts.map((draft) => [draft.name, draft.config.enabled ? draft.relation : undefined])),
    sources: new Map(sources.map((table) => [table.id, table])),
  };
  const nodes = drafts
    .filter((draft) => draft.config.enabled)
    .map((draft) =>
      draft.kind === 'seed' ? compileSeed(workspace, draft) : compileModel(workspace, references, draft),
    );
  return {
    name: definition.name,
    folder: root,
    nodes: orderNodes(nodes),
    tests: compileTests(workspace, references, properties),
    sources,
  };
}
