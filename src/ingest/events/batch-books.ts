/** The books of batches that are loaded into the lake: their sources, files, counts, and the days that they touched. */
import { resolve } from 'node:path';
import type { LakeTable } from '../../contracts/tables.ts';
import type { Sql } from '../../stores/postgres/postgres.ts';
import { type NewLakeFile, registerFiles } from '../lake-files.ts';
import { eventsDataset } from './day-files.ts';
import { largeFile, loadedAs } from './read/archive.ts';
import type { EventFile } from './read/find.ts';

/** The hashes of those files whose bytes were loaded before. */
export async function knownHashes(
  sql: Sql,
  role: LakeTable,
  files: readonly EventFile[],
): Promise<ReadonlySet<string>> {
  const known = await sql.rows<{ sha256: string }>(
    `SELECT DISTINCT sha256 FROM ops.batch_files JOIN ops.batches USING (batch_id)
     WHERE role = $1 AND reverted_at IS NULL AND sha256 = ANY($2)`,
    [role, files.map(({ sha256 }) => sha256)],
  );
  return new Set(known.map(({ sha256 }) => sha256));
}

/** The large files that were loaded, as `loadedAs` has them: by path and size, for their bytes are not read. */
export async function loadedLargeFiles(sql: Sql, role: LakeTable): Promise<ReadonlySet<string>> {
  const loaded = await sql.rows<{ path: string; bytes: number }>(
    `SELECT path, bytes FROM ops.batch_files JOIN ops.batches USING (batch_id)
     WHERE role = $1 AND reverted_at IS NULL AND bytes >= $2`,
    [role, largeFile],
  );
  return new Set(loaded.map(loadedAs));
}

/** Takes rows for quarantine. */
export const copyQuarantine =
  'COPY ops.quarantine (batch_id, table_name, row_number, file, line_number, rules, content) FROM STDIN (FORMAT csv)';

/** Registers a batch. Values: id, source, hash, receipt, time of the load, stages, dataset. */
export const insertBatch = `INSERT INTO ops.batches (batch_id, batch_number, source, dataset, content_hash, observed_at, recorded_at, stages)
SELECT $1, coalesce(max(batch_number), 0) + 1, $2, $7, $3, $4, $5, $6 FROM ops.batches`;

/** Registers its files. Values: batch, files as JSON, dataset without `lake.`. */
export const insertFiles = `INSERT INTO ops.batch_files (batch_id, file_number, file, path, sha256, bytes, records, mapped, malformed, role,
  encoding, compression, archived_as)
SELECT $1, place, name, path, sha256, bytes, records, records - malformed, malformed, $3, 'utf-8', compression, "archivedAs"
FROM jsonb_to_recordset($2::jsonb) AS files (place smallint, name text, path text, sha256 text, bytes bigint, records bigint,
  malformed bigint, compression text, "archivedAs" text)`;

/** Keeps how many records broke each rule. Values: batch, records, counts as JSON, dataset without `lake.`. */
export const insertQuality = `INSERT INTO ops.quality_results (batch_id, rule, table_name, severity, checked, broken)
SELECT $1, rule, $4, 'error', $2, broken FROM jsonb_to_recordset($3::jsonb) AS results (rule text, broken bigint)`;

const markDays = `INSERT INTO ops.changed_keys (dataset, key, batch_id, recorded_at)
SELECT '${eventsDataset}', day, $1, $2 FROM unnest($3::text[]) AS days (day)`;

/** The days of written files, each once. */
export const daysOf = (files: readonly NewLakeFile[]): readonly string[] => [
  ...new Set(files.flatMap(({ eventDate }) => (eventDate === undefined ? [] : [eventDate]))),
];

/** Books new events: their files are registered, and their days marked for whatever is computed from them. */
export async function bookWritten(sql: Sql, batch: string, written: readonly NewLakeFile[], at: Date): Promise<void> {
  await registerFiles(sql, written, at);
  await sql.run(markDays, [batch, at, daysOf(written)]);
}

/** Where events come from. */
export interface EventsSource {
  readonly source: string;
  readonly kind: 'sample' | 'events';
  /** Files or folders. */
  readonly paths: readonly string[];
  /** False for files that will not be there again, such as those of a collector. */
  readonly repeatable: boolean;
}

/** The source of events, unless it is known: one of CSV files stays what it is. */
export const registerSource = (
  sql: Sql,
  { source, kind, paths, repeatable }: EventsSource,
  now: Date,
): Promise<number> =>
  sql.run(
    `INSERT INTO ops.sources (source, kind, input, options, added_at) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (source) DO UPDATE SET input = EXCLUDED.input, options = EXCLUDED.options
     WHERE sources.kind = 'events' AND EXCLUDED.input <> ''`,
    [
      source,
      kind,
      repeatable ? resolve(paths[0] ?? '') : '',
      JSON.stringify(repeatable ? { paths: paths.map((path) => resolve(path)) } : {}),
      now,
    ],
  );
