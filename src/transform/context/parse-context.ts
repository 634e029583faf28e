/** What a template sees while its project is parsed: nothing is queried, and every ref, source, config and macro is noted. */
import { JinjaError } from '../jinja/errors.ts';
import type { Scope } from '../jinja/frame.ts';
import { returnFunction } from '../jinja/return-value.ts';
import {
  Callable,
  Dict,
  fromPython,
  type Kwargs,
  LenientUndefined,
  lenientUndefined,
  Macro,
  type MakeUndefined,
  str,
  toPython,
  type Value,
} from '../jinja/values.ts';
import type { JsonMap, RefArgs } from '../manifest/types.ts';
import { mergeCalls } from '../parse/config.ts';
import { bindMacro, type MacroEntry, type Macros } from '../parse/macros.ts';
import { given } from './callables.ts';
import { CallableObject, functions, MemberObject } from './member-objects.ts';
import { configOfCall, refOf, requireText, sourceOf } from './reference-calls.ts';
import { Relation } from './relation.ts';
import { type EnvReader, envFunction, type VarReader, varObject } from './variables.ts';

/** What parsing needs of the project and its settings. */
export interface ParseHost {
  readonly macros: Macros;
  readonly vars: VarReader;
  readonly env: EnvReader;
  /** Names that hold everywhere: target, modules, tojson, exceptions, ... */
  readonly common: (name: string) => Value | undefined;
}

/** The node that is parsed. */
export interface ParsedNode {
  readonly packageName: string;
  readonly database: string | null;
  readonly schema: string;
  readonly identifier: string;
  /** The node as the manifest will have it, as far as it is known. */
  readonly model: () => JsonMap;
}

/** What a template was seen to use. */
export interface TemplateUse {
  readonly refs: RefArgs[];
  readonly sources: [string, string][];
  readonly metrics: string[][];
  /** Macros that were called by the template itself, by unique_id, in the order of their first call. */
  readonly macros: string[];
  /** What config() was given, all calls together. */
  configs: JsonMap;
  /** Names that were called and that nothing stands for. */
  readonly unknownCalls: string[];
}

/** Nothing used yet. */
export const noUse = (): TemplateUse => ({
  refs: [],
  sources: [],
  metrics: [],
  macros: [],
  configs: {},
  unknownCalls: [],
});

const addOnce = (list: string[], value: string): void => {
  if (!list.includes(value)) list.push(value);
};

/** An undefined that notes what was called on it. */
class NotedUndefined extends LenientUndefined {
  readonly #note: (name: string) => void;

  constructor(message: string, name: string, note: (name: string) => void) {
    super(message, name);
    this.#note = note;
  }

  override getAttribute(name: string): Value {
    return new NotedUndefined(this.message, `${this.name}.${name}`, this.#note);
  }

  override call(_args: readonly Value[], _kwargs: Kwargs): Value {
    this.#note(this.name);
    return this;
  }
}

const quoted = (part: string): string => `"${part.replaceAll('"', '""')}"`;

/** config at parse time: calls are noted, and nothing can be read. */
const configObject = (use: TemplateUse): Value => {
  const note = (configs: JsonMap): Value => {
    use.configs = mergeCalls(use.configs, configs);
    return '';
  };
  const nothing = (): Value => '';
  return new CallableObject(
    'config',
    (args, kwargs) => note(configOfCall(args, kwargs)),
    functions({
      set: (args) => note({ [str(args[0] ?? null)]: fromPython(args[1] ?? null) }),
      get: nothing,
      require: nothing,
      meta_get: nothing,
      meta_require: nothing,
      persist_relation_docs: () => false,
      persist_column_docs: () => false,
    }),
  );
};

/** The adapter at parse time: it dispatches and quotes, and answers questions about the database with nothing. */
function adapterObject(macroValue: (entry: MacroEntry) => Value, host: ParseHost, node: ParsedNode): Value {
  const empty = [
    'get_columns_in_relation',
    'get_missing_columns',
    'list_relations_without_caching',
    'list_schemas',
    'get_rows_different_sql',
  ];
  const dispatch = (args: readonly Value[], kwargs: Kwargs): Value => {
    const name = requireText(given(args, kwargs, 0, 'macro_name'), 'the macro of adapter.dispatch()');
    const namespace = given(args, kwargs, 1, 'macro_namespace') ?? null;
    const entry = host.macros.dispatch(name, namespace === null ? null : str(namespace), node.packageName);
    if (entry) return macroValue(entry);
    throw new JinjaError('UndefinedError', `adapter.dispatch() finds no macro default__${name} or duckdb__${name}`);
  };
  const quote = (args: readonly Value[]): Value => quoted(str(args[0] ?? ''));
  const members = functions({ dispatch, quote, type: () => 'duckdb' });
  return new MemberObject(
    'adapter',
    (name) => members(name) ?? new Callable(name, (): Value => (empty.includes(name) ? [] : null)),
  );
}

/** A host's names while a node is parsed, and what the node was seen to use so far. */
export function parseScope(host: ParseHost, node: ParsedNode, use: TemplateUse): Scope {
  // A template's own macros are not of the project: what they call is called by the template.
  let running = 0;
  const bound = new Map<MacroEntry, Value>();
  const self = new Relation({ database: node.database, schema: node.schema, identifier: node.identifier });
  const undefinedOf = (message: string, name: string): LenientUndefined =>
    new NotedUndefined(message, name, (called) => addOnce(use.unknownCalls, called));
  // Only a name of its own may be that of a macro; an attribute that a value lacks is found out when it is run.
  const missing: MakeUndefined = (message, name, kind) =>
    message === `'${name}' is undefined` ? undefinedOf(message, name) : lenientUndefined(message, name, kind);

  const macroValue = (entry: MacroEntry): Value => {
    const known = bound.get(entry);
    if (known !== undefined) return known;
    const macro = bindMacro(entry, scope);
    const noted = new Macro(entry.name, async (args, kwargs, depth) => {
      if (running === 0) addOnce(use.macros, entry.id);
      running += 1;
      try {
        return await macro.callWithin(args, kwargs, depth);
      } finally {
        running -= 1;
      }
    });
    bound.set(entry, noted);
    return noted;
  };

  const packageObject = (name: string): Value =>
    new MemberObject(name, (member) => {
      const entry = host.macros.inPackage(name, member);
      return entry ? macroValue(entry) : undefinedOf(`${name}.${member} is undefined`, `${name}.${member}`);
    });

  const ref = new Callable('ref', (args, kwargs) => {
    use.refs.push(refOf(args, kwargs));
    return self;
  });
  const source = new Callable('source', (args) => {
    use.sources.push(sourceOf(args));
    return self;
  });
  const metric = new Callable('metric', (args) => {
    use.metrics.push(args.map(str));
    return self;
  });
  const config = configObject(use);
  const own: Readonly<Record<string, () => Value>> = {
    return: () => returnFunction,
    ref: () => ref,
    source: () => source,
    metric: () => metric,
    config: () => config,
    builtins: () =>
      Dict.of([
        ['ref', ref],
        ['source', source],
        ['config', config],
      ]),
    var: () =>
      varObject(
        host.vars(node.packageName),
        () => null,
        (name) => scope.lookup(name),
      ),
    env_var: () =>
      envFunction(host.env, (name) => {
        throw new JinjaError('HostError', `the environment variable ${name} is not set`);
      }),
    this: () => self,
    execute: () => false,
    model: () => toPython(node.model()),
    node: () => toPython(node.model()),
    graph: () => new Dict(),
    adapter: () => adapterObject(macroValue, host, node),
    database: () => node.database,
    schema: () => node.schema,
    sql: () => null,
    sql_now: () => null,
    pre_hooks: () => [],
    post_hooks: () => [],
    load_result: () => new Callable('load_result', () => null),
    store_result: () => new Callable('store_result', () => ''),
    store_raw_result: () => new Callable('store_raw_result', () => ''),
    write: () => new Callable('write', () => ''),
    render: () => new Callable('render', (args) => args[0] ?? ''),
    context: () => new MemberObject('context', (name) => scope.lookup(name)),
    selected_resources: () => [],
  };

  const scope: Scope = {
    lookup(name) {
      const entry = host.macros.visible(name, node.packageName);
      if (entry) return macroValue(entry);
      if (Object.hasOwn(own, name)) return own[name]?.();
      return host.common(name) ?? (host.macros.hasPackage(name) ? packageObject(name) : undefined);
    },
    makeUndefined: missing,
  };
  return scope;
}
