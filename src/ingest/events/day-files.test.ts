/** Files of days: whichever way they are written, each has the events of its day alone, and all are there. */
import { beforeAll, describe, expect, test } from 'vitest';
import { afterTheLast, makeFolder, smallLimits } from '../../../tests/setup/fixtures.ts';
import { type DuckDB, openDuckDB, sqlText } from '../../stores/duckdb/duckdb.ts';
import { openFolderLake } from '../../stores/lake/lake.ts';
import { type DayFile, writeAtOnce, writeTable } from './day-files.ts';

const atEnd = afterTheLast();
let duckdb: DuckDB;

beforeAll(async () => {
  duckdb = await openDuckDB(':memory:', smallLimits(makeFolder(atEnd)));
  atEnd(() => duckdb.close());
});

const files = {
  rows: 'events',
  columns: 'event_id, event_timestamp',
  order: 'event_timestamp, event_id',
  name: 'batch_1',
  contractVersion: 3,
};

/** Makes the table events: so many, spread over so many days, of which the first and the last begin and end at midnight. */
const makeEvents = (count: number, days: number, order: 'event_timestamp' | 'hash(event_id)'): Promise<void> =>
  duckdb.run(`CREATE OR REPLACE TABLE events AS
    SELECT 'EVT_' || i AS event_id, TIMESTAMPTZ '2024-02-27 00:00:00+00' + to_microseconds(i * (${days} * 86400000000 - 1) // (${count} - 1)) AS event_timestamp
    FROM range(${count}) AS numbers (i) ORDER BY ${order}`);

/** Writes them, and expects to find them again: gives the files, in the order of their paths. */
async function written(write: typeof writeTable, lake = openFolderLake(makeFolder())): Promise<readonly DayFile[]> {
  const found = await write(duckdb, lake, files);
  const read = (path: string): string => `read_parquet(${sqlText(lake.locate(path))}, hive_partitioning = false)`;
  for (const { path, rows, eventDate, contractVersion } of found) {
    expect(contractVersion).toBe(3);
    const [file] = await duckdb.rows(
      `SELECT count(*) AS rows, min(event_timestamp)::DATE::VARCHAR AS day, max(event_timestamp)::DATE::VARCHAR AS last
       FROM ${read(path)}`,
    );
    expect(file).toEqual({ rows, day: eventDate, last: eventDate });
  }
  const [different] = await duckdb.rows<{ rows: number }>(
    `SELECT count(*) AS rows FROM (FROM events EXCEPT ALL SELECT * FROM ${read('processed/events/*/*.parquet')})`,
  );
  expect(different).toEqual({ rows: 0 });
  expect(await lake.list('processed')).toHaveLength(found.length);
  return found.toSorted((one, other) => (one.path < other.path ? -1 : 1));
}

describe('the rows of a table', () => {
  test('in the order of time are written day by day, each day a sorted file', async () => {
    await makeEvents(150_000, 5, 'event_timestamp');
    const lake = openFolderLake(makeFolder());
    const days = await written(writeTable, lake);
    expect(days.map(({ path, rows }) => [path, rows])).toEqual(
      ['27', '28', '29']
        .map((day) => [`processed/events/event_date=2024-02-${day}/batch_1-0.parquet`, 30_000])
        .concat(['01', '02'].map((day) => [`processed/events/event_date=2024-03-${day}/batch_1-0.parquet`, 30_000])),
    );
    for (const { path } of days) {
      const [unordered] = await duckdb.rows(
        `SELECT count(*) AS rows FROM (SELECT event_timestamp, lag(event_timestamp) OVER (ORDER BY file_row_number) AS before
         FROM read_parquet(${sqlText(lake.locate(path))}, file_row_number = true)) WHERE event_timestamp < before`,
      );
      expect(unordered).toEqual({ rows: 0 });
    }
  });

  test.each([
    ['of many days that lie among each other', 150_000, 20, 'hash(event_id)'],
    ['of many small days', 2_000, 100, 'event_timestamp'],
  ] as const)('%s are written at once', async (_, count, days, order) => {
    await makeEvents(count, days, order);
    const found = await written(writeTable);
    expect(found.map(({ eventDate }) => eventDate)).toEqual(
      (await written(writeAtOnce)).map(({ eventDate }) => eventDate),
    );
    expect(new Set(found.map(({ eventDate }) => eventDate)).size).toBe(days);
  });

  test('of many days are written where they do not fit into memory', async () => {
    const small = await openDuckDB(':memory:', { ...smallLimits(makeFolder()), memory: '100MiB', threads: 2 });
    try {
      const lake = openFolderLake(makeFolder());
      const made = 600_000;
      await small.run(`CREATE TABLE events AS
        SELECT 'EVT_' || i AS event_id, repeat(md5(i::VARCHAR), 8) AS text,
          TIMESTAMPTZ '2024-02-27 00:00:00+00' + to_minutes((hash(i) % (60 * 24 * 60))::BIGINT) AS event_timestamp
        FROM range(${made}) AS numbers (i)`);
      const found = await writeTable(small, lake, { ...files, columns: 'event_id, text, event_timestamp' });
      expect(new Set(found.map(({ eventDate }) => eventDate)).size).toBe(60);
      expect(found.reduce((sum, { rows }) => sum + rows, 0)).toBe(made);
      const read = `read_parquet(${sqlText(lake.locate('processed/events/*/*.parquet'))}, hive_partitioning = true)`;
      const [checked] = await small.rows(
        `SELECT count(*) AS rows, count(DISTINCT event_id) AS ids,
           count(*) FILTER (text <> repeat(md5(substr(event_id, 5)), 8) OR event_date <> event_timestamp::DATE) AS wrong
         FROM ${read}`,
      );
      expect(checked).toEqual({ rows: made, ids: made, wrong: 0 });
    } finally {
      small.close();
    }
  });

  test('leave nothing in the lake when a day cannot be written', async () => {
    await makeEvents(1_000, 4, 'event_timestamp');
    const lake = openFolderLake(makeFolder());
    const columns = `event_id, CASE WHEN event_id = 'EVT_700' THEN error('no room') END AS problem`;
    await expect(writeTable(duckdb, lake, { ...files, columns })).rejects.toThrow('no room');
    expect(await lake.list('')).toEqual([]);
  });
});
