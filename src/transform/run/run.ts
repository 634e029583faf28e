/** Runs a project: its selected nodes over N connections, each as soon as what it waits for has ended. */
import type { DuckDB } from '../../stores/duckdb/duckdb.ts';
import { baseContext } from '../context/base-context.ts';
import { relationOf } from '../context/node-relations.ts';
import { Relation } from '../context/relation.ts';
import { RelationCache } from '../context/relation-cache.ts';
import { graphValue } from '../context/run-context.ts';
import { References, type RunBase, type RunProject } from '../context/run-project.ts';
import type { RunShared } from '../context/run-settings.ts';
import type { Value } from '../jinja/values.ts';
import type { Manifest, ManifestNode, ManifestUnitTest } from '../manifest/types.ts';
import { Compiler } from './compile.ts';
import { batching, runTest, runTestsTogether } from './data-tests.ts';
import { type Command, type RunGraph, runGraph } from './graph.ts';
import { endNames, hooksOf, runHooks } from './hooks.ts';
import { isMicrobatch, runMicrobatch } from './microbatch.ts';
import { skippedResult } from './node-result.ts';
import { compileNode, type RunContext, runNode } from './node-run.ts';
import { type BatchResults, isBroken, type NodeResult, type RunResult } from './results.ts';
import { runUnitTest } from './unit-tests.ts';
import { usesOf } from './uses.ts';
import { Workers } from './workers.ts';

/** What is to be run, and how. */
export interface RunRequest {
  readonly project: RunProject;
  /** The database to build in. Its settings hold for every thread. */
  readonly duckdb: DuckDB;
  readonly command: Command;
  /** unique_ids; those that the command does not run are left out. */
  readonly selected: Iterable<string>;
  readonly base: RunBase;
  readonly threads: number;
  /** Ends the run at the first failure. */
  readonly failFast?: boolean;
  /** Aborting interrupts what runs and skips the rest. */
  readonly signal?: AbortSignal | undefined;
  /** The manifest to take relations from that this run does not build and that the database does not have. */
  readonly defer?: { readonly manifest: Manifest; readonly favorState: boolean } | undefined;
  /** The times between which microbatch models are run, in place of those of their configs. */
  readonly eventTime?: { readonly start?: Date | undefined; readonly end?: Date | undefined } | undefined;
  /** The run that this one repeats in part: which batches of its microbatch models failed, and when it began. */
  readonly again?: { readonly batches: ReadonlyMap<string, BatchResults>; readonly startedAt: Date } | undefined;
  /** Is told of each node when it begins and when it has ended. */
  readonly onStart?: (id: string) => void;
  readonly onResult?: (result: NodeResult) => void;
}

const built: Readonly<Record<Command, readonly string[]>> = {
  build: ['model', 'seed', 'snapshot', 'test', 'unit_test'],
  run: ['model'],
  test: ['test', 'unit_test'],
  seed: ['seed'],
  snapshot: ['snapshot'],
  compile: ['model', 'snapshot', 'test', 'analysis'],
};

/** What a run can run. */
export type Runnable = ManifestNode | ManifestUnitTest;

const runnableOf = (manifest: Manifest, id: string): Runnable | undefined =>
  manifest.nodes[id] ?? manifest.unit_tests[id];

const isEphemeral = (node: Runnable): boolean => node.config.materialized === 'ephemeral';

/** The nodes that a command runs, of those that were selected. */
function runnableNodes({ project, command, selected }: RunRequest): ReadonlyMap<string, Runnable> {
  const nodes = [...selected].flatMap((id) => runnableOf(project.manifest, id) ?? []);
  return new Map(
    nodes
      .filter((node) => built[command].includes(node.resource_type) && (command === 'compile' || !isEphemeral(node)))
      .map((node) => [node.unique_id, node]),
  );
}

const materializedOf = (node: Runnable): string =>
  node.resource_type === 'model' ? String(node.config.materialized) : node.resource_type;

/** Where another manifest has a node, for those that this run does not make. */
function deferring(request: RunRequest, cache: RelationCache, selected: ReadonlySet<string>) {
  const { defer, project } = request;
  return (node: ManifestNode): Relation | undefined => {
    const other = defer?.manifest.nodes[node.unique_id];
    if (!defer || !other || selected.has(node.unique_id)) return undefined;
    const present = cache.find(node.database, node.schema, node.alias) !== undefined;
    return present && !defer.favorState ? undefined : relationOf(other, project.quoting);
  };
}

/** The schemas that nodes are built in and that are not there yet, as one statement; undefined when all are. */
function missingSchemas(nodes: Iterable<Runnable>, cache: RelationCache, storesFailures: boolean): string | undefined {
  const relations = [...nodes].flatMap((node) => {
    if (!('relation_name' in node)) return [];
    const stores = node.resource_type !== 'test' || storesFailures || node.config.store_failures === true;
    return stores && !cache.hasSchema(node.database, node.schema)
      ? [new Relation({ database: node.database, schema: node.schema })]
      : [];
  });
  for (const { database, schema } of relations) if (schema !== null) cache.addSchema(database, schema);
  const statements = [...new Set(relations.map((relation) => `create schema if not exists ${relation.render()}`))];
  return statements.length > 0 ? statements.join(';\n') : undefined;
}

/** What a run makes once, of the project and the database. */
export async function prepareRun(request: RunRequest, nodes: ReadonlyMap<string, Runnable>): Promise<RunContext> {
  const { project, base, duckdb } = request;
  const cache = new RelationCache(project.quoting, project.target.database);
  await cache.fill(duckdb);
  const makes = request.command === 'compile' ? [] : nodes.values();
  const schemas = missingSchemas(makes, cache, Boolean(base.flags.STORE_FAILURES));
  if (schemas !== undefined) await duckdb.run(schemas);
  const selected = new Set(nodes.keys());
  let graph: Value | undefined;
  const warned = new Set<string>();
  const warn = (message: string): void => {
    if (!warned.has(message)) base.warn(message);
    warned.add(message);
  };
  const shared: RunShared = {
    project,
    references: new References(project.manifest, project.macros.rootPackage),
    cache,
    common: baseContext({ ...base, warn, target: project.target, quoting: project.quoting }),
    warn,
    print: (text) => base.log(text, true),
    graph: () => {
      graph ??= graphValue(project.manifest);
      return graph;
    },
    selected: [...selected],
    empty: base.flags.EMPTY === true,
    deferred: deferring(request, cache, selected),
  };
  return { shared, compiler: new Compiler(shared), clock: base.clock, flags: base.flags, signal: request.signal };
}

/** A run under way: what is ready, what runs, and what came of it. */
class Schedule {
  readonly #request: RunRequest;
  readonly #context: RunContext;
  readonly #nodes: ReadonlyMap<string, Runnable>;
  readonly #graph: RunGraph;
  readonly #workers: Workers;
  readonly #isBatched: (node: ManifestNode) => boolean;
  readonly #waiting = new Map<string, number>();
  readonly #obstacles = new Map<string, string>();
  readonly #ended = new Set<string>();
  readonly results: NodeResult[] = [];
  #ready: string[] = [];
  #stopped: string | undefined;

  constructor(request: RunRequest, context: RunContext, nodes: ReadonlyMap<string, Runnable>, workers: Workers) {
    this.#request = request;
    this.#context = context;
    this.#nodes = nodes;
    this.#workers = workers;
    this.#graph = runGraph(request.project.manifest, new Set(nodes.keys()), request.command);
    this.#isBatched = batching(context);
    for (const id of this.#graph.order) {
      const count = this.#graph.waitsFor.get(id)?.size ?? 0;
      this.#waiting.set(id, count);
      if (count === 0) this.#ready.push(id);
    }
  }

  /** Runs all; resolves when the last has ended. Errors: what no node is at fault for, such as a full disk. */
  async run(): Promise<void> {
    const running = new Set<Promise<void>>();
    let failure: { readonly thrown: unknown } | undefined;
    while (this.#ready.length > 0 || running.size > 0) {
      this.#skipObstructed();
      while (!failure && this.#ready.length > 0 && this.#workers.hasFree) {
        const job = this.#runJob(this.#nextJob())
          .catch((thrown: unknown) => {
            failure = { thrown };
          })
          .finally(() => running.delete(job));
        running.add(job);
        this.#skipObstructed();
      }
      if (failure && running.size === 0) throw failure.thrown;
      if (running.size > 0) await Promise.race(running);
    }
    if (failure) throw failure.thrown;
  }

  /** Skips what waits behind a failure, or all that is left of a run that was ended. */
  #skipObstructed(): void {
    if (this.#request.signal?.aborted) this.#stopped ??= 'the run was cancelled';
    for (;;) {
      const id = this.#ready.find((one) => this.#stopped !== undefined || this.#obstacles.has(one));
      const node = id === undefined ? undefined : this.#nodes.get(id);
      if (id === undefined || !node) return;
      this.#ready = this.#ready.filter((one) => one !== id);
      const obstacle = this.#obstacles.get(id);
      const reason = obstacle === undefined ? (this.#stopped ?? '') : `${obstacle} failed or was skipped`;
      this.#end(skippedResult(node, materializedOf(node), reason));
    }
  }

  /** The next node; of tests that can be judged together, all that are ready. */
  #nextJob(): readonly Runnable[] {
    const nodes = this.#ready.flatMap((id) => this.#nodes.get(id) ?? []);
    const tests = nodes.filter((node) => node.resource_type === 'test' && this.#isBatched(node as ManifestNode));
    const together = tests.length > 0 && this.#request.command !== 'compile';
    const job = together ? tests : nodes.slice(0, 1);
    const taken = new Set(job.map(({ unique_id }) => unique_id));
    this.#ready = this.#ready.filter((id) => !taken.has(id));
    return job;
  }

  async #runJob(job: readonly Runnable[]): Promise<void> {
    const worker = await this.#workers.take();
    try {
      for (const { unique_id } of job) this.#request.onStart?.(unique_id);
      for (const result of await this.#resultsOf(job, worker)) this.#end(result);
    } finally {
      this.#workers.giveBack(worker);
    }
  }

  async #resultsOf(job: readonly Runnable[], worker: Parameters<typeof runNode>[2]): Promise<readonly NodeResult[]> {
    const [first] = job;
    const context = this.#context;
    if (!first) return [];
    if (this.#request.command === 'compile') return [await compileNode(context, first as ManifestNode, worker)];
    if (first.resource_type === 'unit_test') return [await runUnitTest(context, first, worker)];
    if (first.resource_type !== 'test') {
      return [
        isMicrobatch(first)
          ? await runMicrobatch(context, first, worker, {
              eventTime: this.#request.eventTime,
              previous: this.#request.again?.batches.get(first.unique_id),
              now: this.#request.again?.startedAt,
              spare: this.#workers,
            })
          : await runNode(context, first, worker),
      ];
    }
    const tests = job as readonly ManifestNode[];
    return this.#isBatched(first) ? runTestsTogether(context, tests, worker) : [await runTest(context, first, worker)];
  }

  #end(result: NodeResult): void {
    if (this.#ended.has(result.unique_id)) return;
    this.#ended.add(result.unique_id);
    this.results.push(result);
    this.#request.onResult?.(result);
    const broken = isBroken(result.status);
    if (this.#request.failFast && broken && result.status !== 'skipped')
      this.#stopped ??= `${result.name} failed, and the run ends with the first failure`;
    for (const id of this.#graph.awaitedBy.get(result.unique_id) ?? []) {
      if (broken && !this.#obstacles.has(id)) this.#obstacles.set(id, result.name);
      const left = (this.#waiting.get(id) ?? 1) - 1;
      this.#waiting.set(id, left);
      if (left === 0) this.#ready.push(id);
    }
  }
}

/** Skips every node of a run whose project wants its first hooks to succeed. */
const allSkipped = (nodes: Iterable<Runnable>, hook: NodeResult): readonly NodeResult[] =>
  [...nodes].map((node) => skippedResult(node, materializedOf(node), `${hook.name} failed`));

/**
 * Runs a project. A node that fails is a result, not an exception: what is below it is skipped, and in a build what is
 * below a failed test of severity error. Errors: a full disk, and what is no node's fault.
 */
export async function runProject(request: RunRequest): Promise<RunResult> {
  const started = performance.now();
  const nodes = runnableNodes(request);
  const context = await prepareRun(request, nodes);
  const workers = await Workers.over(request.duckdb, request.threads);
  const interrupt = (): void => workers.interrupt();
  request.signal?.addEventListener('abort', interrupt);
  const results: NodeResult[] = [];
  const note = (more: readonly NodeResult[]): void => {
    for (const result of more) request.onResult?.(result);
    results.push(...more);
  };
  try {
    const { manifest } = request.project;
    const main = await workers.take();
    const withHooks = request.command !== 'compile' && nodes.size > 0;
    note(withHooks ? await runHooks(context, hooksOf(manifest, 'on-run-start'), main) : []);
    workers.giveBack(main);
    const failed = results.find(({ status }) => status === 'error');
    if (failed && request.base.flags.SKIP_NODES_IF_ON_RUN_START_FAILS === true)
      note(allSkipped(nodes.values(), failed));
    else {
      const schedule = new Schedule(request, context, nodes, workers);
      await schedule.run();
      results.push(...schedule.results);
    }
    if (request.command === 'build') note(usesOf(manifest, request.selected, results));
    const atEnd = withHooks ? hooksOf(manifest, 'on-run-end') : [];
    if (atEnd.length > 0) {
      const last = await workers.take();
      note(await runHooks(context, atEnd, last, endNames(manifest, results)));
      workers.giveBack(last);
    }
  } finally {
    request.signal?.removeEventListener('abort', interrupt);
    workers.close();
  }
  const success = results.every(({ status }) => !isBroken(status));
  return { results, elapsed_time: (performance.now() - started) / 1000, success };
}
