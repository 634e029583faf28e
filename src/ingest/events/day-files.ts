/** Events into sorted Parquet files, one or several for each UTC day. */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type DuckDB, sqlText } from '../../stores/duckdb/duckdb.ts';
import type { Lake } from '../../stores/lake/lake.ts';
import { onConnections } from '../connections.ts';
import type { NewLakeFile } from '../lake-files.ts';

/** Where the lake has its events, a folder for each UTC day. */
const eventsFolder = 'processed/events';

/** As what the files are registered. */
export const eventsDataset = 'lake.events';

/** SQL for the UTC day of an event, a DATE. A cast would go through a calendar; no event is of before 1970. */
export const eventDate = `(DATE '1970-01-01' + (epoch_us(event_timestamp) // 86400000000)::INTEGER)`;

/** What is to be written. */
export interface DayFiles {
  /** SQL for a relation that has event_timestamp. */
  readonly rows: string;
  /** SQL for the columns that the files get. */
  readonly columns: string;
  /** SQL for what puts the events of a day in order, event_timestamp first. */
  readonly order: string;
  /** What the files are called, each in the folder of its day. */
  readonly name: string;
  readonly contractVersion: number;
}

/** A file that was written; of which batch, the caller knows. */
export type DayFile = Omit<NewLakeFile, 'batch'>;

/** Files that are being written: the path of each in the folder of drafts, and its rows. */
type Drafts = Map<string, number>;

const parquet = (contractVersion: number): string =>
  `FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, KV_METADATA {contract_version: ${sqlText(String(contractVersion))}}`;

/** Lets drafts be written, and gives each its name in the lake. */
async function put(
  lake: Lake,
  contractVersion: number,
  write: (folder: string, drafts: Drafts) => Promise<void>,
): Promise<readonly DayFile[]> {
  const drafts: Drafts = new Map();
  const files = await lake.putAll(
    (folder) => write(folder, drafts),
    (draft) => `${eventsFolder}/${draft}`,
  );
  return files.map(({ path, draft, bytes }) => ({
    dataset: eventsDataset,
    path,
    rows: drafts.get(draft) ?? 0,
    bytes,
    eventDate: draft.slice('event_date='.length, 'event_date=YYYY-MM-DD'.length),
    contractVersion,
  }));
}

/** The events of one UTC day, YYYY-MM-DD. */
interface Day {
  readonly day: string;
  readonly count: number;
}

/** Days in their order, with so many events together. */
interface Span {
  readonly first: string;
  readonly last: string;
  readonly days: number;
  readonly count: number;
}

/** Memory for an event while many are sorted and then gathered by their days, in bytes; most need less. */
const bytesOfEvent = 1024;

/** How many events fit into DuckDB's memory. */
async function eventsAtOnce(duckdb: DuckDB): Promise<number> {
  const [limit] = await duckdb.rows<{ bytes: number }>(
    `SELECT parse_formatted_bytes(current_setting('memory_limit'))::BIGINT AS bytes`,
  );
  return Math.ceil((limit?.bytes ?? 0) / bytesOfEvent);
}

/** Divides days into spans of no more events than that; a day alone may have more. */
function spansOf(days: readonly Day[], most: number): readonly Span[] {
  const spans: Span[] = [];
  for (const { day, count } of days) {
    const last = spans.at(-1);
    if (last && last.count + count <= most) {
      spans[spans.length - 1] = { ...last, last: day, days: last.days + 1, count: last.count + count };
    } else {
      spans.push({ first: day, last: day, days: 1, count });
    }
  }
  return spans;
}

/** DuckDB: whether an event is of one of these UTC days. */
const isOfDays = (first: string, last: string): string =>
  `event_timestamp >= TIMESTAMPTZ '${first} 00:00:00+00' AND event_timestamp < TIMESTAMPTZ '${last} 00:00:00+00' + INTERVAL 1 DAY`;

/** Days that DuckDB keeps in memory while it writes: each takes a block, however few its events are. */
const daysAtOnce = 40;

/** DuckDB: limits what is kept in memory while rows in the order of time are written to files of their days. */
const limitBuffers = ({ count, days }: Span): string => {
  const threshold = Math.min(Math.max(Math.ceil((count / days) * daysAtOnce), 2048), 524_288);
  return `SET partitioned_write_flush_threshold = ${threshold}`;
};

/**
 * Sorts all rows at once, and lets DuckDB divide them among the files of their days: sorted, or a few sorted runs. Rows that
 * do not fit into memory are written some days after others; each time those of the other days are passed over.
 */
async function writeSpans(
  duckdb: DuckDB,
  lake: Lake,
  { rows, columns, order, name, contractVersion }: DayFiles,
  days: readonly Day[],
): Promise<readonly DayFile[]> {
  const spans = spansOf(days, await eventsAtOnce(duckdb));
  return put(lake, contractVersion, async (folder, drafts) => {
    for (const span of spans) {
      const ofSpan = spans.length > 1 ? `WHERE ${isOfDays(span.first, span.last)}` : '';
      await duckdb.run(limitBuffers(span));
      const written = await duckdb.rows<{ filename: string; count: number }>(
        `COPY (SELECT ${columns}, ${eventDate} AS event_date FROM (FROM ${rows} ${ofSpan} ORDER BY ${order}))
         TO ${sqlText(folder)} (${parquet(contractVersion)}, PARTITION_BY (event_date),
         FILENAME_PATTERN ${sqlText(`${name}-{i}`)}, OVERWRITE_OR_IGNORE true, RETURN_STATS true)`,
      );
      for (const { filename, count } of written) {
        drafts.set(filename.slice(folder.length + 1).replaceAll('\\', '/'), count);
      }
    }
  });
}

/** Writes rows of any relation, which is asked for its days first. */
export async function writeAtOnce(duckdb: DuckDB, lake: Lake, files: DayFiles): Promise<readonly DayFile[]> {
  const days = await duckdb.rows<Day>(
    `SELECT ${eventDate}::VARCHAR AS day, count(*) AS count FROM ${files.rows} GROUP BY ALL ORDER BY day`,
  );
  return writeSpans(duckdb, lake, files, days);
}

async function threadsOf(duckdb: DuckDB): Promise<number> {
  const [found] = await duckdb.rows<{ threads: string }>(`SELECT current_setting('threads')::VARCHAR AS threads`);
  return Number(found?.threads ?? 1);
}

/** Sorts and writes each day on its own, several at once: the rows of a day fit into memory sooner than all. */
const writeDayByDay = (
  duckdb: DuckDB,
  lake: Lake,
  { rows, columns, order, name, contractVersion }: DayFiles,
  days: readonly Day[],
): Promise<readonly DayFile[]> =>
  put(lake, contractVersion, async (folder, drafts) =>
    onConnections(duckdb, await threadsOf(duckdb), days, async (connection, { day, count }) => {
      const draft = `event_date=${day}/${name}-0.parquet`;
      mkdirSync(dirname(join(folder, draft)), { recursive: true });
      await connection.run(
        `COPY (SELECT ${columns} FROM ${rows}
           WHERE ${isOfDays(day, day)} ORDER BY ${order})
         TO ${sqlText(join(folder, draft))} (${parquet(contractVersion)})`,
      );
      drafts.set(draft, count);
    }),
  );

/** DuckDB knows the least and the greatest time of each stretch of so many rows, and passes over those of other days. */
const stretch = 122_880;

/** The days that a stretch may have on average: with more, to read it once for each is dearer than to sort all at once. */
const mostDaysOfStretch = 8;

/** Writes the rows of a table: day by day when they come nearly in the order of time and their days are not small. */
export async function writeTable(duckdb: DuckDB, lake: Lake, files: DayFiles): Promise<readonly DayFile[]> {
  const days = await duckdb.rows<Day & { stretches: number }>(
    `SELECT ${eventDate}::VARCHAR AS day, count(*) AS count, count(DISTINCT rowid // ${stretch}) AS stretches
     FROM ${files.rows} GROUP BY ALL ORDER BY day`,
  );
  const rows = days.reduce((sum, { count }) => sum + count, 0);
  const readings = days.reduce((sum, { stretches }) => sum + stretches, 0);
  return readings <= mostDaysOfStretch * Math.ceil(rows / stretch)
    ? writeDayByDay(duckdb, lake, files, days)
    : writeSpans(duckdb, lake, files, days);
}
