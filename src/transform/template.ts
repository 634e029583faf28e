/** Jinja with the functions that dbt gives to templates, by the minijinja library. */
import { Environment } from 'minijinja-js';
import { MillraceError, problemOf } from '../kernel/errors.ts';
import type { JsonValue } from '../stores/duckdb/duckdb.ts';
import type { ProjectFile } from './files.ts';
import { readMacros } from './macros.ts';

/** A JSON object. */
export type JsonObject = Readonly<Record<string, JsonValue>>;

/** What the functions of a template answer while one file is rendered; what they throw ends the rendering. */
export interface Scope {
  /** What is rendered, for messages. */
  readonly node: string;
  readonly ref: (name: string, packageName: string | undefined) => string;
  readonly source: (source: string, table: string) => string;
  readonly config: (values: JsonObject) => void;
  /** The relation that the node becomes, as SQL. */
  readonly this: string;
  /** False while refs and configs are only collected. */
  readonly execute: boolean;
}

/** The template engine of one project. */
export interface Templates {
  /** Renders a file. Errors: MR-TRF-004 with file and line, and whatever the scope throws. */
  readonly render: (file: ProjectFile, scope: Scope) => string;
  /** Renders a text of a YAML file; one that is a single expression keeps its type. Errors as in `render`. */
  readonly value: (text: string, path: string, scope: Scope) => JsonValue;
}

/** Where a project is built, as templates see it. */
export const target = { name: 'millrace', schema: 'main', type: 'duckdb' } as const;

/** What templates read from outside. */
export interface TemplateSettings {
  readonly vars: JsonObject;
  readonly env: (name: string) => string | undefined;
}

type Arguments = readonly unknown[];

/** Maps become objects and what is undefined null: the library hands dictionaries over as maps. */
function toJson(value: unknown): JsonValue {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [String(key), toJson(item)]));
  if (Array.isArray(value)) return value.map(toJson);
  return (value ?? null) as JsonValue;
}

/** Keyword arguments arrive as a map in the last place. */
function keywords(args: Arguments): JsonObject {
  const last = args.at(-1);
  return last instanceof Map ? (toJson(last) as JsonObject) : {};
}

function textArgument(args: Arguments, index: number, call: string): string {
  const value = args[index];
  if (typeof value !== 'string') throw new Error(`${call} needs a text as argument ${index + 1}`);
  return value;
}

/** The second argument, by place or as default=; undefined when there is none. */
function defaultArgument(args: Arguments): JsonValue | undefined {
  const named = keywords(args);
  if (Object.keys(named).join() === 'default') return named.default;
  return args.length > 1 ? toJson(args[1]) : undefined;
}

/** ref('model') or ref('package', 'model'). */
function refArguments(args: Arguments): readonly [name: string, packageName: string | undefined] {
  if (args.at(-1) instanceof Map) throw new Error('versions of models are not supported in ref()');
  const first = textArgument(args, 0, 'ref()');
  return args.length > 1 ? [textArgument(args, 1, 'ref()'), first] : [first, undefined];
}

/** The functions of templates. */
const templateFunctions = (settings: TemplateSettings) => ({
  ref: (scope: Scope, args: Arguments) => scope.ref(...refArguments(args)),
  source: (scope: Scope, args: Arguments) =>
    scope.source(textArgument(args, 0, 'source()'), textArgument(args, 1, 'source()')),
  config(scope: Scope, args: Arguments) {
    scope.config(keywords(args));
    return '';
  },
  var(_: Scope, args: Arguments) {
    const name = textArgument(args, 0, 'var()');
    const value = Object.hasOwn(settings.vars, name) ? settings.vars[name] : defaultArgument(args);
    if (value === undefined) throw new Error(`the variable ${name} is not set and has no default`);
    return value;
  },
  env_var(_: Scope, args: Arguments) {
    const name = textArgument(args, 0, 'env_var()');
    const value = settings.env(name) ?? defaultArgument(args);
    if (value === undefined) throw new Error(`Env var required but not provided: '${name}'`);
    return String(value);
  },
  is_incremental: () => false,
  log: () => '',
});

/** What the library says, without the excerpt it adds, and the place that it names. */
function readLibraryError(thrown: unknown): { readonly problem: string; readonly path: string; readonly line: number } {
  const text = problemOf(thrown);
  const found = /^(.*?) \(in (.+?):(\d+)\)/.exec(text);
  return { problem: found?.[1] ?? text, path: found?.[2] ?? '', line: Number(found?.[3] ?? 0) };
}

/** Sets the template engine of a project up. Errors: MR-TRF-004 for a macro file that is not Jinja. */
export function createTemplates(macroFiles: readonly ProjectFile[], settings: TemplateSettings): Templates {
  const macros = readMacros(macroFiles);
  const sources = new Map(macroFiles.map((file) => [file.path, file.text]));
  const environment = new Environment();
  const state: { scope?: Scope; failures: unknown[] } = { failures: [] };

  /** An exception that passed through the library would leave it unusable, so it waits until the rendering is over. */
  const guarded =
    (call: (scope: Scope, args: Arguments) => JsonValue) =>
    (...args: Arguments): JsonValue => {
      try {
        if (!state.scope) throw new Error('it cannot be used while a macro file is read');
        return call(state.scope, args);
      } catch (thrown) {
        state.failures.push(thrown);
        return '';
      }
    };

  function explain(node: string, path: string, thrown: unknown): MillraceError {
    if (thrown instanceof MillraceError) return thrown;
    const found = readLibraryError(thrown);
    const excerpt = sources.get(found.path)?.split('\n')[found.line - 1]?.trim();
    const problem = excerpt ? `${found.problem}, at ${excerpt}` : found.problem;
    const place = sources.has(found.path) ? `${found.path}:${found.line}` : path;
    return new MillraceError('MR-TRF-004', { node, problem, path: place }, thrown);
  }

  function within<T>(path: string, scope: Scope, work: () => T): T {
    state.scope = scope;
    state.failures = [];
    environment.addGlobal('this', scope.this);
    environment.addGlobal('execute', scope.execute);
    try {
      const result = work();
      if (state.failures.length === 0) return result;
    } catch (thrown) {
      state.failures.push(thrown);
    }
    throw explain(scope.node, path, state.failures[0]);
  }

  environment.enablePyCompat();
  // So the library spells it: an undefined name may be a condition, and nothing else.
  environment.undefinedBehavior = 'semi_strct';
  environment.addGlobal('target', target);
  for (const [name, call] of Object.entries(templateFunctions(settings))) environment.addGlobal(name, guarded(call));
  for (const { path, text } of macros.files) {
    try {
      environment.addTemplate(path, text);
    } catch (thrown) {
      throw explain(path, path, thrown);
    }
  }

  return {
    render({ path, text }, scope) {
      sources.set(path, text);
      return within(path, scope, () => environment.renderNamedStr(path, macros.importsFor(text) + text, {}));
    },
    value(text, path, scope) {
      if (!text.includes('{{') && !text.includes('{%')) return text;
      const expression = /^\s*\{\{((?:(?!\}\}).)*)\}\}\s*$/s.exec(text)?.[1];
      return within(path, scope, () =>
        expression === undefined ? environment.renderStr(text, {}) : toJson(environment.evalExpr(expression, {})),
      );
    },
  };
}

/** Renders every text within a value of a YAML file; see `Templates.value`. */
export function renderValues<T extends JsonValue>(templates: Templates, value: T, path: string, scope: Scope): T {
  if (typeof value === 'string') return templates.value(value, path, scope) as T;
  if (Array.isArray(value)) return value.map((item) => renderValues(templates, item, path, scope)) as JsonValue as T;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, renderValues(templates, item, path, scope)]);
  return Object.fromEntries(entries) as T;
}
