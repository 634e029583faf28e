/** Nodes made of files: models, seeds, snapshots, analyses, singular tests and the project's hooks. */
import { noUse, type ParsedNode, type TemplateUse } from '../context/parse-context.ts';
import { repr, toPython } from '../jinja/values.ts';
import type { FileHash, JsonMap, ManifestNode, NodeConfig } from '../manifest/types.ts';
import {
  type ConfigKind,
  type ConfigOwner,
  type ConfigSources,
  configOf,
  mergedConfig,
  unrenderedConfig,
} from './config.ts';
import { nameOfFile, type ProjectDefinition } from './definition.ts';
import { type FoundFile, sha256 } from './files.ts';
import { asList, asMap, type Mutable, textList, textOr, unique } from './json.ts';
import type { Patch } from './patches.ts';
import { addHookUse, type Renderable, referenceOf, templateUse } from './template-use.ts';
import { type RelationNames, relationText, type Workspace } from './workspace.ts';

/** The kinds of nodes that are made of files. */
export type DraftKind = 'model' | 'seed' | 'snapshot' | 'analysis' | 'test' | 'operation';

/** A node before its YAML and its place in the database are known. */
export interface Draft {
  readonly kind: DraftKind;
  readonly name: string;
  readonly project: ProjectDefinition;
  readonly path: string;
  readonly originalPath: string;
  readonly fqn: readonly string[];
  readonly rawCode: string;
  readonly checksum: FileHash;
  readonly use: TemplateUse;
  readonly tags?: readonly string[];
  readonly index?: number;
}

/** Gives a node's relation its names. */
export type NameRelation = (config: JsonMap, node: JsonMap) => Promise<RelationNames>;

const foldersOf = (path: string): readonly string[] => path.split('/').slice(0, -1);

/** What parsing a draft's template is told of its node. */
export const parsedNodeOf = (
  workspace: Workspace,
  project: ProjectDefinition,
  kind: DraftKind,
  name: string,
  fqn: readonly string[],
  originalPath: string,
  rawCode: string,
): ParsedNode => ({
  packageName: project.name,
  database: workspace.target.database,
  schema: workspace.target.schema,
  identifier: name,
  model: () => ({
    name,
    alias: name,
    schema: workspace.target.schema,
    database: workspace.target.database,
    resource_type: kind,
    package_name: project.name,
    unique_id: `${kind}.${project.name}.${name}`,
    fqn,
    original_file_path: originalPath,
    raw_code: rawCode,
    tags: [],
    config: mergedConfig({ kind, fqn, own: project, root: workspace.root }),
  }),
});

/** The fully qualified name of a file's node: package, folders, name; a snapshot's file counts as a folder. */
export const fqnOf = (project: ProjectDefinition, kind: DraftKind, path: string, name: string): readonly string[] => [
  project.name,
  ...foldersOf(path),
  ...(kind === 'snapshot' ? [nameOfFile(path)] : []),
  name,
];

/** A draft of a file that is one template, or of a block of one. */
export async function draftTemplate(
  workspace: Workspace,
  project: ProjectDefinition,
  kind: DraftKind,
  name: string,
  file: FoundFile,
  rawCode: string,
  checksum: FileHash,
  open: () => Renderable,
): Promise<Draft> {
  // Analyses are filed as if they lay in a folder of that name.
  const path = kind === 'analysis' ? `analysis/${file.path}` : file.path;
  const fqn = fqnOf(project, kind, path, name);
  const node = parsedNodeOf(workspace, project, kind, name, fqn, file.originalPath, rawCode);
  const use = await templateUse(workspace, rawCode, open, node, file.originalPath);
  return { kind, name, project, path, originalPath: file.originalPath, fqn, rawCode, checksum, use };
}

/** A draft of a seed. */
export const draftSeed = (project: ProjectDefinition, file: FoundFile, checksum: FileHash): Draft => {
  const name = nameOfFile(file.path);
  const fqn = fqnOf(project, 'seed', file.path, name);
  return {
    kind: 'seed',
    name,
    project,
    path: file.path,
    originalPath: file.originalPath,
    fqn,
    rawCode: '',
    checksum,
    use: noUse(),
  };
};

/** Where a draft's configs come from. */
const configSources = (workspace: Workspace, draft: Draft, fqn: readonly string[], patch?: Patch): ConfigSources => ({
  kind: draft.kind as ConfigKind,
  fqn,
  own: draft.project,
  root: workspace.root,
  call: draft.use.configs,
  ...(patch ? { patch: patch.config } : {}),
});

/** Whether a draft is enabled by its folder and its own config(), before its YAML is looked at. */
export const isEnabledByFile = (workspace: Workspace, draft: Draft): boolean =>
  mergedConfig(configSources(workspace, draft, draft.fqn)).enabled !== false;

/** Python's way of writing constraints; the contract's checksum is made of it. */
function constraintsRepr(constraints: readonly JsonMap[], type: string): string {
  const one = (constraint: JsonMap): string => {
    const fields = Object.entries(constraint).map(([key, value]) =>
      key === 'type' ? `type=<ConstraintType.${String(value)}: '${String(value)}'>` : `${key}=${repr(toPython(value))}`,
    );
    return `${type}(${fields.join(', ')})`;
  };
  return `[${constraints.map(one).join(', ')}]`;
}

/** The checksum of an enforced contract: names, types and constraints of the columns. */
function contractChecksum(columns: ManifestNode['columns'], config: JsonMap, constraints: readonly JsonMap[]): string {
  const sorted = Object.values(columns).sort((one, other) => (one.name < other.name ? -1 : 1));
  const state = sorted.map(
    (column) =>
      `|${column.name}${column.data_type ?? 'None'}${constraintsRepr(column.constraints, 'ColumnLevelConstraint')}`,
  );
  const enforces = config.materialized === 'table' || config.materialized === 'incremental';
  const own = enforces ? `${String(config.materialized)}${constraintsRepr(constraints, 'ModelLevelConstraint')}` : '';
  return sha256(state.join('') + own);
}

const isRelation = (kind: DraftKind, config: JsonMap): boolean => {
  if (kind === 'test') return config.store_failures === true;
  return ['model', 'seed', 'snapshot'].includes(kind) && config.materialized !== 'ephemeral';
};

/** Tags of a node: what its folder and file say, then what its YAML adds. */
const tagsOf = (workspace: Workspace, draft: Draft, config: JsonMap): readonly string[] => {
  const before = textList(mergedConfig(configSources(workspace, draft, draft.fqn)).tags);
  return unique([...(draft.tags ?? []), ...before, ...textList(config.tags)]);
};

/** What foreign keys refer to. */
function addForeignKeys(use: TemplateUse, node: ManifestNode): void {
  const all = [...(node.constraints ?? []), ...Object.values(node.columns).flatMap((column) => column.constraints)];
  for (const constraint of all) {
    if (constraint.type !== 'foreign_key' || typeof constraint.to !== 'string') continue;
    const reference = referenceOf(constraint.to);
    if (reference && 'ref' in reference) use.refs.push(reference.ref);
    else if (reference) use.sources.push([...reference.source]);
  }
}

/** Who a node's configs are of. */
const ownerOf = (draft: Draft, name: string, patch: Patch | undefined): ConfigOwner => ({
  name: `the ${draft.kind} ${name}`,
  root: draft.project.root,
  paths: [draft.originalPath, ...(patch ? [patch.entry.originalPath] : [])],
});

/** The node of a draft and what YAML says of it. Errors: MR-TRF-120, and those of the macros that name relations. */
export async function finishNode(
  workspace: Workspace,
  draft: Draft,
  patch: Patch | undefined,
  nameRelation: NameRelation,
): Promise<Mutable<ManifestNode>> {
  const { kind, project, use } = draft;
  const version = patch?.version ?? null;
  const name = patch?.name ?? draft.name;
  const fqn = version === null ? draft.fqn : [...draft.fqn.slice(0, -1), name, `v${version}`];
  // Configs of folders are those of the file's own name: a version's name is known only when its YAML is read.
  const sources = configSources(workspace, draft, fqn, patch);
  const config = configOf(sources, ownerOf(draft, name, patch));
  const versionPart = version === null ? '' : `.v${version}`;
  const contract = asMap(config.contract);
  const node: Mutable<ManifestNode> = {
    name,
    resource_type: kind,
    package_name: project.name,
    path: draft.path,
    original_file_path: draft.originalPath,
    unique_id: `${kind}.${project.name}.${name}${versionPart}`,
    fqn,
    database: null,
    schema: '',
    alias: name,
    checksum: draft.checksum,
    config: config as NodeConfig,
    unrendered_config: unrenderedConfig(sources),
    tags: tagsOf(workspace, draft, config),
    meta: asMap(config.meta),
    group: textOr(config.group, null),
    description: patch?.description ?? '',
    columns: patch?.columns ?? {},
    patch_path: patch ? `${patch.entry.packageName}://${patch.entry.originalPath}` : null,
    relation_name: null,
    raw_code: draft.rawCode,
    language: 'sql',
    refs: use.refs,
    sources: use.sources,
    metrics: use.metrics,
    depends_on: { macros: use.macros, nodes: [] },
    docs: asMap(config.docs ?? { show: true, node_color: null }),
    doc_blocks: [],
    contract: {
      enforced: contract.enforced === true,
      alias_types: contract.alias_types !== false,
      checksum: null,
    },
    created_at: workspace.now,
  };
  if (kind === 'model') {
    Object.assign(node, {
      access: config.access,
      version,
      latest_version: patch?.latestVersion ?? null,
      constraints: patch?.constraints ?? [],
      deprecation_date: patch?.deprecationDate ?? null,
      primary_key: [],
      time_spine: patch?.timeSpine ?? null,
    } satisfies Partial<ManifestNode> | { access: unknown });
    addForeignKeys(use, node);
    if (node.contract.enforced) {
      node.contract = { ...node.contract, checksum: contractChecksum(node.columns, config, node.constraints ?? []) };
    }
  }
  if (kind === 'seed') node.root_path = project.root;
  if (draft.index !== undefined) node.index = draft.index;
  // For the name a null does override what the folders say.
  const { database = null, schema = null, alias = null } = mergedConfig(sources);
  await nameNode(workspace, node, { ...config, database, schema, alias }, nameRelation);
  await addHooks(workspace, draft, node, config);
  return node;
}

/** Puts a node where its configs and the project's macros want it. */
export async function nameNode(
  workspace: Workspace,
  node: Mutable<ManifestNode>,
  config: JsonMap,
  nameRelation: NameRelation,
): Promise<void> {
  const names = await nameRelation(config, node as unknown as JsonMap);
  const isSnapshot = node.resource_type === 'snapshot';
  node.database = (isSnapshot && textOr(config.target_database, '')) || names.database;
  node.schema = (isSnapshot && textOr(config.target_schema, '')) || names.schema;
  node.alias = names.alias;
  node.relation_name = isRelation(node.resource_type as DraftKind, config)
    ? relationText(
        { database: node.database, schema: node.schema, alias: node.alias },
        workspace.root.quoting,
        config.quoting,
      )
    : null;
}

async function addHooks(workspace: Workspace, draft: Draft, node: ManifestNode, config: JsonMap): Promise<void> {
  const hooks = [...asList(config['pre-hook']), ...asList(config['post-hook'])];
  if (hooks.length === 0 || draft.kind === 'test') return;
  const parsed = parsedNodeOf(
    workspace,
    draft.project,
    draft.kind,
    draft.name,
    draft.fqn,
    draft.originalPath,
    draft.rawCode,
  );
  for (const hook of hooks) {
    await addHookUse(
      workspace,
      textOr(asMap(hook).sql, ''),
      { ...parsed, identifier: node.alias },
      draft.originalPath,
      draft.use,
    );
  }
}
