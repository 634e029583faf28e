/** The last passes over a project: what refs and sources stand for, descriptions with their docs blocks, and what must hold of all nodes. */
import { MillraceError } from '../../kernel/errors.ts';
import { nearest } from '../../kernel/nearest.ts';
import { envFunction, varObject } from '../context/variables.ts';
import { parseTemplate } from '../jinja/template.ts';
import { Callable, str, type Value } from '../jinja/values.ts';
import type {
  ColumnInfo,
  ManifestDoc,
  ManifestExposure,
  ManifestGroup,
  ManifestMacro,
  ManifestNode,
  ManifestSource,
  RefArgs,
} from '../manifest/types.ts';
import { type ConfigOwner, checkMicrobatch, checkSnapshot, placeOfConfig, wrongConfig } from './config.ts';
import { readTextIfThere } from './files.ts';
import { asList, asMap, type Mutable, unique } from './json.ts';
import type { Found, Lookup } from './lookup.ts';
import { packageOf, relationText, templateError, type Workspace } from './workspace.ts';

/** The line of a file on which a name stands in quotes, within a call where there is one; 1 where it stands nowhere. */
export function lineOfName(workspace: Workspace, packageName: string, path: string, name: string): number {
  const text = readTextIfThere(packageOf(workspace, packageName).root, path) ?? '';
  const lines = text.split('\n');
  const escaped = name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const patterns = [
    new RegExp(`\\w\\(.*['"]${escaped}['"]`),
    new RegExp(`['"]${escaped}['"]`),
    new RegExp(`\\b${escaped}\\b`),
  ];
  for (const pattern of patterns) {
    const index = lines.findIndex((line) => pattern.test(line));
    if (index >= 0) return index + 1;
  }
  return 1;
}

/** A node or exposure that refers to others. */
type Referring = Mutable<ManifestNode> | Mutable<ManifestExposure>;

const label = (entry: Referring): string => `the ${entry.resource_type} ${entry.name}`;

const refText = ({ name, package: packageName, version }: RefArgs): string => {
  const first = packageName === null ? '' : `'${packageName}', `;
  return `ref(${first}'${name}'${version === null ? '' : `, version=${version}`})`;
};

/** Gives the place of a name in the file of a node. */
const placeOf = (workspace: Workspace, entry: Referring, name: string) => ({
  path: entry.original_file_path,
  line: lineOfName(workspace, entry.package_name, entry.original_file_path, name),
  node: label(entry),
});

/** What becomes of a reference that leads nowhere: a test is left out with a warning, anything else is an error. */
function missing<T extends { readonly original_file_path: string }>(
  workspace: Workspace,
  entry: Referring,
  reference: string,
  name: string,
  found: Found<T>,
  error: () => MillraceError,
): void {
  entry.config = { ...entry.config, enabled: false } as typeof entry.config;
  if (entry.resource_type === 'test') {
    if (!found)
      workspace.warn(`${entry.original_file_path}: ${label(entry)} refers to ${reference}, which does not exist`);
    return;
  }
  if (found && 'disabled' in found) {
    throw new MillraceError('MR-TRF-107', {
      ...placeOf(workspace, entry, name),
      reference,
      other: found.disabled.original_file_path,
    });
  }
  throw error();
}

const groupOf = (entry: Referring): string | null => ('group' in entry ? entry.group : null);

/** Refuses a private model of another group, and a protected one of a package that restricts access. */
function checkAccess(workspace: Workspace, entry: Referring, target: ManifestNode): void {
  const refuse = (access: string, scope: string): never => {
    throw new MillraceError('MR-TRF-121', {
      ...placeOf(workspace, entry, target.name),
      reference: target.name,
      access,
      scope,
    });
  };
  const isForeign = entry.package_name !== target.package_name;
  const restricted =
    target.package_name !== workspace.root.name && packageOf(workspace, target.package_name).restrictAccess;
  const group = groupOf(entry);
  if (target.access === 'private' && (group === null || group !== target.group || (isForeign && restricted))) {
    refuse('private', `the group ${target.group ?? 'none'}`);
  }
  if (target.access === 'protected' && isForeign && restricted)
    refuse('protected', `the package ${target.package_name}`);
}

/** Finds the nodes and tables that an entry refers to, and notes them in depends_on. Errors: MR-TRF-106, 107, 108, 121. */
export function resolve(workspace: Workspace, entry: Referring, lookup: Lookup): void {
  const nodes: string[] = [];
  for (const [source, table] of entry.sources) {
    const found = lookup.source(source, table, entry.package_name);
    const reference = `${source}.${table}`;
    if (found && 'found' in found) nodes.push(found.found.unique_id);
    else {
      missing(workspace, entry, `source('${source}', '${table}')`, table, found, () => {
        const near = nearest(reference, lookup.sourceNames());
        return new MillraceError('MR-TRF-108', { ...placeOf(workspace, entry, table), reference, nearest: near });
      });
    }
  }
  for (const ref of entry.refs) {
    const found = lookup.node(ref, entry.package_name);
    if (found && 'found' in found) {
      checkAccess(workspace, entry, found.found);
      nodes.push(found.found.unique_id);
    } else {
      missing(workspace, entry, refText(ref), ref.name, found, () => {
        const near = nearest(ref.name, lookup.nodeNames());
        return new MillraceError('MR-TRF-106', {
          ...placeOf(workspace, entry, ref.name),
          reference: refText(ref),
          nearest: near,
        });
      });
    }
  }
  entry.depends_on = { ...entry.depends_on, nodes: unique(nodes) };
}

/** Renders descriptions: doc() gives a docs block, var() and env_var() what they always give. */
export class Descriptions {
  readonly #workspace: Workspace;
  readonly #docs: Readonly<Record<string, ManifestDoc>>;

  constructor(workspace: Workspace, docs: Readonly<Record<string, ManifestDoc>>) {
    this.#workspace = workspace;
    this.#docs = docs;
  }

  #find(names: readonly string[], packageName: string, path: string): ManifestDoc {
    const name = names.at(-1) ?? '';
    const packages = names.length > 1 ? [names[0]] : [this.#workspace.root.name, packageName];
    for (const one of packages) {
      const doc = this.#docs[`doc.${one}.${name}`];
      if (doc) return doc;
    }
    const any = names.length > 1 ? undefined : Object.values(this.#docs).find((doc) => doc.name === name);
    if (any) return any;
    const known = Object.values(this.#docs).map((doc) => doc.name);
    const line = lineOfName(this.#workspace, packageName, path, name);
    throw new MillraceError('MR-TRF-115', { path, line, doc: name, nearest: nearest(name, known) });
  }

  /** A description with its templates rendered, and the docs blocks that it took. Errors: MR-TRF-110, 111, 115. */
  async render(
    text: string,
    packageName: string,
    path: string,
  ): Promise<{ readonly text: string; readonly blocks: readonly string[] }> {
    if (!/\{[{%#]/.test(text)) return { text, blocks: [] };
    const blocks: string[] = [];
    const { host } = this.#workspace;
    const doc = new Callable('doc', (args) => {
      const found = this.#find(args.map(str), packageName, path);
      blocks.push(found.unique_id);
      return found.block_contents;
    });
    const unset =
      (code: 'MR-TRF-116' | 'MR-TRF-117') =>
      (name: string): never => {
        throw new MillraceError(code, { path, line: lineOfName(this.#workspace, packageName, path, name), name });
      };
    const lookup = (name: string): Value | undefined => {
      if (name === 'doc') return doc;
      if (name === 'var') return varObject(host.vars(packageName), unset('MR-TRF-116'), lookup);
      if (name === 'env_var') return envFunction(host.env, unset('MR-TRF-117'));
      return host.common(name);
    };
    try {
      return { text: await parseTemplate(text, path).render({ lookup }), blocks };
    } catch (thrown) {
      throw templateError(thrown, path);
    }
  }

  async #columns(
    columns: Readonly<Record<string, ColumnInfo>>,
    packageName: string,
    path: string,
  ): Promise<Readonly<Record<string, ColumnInfo>>> {
    if (!Object.values(columns).some((column) => column.description.includes('{'))) return columns;
    const rendered: [string, ColumnInfo][] = [];
    for (const [name, column] of Object.entries(columns)) {
      const { text, blocks } = await this.render(column.description, packageName, path);
      rendered.push([name, { ...column, description: text, doc_blocks: blocks }]);
    }
    return Object.fromEntries(rendered);
  }

  /** Renders what is said of a node, and of its columns. */
  async describeNode(node: Mutable<ManifestNode>): Promise<void> {
    const [, path = node.original_file_path] = node.patch_path?.split('://') ?? [];
    const { text, blocks } = await this.render(node.description, node.package_name, path);
    node.description = text;
    node.doc_blocks = blocks;
    node.columns = await this.#columns(node.columns, node.package_name, path);
  }

  /** Renders what is said of a source table, its source, and its columns. */
  async describeSource(source: Mutable<ManifestSource>): Promise<void> {
    const { package_name: packageName, original_file_path: path } = source;
    const { text, blocks } = await this.render(source.description, packageName, path);
    source.description = text;
    source.doc_blocks = blocks;
    source.source_description = (await this.render(source.source_description, packageName, path)).text;
    source.columns = await this.#columns(source.columns, packageName, path);
  }

  /** Renders what is said of a macro and its arguments. */
  async describeMacro(macro: Mutable<ManifestMacro>): Promise<void> {
    const path = macro.patch_path?.split('://')[1] ?? macro.original_file_path;
    macro.description = (await this.render(macro.description, macro.package_name, path)).text;
    const rendered = [];
    for (const argument of macro.arguments) {
      const { text } = await this.render(String(argument.description ?? ''), macro.package_name, path);
      rendered.push({ ...argument, description: text });
    }
    macro.arguments = rendered;
  }
}

/** Refuses names with spaces, unless the project's flags allow them. Errors: MR-TRF-102. */
export function refuseSpacedNames(nodes: Iterable<ManifestNode>): void {
  for (const { name, resource_type: type, original_file_path: path } of nodes) {
    if (!name.includes(' ')) continue;
    throw new MillraceError('MR-TRF-102', {
      path,
      line: 1,
      problem: `the name '${name}' of the ${type} has a space in it, which dbt refuses: give it another name`,
    });
  }
}

/** Refuses two nodes that would become one relation. Errors: MR-TRF-105. */
export function refuseTwinRelations(nodes: Iterable<ManifestNode>): void {
  const taken = new Map<string, ManifestNode>();
  for (const node of nodes) {
    const isRelation = ['model', 'seed', 'snapshot'].includes(node.resource_type) || node.relation_name !== null;
    if (!isRelation || !node.config.enabled) continue;
    const relation = relationText({ database: node.database, schema: node.schema, alias: node.alias });
    const twin = taken.get(relation.toLowerCase());
    if (twin) {
      const name = (one: ManifestNode): string => `The ${one.resource_type} ${one.name} (${one.original_file_path})`;
      throw new MillraceError('MR-TRF-105', {
        first: name(twin),
        second: name(node).replace('The', 'the'),
        relation,
      });
    }
    taken.set(relation.toLowerCase(), node);
  }
}

/** Refuses what cannot be of groups, snapshots and microbatch models. Errors: MR-TRF-120 and 122. */
export function checkNodes(workspace: Workspace, nodes: Iterable<ManifestNode>, groups: Iterable<ManifestGroup>): void {
  const known = new Set([...groups].map((group) => group.name));
  for (const node of nodes) {
    const patch = node.patch_path?.split('://')[1];
    const owner: ConfigOwner = {
      name: `the ${node.resource_type} ${node.name}`,
      root: packageOf(workspace, node.package_name).root,
      paths: [node.original_file_path, ...(patch === undefined ? [] : [patch])],
    };
    if (node.group !== null && !known.has(node.group)) {
      const near = nearest(node.group, known);
      throw new MillraceError('MR-TRF-122', {
        ...placeOfConfig(owner, 'group'),
        node: owner.name,
        group: node.group,
        nearest: near,
      });
    }
    if (!node.config.enabled) continue;
    if (node.resource_type === 'snapshot') checkSnapshot(node.config, owner);
    if (node.resource_type === 'model') checkMicrobatch(node.config, owner);
    if (node.access === 'public' && node.config.materialized === 'ephemeral') {
      throw wrongConfig(owner, 'access', 'an ephemeral model cannot be public');
    }
  }
}

const uniqueTests: readonly string[] = ['unique', 'unique_combination_of_columns'];

/** The columns that name a row, as constraints or tests tell. */
export function primaryKeyOf(node: ManifestNode, tests: readonly ManifestNode[]): readonly string[] {
  const ofModel = node.constraints?.find((constraint) => constraint.type === 'primary_key');
  if (ofModel) return asList(ofModel.columns).map(String);
  const ofColumn = Object.values(node.columns).find((column) =>
    column.constraints.some((one) => one.type === 'primary_key'),
  );
  if (ofColumn) return [ofColumn.name];
  const enabled = new Set<string>();
  const disabled = new Set<string>();
  const filled = new Set<string>();
  for (const test of tests) {
    const kwargs = asMap(test.test_metadata?.kwargs);
    const named = typeof kwargs.column_name === 'string' ? [kwargs.column_name] : asList(kwargs.combination_of_columns);
    for (const column of named) {
      if (typeof column !== 'string') continue;
      if (uniqueTests.includes(test.test_metadata?.name ?? '')) (test.config.enabled ? enabled : disabled).add(column);
      else if (test.test_metadata?.name === 'not_null') filled.add(column);
    }
  }
  const both = [...filled].filter((column) => enabled.has(column) || disabled.has(column));
  if (both.length > 0) return both.sort();
  return [...(enabled.size > 0 ? enabled : disabled)].sort();
}
