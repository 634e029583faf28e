/** What a run leaves behind for other programs: run_results.json (schema version 6) and sources.json (version 3), as dbt names them. */
import type { JsonMap, Manifest } from '../manifest/types.ts';

/** A span of time within a node's run; ISO 8601 with Z. */
export interface TimingInfo {
  readonly name: 'compile' | 'execute';
  readonly started_at: string | null;
  readonly completed_at: string | null;
}

/** How a node, test or unit test ended. */
export interface RunResultEntry {
  readonly unique_id: string;
  readonly status:
    | 'success'
    | 'error'
    | 'skipped'
    | 'partial success'
    | 'no-op'
    | 'pass'
    | 'fail'
    | 'warn'
    | 'runtime error';
  readonly timing: readonly TimingInfo[];
  readonly thread_id: string;
  /** Seconds. */
  readonly execution_time: number;
  readonly adapter_response: JsonMap;
  readonly message: string | null;
  /** Of tests: what fail_calc gave. */
  readonly failures: number | null;
  readonly compiled: boolean | null;
  readonly compiled_code: string | null;
  readonly relation_name: string | null;
  readonly batch_results: JsonMap | null;
}

/** What an artifact says of the run that it is of. */
export interface Invocation {
  readonly id: string;
  readonly startedAt: Date;
  readonly endedAt: Date;
  /** The command's words by dbt's names: `which`, `select`, `exclude`, `vars`, ... */
  readonly args: JsonMap;
}

/** run_results.json. */
export interface RunResults {
  readonly metadata: JsonMap;
  readonly results: readonly RunResultEntry[];
  /** Seconds. */
  readonly elapsed_time: number;
  readonly args: JsonMap;
}

/** How fresh a source table is. */
export interface FreshnessEntry {
  readonly unique_id: string;
  readonly status: 'pass' | 'warn' | 'error' | 'runtime error';
  /** The remaining keys of sources.json: max_loaded_at, snapshotted_at, criteria, ...; of a runtime error: error. */
  readonly [key: string]: unknown;
}

/** Which artifact, of which version, made when and by which run. */
export function artifactMetadata(
  manifest: Manifest,
  artifact: string,
  { id, startedAt, endedAt }: Omit<Invocation, 'args'>,
): JsonMap {
  return {
    dbt_schema_version: `https://schemas.getdbt.com/dbt/${artifact}.json`,
    dbt_version: manifest.metadata.dbt_version,
    generated_at: endedAt.toISOString(),
    invocation_id: id,
    invocation_started_at: startedAt.toISOString(),
    env: {},
  };
}

const seconds = ({ startedAt, endedAt }: Omit<Invocation, 'args'>): number =>
  (endedAt.getTime() - startedAt.getTime()) / 1000;

/** run_results.json of a run. */
export const runResultsArtifact = (
  manifest: Manifest,
  results: readonly RunResultEntry[],
  invocation: Invocation,
): RunResults => ({
  metadata: artifactMetadata(manifest, 'run-results/v6', invocation),
  results,
  elapsed_time: seconds(invocation),
  args: invocation.args,
});

/** sources.json of a look at how fresh the sources are. */
export const sourcesArtifact = (
  manifest: Manifest,
  results: readonly FreshnessEntry[],
  invocation: Omit<Invocation, 'args'>,
) => ({
  metadata: artifactMetadata(manifest, 'sources/v3', invocation),
  results,
  elapsed_time: seconds(invocation),
});
