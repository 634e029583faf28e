/** Files of events into DuckDB: their records as lines of text, those that are none, and, for a few, their places. */
import { join } from 'node:path';
import { lineHash, lineHashType } from '../../../contracts/events/line-hash.ts';
import { MillraceError } from '../../../kernel/errors.ts';
import { type DuckDB, sqlPath } from '../../../stores/duckdb/duckdb.ts';
import { contentOf } from '../../files/compression.ts';
import { toUtf8 } from '../../files/encoding.ts';
import { ArraySplitter } from './array-splitter.ts';
import { type EventFile, readEventFile } from './find.ts';
import { byteOf } from './line-scan.ts';
import { writeParquetRows } from './parquet.ts';
import { LineSplitter, RecordFiles } from './records.ts';

/** What one file held: records = its rows in received_events + unreadable. */
export interface EventReading {
  readonly file: EventFile;
  /** Its place in the list of files; the first is 0. */
  readonly fileNumber: number;
  /** Lines that are not blank, elements of the array, or rows. */
  readonly records: number;
  /** Records that stand in unreadable_events. */
  readonly unreadable: number;
  /** A regular text whose n-th line is line n, element n or row n of the file: the file itself where it is regular. */
  readonly textPath: string;
}

/** An archive may unpack to so many times its size, and to so many bytes in any case. */
const [mostTimes, harmless] = [250, 64 << 20];

async function* withinReason(file: EventFile, content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const { path, compression } = file;
  let length = 0;
  for await (const chunk of content) {
    length += chunk.length;
    if (length > harmless && length > file.bytes * mostTimes) {
      throw new MillraceError('MR-IN-017', { path, compression, times: mostTimes });
    }
    yield chunk;
  }
}

function endLinesWithLineFeeds(chunk: Buffer): Buffer {
  for (let at = chunk.indexOf(byteOf.carriageReturn); at >= 0; at = chunk.indexOf(byteOf.carriageReturn, at + 1)) {
    chunk[at] = byteOf.lineFeed;
  }
  return chunk;
}

interface Rewritten {
  readonly records: number;
  readonly unreadable: number;
  readonly textPath: string;
  readonly unreadablePath: string;
}

/** Writes the records of an NDJSON file or an array anew, as regular text. */
async function rewrite(file: EventFile, folder: string, name: string): Promise<Rewritten> {
  const [textPath, unreadablePath] = [join(folder, `${name}.txt`), join(folder, `${name}-unreadable.ndjson`)];
  const files = new RecordFiles(textPath, unreadablePath);
  try {
    const splitter = file.format === 'array' ? new ArraySplitter(files) : new LineSplitter(files);
    const content = withinReason(file, contentOf(file.path, file.compression));
    for await (const chunk of toUtf8(content, file.encoding)) {
      splitter.add(file.lineEnd === 'CR' ? endLinesWithLineFeeds(chunk) : chunk);
    }
    splitter.end();
    files.flush();
    return { records: files.records, unreadable: files.unreadable, textPath, unreadablePath };
  } finally {
    files.close();
  }
}

const makeUnreadable = `CREATE OR REPLACE TABLE unreadable_events
  (file_number SMALLINT, line_number BIGINT, line VARCHAR, rule VARCHAR)`;

const insertUnreadable = (path: string): string => `INSERT INTO unreadable_events
  SELECT $1::SMALLINT, line_number, line, rule FROM read_json(${sqlPath(path)}, format = 'newline_delimited',
    columns = {'line_number': 'BIGINT', 'line': 'VARCHAR', 'rule': 'VARCHAR'}, compression = 'uncompressed')`;

async function readFile(duckdb: DuckDB, file: EventFile, fileNumber: number, folder: string): Promise<EventReading> {
  const name = `events-${fileNumber}`;
  let source = file;
  if (file.format === 'parquet') {
    const path = join(folder, `${name}-rows.txt`);
    await writeParquetRows(duckdb, file.path, path);
    source = await readEventFile(path, name);
  }
  if (source.regular) {
    return { file, fileNumber, records: source.records ?? 0, unreadable: 0, textPath: source.path };
  }
  const { unreadablePath, ...rewritten } = await rewrite(source, folder, name);
  if (rewritten.unreadable > 0) await duckdb.run(insertUnreadable(unreadablePath), [fileNumber]);
  return { file, fileNumber, ...rewritten };
}

/** All lines of regular texts, blank ones too, whole and unchanged: the separator does not occur in them. */
const linesOf = (paths: readonly string[]): string => `read_csv([${paths.map(sqlPath).join(', ')}],
  columns = {'line': 'VARCHAR'}, auto_detect = false, header = false, delim = '\x1f', quote = '', escape = '',
  comment = '', new_line = '\\n', max_line_size = 2097152, compression = 'none', hive_partitioning = false)`;

const noLines = 'SELECT 0::SMALLINT AS file_number, NULL::VARCHAR AS line WHERE false';

/** Records are objects, so that the first byte tells nearly always. */
const isRecord = `starts_with(line, '{') OR trim(line, E' \\t') <> ''`;

/**
 * Reads files into received_events (file_number SMALLINT, line VARCHAR), a view over the files without an order, blank
 * lines left out, and unreadable_events (file_number, line_number, line, rule): records that text cannot hold or that are
 * longer than 1 MiB, their beginnings in a readable form. What had to be written anew stands in the folder, which must have
 * none of it yet, as long as the view is used. Errors: MR-IN-014, MR-IN-016, MR-IN-017, and those of `readEventFile`.
 */
export async function readEvents(
  duckdb: DuckDB,
  files: readonly EventFile[],
  temporaryFolder: string,
): Promise<readonly EventReading[]> {
  await duckdb.run(makeUnreadable);
  const readings: EventReading[] = [];
  for (const [fileNumber, file] of files.entries()) {
    readings.push(await readFile(duckdb, file, fileNumber, temporaryFolder));
  }
  const lines = linesOf(readings.map(({ textPath }) => textPath));
  const rows = `SELECT file_index::SMALLINT AS file_number, line FROM ${lines} WHERE ${isRecord}`;
  await duckdb.run(`CREATE OR REPLACE VIEW received_events AS ${readings.length > 0 ? rows : noLines}`);
  return readings;
}

// DuckDB takes a text for a few rows, and would collect its lines to look the wanted ones up in them; with IS TRUE it must
// look each line up among the wanted.
const insertPlaces = (path: string): string => `INSERT INTO event_lines
  SELECT $1::SMALLINT, line_number, line, line_hash
  FROM (SELECT row_number() OVER () AS line_number, line, ${lineHash('line')} AS line_hash FROM ${linesOf([path])})
  WHERE (line_hash IN (SELECT line_hash FROM wanted_lines)) IS TRUE AND (${isRecord})`;

/**
 * Makes event_lines (file_number SMALLINT, line_number BIGINT, line VARCHAR, line_hash): the places of all rows of
 * received_events whose `lineHash` is in wanted_lines (line_hash). line_number counts the physical lines of the
 * file as received, blank ones too, the elements of the array, or the rows, from 1. Reads the files again, one after the
 * other: give only those that have such lines.
 */
export async function findEventLines(duckdb: DuckDB, readings: readonly EventReading[]): Promise<void> {
  await duckdb.run(`CREATE OR REPLACE TABLE event_lines
    (file_number SMALLINT, line_number BIGINT, line VARCHAR, line_hash ${lineHashType})`);
  for (const { fileNumber, textPath } of readings) await duckdb.run(insertPlaces(textPath), [fileNumber]);
}
