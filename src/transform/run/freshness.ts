/** How fresh sources are: the age of their newest rows against what their YAML allows. */
import type { JsonValue } from '../../stores/duckdb/duckdb.ts';
import { sourceRelation } from '../context/node-relations.ts';
import { nodeContext } from '../context/run-context.ts';
import { Session } from '../context/session.ts';
import { Table } from '../context/table.ts';
import { readIsoDateTime } from '../jinja/date-reading.ts';
import { JinjaError } from '../jinja/errors.ts';
import { str, type Value } from '../jinja/values.ts';
import { toDate } from '../jinja/zones.ts';
import type { JsonMap, ManifestNode, ManifestSource } from '../manifest/types.ts';
import { isMap } from '../parse/json.ts';
import { describeFailure, throwIfDiskFull } from './errors.ts';
import { Stopwatch } from './node-result.ts';
import type { RunContext } from './node-run.ts';
import type { Timing } from './results.ts';
import type { Worker } from './workers.ts';

/** How fresh one source is. */
export interface FreshnessResult {
  readonly unique_id: string;
  readonly name: string;
  /** The YAML file that declares it. */
  readonly path: string;
  /** `runtime error` when it could not be asked. */
  readonly status: 'pass' | 'warn' | 'error' | 'runtime error';
  readonly message: string | null;
  /** ISO texts; null with a runtime error, and when the source has no rows. */
  readonly max_loaded_at: string | null;
  readonly snapshotted_at: string | null;
  /** Seconds between the two. */
  readonly age: number | null;
  readonly criteria: JsonMap;
  readonly timing: readonly Timing[];
  readonly execution_time: number;
  readonly thread_id: string;
}

const secondsOf: Readonly<Record<string, number>> = { minute: 60, hour: 3600, day: 86_400 };

/** Whether an age is beyond what is allowed; nothing is allowed that is not said. */
function exceeds(age: number, allowed: JsonValue | undefined): boolean {
  if (!isMap(allowed) || typeof allowed.count !== 'number' || typeof allowed.period !== 'string') return false;
  return age > allowed.count * (secondsOf[allowed.period] ?? 0);
}

/** What an age comes to by a source's criteria. */
export function freshnessStatus(age: number, criteria: JsonMap): 'pass' | 'warn' | 'error' {
  if (exceeds(age, criteria.error_after)) return 'error';
  return exceeds(age, criteria.warn_after) ? 'warn' : 'pass';
}

/** Whether a source has something to be asked for. */
export const hasFreshness = (source: ManifestSource): boolean =>
  isMap(source.freshness) && (source.loaded_at_field !== null || source.loaded_at_query !== null);

/** A source as a node, for the macros that are called for it. */
const nodeOfSource = (source: ManifestSource): ManifestNode =>
  ({
    ...source,
    resource_type: 'operation',
    alias: source.identifier,
    depends_on: { macros: [], nodes: [] },
  }) as unknown as ManifestNode;

async function askFor(context: RunContext, source: ManifestSource, session: Session): Promise<readonly Value[]> {
  const rendering = nodeContext(context.shared, { node: nodeOfSource(source), session });
  const relation = sourceRelation(source);
  const filter = source.freshness?.filter ?? null;
  const name = source.loaded_at_query === null ? 'collect_freshness' : 'collect_freshness_custom_sql';
  const macro = rendering.macro(name);
  if (!macro) throw new JinjaError('HostError', `there is no macro ${name}`);
  const query = source.loaded_at_query && (await rendering.render(source.loaded_at_query, source.original_file_path));
  const args: Value[] =
    query === null ? [relation, source.loaded_at_field, typeof filter === 'string' ? filter : null] : [relation, query];
  const result = await macro.call(args, new Map());
  const table = result instanceof Map ? result.get('table') : undefined;
  return table instanceof Table ? (table.data[0] ?? []) : [];
}

/** A time of a query as epoch milliseconds; without a zone it is UTC. */
const instantOf = (value: Value | undefined): number | undefined =>
  value === null || value === undefined ? undefined : toDate(readIsoDateTime(str(value)).instant).getTime();

/** Asks for the freshness of a source on a worker's connection. A failure is a result, not an exception. */
export async function sourceFreshness(
  context: RunContext,
  source: ManifestSource,
  worker: Worker,
): Promise<FreshnessResult> {
  const watch = new Stopwatch(context.clock);
  const session = new Session(worker.duckdb, false, context.signal);
  const base = {
    unique_id: source.unique_id,
    name: `${source.source_name}.${source.name}`,
    path: source.original_file_path,
    criteria: source.freshness ?? {},
    thread_id: worker.name,
  };
  try {
    const [loaded, taken] = await watch.step('execute', () => askFor(context, source, session));
    const snapshot = instantOf(taken) ?? context.clock().getTime();
    const newest = instantOf(loaded);
    const age = (snapshot - (newest ?? 0)) / 1000;
    return {
      ...base,
      status: freshnessStatus(age, base.criteria),
      message: newest === undefined ? 'the source has no rows' : null,
      max_loaded_at: newest === undefined ? null : new Date(newest).toISOString(),
      snapshotted_at: new Date(snapshot).toISOString(),
      age,
      timing: watch.timing,
      execution_time: watch.seconds,
    };
  } catch (thrown) {
    throwIfDiskFull(thrown);
    const text = { path: source.original_file_path, template: '', compiled: '' };
    return {
      ...base,
      status: 'runtime error',
      message: describeFailure(thrown, text),
      max_loaded_at: null,
      snapshotted_at: null,
      age: null,
      timing: watch.timing,
      execution_time: watch.seconds,
    };
  }
}
