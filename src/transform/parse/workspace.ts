/** What the passes over a project share: its packages, its macros, and how texts are rendered and relations named. */
import { MillraceError } from '../../kernel/errors.ts';
import type { JsonValue } from '../../stores/duckdb/duckdb.ts';
import { noUse, type ParsedNode, type ParseHost, parseScope, type TemplateUse } from '../context/parse-context.ts';
import { envFunction, varObject } from '../context/variables.ts';
import { describeCalls, JinjaError } from '../jinja/errors.ts';
import type { Scope } from '../jinja/frame.ts';
import { parseTemplate, type Template } from '../jinja/template.ts';
import { fromPython, str, toPython, type Value } from '../jinja/values.ts';
import type { JsonMap } from '../manifest/types.ts';
import type { ProjectDefinition, RenderValue } from './definition.ts';
import { asMap } from './json.ts';
import { bindMacro, builtinPackage } from './macros.ts';
import type { YamlCache } from './yaml.ts';

/** The database that a project is run on; the adapter is always DuckDB. */
export interface Target {
  readonly name: string;
  readonly schema: string;
  /** Empty: relations are called by schema and name alone, so that a file can be given another name. */
  readonly database: string;
  readonly threads: number;
}

/** What files gave before, by their contents. */
export interface FileCache extends YamlCache {
  /** What a template uses: as it was seen before, or as `see` sees it. What identifies it stands beside its text. */
  use(identity: readonly unknown[], text: string, see: () => Promise<SeenUse>): Promise<TemplateUse>;
}

/** What a template was seen to use, and whether its text alone tells. */
export interface SeenUse {
  readonly use: TemplateUse;
  readonly isStatic: boolean;
}

/** What all passes need. */
export interface Workspace {
  readonly root: ProjectDefinition;
  /** The project itself first, then its packages. */
  readonly packages: readonly ProjectDefinition[];
  readonly target: Target;
  readonly host: ParseHost;
  readonly cache: FileCache;
  readonly warn: (text: string) => void;
  /** The moment of parsing, in seconds since 1970. */
  readonly now: number;
}

/** The project of a package. */
export function packageOf(workspace: Workspace, name: string): ProjectDefinition {
  const found = workspace.packages.find((one) => one.name === name);
  return found ?? workspace.root;
}

/** Reads a template that begins at a line of a file. Errors: MR-TRF-110 with file and line. */
export function readTemplate(text: string, path: string, firstLine = 1): Template {
  try {
    return parseTemplate(text, path, firstLine);
  } catch (thrown) {
    throw templateError(thrown, path);
  }
}

const sentence = (message: string): string => message.replace(/[.\s]+$/, '');

/** What a template threw, as an error of the catalogue: MR-TRF-110 for its syntax, MR-TRF-111 for the rest. */
export function templateError(thrown: unknown, path: string, line = 1): unknown {
  if (!(thrown instanceof JinjaError)) return thrown;
  if (thrown.cause instanceof MillraceError) return thrown.cause;
  const where = { path: thrown.file === '' ? path : thrown.file, line: thrown.line === 0 ? line : thrown.line };
  const unset = /^the environment variable (\S+) is not set$/.exec(thrown.message);
  if (unset) return new MillraceError('MR-TRF-117', { ...where, name: unset[1] ?? '' }, thrown);
  const noVar = /^the variable (\S+) is not set$/.exec(thrown.message);
  if (noVar) return new MillraceError('MR-TRF-116', { ...where, name: noVar[1] ?? '' }, thrown);
  const calls = describeCalls(
    thrown.calls,
    ({ macro, calledFrom }) => `in the macro ${macro} called at ${calledFrom.file}:${calledFrom.line}`,
  );
  const code = thrown.kind === 'TemplateSyntaxError' ? 'MR-TRF-110' : 'MR-TRF-111';
  return new MillraceError(code, { ...where, problem: [sentence(thrown.message), ...calls].join(', ') }, thrown);
}

/** Renders texts of YAML: they see var, env_var, target and the common names. Errors: MR-TRF-110, 111, 116 and 117. */
export function yamlRenderer(host: Omit<ParseHost, 'macros'>, packageName: string, path: string): RenderValue {
  return async (text, line) => {
    const missing =
      (code: 'MR-TRF-116' | 'MR-TRF-117') =>
      (name: string): never => {
        throw new MillraceError(code, { path, line: line(), name });
      };
    const scope: Scope = {
      lookup(name) {
        if (name === 'var') return varObject(host.vars(packageName), missing('MR-TRF-116'), (one) => scope.lookup(one));
        if (name === 'env_var') return envFunction(host.env, missing('MR-TRF-117'));
        return host.common(name);
      },
    };
    try {
      return fromPython(await parseTemplate(text, path).renderNative(scope));
    } catch (thrown) {
      const error = templateError(thrown, path, line());
      if (!(error instanceof MillraceError) || (error.code !== 'MR-TRF-110' && error.code !== 'MR-TRF-111'))
        throw error;
      throw new MillraceError(error.code, { ...error.details, path, line: line() }, thrown);
    }
  };
}

/** Where a node's relation stands. */
export interface RelationNames {
  readonly database: string | null;
  readonly schema: string;
  readonly alias: string;
}

const parts = ['database', 'schema', 'alias'] as const;

/** Names relations by the macros generate_database_name, generate_schema_name and generate_alias_name. */
export function relationNamer(workspace: Workspace) {
  const { macros } = workspace.host;
  const remembered = new Map<string, JsonValue>();

  const plain = new Map<string, boolean>();

  /** The engine's own macros look at nothing but the name, the version and what was set, so their answers are remembered. */
  const isPlain = (part: (typeof parts)[number], packageName: string): boolean => {
    const key = `${part} ${packageName}`;
    const known = plain.get(key);
    if (known !== undefined) return known;
    const entries = [
      macros.generator(part, packageName),
      macros.dispatch(`generate_${part}_name`, builtinPackage, packageName),
    ];
    const is = entries.every((entry) => entry?.packageName === builtinPackage);
    plain.set(key, is);
    return is;
  };

  const call = async (part: (typeof parts)[number], custom: JsonValue, node: JsonMap): Promise<JsonValue> => {
    const packageName = String(node.package_name);
    const entry = macros.generator(part, packageName);
    if (!entry) throw new Error(`There is no macro generate_${part}_name.`);
    const parsed: ParsedNode = {
      packageName,
      database: workspace.target.database,
      schema: workspace.target.schema,
      identifier: String(node.name),
      model: () => node,
    };
    const macro = bindMacro(entry, parseScope(workspace.host, parsed, noUse()));
    const value: Value = await macro.call([toPython(custom), toPython(node)], new Map());
    return value === null ? null : str(value).trim();
  };

  const nameOf = async (part: (typeof parts)[number], config: JsonMap, node: JsonMap): Promise<JsonValue> => {
    const custom = config[part] ?? null;
    if (!isPlain(part, String(node.package_name))) return call(part, custom, node);
    const asked = part === 'alias' ? [part, custom, node.name, node.version ?? null] : [part, custom];
    const key = JSON.stringify(asked);
    const known = remembered.get(key);
    if (known !== undefined) return known;
    const bare = { name: node.name ?? '', version: node.version ?? null, package_name: node.package_name ?? '' };
    const value = await call(part, custom, bare);
    remembered.set(key, value);
    return value;
  };

  return async (config: JsonMap, node: JsonMap): Promise<RelationNames> => {
    const path = String(node.original_file_path);
    try {
      const database = await nameOf('database', config, node);
      const schema = await nameOf('schema', config, node);
      const alias = await nameOf('alias', config, node);
      return {
        database: database === null ? null : String(database),
        schema: String(schema ?? ''),
        alias: String(alias ?? ''),
      };
    } catch (thrown) {
      throw templateError(thrown, path);
    }
  };
}

/** How a relation is written in SQL: quoted as the project and the node want it, which is all of it unless they say otherwise. */
export function relationText(names: RelationNames, ...quoting: readonly (JsonValue | undefined)[]): string {
  const policy = Object.assign({}, ...quoting.map(asMap)) as JsonMap;
  const part = (text: string | null, key: string): readonly string[] => {
    if (text === null || text === '') return [];
    return [policy[key] === false ? text : `"${text.replaceAll('"', '""')}"`];
  };
  return [
    ...part(names.database, 'database'),
    ...part(names.schema, 'schema'),
    ...part(names.alias, 'identifier'),
  ].join('.');
}
