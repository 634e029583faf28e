/** The lake of events: new events as sorted Parquet files a day, and beside them the index of all ids. */
import { type DuckDB, sqlPath, sqlText } from '../../stores/duckdb/duckdb.ts';
import type { Lake } from '../../stores/lake/lake.ts';
import type { Sql } from '../../stores/postgres/postgres.ts';
import type { NewLakeFile } from '../lake-files.ts';
import { eventDate, writeAtOnce, writeTable } from './day-files.ts';
import { lakeShapes } from './lake-shape.ts';
import { idHash } from './verdict-statements.ts';

/** Where it has the index of their ids: id_hash, event_date. */
const indexFolder = 'processed/event_ids';

/** The index that this version of DuckDB can use, for its hashes may be others than those of another version. */
export const indexFolderOf = async (duckdb: DuckDB): Promise<string> => {
  const [found] = await duckdb.rows<{ version: string }>('SELECT library_version AS version FROM pragma_version()');
  return `${indexFolder}/duckdb-${found?.version}`;
};

/** As what its files are registered; it is no source of the models. */
export const indexDataset = 'index.event_ids';

/** What every event of a load has in common. */
export interface EventOrigin {
  readonly source: string;
  readonly batch: string;
  readonly receivedAt: Date;
  readonly contractVersion: number;
}

/** The columns of the lake's files, in their order. */
const stored = lakeShapes.events.map(({ name }) => name);

async function writeIndex(duckdb: DuckDB, lake: Lake, rows: string, name: string): Promise<NewLakeFile> {
  const path = `${await indexFolderOf(duckdb)}/${name}.parquet`;
  const bytes = await lake.put(path, (draft) =>
    duckdb.run(
      `COPY (SELECT id_hash, event_date FROM ${rows} ORDER BY id_hash) TO ${sqlText(draft)}
       (FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd)`,
    ),
  );
  const [counted] = await duckdb.rows<{ rows: number }>(
    `SELECT count(*) AS rows FROM read_parquet(${sqlPath(lake.locate(path))})`,
  );
  return { dataset: indexDataset, path, rows: counted?.rows ?? 0, bytes };
}

/** Writes the table events, and its ids, to the lake as files of the name given; nothing is registered yet. */
export async function writeEvents(
  duckdb: DuckDB,
  lake: Lake,
  origin: EventOrigin,
  name: string,
): Promise<readonly NewLakeFile[]> {
  const { source, batch, receivedAt, contractVersion } = origin;
  const common: Readonly<Record<string, string>> = {
    source: sqlText(source),
    received_at: `TIMESTAMPTZ ${sqlText(receivedAt.toISOString())}`,
    batch_id: sqlText(batch),
  };
  const columns = stored.map((column) => (common[column] ? `${common[column]} AS ${column}` : column)).join(', ');
  const files = { rows: 'events', columns, order: 'event_timestamp, id_hash', name, contractVersion };
  const days = await writeTable(duckdb, lake, files);
  const ids = `(SELECT id_hash, ${eventDate} AS event_date FROM events)`;
  return [...days.map((file) => ({ ...file, batch })), await writeIndex(duckdb, lake, ids, name)];
}

const readFiles = (lake: Lake, paths: readonly string[]): string =>
  `read_parquet([${paths.map((path) => sqlPath(lake.locate(path))).join(', ')}], hive_partitioning = false, union_by_name = true)`;

/** Puts files of events together, day by day, as files of the name given; nothing is registered yet. */
export const mergeEvents = (
  duckdb: DuckDB,
  lake: Lake,
  paths: readonly string[],
  name: string,
  contractVersion: number,
): Promise<readonly NewLakeFile[]> => {
  const [rows, columns] = [readFiles(lake, paths), stored.join(', ')];
  return writeAtOnce(duckdb, lake, { rows, columns, order: 'event_timestamp, event_id', name, contractVersion });
};

/** Makes the index of files of events anew; nothing is registered yet. */
export const indexEvents = (
  duckdb: DuckDB,
  lake: Lake,
  paths: readonly string[],
  name: string,
): Promise<NewLakeFile> => {
  const ids = `(SELECT ${idHash('event_id')} AS id_hash, ${eventDate} AS event_date
    FROM ${readFiles(lake, paths)})`;
  return writeIndex(duckdb, lake, ids, name);
};

/** Puts files of the index together; nothing is registered yet. */
export const mergeIndex = (duckdb: DuckDB, lake: Lake, paths: readonly string[], name: string): Promise<NewLakeFile> =>
  writeIndex(duckdb, lake, readFiles(lake, paths), name);

/** A current file of the lake's events or of their index. */
export interface CurrentFile {
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
  /** YYYY-MM-DD; null for a file of the index. */
  readonly day: string | null;
  readonly contractVersion: number | null;
}

/** The current files of a dataset, of all days or of those given, in the order of days and paths. */
export const currentOf = (sql: Sql, dataset: string, days?: readonly string[]): Promise<readonly CurrentFile[]> =>
  sql.rows(
    `SELECT path, rows, bytes, event_date::text AS day, contract_version AS "contractVersion" FROM ops.lake_files
     WHERE dataset = $1 AND retired_at IS NULL AND ($2::date[] IS NULL OR event_date = ANY($2)) ORDER BY event_date, path`,
    [dataset, days ?? null],
  );
