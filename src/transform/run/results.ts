/** How the nodes of a run ended. */
import type { JsonValue, Row } from '../../stores/duckdb/duckdb.ts';
import type { ResourceType } from '../manifest/types.ts';

/**
 * success, error, skipped, partial success: of models, seeds, snapshots and hooks; no-op: of what there is nothing to do for;
 * pass, fail, warn, error, skipped: of tests; runtime error besides pass, warn and error: of freshness.
 */
export type Status =
  | 'success'
  | 'error'
  | 'skipped'
  | 'partial success'
  | 'no-op'
  | 'pass'
  | 'fail'
  | 'warn'
  | 'runtime error';

/** When a step of a node ran. */
export interface Timing {
  readonly name: 'compile' | 'execute';
  readonly started_at: string;
  readonly completed_at: string;
}

/** The batches of a microbatch model that were run: start and end of each, as ISO text. */
export interface BatchResults {
  readonly successful: readonly (readonly [string, string])[];
  readonly failed: readonly (readonly [string, string])[];
}

/** How one node ended. */
export interface NodeResult {
  readonly unique_id: string;
  readonly name: string;
  readonly resource_type: ResourceType;
  /** Of models their materialization; otherwise the resource's type. */
  readonly materialized: string;
  /** The author's file, below its project. */
  readonly path: string;
  /** Where that file declares a test that found rows. */
  readonly line?: number;
  readonly status: Status;
  /** DuckDB's or the template's words for an error, with the author's file and line; what a node was skipped for. */
  readonly message: string | null;
  /** How many failures a test counted. */
  readonly failures: number | null;
  readonly adapter_response: Readonly<Record<string, JsonValue>>;
  readonly timing: readonly Timing[];
  /** Seconds; tests that were judged in one statement share its time. */
  readonly execution_time: number;
  readonly thread_id: string;
  readonly compiled: boolean;
  readonly compiled_code: string | null;
  readonly relation_name: string | null;
  readonly batch_results: BatchResults | null;
  /** Of a failed test the first rows that it found. */
  readonly failing_rows?: readonly Row[];
}

/** Statuses after which what is below is skipped. */
export const isBroken = (status: Status): boolean =>
  status === 'error' || status === 'fail' || status === 'skipped' || status === 'partial success';

/** The outcome of a run. */
export interface RunResult {
  /** In the order in which the nodes ended. */
  readonly results: readonly NodeResult[];
  /** Seconds. */
  readonly elapsed_time: number;
  /** Whether nothing failed: warnings are no failures. */
  readonly success: boolean;
}
