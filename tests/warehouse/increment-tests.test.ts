/** Tests of events in an increment: they look at what came, and judge all events by it. */
import { describe, expect, test } from 'vitest';
import { extractProduction } from '../../src/ingest/extract.ts';
import { currentFiles } from '../../src/ingest/lake-files.ts';
import { type PublishResult, publish } from '../../src/publish/publish.ts';
import { openDuckDB, type Row, sqlPath, sqlText } from '../../src/stores/duckdb/duckdb.ts';
import { event, ingest, ndjson } from '../setup/events.ts';
import { smallLimits, smallShop } from '../setup/fixtures.ts';
import { addToLake, eventRows, smallClicks } from '../setup/lake.ts';
import { load, makePipeline, type Pipeline } from '../setup/pipeline.ts';
import { buildModels, emptyProduction, fill, warehouseProject } from './production.ts';

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
    await duckdb.run(
      `COPY (SELECT * REPLACE (NULL::VARCHAR AS device_type) FROM events) TO ${sqlText(path)} (FORMAT parquet)`,
    );
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

describe('in a build that keeps rows', () => {
  /** How a test ends when 2024-03-07 alone is touched and something is wrong. */
  async function judge(harm: string, test: string): Promise<unknown> {
    const project = await warehouseProject();
    const duckdb = await emptyProduction();
    await fill(duckdb, 'lake.events', smallClicks);
    await buildModels(project, duckdb, ['+fct_funnel', '+int_product_sessions', '+dim_users']);
    await duckdb.run(`CREATE SCHEMA pipeline;
      CREATE TABLE pipeline.changed_keys AS SELECT 'lake.events' AS dataset, '2024-03-07' AS key; ${harm}`);
    const { ids } = project.select({ select: [test], indirect: 'buildable' });
    const { results } = await project.run(duckdb, { command: 'build', selected: ids });
    return results.map(({ status }) => status);
  }

  const productOf = (session: string, more: string): string =>
    `SELECT * REPLACE (${more}) FROM int_product_sessions WHERE session_id = '${session}'`;

  test.each([
    ['a touched event of another user', `UPDATE lake.events SET user_id = 'X' WHERE session_id = 'S4'`],
    ['an event of another day that is not there any more', `DELETE FROM lake.events WHERE session_id = 'S2'`],
    ['revenue of another day', `UPDATE lake.events SET revenue_amount = 41 WHERE revenue_amount = 40`],
    ['a session of a user without events', `UPDATE int_sessions SET user_natural_key = 'X' WHERE session_id = 'S2'`],
    ['a day of a user without events', `UPDATE int_session_days SET user_id = 'X' WHERE session_id = 'S2'`],
  ])('%s is found beside sessions and days', async (_, harm) => {
    expect(await judge(harm, 'engagement_adds_up_to_events')).toEqual(['fail']);
  });

  test.each([
    [
      'built again is there twice',
      `INSERT INTO int_product_sessions ${productOf('S3', "DATE '2024-03-07' AS last_date")};
       INSERT INTO int_product_sessions ${productOf('S3', "DATE '2024-03-07' AS last_date")}`,
    ],
    [
      'of the build before stands beside the new one',
      `INSERT INTO int_product_sessions ${productOf('S3', "DATE '2024-03-07' AS last_date")}`,
    ],
  ])('what a session did with a product is found where a row %s', async (_, harm) => {
    expect(await judge(harm, 'product_sessions_are_unique')).toEqual(['fail']);
  });

  test.each([
    ['S4', 'session_days_are_unique'],
    ['S2', 'users_add_up_to_sessions'],
  ])('a second row of a day of %s is found by %s', async (session, name) => {
    const again = `INSERT INTO int_session_days FROM int_session_days WHERE session_id = '${session}'`;
    expect(await judge(again, name)).toEqual(['fail']);
  });

  test.each([
    'session_days_are_unique',
    'users_add_up_to_sessions',
    'engagement_adds_up_to_events',
    'product_sessions_are_unique',
    'product_sessions_add_up_to_session_days',
  ])('%s passes over what is right', async (name) => {
    expect(await judge('', name)).toEqual(['pass']);
  });
});
