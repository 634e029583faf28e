/** The macros of a project and its packages: found by name as dbt finds them, dispatched, and bound to a host's names. */
import type { Scope } from '../jinja/frame.ts';
import type { Block } from '../jinja/template.ts';
import type { Macro } from '../jinja/values.ts';
import type { ManifestMacro } from '../manifest/types.ts';

/** The package of the engine's own macros. */
export const builtinPackage = 'dbt';

/** A macro that is ready to be called. */
export interface MacroEntry {
  readonly id: string;
  readonly name: string;
  readonly packageName: string;
  /** Below its project, as `macros/money.sql`. */
  readonly path: string;
  /** The line of its opening tag. */
  readonly line: number;
  /** Its block, parsed when it is first asked for. */
  readonly block: () => Block;
}

/** What a macro is for a host: names within it are looked up in `scope`. */
export const bindMacro = (entry: MacroEntry, scope: Scope): Macro => entry.block().bind(scope);

/** All macros of a project, its packages and the engine. */
export class Macros {
  readonly rootPackage: string;
  readonly #dispatch: ReadonlyMap<string, readonly string[]>;
  readonly #packages = new Map<string, Map<string, MacroEntry>>();
  #byName: Map<string, MacroEntry> | undefined;

  constructor(rootPackage: string, dispatch: ReadonlyMap<string, readonly string[]>) {
    this.rootPackage = rootPackage;
    this.#dispatch = dispatch;
  }

  /** Adds a macro; gives the one that has its name in the package already. */
  add(entry: MacroEntry): MacroEntry | undefined {
    const members = this.#packages.get(entry.packageName) ?? new Map<string, MacroEntry>();
    this.#packages.set(entry.packageName, members);
    const twin = members.get(entry.name);
    members.set(entry.name, entry);
    this.#byName = undefined;
    return twin;
  }

  /** Whether a package has macros, or is one that can be named before a point. */
  hasPackage(name: string): boolean {
    return this.#packages.has(name);
  }

  inPackage(packageName: string, name: string): MacroEntry | undefined {
    return this.#packages.get(packageName)?.get(name);
  }

  /** The macro that a plain name means in a template of a package: its own, then the root project's, the engine's. */
  visible(name: string, fromPackage: string): MacroEntry | undefined {
    return (
      this.inPackage(fromPackage, name) ??
      this.inPackage(this.rootPackage, name) ??
      this.inPackage(builtinPackage, name)
    );
  }

  /** Where a name is looked for by itself: in its package, then the root project, other packages, the engine. */
  find(name: string, fromPackage: string): MacroEntry | undefined {
    const own = fromPackage === builtinPackage ? undefined : this.inPackage(fromPackage, name);
    return own ?? this.#names().get(name);
  }

  /** As find(), but a name of the form `package.name` is looked for in that package first. */
  findDotted(packageName: string | null, name: string, fromPackage: string): MacroEntry | undefined {
    return packageName === null
      ? (this.inPackage(fromPackage, name) ?? this.find(name, fromPackage))
      : this.inPackage(packageName, name);
  }

  #names(): Map<string, MacroEntry> {
    if (this.#byName) return this.#byName;
    const names = new Map<string, MacroEntry>();
    const take = (packageName: string): void => {
      for (const entry of this.#packages.get(packageName)?.values() ?? []) names.set(entry.name, entry);
    };
    take(builtinPackage);
    for (const packageName of this.#packages.keys()) {
      if (packageName !== builtinPackage && packageName !== this.rootPackage) take(packageName);
    }
    take(this.rootPackage);
    this.#byName = names;
    return names;
  }

  /** The macro that adapter.dispatch(name, namespace) gives: `duckdb__name` before `default__name`, package by package. */
  dispatch(name: string, namespace: string | null, fromPackage: string): MacroEntry | undefined {
    const prefixes = ['duckdb__', 'default__'];
    if (namespace === null) {
      for (const prefix of prefixes) {
        const entry = this.visible(prefix + name, fromPackage);
        if (entry) return entry;
      }
      return undefined;
    }
    for (const packageName of this.searchOrder(namespace)) {
      for (const prefix of prefixes) {
        const entry = this.inPackage(packageName, prefix + name);
        if (entry) return entry;
      }
    }
    return undefined;
  }

  /** The packages in which a dispatched macro of a namespace is looked for. */
  searchOrder(namespace: string): readonly string[] {
    return this.#dispatch.get(namespace) ?? [...new Set([this.rootPackage, namespace])];
  }

  /** The generate_NAME_name macro that counts: the root project's before the engine's; a package's own for its nodes. */
  generator(part: 'schema' | 'database' | 'alias', packageName: string): MacroEntry | undefined {
    const name = `generate_${part}_name`;
    const own = packageName === this.rootPackage ? undefined : this.inPackage(packageName, name);
    return own ?? this.inPackage(this.rootPackage, name) ?? this.inPackage(builtinPackage, name);
  }

  get packageNames(): readonly string[] {
    return [...this.#packages.keys()];
  }

  *all(): Iterable<MacroEntry> {
    for (const members of this.#packages.values()) yield* members.values();
  }
}

/** The manifest's entry of a macro; what it uses and what YAML says of it is filled in later. */
export const describeMacro = (
  block: Block,
  source: string,
  packageName: string,
  path: string,
  createdAt: number,
): ManifestMacro => ({
  name: block.name,
  resource_type: 'macro',
  package_name: packageName,
  path,
  original_file_path: path,
  unique_id: `macro.${packageName}.${block.name}`,
  macro_sql: source,
  depends_on: { macros: [] },
  description: '',
  meta: {},
  docs: { show: true, node_color: null },
  config: { meta: {}, docs: { show: true, node_color: null } },
  patch_path: null,
  arguments: [],
  created_at: createdAt,
  supported_languages: block.kind === 'materialization' ? block.supportedLanguages : null,
});

/** The macros that a macro calls, as far as its text tells: by name, and by dispatch. */
export function macrosUsedBy(entry: MacroEntry, macros: Macros): readonly string[] {
  const { calledNames, dispatches } = entry.block().uses;
  const called = calledNames.map((call) => macros.findDotted(call.package, call.name, entry.packageName));
  const dispatched = dispatches.flatMap(({ name, namespace }) =>
    name === undefined
      ? []
      : [macros.find(name, entry.packageName), macros.dispatch(name, namespace ?? null, entry.packageName)],
  );
  const ids = [...called, ...dispatched].flatMap((found) => (found && found.name !== entry.name ? [found.id] : []));
  return [...new Set(ids)];
}
