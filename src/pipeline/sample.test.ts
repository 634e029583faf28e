/** The sample as a source: a new home gets a shop with a history, and one that has an older sample goes on with it. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makePipeline } from '../../tests/setup/pipeline.ts';
import { type PipelineContext, run } from './run.ts';
import { readStatus } from './status.ts';

const observedDays = async ({ postgres }: PipelineContext): Promise<readonly string[]> => {
  const rows = await postgres.rows<{ day: string }>(
    `SELECT (observed_at AT TIME ZONE 'UTC')::date::text AS day FROM ops.batches WHERE dataset IS NULL ORDER BY batch_number`,
  );
  return rows.map(({ day }) => day);
};

test('a new home gets a first export and three later ones; a second run, also without the files, changes nothing', async () => {
  const context = await makePipeline();
  const first = await run(context, undefined);
  expect(first.batches.map(({ source, brokenRules }) => [source, brokenRules])).toEqual(Array(4).fill(['sample', []]));
  const changed = first.batches.map(({ tables }) => tables.filter(({ updated }) => updated > 0).length);
  expect(changed).toEqual([0, 4, 4, 4]);
  expect(await observedDays(context)).toEqual(['2023-09-11', '2023-12-08', '2024-03-04', '2024-05-31']);
  const lake = first.events.map((each) => ('dataset' in each ? each.dataset : 'events'));
  expect(lake).toEqual(Array(4).fill(['catalog', 'profiles', 'events']).flat());
  const input = join(context.home, 'sample');
  expect(await readStatus(context)).toMatchObject({
    sources: [{ source: 'sample', input }],
    production: { customers: 1_000, products: 500, transactions: 10_000 },
    lake: { events: 200_000, catalog: 500, profiles: 1_000 },
    quarantined: 0,
  });
  rmSync(input, { recursive: true });
  expect(await run(context, undefined)).toMatchObject({ changed: false });
  expect(await observedDays(context)).toHaveLength(4);
});

test('a home whose sample was made as one export goes on with that', async () => {
  const context = await makePipeline();
  const options = { seed: 5, asOf: '2024-03-01', customers: 20, products: 10, transactions: 50 };
  await context.postgres.run(
    `INSERT INTO ops.sources VALUES ('sample', 'sample', NULL, '/where/the/home/was/sample', $1, now())`,
    [JSON.stringify(options)],
  );
  const { batches } = await run(context, undefined);
  expect(batches.map(({ tables }) => tables.find(({ table }) => table === 'transactions')?.loaded)).toEqual([50]);
  expect(await observedDays(context)).toEqual(['2024-02-29']);
  expect(await context.postgres.rows('SELECT options FROM ops.sources')).toEqual([{ options }]);
});
