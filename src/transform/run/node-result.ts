/** The result of one node, put together from what it came to and how long that took. */
import type { JsonValue } from '../../stores/duckdb/duckdb.ts';
import type { ManifestEntry, ManifestNode, ManifestUnitTest } from '../manifest/types.ts';
import type { NodeResult, Status, Timing } from './results.ts';
import type { Worker } from './workers.ts';

/** What a node came to, besides what is the same for all. */
export interface Outcome {
  readonly status: Status;
  readonly message: string | null;
  readonly failures?: number | null;
  readonly response?: Readonly<Record<string, JsonValue>>;
}

/** Takes the time of the steps of a node. */
export class Stopwatch {
  readonly #clock: () => Date;
  readonly #started = performance.now();
  readonly timing: Timing[] = [];

  constructor(clock: () => Date) {
    this.#clock = clock;
  }

  async step<Result>(name: Timing['name'], work: () => Promise<Result>): Promise<Result> {
    const started = this.#clock().toISOString();
    try {
      return await work();
    } finally {
      this.timing.push({ name, started_at: started, completed_at: this.#clock().toISOString() });
    }
  }

  /** Since the watch was made. */
  get seconds(): number {
    return (performance.now() - this.#started) / 1000;
  }
}

/** The part of a result that is the same however the node ended. */
const resultBase = (node: ManifestEntry) => ({
  unique_id: node.unique_id,
  name: node.name,
  resource_type: node.resource_type,
  path: node.original_file_path,
});

/** A node that was not run. */
export const skippedResult = (node: ManifestEntry, materialized: string, message: string): NodeResult => ({
  ...resultBase(node),
  materialized,
  status: 'skipped',
  message,
  failures: null,
  adapter_response: {},
  timing: [],
  execution_time: 0,
  thread_id: '',
  compiled: false,
  compiled_code: null,
  relation_name: null,
  batch_results: null,
});

/** How a node was run. */
interface Ended {
  readonly node: ManifestNode | ManifestUnitTest;
  readonly outcome: Outcome;
  readonly watch: Stopwatch;
  readonly worker: Pick<Worker, 'name'>;
  /** What it was compiled to; undefined when it came not so far. */
  readonly sql: string | undefined;
}

const isUnitTest = (node: ManifestNode | ManifestUnitTest): node is ManifestUnitTest =>
  node.resource_type === 'unit_test';

/** A node that was run, or tried to. */
export const endedResult = ({ node, outcome, watch, worker, sql }: Ended): NodeResult => ({
  ...resultBase(node),
  materialized: isUnitTest(node) ? 'unit_test' : node.config.materialized,
  status: outcome.status,
  message: outcome.message,
  failures: outcome.failures ?? null,
  adapter_response: outcome.response ?? {},
  timing: watch.timing,
  execution_time: watch.seconds,
  thread_id: worker.name,
  compiled: sql !== undefined,
  compiled_code: sql ?? null,
  relation_name: isUnitTest(node) ? null : node.relation_name,
  batch_results: null,
});
