/** Questions about a project that build nothing: how fresh its sources are, and what a node's query gives. */
import type { QueryResult } from '../../stores/duckdb/duckdb.ts';
import { nodeContext } from '../context/run-context.ts';
import { Session } from '../context/session.ts';
import { JinjaError } from '../jinja/errors.ts';
import { str } from '../jinja/values.ts';
import type { ManifestNode, ManifestSource } from '../manifest/types.ts';
import { type FreshnessResult, hasFreshness, sourceFreshness } from './freshness.ts';
import { endNames, type HookKind, hooksOf, runHooks } from './hooks.ts';
import { skippedResult } from './node-result.ts';
import type { NodeResult } from './results.ts';
import { prepareRun, type RunRequest } from './run.ts';
import { Workers } from './workers.ts';

/** What a question needs of a run. */
export type AskRequest = Omit<RunRequest, 'command' | 'onStart' | 'onResult'> & {
  readonly onFreshness?: (result: FreshnessResult) => void;
};

const asRun = (request: AskRequest): RunRequest => ({ ...request, command: 'compile' });

/** What asking for freshness came to: the sources, and the hooks around them. */
export interface FreshnessRun {
  readonly sources: readonly FreshnessResult[];
  readonly hooks: readonly NodeResult[];
}

/** A source's freshness as hooks see it among the results of a run. */
const asNodeResult = (source: ManifestSource, result: FreshnessResult): NodeResult => ({
  ...skippedResult(source, 'source', ''),
  ...result,
  name: source.name,
  adapter_response: {},
});

/**
 * Asks for the freshness of the selected sources that have one, one after another, between the project's hooks, unless its
 * flag source_freshness_run_project_hooks is off. Without such sources nothing is done.
 */
export async function checkFreshness(request: AskRequest): Promise<FreshnessRun> {
  const { manifest } = request.project;
  const asked = [...request.selected]
    .flatMap((id) => manifest.sources[id] ?? [])
    .filter((source) => hasFreshness(source));
  if (asked.length === 0) return { sources: [], hooks: [] };
  const context = await prepareRun(asRun(request), new Map());
  const workers = await Workers.over(request.duckdb, 1);
  const worker = await workers.take();
  const withHooks = request.base.flags.SOURCE_FRESHNESS_RUN_PROJECT_HOOKS !== false;
  const hooksAt = (kind: HookKind) => (withHooks ? hooksOf(manifest, kind) : []);
  const first = await runHooks(context, hooksAt('on-run-start'), worker);
  const sources: FreshnessResult[] = [];
  const seen: NodeResult[] = [...first];
  for (const source of asked) {
    const result = await sourceFreshness(context, source, worker);
    request.onFreshness?.(result);
    sources.push(result);
    seen.push(asNodeResult(source, result));
  }
  const last = await runHooks(context, hooksAt('on-run-end'), worker, endNames(manifest, seen));
  return { sources, hooks: [...first, ...last] };
}

/** What a node's query gives. */
export interface Shown {
  /** As it was run, with its limit. */
  readonly sql: string;
  readonly result: QueryResult;
}

/**
 * Compiles a node and runs its query; `limit` is the number of rows, null for all. A seed shows its table.
 * Errors: JinjaError of the template, StatementError of DuckDB.
 */
export async function showNode(request: AskRequest, node: ManifestNode, limit: number | null): Promise<Shown> {
  const context = await prepareRun(asRun(request), new Map());
  const session = new Session(request.duckdb, false, request.signal);
  const seed = node.resource_type === 'seed';
  const compiled = seed
    ? `select * from ${node.relation_name}`
    : (await context.compiler.compile({ node, session })).sql;
  const macro = nodeContext(context.shared, { node, session }).macro('get_show_sql');
  if (!macro) throw new JinjaError('HostError', 'there is no macro get_show_sql');
  const header = node.config.sql_header;
  const sql = str(await macro.call([compiled, typeof header === 'string' ? header : null, limit], new Map())).trim();
  return { sql, result: (await session.execute(sql)).result };
}
