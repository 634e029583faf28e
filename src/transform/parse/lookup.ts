/** Which node a ref means, and which table a source(): looked up by name, package and version as dbt does. */
import type { ManifestNode, ManifestSource, RefArgs } from '../manifest/types.ts';

/** Kinds of nodes that a ref can mean. */
const referable: readonly string[] = ['model', 'seed', 'snapshot'];

/** What a name stands for: the thing, the thing although it is disabled, or nothing. */
export type Found<T> = { readonly found: T } | { readonly disabled: T } | undefined;

/** Names of one kind of things, each in the packages that have it. */
class Names<T extends { readonly package_name: string }> {
  readonly #byName = new Map<string, Map<string, T>>();

  add(name: string, thing: T): void {
    const packages = this.#byName.get(name) ?? new Map<string, T>();
    packages.set(thing.package_name, thing);
    this.#byName.set(name, packages);
  }

  /** The thing of a package; of the first package that has the name where none is asked for. */
  get(name: string, packageName: string | null): T | undefined {
    const packages = this.#byName.get(name);
    return packageName === null ? packages?.values().next().value : packages?.get(packageName);
  }

  names(): Iterable<string> {
    return this.#byName.keys();
  }
}

/** The packages in which a reference is looked for, in order; null stands for any. */
function searched(rootPackage: string, fromPackage: string, named: string | null): readonly (string | null)[] {
  if (named !== null) return [named];
  return fromPackage === rootPackage ? [rootPackage, null] : [rootPackage, fromPackage, null];
}

/** Finds nodes by ref() and tables by source(). */
export class Lookup {
  readonly #rootPackage: string;
  readonly #nodes = new Names<ManifestNode>();
  readonly #disabledNodes = new Names<ManifestNode>();
  readonly #sources = new Names<ManifestSource>();
  readonly #disabledSources = new Names<ManifestSource>();

  constructor(rootPackage: string, nodes: Iterable<ManifestNode>, sources: Iterable<ManifestSource>) {
    this.#rootPackage = rootPackage;
    for (const node of nodes) this.#addNode(node);
    for (const source of sources) {
      const names = source.config.enabled ? this.#sources : this.#disabledSources;
      names.add(`${source.source_name}.${source.name}`, source);
    }
  }

  #addNode(node: ManifestNode): void {
    if (!referable.includes(node.resource_type)) return;
    const names = node.config.enabled ? this.#nodes : this.#disabledNodes;
    const { version = null, latest_version: latest = null } = node;
    if (version !== null) names.add(`${node.name}.v${version}`, node);
    if (version === null || String(version) === String(latest)) names.add(node.name, node);
  }

  /** The node that a ref within a package means. */
  node(ref: RefArgs, fromPackage: string): Found<ManifestNode> {
    const name = ref.version === null ? ref.name : `${ref.name}.v${ref.version}`;
    return this.#search(this.#nodes, this.#disabledNodes, name, searched(this.#rootPackage, fromPackage, ref.package));
  }

  /** The table that a source() within a package means. */
  source(source: string, table: string, fromPackage: string): Found<ManifestSource> {
    const packages = searched(this.#rootPackage, fromPackage, null);
    return this.#search(this.#sources, this.#disabledSources, `${source}.${table}`, packages);
  }

  #search<T extends { readonly package_name: string }>(
    enabled: Names<T>,
    disabled: Names<T>,
    name: string,
    packages: readonly (string | null)[],
  ): Found<T> {
    for (const packageName of packages) {
      const found = enabled.get(name, packageName);
      if (found) return { found };
    }
    for (const packageName of packages) {
      const found = disabled.get(name, packageName);
      if (found) return { disabled: found };
    }
    return undefined;
  }

  /** What a ref could have meant. */
  nodeNames(): Iterable<string> {
    return this.#nodes.names();
  }

  /** What a source() could have meant, as `source.table`. */
  sourceNames(): Iterable<string> {
    return this.#sources.names();
  }
}
