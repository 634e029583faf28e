/** What a template sees while its node is compiled and built: the node, the database, the macros, and the common names. */
import { didYouMean } from '../../kernel/nearest.ts';
import type { JsonValue } from '../../stores/duckdb/duckdb.ts';
import { utcDateTime } from '../jinja/datetime-module.ts';
import { JinjaError } from '../jinja/errors.ts';
import type { Scope } from '../jinja/frame.ts';
import { parseTemplate } from '../jinja/template.ts';
import { Callable, Dict, type Macro, str, toPython, type Value } from '../jinja/values.ts';
import type { JsonMap, Manifest, ManifestNode } from '../manifest/types.ts';
import { isMap } from '../parse/json.ts';
import type { MacroEntry } from '../parse/macros.ts';
import { Adapter } from './adapter.ts';
import { fn, nestingLimit } from './callables.ts';
import { isOverridden } from './macro-lookup.ts';
import { MemberObject } from './member-objects.ts';
import { NodeConfigObject } from './node-config.ts';
import { nodeReferences } from './node-references.ts';
import type { NodeSettings, RunShared } from './run-settings.ts';
import { readSeed } from './seed-table.ts';
import type { Executed } from './session.ts';
import { StatementResults } from './statement-results.ts';
import { envFunction, varObject } from './variables.ts';

/** A context, and what came of rendering in it. */
export interface NodeContext {
  readonly scope: Scope;
  /** The unique_ids of ephemeral models and given inputs that were referred to, in the order of their first use. */
  readonly ctes: readonly string[];
  /** The results that statements stored. */
  readonly result: (name: string) => Value | undefined;
  /** SQL that a materialization wrote as the node's own. */
  readonly written: () => string | undefined;
  /** What the last statement that wrote rows came to. */
  readonly rowsAffected: () => number | undefined;
  readonly render: (text: string, file: string) => Promise<string>;
  readonly renderNative: (text: string, file: string) => Promise<Value>;
  readonly macro: (name: string) => Callable | undefined;
}

/** `context`: all names, by name. */
class ContextObject extends MemberObject {
  override getAttribute(name: string): Value | undefined {
    if (name !== 'get') return super.getAttribute(name);
    return fn(name, 'key default?', ({ key, default: otherwise }) => this.getItem(key ?? null) ?? otherwise ?? null);
  }
}

const fail = (message: string): never => {
  throw new JinjaError('HostError', message);
};

/** `model`: the node as the manifest has it, and what is known of it beside. */
function modelValue({ node, model, batch }: NodeSettings): Value {
  const value = toPython({ ...node, ...model } as unknown as JsonValue);
  if (batch && value instanceof Map) {
    value.set(
      'batch',
      Dict.of([
        ['id', batch.id],
        ['event_time_start', utcDateTime(batch.start)],
        ['event_time_end', utcDateTime(batch.end)],
      ]),
    );
  }
  return value;
}

const hooksOf = (node: ManifestNode, key: 'pre-hook' | 'post-hook'): Value => {
  const hooks = node.config[key];
  const list = Array.isArray(hooks) ? hooks : hooks === undefined || hooks === null ? [] : [hooks];
  return list.map((hook) => {
    const given: JsonMap = isMap(hook) ? hook : { sql: String(hook) };
    return toPython({ transaction: true, index: null, ...given });
  });
};

/** Makes the context in which a node is rendered. */
export function nodeContext(shared: RunShared, settings: NodeSettings): NodeContext {
  const { project, cache, warn, common } = shared;
  const { node, session, extra } = settings;
  const { macros } = project;
  const ctes: string[] = [];
  const results = new StatementResults();
  const nested = nestingLimit();
  const bound = new Map<MacroEntry, Macro>();
  const made = new Map<string, Value>();
  let written: string | undefined;
  let rowsAffected: number | undefined;
  let file = node.original_file_path;

  const macroValue = (entry: MacroEntry | undefined): Macro | undefined => {
    if (!entry) return undefined;
    const known = bound.get(entry) ?? entry.block().bind(scope);
    bound.set(entry, known);
    return known;
  };

  const macroNamed = (name: string): Value | undefined =>
    extra?.get(name) ?? macroValue(macros.visible(name, node.package_name));

  const adapter = (): Value =>
    new Adapter({
      session,
      cache,
      warn,
      print: shared.print,
      macro: macroNamed,
      dispatch: (name, namespace) => macroValue(macros.dispatch(name, namespace, node.package_name)),
      overrides: (name) => isOverridden(macros, name),
      executed: (executed: Executed) => {
        rowsAffected = executed.rowsAffected ?? rowsAffected;
      },
    });

  const { ref, source, self } = nodeReferences(shared, settings, (id) => {
    settings.onCte?.(id);
    if (!ctes.includes(id)) ctes.push(id);
  });
  const config = new NodeConfigObject(node.config, node.unique_id);

  const seedTable = (): Value => {
    if (node.resource_type !== 'seed') return fail('load_agate_table() reads seeds alone');
    const folder = node.root_path ?? project.folders.get(node.package_name) ?? '';
    const types = node.config.column_types;
    const delimiter = node.config.delimiter;
    const typed = isMap(types) ? Object.keys(types) : [];
    const file = `${folder}/${node.original_file_path}`;
    const table = readSeed(file, typeof delimiter === 'string' ? delimiter : ',', typed);
    for (const name of typed.filter((one) => !table.names.includes(one))) {
      const meant = didYouMean(name, table.names);
      warn(`${node.original_file_path}: column_types has a type for ${name}, which is no column of the seed${meant}`);
    }
    return table;
  };

  const envReader = (name: string): string | undefined => {
    const given = settings.env?.[name];
    return given === undefined ? project.env(name) : String(given);
  };

  const makers: Readonly<Record<string, () => Value>> = {
    ref: () => ref,
    source: () => source,
    config: () => config,
    this: self,
    execute: () => true,
    project_name: () => macros.rootPackage,
    adapter,
    graph: shared.graph,
    model: () => modelValue(settings),
    node: () => lookup('model') ?? null,
    database: () => node.database,
    schema: () => node.schema,
    pre_hooks: () => hooksOf(node, 'pre-hook'),
    post_hooks: () => hooksOf(node, 'post-hook'),
    builtins: () =>
      Dict.of([
        ['ref', ref],
        ['source', source],
        ['config', config],
      ]),
    context: () => new ContextObject('context', lookup),
    selected_resources: () => [...shared.selected],
    defer_relation: () => shared.deferred(node) ?? null,
    var: () => {
      const vars = new Map([
        ...project.vars(node.package_name),
        ...Object.entries(settings.vars ?? {}).map(([key, value]) => [key, toPython(value)] as const),
      ]);
      return varObject(vars, (name) => fail(`the variable ${name} is not set`), lookup);
    },
    env_var: () => envFunction(envReader, (name) => fail(`the environment variable ${name} is not set`)),
    load_result: () => fn('load_result', 'name', (given) => results.load(given)),
    store_result: () => fn('store_result', 'name response agate_table?', (given) => results.store(given)),
    store_raw_result: () =>
      fn('store_raw_result', 'name message? code? rows_affected? agate_table?', (given) => results.storeRaw(given)),
    load_agate_table: () => fn('load_agate_table', '', seedTable),
    write: () =>
      fn('write', 'payload', ({ payload }) => {
        written = str(payload ?? null);
        return '';
      }),
    render: () =>
      fn('render', 'string', ({ string }) =>
        nested('render', () => parseTemplate(str(string ?? null), file).render(scope)),
      ),
  };

  const packageObject = (name: string): Value | undefined =>
    macros.hasPackage(name)
      ? new MemberObject(
          name,
          (member) => extra?.get(`${name}.${member}`) ?? macroValue(macros.inPackage(name, member)),
        )
      : undefined;

  const lookup = (name: string): Value | undefined => {
    const given = macroNamed(name) ?? made.get(name);
    if (given !== undefined) return given;
    const value = (Object.hasOwn(makers, name) ? makers[name]?.() : undefined) ?? common(name) ?? packageObject(name);
    if (value !== undefined) made.set(name, value);
    return value;
  };

  const scope: Scope = { lookup };

  return {
    scope,
    ctes,
    result: (name) => results.get(name),
    written: () => written,
    rowsAffected: () => rowsAffected,
    render: (text, path) => {
      file = path;
      return parseTemplate(text, path).render(scope);
    },
    renderNative: (text, path) => parseTemplate(text, path).renderNative(scope),
    macro: (name) => {
      const found = macroNamed(name);
      return found instanceof Callable ? found : undefined;
    },
  };
}

/** The manifest as `graph`: its nodes, sources and so on, by unique_id. */
export function graphValue(manifest: Manifest): Value {
  const parts = ['nodes', 'sources', 'exposures', 'metrics', 'groups', 'semantic_models', 'saved_queries'] as const;
  return Dict.of(parts.map((part) => [part, toPython(manifest[part] as unknown as JsonValue)]));
}
