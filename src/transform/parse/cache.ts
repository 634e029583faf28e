/** What parsing a project gave, kept in a folder by the contents that it was made of: whole, and file by file. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../../kernel/folders.ts';
import type { JsonValue } from '../../stores/duckdb/duckdb.ts';
import type { TemplateUse } from '../context/parse-context.ts';
import type { JsonMap, Manifest, ManifestMacro } from '../manifest/types.ts';
import { allFolders, dbtVersion, type ProjectDefinition } from './definition.ts';
import { findFiles, readText, readTextIfThere, sha256 } from './files.ts';
import type { MacroFile, MacroPlace } from './macro-files.ts';
import type { FileCache, SeenUse } from './workspace.ts';
import type { ReadYaml, YamlCache } from './yaml.ts';

/** Grows whenever what is kept changes its shape or meaning. */
const format = 4;

/** The values of the environment variables that parsing read; null where one is not set. */
type ReadEnvironment = Readonly<Record<string, string | null>>;

/** What a project was made of: the first line of its file, so that a project that has changed is not read. */
interface ProjectKey {
  readonly key: string;
  readonly environment: ReadEnvironment;
}

/** A project as it was read: the second line. */
interface KeptProject {
  readonly manifest: Manifest;
  readonly warnings: readonly string[];
  readonly places: readonly MacroPlace[];
}

/** What YAML texts say, each under its hash. */
type KeptYaml = Record<string, { readonly value: JsonValue; readonly floats: readonly string[] }>;

/** What the files say that tell of which others a project consists: read before all others, so in a file of their own. */
interface KeptDefinitions {
  readonly format: number;
  readonly yaml: KeptYaml;
}

/** What files gave, each under the hash of what it was made of. */
interface KeptFiles {
  readonly format: number;
  readonly environment: ReadEnvironment;
  readonly yaml: KeptYaml;
  readonly uses: Record<string, TemplateUse>;
  readonly macros: Record<
    string,
    { readonly manifest: Record<string, ManifestMacro>; readonly places: readonly MacroPlace[] }
  >;
}

/** The settings that parsing depends on. */
export interface CacheSettings {
  readonly vars: JsonMap;
  readonly target: JsonMap;
}

const noFiles = (): KeptFiles => ({ format, environment: {}, yaml: {}, uses: {}, macros: {} });

/** A file of the cache; undefined where it is absent or cut short, and the project is parsed anew. */
function readKept<T>(folder: string, name: string, read: (text: string) => T | undefined): T | undefined {
  try {
    return read(readFileSync(join(folder, name), 'utf8'));
  } catch {
    return undefined;
  }
}

/** A cache is a help and no duty: where it cannot be written the project is parsed each time. */
function writeKept(folder: string, name: string, ...lines: readonly unknown[]): void {
  try {
    makeFolder(folder);
    const path = join(folder, name);
    writeFileSync(`${path}.new`, lines.map((line) => JSON.stringify(line)).join('\n'));
    renameSync(`${path}.new`, path);
  } catch {
    // Read-only or full: nothing is kept.
  }
}

function ofThisFormat<T extends { readonly format: number }>(text: string): T | undefined {
  const kept = JSON.parse(text) as T;
  return kept.format === format ? kept : undefined;
}

/** A YAML text as it was read before, or as it is read now; either is kept. */
function throughCache(before: KeptYaml, after: KeptYaml, text: string, read: () => ReadYaml): ReadYaml {
  const key = sha256(text);
  const kept = before[key];
  if (kept) {
    after[key] = kept;
    return { value: kept.value, floats: new Set(kept.floats) };
  }
  const { value, floats } = read();
  after[key] = { value, floats: [...floats] };
  return { value, floats };
}

const projectFile = 'project.jsonl';
const filesFile = 'files.json';
const definitionsFile = 'definitions.json';

const endings = ['.sql', '.py', '.csv', '.yml', '.yaml', '.md'];

/** The names and contents of all files that a project is made of. */
function contentsOf(packages: readonly ProjectDefinition[], macroFiles: readonly MacroFile[]): string {
  const parts: string[] = macroFiles.map(
    ({ packageName, file, text }) => `${packageName} ${file.originalPath} ${sha256(text)}`,
  );
  for (const project of packages) {
    for (const path of ['dbt_project.yml', 'packages.yml', 'dependencies.yml']) {
      parts.push(`${project.name} ${path} ${sha256(readTextIfThere(project.root, path) ?? '')}`);
    }
    for (const file of findFiles(project.root, [...allFolders(project), ...project.docsPaths], endings)) {
      parts.push(`${project.name} ${file.originalPath} ${sha256(readText(project.root, file.originalPath))}`);
    }
  }
  return sha256(parts.join('\n'));
}

/** The cache of one project while it is read. */
export class ParseCache implements FileCache {
  readonly #folder: string | null;
  readonly #env: (name: string) => string | undefined;
  readonly #settings: string;
  readonly #environment: Record<string, string | null> = {};
  #before: KeptFiles = noFiles();
  readonly #after: KeptFiles = noFiles();
  #knownDefinitions: KeptYaml | undefined;
  readonly #definitions: KeptYaml = {};
  #macros = '';
  #context = '';

  /** `folder` null: nothing is kept. */
  constructor(folder: string | null, env: (name: string) => string | undefined, settings: CacheSettings) {
    this.#folder = folder;
    this.#env = env;
    this.#settings = JSON.stringify([format, dbtVersion, settings.vars, settings.target]);
  }

  /** The environment, with a note of what was asked of it. */
  readonly env = (name: string): string | undefined => {
    const value = this.#env(name);
    this.#environment[name] = value ?? null;
    return value;
  };

  #isCurrent(environment: ReadEnvironment): boolean {
    return Object.entries(environment).every(([name, value]) => (this.#env(name) ?? null) === value);
  }

  #projectKey(packages: readonly ProjectDefinition[], macroFiles: readonly MacroFile[]): string {
    const roots = packages.map(({ root }) => root);
    return sha256(JSON.stringify([this.#settings, roots, contentsOf(packages, macroFiles)]));
  }

  /** The project in a file, when it was made of the same things. */
  #projectOf(text: string, key: string): KeptProject | undefined {
    const end = text.indexOf('\n');
    const first = JSON.parse(text.slice(0, end)) as ProjectKey;
    if (first.key !== key || !this.#isCurrent(first.environment)) return undefined;
    return JSON.parse(text.slice(end + 1)) as KeptProject;
  }

  /** The project as it was read before, when nothing that it was made of has changed; else what is left of it by files. */
  open(
    packages: readonly ProjectDefinition[],
    macroFiles: readonly MacroFile[],
  ): { readonly key: string; readonly kept: KeptProject | undefined } {
    if (this.#folder === null) return { key: '', kept: undefined };
    this.#keepDefinitions(this.#folder);
    const key = this.#projectKey(packages, macroFiles);
    const kept = readKept(this.#folder, projectFile, (text) => this.#projectOf(text, key));
    if (kept) return { key, kept };
    this.#before = readKept(this.#folder, filesFile, ofThisFormat<KeptFiles>) ?? noFiles();
    this.#macros = sha256(
      macroFiles.map(({ packageName, file, text }) => `${packageName} ${file.originalPath}\n${text}`).join('\n'),
    );
    const definitions = packages.map(({ root }) => readTextIfThere(root, 'dbt_project.yml') ?? '');
    this.#context = sha256(JSON.stringify([this.#settings, this.#macros, definitions]));
    return { key, kept: undefined };
  }

  #keepDefinitions(folder: string): void {
    const known = this.#knownDefinitions ?? {};
    if (Object.keys(this.#definitions).every((key) => known[key])) return;
    writeKept(folder, definitionsFile, { format, yaml: this.#definitions } satisfies KeptDefinitions);
  }

  /** What a YAML file says, by its text. */
  yaml(text: string, read: () => ReadYaml): ReadYaml {
    if (this.#folder === null) return read();
    return throughCache(this.#before.yaml, this.#after.yaml, text, read);
  }

  /** The same for the files that are read before `open`. */
  readonly definitions: YamlCache = {
    yaml: (text, read) => {
      if (this.#folder === null) return read();
      this.#knownDefinitions ??= readKept(this.#folder, definitionsFile, ofThisFormat<KeptDefinitions>)?.yaml ?? {};
      return throughCache(this.#knownDefinitions, this.#definitions, text, read);
    },
  };

  /** What a template uses: what rendering showed holds while macros, project files, variables and environment stay the same. */
  async use(identity: readonly unknown[], text: string, see: () => Promise<SeenUse>): Promise<TemplateUse> {
    if (this.#folder === null) return (await see()).use;
    const own = sha256(JSON.stringify([identity, text]));
    const rendered = sha256(own + this.#context);
    const before = this.#before.uses;
    const key = before[own] || !this.#isCurrent(this.#before.environment) ? own : rendered;
    const kept = before[key];
    if (kept) {
      this.#after.uses[key] = kept;
      Object.assign(this.#environment, this.#before.environment);
      return structuredClone(kept);
    }
    const { use, isStatic } = await see();
    this.#after.uses[isStatic ? own : rendered] = structuredClone(use);
    return use;
  }

  /** The macros of all files, as long as none of these has changed. */
  macros(): { readonly manifest: Record<string, ManifestMacro>; readonly places: readonly MacroPlace[] } | undefined {
    return this.#before.macros[this.#macros];
  }

  /** Keeps what was read. */
  save(key: string, project: KeptProject, macros: Record<string, ManifestMacro>): void {
    if (this.#folder === null) return;
    this.#after.macros[this.#macros] = { manifest: macros, places: project.places };
    const environment = this.#environment;
    writeKept(this.#folder, projectFile, { key, environment } satisfies ProjectKey, project);
    writeKept(this.#folder, filesFile, { ...this.#after, environment });
  }
}
