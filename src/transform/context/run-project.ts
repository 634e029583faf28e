/** A project that is ready to be run: its manifest with what rendering needs beside it. */
import { JinjaError } from '../jinja/errors.ts';
import type { Value } from '../jinja/values.ts';
import type { Manifest, ManifestNode, ManifestSource, RefArgs } from '../manifest/types.ts';
import type { Macros } from '../parse/macros.ts';
import type { BaseSettings, Target } from './base-context.ts';
import type { Policy } from './relation.ts';

/** What a run needs of a project. */
export interface RunProject {
  readonly manifest: Manifest;
  readonly macros: Macros;
  /** The folders of the project and its packages, by their names. */
  readonly folders: ReadonlyMap<string, string>;
  readonly target: Target;
  /** The variables that hold within a package, those of the command line included. */
  readonly vars: (packageName: string) => ReadonlyMap<string, Value>;
  readonly env: (name: string) => string | undefined;
  readonly quoting: Policy;
}

/** What a run is given besides the project. */
export type RunBase = Omit<BaseSettings, 'target' | 'quoting'>;

const refusal = (message: string): never => {
  throw new JinjaError('HostError', message);
};

/** Finds what ref() and source() mean, by name. */
export class References {
  readonly #nodes = new Map<string, ManifestNode[]>();
  readonly #sources = new Map<string, ManifestSource[]>();
  readonly #rootPackage: string;

  constructor(manifest: Manifest, rootPackage: string) {
    this.#rootPackage = rootPackage;
    for (const node of Object.values(manifest.nodes)) {
      if (!['model', 'seed', 'snapshot'].includes(node.resource_type)) continue;
      this.#nodes.set(node.name, [...(this.#nodes.get(node.name) ?? []), node]);
    }
    for (const source of Object.values(manifest.sources)) {
      const key = `${source.source_name}.${source.name}`;
      this.#sources.set(key, [...(this.#sources.get(key) ?? []), source]);
    }
  }

  /** Errors: JinjaError where there is no such node. */
  node({ name, package: packageName, version }: RefArgs, fromPackage: string): ManifestNode {
    const named = (this.#nodes.get(name) ?? []).filter((node) => {
      if (node.version === undefined || node.version === null) return version === null;
      return String(node.version) === String(version ?? node.latest_version);
    });
    const order = packageName === null ? [fromPackage, this.#rootPackage] : [packageName];
    const found =
      order.map((wanted) => named.find((node) => node.package_name === wanted)).find((node) => node !== undefined) ??
      (packageName === null ? named[0] : undefined);
    const shown = packageName === null ? `'${name}'` : `'${packageName}', '${name}'`;
    return found ?? refusal(`ref(${shown}) finds no model, seed or snapshot`);
  }

  /** Errors: JinjaError where there is no such table. */
  source(sourceName: string, tableName: string, fromPackage: string): ManifestSource {
    const named = this.#sources.get(`${sourceName}.${tableName}`) ?? [];
    const found =
      named.find((source) => source.package_name === fromPackage) ??
      named.find((source) => source.package_name === this.#rootPackage) ??
      named[0];
    return found ?? refusal(`source('${sourceName}', '${tableName}') finds no table`);
  }
}
