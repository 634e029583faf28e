/** Rows from DuckDB to a stream of CSV: through a named pipe, so that neither memory nor disk holds them in between. */
import { execFile } from 'node:child_process';
import { closeSync, constants, createReadStream, openSync, type ReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { allEnded } from '../../kernel/promises.ts';
import { type DuckDB, sqlText } from './duckdb.ts';

const run = promisify(execFile);

const copyTo = (query: string, path: string): string =>
  `COPY (${query}) TO ${sqlText(path)} (FORMAT csv, HEADER false, USE_TMP_FILE false)`;

/** Lets a reader that waits for a first writer see the end, when DuckDB failed before it opened the pipe. */
function endPipe(path: string): void {
  try {
    closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
  } catch {
    // Nobody reads: there is nobody to tell.
  }
}

/** A producer that failed may never have opened the pipe: its reader is then told, again until it has closed. */
function endWhenFailed(produced: Promise<void>, rows: ReadStream, path: string): void {
  produced.catch(() => {
    if (rows.closed) return;
    endPipe(path);
    const telling = setInterval(() => endPipe(path), 20);
    rows.once('close', () => clearInterval(telling));
  });
}

/** Hands the rows of a query to `consume` by way of a named pipe. */
async function passThrough<T>(
  duckdb: DuckDB,
  query: string,
  path: string,
  consume: (rows: Readable) => Promise<T>,
): Promise<T> {
  const rows = createReadStream(path, { highWaterMark: 1 << 18 });
  const closed = new Promise<void>((resolve) => rows.once('close', () => resolve()));
  const consumed = consume(rows).finally(() => rows.destroy());
  const produced = duckdb.run(copyTo(query, path));
  endWhenFailed(produced, rows, path);
  // When the consumer fails the producer fails after it, with a broken pipe: the consumer's reason is the one to tell. A
  // reader that is still to open the pipe is told of the end by its path, which must be there until then.
  const [result] = await allEnded([consumed, produced]).finally(() => closed);
  return result;
}

/** Ways for rows out of DuckDB. Making a pipe starts a process, so one is used again and again. */
export interface RowPipes {
  /**
   * Runs the query and hands its rows, as CSV without a header, to `consume` while they are made; gives what `consume`
   * gives. NULL is an empty field, an empty text "". Where the system has no named pipes a file stands in.
   */
  stream<T>(duckdb: DuckDB, query: string, consume: (rows: Readable) => Promise<T>): Promise<T>;
}

/** Does work that rows of DuckDB are streamed in, several at once where it likes. */
export async function withRowPipes<T>(temporaryFolder: string, work: (pipes: RowPipes) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(temporaryFolder, 'rows-'));
  const free: string[] = [];
  let made = 0;
  const nextPath = (): string => join(folder, `rows-${made++}.csv`);

  const takePipe = async (): Promise<string> => {
    const known = free.pop();
    if (known !== undefined) return known;
    const path = nextPath();
    await run('mkfifo', ['-m', '600', path]);
    return path;
  };

  const streamThroughFile: RowPipes['stream'] = async (duckdb, query, consume) => {
    const path = nextPath();
    try {
      await duckdb.run(copyTo(query, path));
      return await consume(createReadStream(path));
    } finally {
      await rm(path, { force: true });
    }
  };

  const streamThroughPipe: RowPipes['stream'] = async (duckdb, query, consume) => {
    const path = await takePipe();
    const result = await passThrough(duckdb, query, path, consume);
    // One that something failed at is not used again.
    free.push(path);
    return result;
  };

  try {
    return await work({ stream: process.platform === 'win32' ? streamThroughFile : streamThroughPipe });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Streams the rows of one query, as `RowPipes` does. */
export const streamRows = <T>(
  duckdb: DuckDB,
  query: string,
  temporaryFolder: string,
  consume: (rows: Readable) => Promise<T>,
): Promise<T> => withRowPipes(temporaryFolder, (pipes) => pipes.stream(duckdb, query, consume));
