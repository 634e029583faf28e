/** Runs one node: compiled, built by its materialization's macro, and its relation made known. */
import { join } from 'node:path';
import { problemOf } from '../../kernel/errors.ts';
import { didYouMean } from '../../kernel/nearest.ts';
import type { JsonValue } from '../../stores/duckdb/duckdb.ts';
import { Relation } from '../context/relation.ts';
import { type NodeContext, nodeContext } from '../context/run-context.ts';
import type { NodeSettings, RunShared } from '../context/run-settings.ts';
import { unevenRecord } from '../context/seed-table.ts';
import { Session } from '../context/session.ts';
import { JinjaError } from '../jinja/errors.ts';
import { fromPython, type Value } from '../jinja/values.ts';
import type { JsonMap, ManifestNode } from '../manifest/types.ts';
import { isMap } from '../parse/json.ts';
import type { MacroEntry, Macros } from '../parse/macros.ts';
import type { Compiled, Compiler } from './compile.ts';
import { type CompiledText, describeFailure, throwIfDiskFull } from './errors.ts';
import { endedResult, type Outcome, Stopwatch } from './node-result.ts';
import type { NodeResult } from './results.ts';
import type { Worker } from './workers.ts';

/** What running nodes needs. */
export interface RunContext {
  readonly shared: RunShared;
  readonly compiler: Compiler;
  readonly clock: () => Date;
  readonly flags: JsonMap;
  readonly signal: AbortSignal | undefined;
}

/** A node's template beside its SQL, for the lines of errors; a test of YAML has no template of its own. */
export const compiledText = (node: ManifestNode, compiled: Compiled | undefined): CompiledText => ({
  path: node.original_file_path,
  template: node.test_metadata ? '' : node.raw_code,
  compiled: compiled?.sql ?? node.raw_code,
});

/** The candidates for a materialization, the best first: those for DuckDB before general ones, the project's before others'. */
function materializationMacro(macros: Macros, name: string, packages: readonly string[]): MacroEntry | undefined {
  const places = [...packages, 'dbt'];
  return ['duckdb', 'default']
    .flatMap((kind) => places.map((place) => macros.inPackage(place, `materialization_${name}_${kind}`)))
    .find((entry) => entry !== undefined);
}

const isInTransaction = (hook: JsonValue): boolean => !isMap(hook) || hook.transaction !== false;

/**
 * One statement is a transaction of its own; views and tables need another only for hooks that belong to it, and for the
 * table of a contract, which is declared first and filled then.
 */
function needsTransaction({ config }: ManifestNode): boolean {
  if (config.materialized !== 'view' && config.materialized !== 'table') return config.materialized !== 'test';
  const hooks = [config['pre-hook'], config['post-hook']].flatMap((list) => (Array.isArray(list) ? list : []));
  return hooks.some(isInTransaction) || (isMap(config.contract) && config.contract.enforced === true);
}

export const sessionFor = (context: RunContext, node: ManifestNode, worker: Worker): Session =>
  new Session(worker.duckdb, needsTransaction(node), context.signal);

/** In place of what DuckDB says of a seed that it cannot read: the record that is too short or too long. */
function seedProblem({ shared }: RunContext, node: ManifestNode, thrown: unknown): unknown {
  if (node.resource_type !== 'seed' || !/CSV/.test(problemOf(thrown))) return thrown;
  const folder = node.root_path ?? shared.project.folders.get(node.package_name) ?? '';
  const { delimiter } = node.config;
  const path = join(folder, node.original_file_path);
  const problem = unevenRecord(path, typeof delimiter === 'string' ? delimiter : ',');
  return problem === undefined ? thrown : new JinjaError('ValueError', problem);
}

/** Calls the macro that builds a node. Errors: JinjaError. */
export async function materialize(
  context: RunContext,
  settings: NodeSettings,
  compiled: Compiled | undefined,
): Promise<{ readonly context: NodeContext; readonly returned: Value }> {
  const { node } = settings;
  const { shared } = context;
  const { macros } = shared.project;
  const name = node.config.materialized;
  const others = macros.packageNames.filter((one) => one !== 'dbt' && one !== macros.rootPackage);
  const entry = materializationMacro(macros, name, [macros.rootPackage, ...others]);
  if (!entry) {
    const known = [...macros.all()].flatMap(
      (one) => /^materialization_(\w+)_(?:duckdb|default)$/.exec(one.name)?.[1] ?? [],
    );
    throw new JinjaError('HostError', `there is no materialization '${name}'${didYouMean(String(name), known)}`);
  }
  const sql = compiled?.sql ?? '';
  const extra = new Map<string, Value>([...(settings.extra ?? []), ['sql', sql], ['compiled_code', sql]]);
  const model = { ...settings.model, compiled: true, compiled_code: sql };
  const made = nodeContext(shared, { ...settings, extra, model });
  const macro = entry.block().bind(made.scope);
  try {
    return { context: made, returned: await macro.call([], new Map()) };
  } catch (thrown) {
    throw seedProblem(context, node, thrown);
  }
}

/** Makes known what a materialization made. */
export function noteRelations(shared: RunShared, returned: Value): void {
  const relations = returned instanceof Map ? returned.get('relations') : undefined;
  for (const relation of Array.isArray(relations) ? relations : []) {
    if (relation instanceof Relation) shared.cache.add(relation);
  }
}

/** The response of the statement 'main'; of tables with how many rows they have. */
export function responseOf(context: NodeContext): Readonly<Record<string, JsonValue>> {
  const main = context.result('main');
  const response = main instanceof Map ? fromPython(main.get('response') ?? null) : null;
  const rows = context.rowsAffected();
  const given = isMap(response) ? response : { _message: typeof response === 'string' ? response : 'OK' };
  return Object.fromEntries(
    Object.entries({ ...(rows === undefined ? {} : { rows_affected: rows }), ...given }).filter(
      ([, value]) => value !== null,
    ),
  );
}

const messageOf = (response: Readonly<Record<string, JsonValue>>): string => String(response._message ?? 'OK');

/** What came of compiling a node: an outcome of error without its SQL, or with it. */
interface Compilation {
  readonly outcome: Outcome;
  readonly compiled: Compiled | undefined;
}

/** Compiles a node on a session. A failure is an outcome, not an exception; the text is for the lines of its message. */
export async function compileOn(
  context: RunContext,
  { node, session, watch }: { readonly node: ManifestNode; readonly session: Session; readonly watch: Stopwatch },
  text: () => CompiledText,
): Promise<Compilation> {
  let compiled: Compiled | undefined;
  const outcome = await attempt(
    context,
    session,
    async () => {
      compiled = await watch.step('compile', () => context.compiler.compile({ node, session }));
      return { status: 'success', message: null };
    },
    text,
  );
  return { outcome, compiled };
}

/** Compiles a node, and builds nothing. */
export async function compileNode(context: RunContext, node: ManifestNode, worker: Worker): Promise<NodeResult> {
  const watch = new Stopwatch(context.clock);
  const session = new Session(worker.duckdb, false, context.signal);
  const { outcome, compiled } = await compileOn(context, { node, session, watch }, () => compiledText(node, undefined));
  return endedResult({ node, outcome, watch, worker, sql: compiled?.sql });
}

/** Runs a model, seed or snapshot on a worker's connection. A failure is a result, not an exception. */
export async function runNode(context: RunContext, node: ManifestNode, worker: Worker): Promise<NodeResult> {
  const watch = new Stopwatch(context.clock);
  const session = sessionFor(context, node, worker);
  let compiled: Compiled | undefined;
  const outcome = await attempt(
    context,
    session,
    async (): Promise<Outcome> => {
      if (node.resource_type !== 'seed') {
        compiled = await watch.step('compile', () => context.compiler.compile({ node, session }));
      }
      const built = await watch.step('execute', () => materialize(context, { node, session }, compiled));
      await session.commit();
      noteRelations(context.shared, built.returned);
      const response = responseOf(built.context);
      return { status: 'success', message: messageOf(response), response };
    },
    () => compiledText(node, compiled),
  );
  return endedResult({ node, outcome, watch, worker, sql: compiled?.sql });
}

/** Runs what may fail for reasons of the project's own: those become an outcome; a full disk is no node's fault and thrown on. */
export async function attempt(
  context: RunContext,
  session: Session,
  work: () => Promise<Outcome>,
  text: () => CompiledText,
): Promise<Outcome> {
  try {
    return await work();
  } catch (thrown) {
    await session.rollback();
    if (context.signal?.aborted) return { status: 'skipped', message: 'the run was cancelled' };
    throwIfDiskFull(thrown);
    return { status: 'error', message: describeFailure(thrown, text()) };
  }
}
