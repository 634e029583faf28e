/** Runs a microbatch model: in batches, each replacing the rows of its time. */
import { Callable, type Value } from '../jinja/values.ts';
import type { ManifestNode, ManifestUnitTest } from '../manifest/types.ts';
import { type Batch, type BatchSize, batchId, planBatches } from './batches.ts';
import type { Compiled } from './compile.ts';
import { endedResult, type Outcome, Stopwatch } from './node-result.ts';
import {
  attempt,
  compiledText,
  materialize,
  noteRelations,
  type RunContext,
  responseOf,
  sessionFor,
} from './node-run.ts';
import type { BatchResults, NodeResult } from './results.ts';
import type { Worker, Workers } from './workers.ts';

/** Whether a node is a model that is run in batches. */
export const isMicrobatch = (node: ManifestNode | ManifestUnitTest): node is ManifestNode =>
  node.resource_type === 'model' &&
  node.config.materialized === 'incremental' &&
  node.config.incremental_strategy === 'microbatch';

const sizeOf = ({ config }: ManifestNode): BatchSize => config.batch_size as BatchSize;

/** A time without a zone is UTC. */
function momentOf(value: unknown): Date {
  if (typeof value === 'number') return new Date(value);
  return new Date(
    String(value).replace(/^(\d{4}-\d{2}-\d{2})(?:[ T]([\d:.]+))?$/, (_, day, time = '00:00:00') => `${day}T${time}Z`),
  );
}

/** Whether the model's table is there and stays. */
function isIncremental({ shared, flags }: RunContext, node: ManifestNode): boolean {
  const existing = shared.cache.find(node.database, node.schema, node.alias);
  if (existing?.type !== 'table') return false;
  return !(node.config.full_refresh ?? flags.FULL_REFRESH);
}

const constant = (name: string, value: boolean): [string, Value] => [name, new Callable(name, () => value)];

/** The model as one of its batches is run: hooks before the first and after the last alone. */
function nodeOfBatch(node: ManifestNode, index: number, count: number): ManifestNode {
  const config = {
    ...node.config,
    ...(index === 0 ? {} : { 'pre-hook': [] }),
    ...(index === count - 1 ? {} : { 'post-hook': [] }),
  };
  return { ...node, config };
}

interface BatchOutcome extends Outcome {
  readonly batch: Batch;
  readonly compiled: Compiled | undefined;
}

async function runBatch(
  context: RunContext,
  node: ManifestNode,
  worker: Worker,
  watch: Stopwatch,
  batch: Batch,
  adds: boolean,
): Promise<BatchOutcome> {
  const session = sessionFor(context, node, worker);
  let compiled: Compiled | undefined;
  const extra = new Map<string, Value>(
    adds ? [constant('is_incremental', true), constant('should_full_refresh', false)] : [],
  );
  const settings = { node, session, extra, batch: { ...batch, id: batchId(batch.start, sizeOf(node)) } };
  const outcome = await attempt(
    context,
    session,
    async () => {
      compiled = await watch.step('compile', () => context.compiler.compile(settings));
      const built = await watch.step('execute', () => materialize(context, settings, compiled));
      await session.commit();
      noteRelations(context.shared, built.returned);
      return { status: 'success', message: 'OK', response: responseOf(built.context) };
    },
    () => compiledText(node, compiled),
  );
  return { ...outcome, batch, compiled };
}

const interval = ({ batch }: { readonly batch: Batch }): readonly [string, string] => [
  batch.start.toISOString(),
  batch.end.toISOString(),
];

function summary(outcomes: readonly BatchOutcome[], count: number): Pick<NodeResult, 'status' | 'message'> {
  const good = outcomes.filter(({ status }) => status === 'success').length;
  const problem = outcomes.find(({ status }) => status !== 'success')?.message ?? '';
  if (good === count) return { status: 'success', message: 'SUCCESS' };
  if (good === 0) return { status: 'error', message: problem };
  return { status: 'partial success', message: `PARTIAL SUCCESS (${good}/${count}): ${problem}` };
}

/** Whether batches may run at the same time: as the config says, else unless the template reads the model's own table. */
const isConcurrent = ({ config, raw_code }: ManifestNode): boolean =>
  typeof config.concurrent_batches === 'boolean' ? config.concurrent_batches : !/\{[{%][^}]*\bthis\b/.test(raw_code);

/** Does each piece of work on one of the connections: the one that is given, and those that are free. */
async function spread<Work>(
  works: readonly Work[],
  worker: Worker,
  spare: Workers | undefined,
  run: (work: Work, worker: Worker) => Promise<void>,
): Promise<void> {
  const left = [...works];
  const drain = async (own: Worker): Promise<void> => {
    for (let work = left.shift(); work !== undefined; work = left.shift()) await run(work, own);
  };
  const borrowed: Promise<void>[] = [];
  while (spare?.hasFree && borrowed.length + 1 < works.length) {
    const taken = await spare.take();
    borrowed.push(drain(taken).finally(() => spare.giveBack(taken)));
  }
  await Promise.all([drain(worker), ...borrowed]);
}

/** How a microbatch model is run, besides what holds for every node. */
export interface MicrobatchOptions {
  /** Given for this run, in place of what the configs come to. */
  readonly eventTime?: { readonly start?: Date | undefined; readonly end?: Date | undefined } | undefined;
  /** What an earlier run came to whose failed batches are run again, and no others. */
  readonly previous?: BatchResults | undefined;
  /** The moment up to which batches reach; else now. */
  readonly now?: Date | undefined;
  /** Connections that batches may be spread over. */
  readonly spare?: Workers | undefined;
}

function batchesOf(
  context: RunContext,
  node: ManifestNode,
  incremental: boolean,
  { eventTime, previous, now }: MicrobatchOptions,
): readonly Batch[] {
  if (previous) return previous.failed.map(([start, end]) => ({ start: new Date(start), end: new Date(end) }));
  return planBatches({
    size: sizeOf(node),
    begin: momentOf(node.config.begin),
    lookback: Number(node.config.lookback ?? 1),
    incremental,
    now: now ?? context.clock(),
    ...eventTime,
  });
}

/**
 * Runs the batches: the first by itself, then those between, where that may be at the same time, then the last. After a
 * first one that fails there are no others; a later one does not stop the rest.
 */
export async function runMicrobatch(
  context: RunContext,
  node: ManifestNode,
  worker: Worker,
  options: MicrobatchOptions = {},
): Promise<NodeResult> {
  const watch = new Stopwatch(context.clock);
  const incremental = isIncremental(context, node);
  const batches = batchesOf(context, node, incremental, options);
  const done: BatchOutcome[] = [];
  const run = async (index: number, on: Worker): Promise<void> => {
    const batch = batches[index];
    if (!batch || context.signal?.aborted) return;
    const one = nodeOfBatch(node, index, batches.length);
    done.push(await runBatch(context, one, on, watch, batch, incremental || index > 0));
  };
  await run(0, worker);
  if (done[0]?.status === 'success') {
    const between = Array.from({ length: Math.max(0, batches.length - 2) }, (_, index) => index + 1);
    await spread(between, worker, isConcurrent(node) ? options.spare : undefined, run);
    if (batches.length > 1) await run(batches.length - 1, worker);
  }
  const outcomes = done.toSorted((one, other) => one.batch.start.getTime() - other.batch.start.getTime());
  const successful = outcomes.filter(({ status }) => status === 'success');
  const failed = batches.filter((batch) => !successful.some((one) => one.batch === batch));
  const last = outcomes.findLast(({ compiled }) => compiled !== undefined);
  const outcome = { ...summary(outcomes, batches.length), response: last?.response ?? {} };
  return {
    ...endedResult({ node, outcome, watch, worker, sql: last?.compiled?.sql }),
    batch_results: {
      successful: [...successful.map(interval), ...(options.previous?.successful ?? [])],
      failed: failed.map((batch) => interval({ batch })),
    },
  };
}
