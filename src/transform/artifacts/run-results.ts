/** What a run leaves behind for other programs: run_results.json (schema version 6) and sources.json (version 3), as dbt names them. */
import type { JsonMap, Manifest } from '../manifest/types.ts';
import type { FreshnessResult } from '../run/freshness.ts';
import type { NodeResult } from '../run/results.ts';

/** How a node ended, as run_results.json has it. */
export type RunResultEntry = Omit<
  NodeResult,
  'name' | 'resource_type' | 'materialized' | 'path' | 'line' | 'failing_rows'
>;

const toEntry = ({
  name: _name,
  resource_type: _type,
  materialized: _materialized,
  path: _path,
  line: _line,
  failing_rows: _rows,
  ...entry
}: NodeResult): RunResultEntry => entry;

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
  results: readonly NodeResult[],
  invocation: Invocation,
): RunResults => ({
  metadata: artifactMetadata(manifest, 'run-results/v6', invocation),
  results: results.map(toEntry),
  elapsed_time: seconds(invocation),
  args: invocation.args,
});

/** A source's freshness as sources.json has it. */
function freshnessEntry(result: FreshnessResult): JsonMap {
  const { unique_id, status, message, max_loaded_at, snapshotted_at, age } = result;
  if (status === 'runtime error' || max_loaded_at === null || snapshotted_at === null) {
    return { unique_id, status: 'runtime error', error: message };
  }
  const { warn_after = null, error_after = null, filter = null } = result.criteria;
  return {
    unique_id,
    max_loaded_at,
    snapshotted_at,
    max_loaded_at_time_ago_in_s: age,
    status,
    criteria: { warn_after, error_after, filter },
    adapter_response: {},
    timing: result.timing.map((timing) => ({ ...timing })),
    thread_id: result.thread_id,
    execution_time: result.execution_time,
  };
}

/** sources.json of a look at how fresh the sources are. */
export const sourcesArtifact = (
  manifest: Manifest,
  results: readonly FreshnessResult[],
  invocation: Omit<Invocation, 'args'>,
) => ({
  metadata: artifactMetadata(manifest, 'sources/v3', invocation),
  results: results.map(freshnessEntry),
  elapsed_time: seconds(invocation),
});
