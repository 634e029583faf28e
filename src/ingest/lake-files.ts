/** The register of the lake: which files of which dataset the models may read, and since when. */
import { lakeTables } from '../contracts/tables.ts';
import type { Lake } from '../stores/lake/lake.ts';
import type { Postgres, Sql } from '../stores/postgres/postgres.ts';

/** A registered Parquet file of one source of the models. */
export interface LakeFile {
  /** Source and table of the models, such as 'production.customers' or 'lake.events'. */
  readonly dataset: string;
  /** Relative to the lake. */
  readonly path: string;
  readonly rows: number;
  /** Tells what the dataset holds; files that are put together change nothing of it. */
  readonly identity: string;
  /** The UTC day of its events, YYYY-MM-DD; null for files of other datasets. */
  readonly day: string | null;
  /** Another one once the file is written again; of events, once a load has touched that day. */
  readonly version: string;
  /** The same for files that one load or replay wrote: of a dataset these have the same columns. Null for all others. */
  readonly writtenBy: string | null;
}

/** A file as it is registered. */
export interface NewLakeFile extends Omit<LakeFile, 'identity' | 'day' | 'version' | 'writtenBy'> {
  readonly bytes: number;
  /** Of production's files. */
  readonly extract?: string;
  /** The batch whose load wrote it. */
  readonly batch?: string;
  /** The UTC day of its events, YYYY-MM-DD. */
  readonly eventDate?: string;
  readonly contractVersion?: number;
}

/**
 * The files that models may read now: of all datasets, or of those whose names begin with `prefix`. An extract is known by
 * its path, which has its id; what is loaded into the lake by what was booked of it.
 */
export const currentFiles = (
  sql: Sql,
  prefix = '',
): Promise<readonly (LakeFile & { readonly extract: string | null })[]> =>
  sql.rows(
    // A subquery for each day asks its index; a join would depend on statistics, which a new home does not have.
    `SELECT dataset, path, rows, files.batch_id || ' ' || registered_at AS "writtenBy", extract_id AS extract,
       coalesce(booked.identity, path) AS identity, event_date::text AS day,
       coalesce((
         SELECT md5(string_agg(concat_ws(' ', changed.batch_id, extract(epoch FROM recorded_at)), E'\\n'
           ORDER BY recorded_at, changed.batch_id))
         FROM ops.changed_keys AS changed
         WHERE files.dataset = 'lake.events' AND changed.dataset = files.dataset AND key = to_char(event_date, 'YYYY-MM-DD')
       ), extract(epoch FROM registered_at)::text) AS version
     FROM ops.lake_files AS files LEFT JOIN (
       SELECT 'lake.' || table_name AS dataset, md5(string_agg(concat_ws(' ', batch_id, operation, loaded), E'\\n' ORDER BY entry))
         AS identity
       FROM ops.ledger WHERE table_name = ANY($1) GROUP BY table_name
     ) AS booked USING (dataset)
     WHERE retired_at IS NULL AND starts_with(dataset, $2) AND NOT starts_with(dataset, 'index.') ORDER BY dataset, path`,
    [lakeTables, prefix],
  );

/** Registers files in place of earlier registrations of the same paths. */
export async function registerFiles(sql: Sql, files: readonly NewLakeFile[], at: Date): Promise<void> {
  await sql.run(
    `INSERT INTO ops.lake_files (path, dataset, rows, bytes, extract_id, batch_id, event_date, contract_version, registered_at)
     SELECT path, dataset, rows, bytes, extract, batch, "eventDate", "contractVersion", $2
     FROM jsonb_to_recordset($1::jsonb) AS files (path text, dataset text, rows bigint, bytes bigint, extract text, batch text,
       "eventDate" date, "contractVersion" integer)
     ON CONFLICT (path) DO UPDATE SET rows = EXCLUDED.rows, bytes = EXCLUDED.bytes, registered_at = EXCLUDED.registered_at,
       retired_at = NULL`,
    [JSON.stringify(files), at],
  );
}

/** Models no longer read these files; they stay until no publication needs them. */
export const retireFiles = (sql: Sql, paths: readonly string[], at: Date): Promise<number> =>
  sql.run('UPDATE ops.lake_files SET retired_at = $2 WHERE path = ANY($1)', [paths, at]);

/** Makes files of production those of an extract, also such as an earlier one has written. */
export const takeOver = (sql: Sql, paths: readonly string[], extract: string): Promise<number> =>
  sql.run('UPDATE ops.lake_files SET extract_id = $2 WHERE path = ANY($1)', [paths, extract]);

/** Below it lies all that is registered. */
const registeredFolder = 'processed';

/** Removes files of the lake that nobody registered: what a killed load left behind. Nobody may be writing to it meanwhile. */
export async function removeUnregistered(postgres: Postgres, lake: Lake): Promise<void> {
  const registered = await postgres.rows<{ path: string }>('SELECT path FROM ops.lake_files');
  const known = new Set(registered.map(({ path }) => path));
  for (const path of await lake.list(registeredFolder)) if (!known.has(path)) await lake.remove(path);
}

/**
 * Removes retired files that neither the published warehouse nor the one before it reads: those that were retired before
 * the earlier of the two was published.
 */
export async function removeRetired(postgres: Postgres, lake: Lake): Promise<void> {
  const old = await postgres.rows<{ path: string }>(
    `SELECT path FROM ops.lake_files WHERE retired_at < (SELECT published_at FROM ops.publications
       ORDER BY published_at DESC OFFSET 1 LIMIT 1)`,
  );
  for (const { path } of old) await lake.remove(path);
  await postgres.run('DELETE FROM ops.lake_files WHERE path = ANY($1)', [old.map(({ path }) => path)]);
}
