/** Events for tests: lines of NDJSON, files of them, and what the lake then holds. */
import { randomBytes } from 'node:crypto';
import type { EventsRequest, EventsResult } from '../../src/ingest/events/ingest-events.ts';
import { loadEvents } from '../../src/pipeline/events.ts';
import type { PipelineContext } from '../../src/pipeline/run.ts';
import { openDuckDB, type Row, sqlPath } from '../../src/stores/duckdb/duckdb.ts';
import { writeFiles } from './fixtures.ts';

/** A page view that breaks no rule, with changes; a field that is undefined is left out. */
export const event = (changes: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> => ({
  event_id: `EVT_${randomBytes(8).toString('hex').toUpperCase()}`,
  event_type: 'page_view',
  user_id: 'U1',
  session_id: 'S1',
  event_timestamp: '2024-05-01T10:00:00Z',
  device_type: 'mobile',
  country_code: 'GB',
  traffic_source: 'organic',
  ...changes,
});

/** Events as NDJSON; texts stand for lines as they are. */
export const ndjson = (events: readonly (Readonly<Record<string, unknown>> | string)[]): string =>
  events.map((each) => `${typeof each === 'string' ? each : JSON.stringify(each)}\n`).join('');

/** Loads files of events as the source 'web'. */
export const ingest = (
  context: PipelineContext,
  files: Readonly<Record<string, string | Buffer>> | string,
  words: Partial<EventsRequest> = {},
): Promise<EventsResult> =>
  loadEvents(context, {
    source: 'web',
    kind: 'events',
    paths: [typeof files === 'string' ? files : writeFiles(files)],
    repeatable: true,
    ...words,
  });

/** What a query finds in the lake's current files, as the relation `events`. */
export async function inLake(
  context: PipelineContext,
  query = 'FROM events ORDER BY event_id',
): Promise<readonly Row[]> {
  const files = await context.postgres.rows<{ path: string }>(
    `SELECT path FROM ops.lake_files WHERE dataset = 'lake.events' AND retired_at IS NULL`,
  );
  if (files.length === 0) return [];
  const duckdb = await openDuckDB(':memory:', context.duckdb);
  try {
    const paths = files.map(({ path }) => sqlPath(context.lake.locate(path))).join(', ');
    return await duckdb.rows(
      `WITH events AS (FROM read_parquet([${paths}], hive_partitioning = false, union_by_name = true)) ${query}`,
    );
  } finally {
    duckdb.close();
  }
}

/** The open rows of quarantine that are events: 'file:line rule + rule'. */
export async function heldEvents(context: PipelineContext): Promise<readonly string[]> {
  const rows = await context.postgres.rows<{ file: string; line: number; rules: readonly string[] }>(
    `SELECT file, line_number AS line, rules FROM ops.quarantine WHERE table_name = 'events' AND state = 'open'
     ORDER BY file, line_number, quarantine_id`,
  );
  return rows.map(({ file, line, rules }) => `${file}:${line} ${rules.join(' + ')}`);
}
