/** First pass over models and seeds: which there are, with which configs and relations; nothing is looked up yet. */
import { basename, dirname, extname } from 'node:path';
import type { z } from 'zod';
import { checkConfig, fileMistake, folderConfig, modelConfig, seedConfig } from './config.ts';
import type { ProjectDefinition } from './definition.ts';
import { listFiles, type ProjectFile, readProjectFile } from './files.ts';
import type { DescribedColumn, Relation } from './manifest.ts';
import type { NodeProperties } from './properties.ts';
import { collectingScope, valueScope } from './references.ts';
import { type JsonObject, renderValues, type Templates, target } from './template.ts';

/** What the passes need of a project. */
export interface Workspace {
  /** Absolute path of the project's folder. */
  readonly root: string;
  readonly definition: ProjectDefinition;
  readonly templates: Templates;
}

interface Draft<Config> {
  readonly name: string;
  readonly path: string;
  readonly config: Config;
  readonly relation: Relation;
  readonly description: string;
  readonly columns: readonly DescribedColumn[];
}

/** A model that is still a template. */
export interface ModelDraft extends Draft<z.infer<typeof modelConfig>> {
  readonly kind: 'model';
  readonly file: ProjectFile;
}

/** A seed with its configs. */
export interface SeedDraft extends Draft<z.infer<typeof seedConfig>> {
  readonly kind: 'seed';
}

/** A node's name: its file's, without the ending. */
export const nodeName = (path: string): string => basename(path, extname(path));

/** The way to a node in the tree of folder configs; `folder` is the part of the path that no config names. */
export const configWay = (workspace: Workspace, folder: string, path: string, name: string): readonly string[] => [
  workspace.definition.name,
  ...dirname(path)
    .slice(folder.length)
    .split('/')
    .filter((part) => part !== ''),
  name,
];

/** The configs from dbt_project.yml and YAML properties, their templates rendered. */
function outerConfig(workspace: Workspace, tree: unknown, way: readonly string[], own: NodeProperties | undefined) {
  const name = way.at(-1) ?? '';
  const scope = valueScope(name);
  return {
    ...renderValues(workspace.templates, folderConfig(tree, way), 'dbt_project.yml', scope),
    ...renderValues(workspace.templates, own?.config ?? {}, own?.path ?? '', scope),
  };
}

/** The configs that a template sets by config(). */
export function collectConfig(workspace: Workspace, file: ProjectFile): JsonObject {
  let configs: JsonObject = {};
  const scope = collectingScope(nodeName(file.path), (values) => {
    configs = { ...configs, ...values };
  });
  workspace.templates.render(file, scope);
  return configs;
}

function describe(name: string, alias: string | null | undefined, own: NodeProperties | undefined) {
  return {
    name,
    relation: { database: undefined, schema: target.schema, identifier: alias ?? name },
    description: own?.description ?? '',
    columns: own?.columns ?? [],
  };
}

const propertiesOf = (properties: readonly NodeProperties[], kind: NodeProperties['kind'], name: string) =>
  properties.find((entry) => entry.kind === kind && entry.name === name);

function draftModel(
  workspace: Workspace,
  folder: string,
  path: string,
  properties: readonly NodeProperties[],
): ModelDraft {
  const name = nodeName(path);
  const file = readProjectFile(workspace.root, path);
  const own = propertiesOf(properties, 'model', name);
  const way = configWay(workspace, folder, path, name);
  const configs = {
    ...outerConfig(workspace, workspace.definition.models, way, own),
    ...collectConfig(workspace, file),
  };
  const config = checkConfig(modelConfig, configs, fileMistake(path));
  return { kind: 'model', path, file, config, ...describe(name, config.alias, own) };
}

function draftSeed(
  workspace: Workspace,
  folder: string,
  path: string,
  properties: readonly NodeProperties[],
): SeedDraft {
  const name = nodeName(path);
  const own = propertiesOf(properties, 'seed', name);
  const way = configWay(workspace, folder, path, name);
  const configs = outerConfig(workspace, workspace.definition.seeds, way, own);
  const config = checkConfig(seedConfig, configs, fileMistake(path));
  return { kind: 'seed', path, config, ...describe(name, config.alias, own) };
}

/** Two nodes of one name, or two that would become one relation, are one too many. */
function refuseTwins(drafts: readonly (ModelDraft | SeedDraft)[]): void {
  const names = new Map<string, string>();
  const relations = new Map<string, string>();
  for (const { name, path, relation, config } of drafts) {
    const twin = names.get(name);
    if (twin !== undefined) throw fileMistake(path)(`the name ${name} is taken by ${twin}`);
    names.set(name, path);
    if (!config.enabled) continue;
    const identifier = relation.identifier.toLowerCase();
    const other = relations.get(identifier);
    if (other !== undefined) throw fileMistake(path)(`${other} already becomes the relation ${relation.identifier}`);
    relations.set(identifier, path);
  }
}

/**
 * Finds the seeds and models of a project, those that are disabled too, in the order of their names, seeds first.
 * Errors: MR-TRF-001 for configs and names, MR-TRF-004 for templates.
 */
export function draftNodes(
  workspace: Workspace,
  properties: readonly NodeProperties[],
): readonly (ModelDraft | SeedDraft)[] {
  const { root, definition } = workspace;
  const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);
  const seeds = definition['seed-paths'].flatMap((folder) =>
    listFiles(root, [folder], ['.csv']).map((path) => draftSeed(workspace, folder, path, properties)),
  );
  const models = definition['model-paths'].flatMap((folder) =>
    listFiles(root, [folder], ['.sql']).map((path) => draftModel(workspace, folder, path, properties)),
  );
  const drafts = [...seeds.sort(byName), ...models.sort(byName)];
  refuseTwins(drafts);
  return drafts;
}
