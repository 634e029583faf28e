/** Tests of events in an increment: they look at what came, and judge all events by it. */
import { expect, test } from 'vitest';
import { extractProduction } from '../../src/ingest/extract.ts';
import { currentFiles } from '../../src/ingest/lake-files.ts';
import { type PublishResult, publish } from '../../src/publish/publish.ts';
import { openDuckDB, type Row, sqlPath, sqlText } from '../../src/stores/duckdb/duckdb.ts';
import { event, ingest, ndjson } from '../setup/events.ts';
import { smallLimits, smallShop } from '../setup/fixtures.ts';
import { addToLake, eventRows } from '../setup/lake.ts';
import { load, makePipeline, type Pipeline } from '../setup/pipeline.ts';

async function publishAll(context: Pipeline, fullRefresh = false): Promise<PublishResult> {
  await extractProduction(context);
  const files = await currentFiles(context.postgres);
  return publish(context, await context.loadProject(), files, { always: true, fullRefresh });
}

/** A home whose events of 2024-05-01 and 2024-05-02 are published. */
async function published(): Promise<Pipeline> {
  const context = await makePipeline();
  await load(context.postgres, smallShop, { clock: context.clock });
  const ofDay = (event_id: string, day: string) => event({ event_id, event_timestamp: `${day}T10:00:00Z` });
  await ingest(context, {
    'e.ndjson': ndjson([ofDay('EVT_OF_MAY_1', '2024-05-01'), ofDay('EVT_OF_MAY_2', '2024-05-02')]),
  });
  await publishAll(context);
  return context;
}

/** Adds an event of a day to the lake, past all that would refuse it. */
async function plant(context: Pipeline, day: string, more: Row): Promise<void> {
  await addToLake(context, 'events', eventRows([['page_view', 'U1', 'S1', `${day}T12:00:00Z`, more]]));
  await context.postgres.run(`UPDATE ops.lake_files SET event_date = $1 WHERE extract_id = 'test'`, [day]);
}

/** Changes the one event of a day behind the register's back: the file keeps its name and its number of rows. */
async function damage({ postgres, lake, home }: Pipeline, day: string): Promise<void> {
  const [file] = (await currentFiles(postgres)).filter((one) => one.day === day);
  const path = lake.locate(file?.path ?? '');
  const duckdb = await openDuckDB(':memory:', smallLimits(home));
  try {
    await duckdb.run(`CREATE TABLE events AS FROM read_parquet(${sqlPath(path)}, hive_partitioning = false)`);
    await duckdb.run(`COPY (SELECT * REPLACE (NULL AS device_type) FROM events) TO ${sqlText(path)} (FORMAT parquet)`);
  } finally {
    duckdb.close();
  }
}

const judged = ({ basis, nodes }: PublishResult): readonly unknown[] => [
  basis !== undefined,
  ...nodes
    .filter(({ name }) => name.startsWith('events_are_'))
    .map(({ name, status }) => `${name}: ${status}`)
    .sort(),
];

test('an event of a new day that has the id of an earlier one is found', async () => {
  const context = await published();
  await plant(context, '2024-05-03', { event_id: 'EVT_OF_MAY_1' });
  await expect(publishAll(context)).rejects.toThrow(/events_are_unique \(1 rows\)/);
});

test.each([
  ['2024-05-03', { device_type: null }],
  ['2024-05-02', { event_id: null }],
])('an event of %s with %o is found', async (day, more) => {
  const context = await published();
  await plant(context, day, more);
  await expect(publishAll(context)).rejects.toThrow(/events_are_whole \(1 rows\)/);
});

test('what passed is published, and events of other days are those that were tested before', async () => {
  const context = await published();
  await damage(context, '2024-05-01');
  await plant(context, '2024-05-03', { event_id: 'EVT_OF_MAY_3' });
  expect(judged(await publishAll(context))).toEqual([true, 'events_are_unique: pass', 'events_are_whole: pass']);
});

test('a full refresh tests the events of all days', async () => {
  const context = await published();
  await damage(context, '2024-05-01');
  await expect(publishAll(context, true)).rejects.toThrow(/events_are_whole \(1 rows\)/);
});

test('a test that fails keeps what it found to be tested again', async () => {
  const context = await published();
  await plant(context, '2024-05-03', { device_type: null });
  await expect(publishAll(context)).rejects.toThrow(/events_are_whole/);
  await expect(publishAll(context)).rejects.toThrow(/events_are_whole/);
});
