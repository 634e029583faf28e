/** Increments: what a build takes over from the published file, when it does, and what it says has changed. */
import { rmSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { event, ingest, ndjson } from '../../tests/setup/events.ts';
import { type ShopFiles, smallLimits, smallShop } from '../../tests/setup/fixtures.ts';
import { addToLake } from '../../tests/setup/lake.ts';
import { load, makePipeline, type Pipeline, smallShopAnd, smallWarehouse } from '../../tests/setup/pipeline.ts';
import { compactEvents } from '../ingest/events/compact.ts';
import { extractProduction } from '../ingest/extract.ts';
import { currentFiles } from '../ingest/lake-files.ts';
import { revertBatch } from '../ingest/production/revert.ts';
import { openDuckDB } from '../stores/duckdb/duckdb.ts';
import type { Session } from '../transform/session.ts';
import { type PublishOptions, type PublishResult, publish } from './publish.ts';
import { openPublished, publishedPath } from './warehouse.ts';

/** A project of which each model tells how it was built: an incremental one adds 'more' to what it has. */
const smallProject = (files: Readonly<Record<string, string>> = {}): Promise<Session> =>
  smallWarehouse({
    'dbt_project.yml': 'name: shop\n',
    'models/sources.yml': 'sources:\n  - name: production\n    tables:\n      - name: products\n',
    'models/grown.sql': `{{ config(materialized='incremental') }}
select '{{ 'more' if is_incremental() else 'all' }}' as built`,
    'models/made.sql': `{{ config(materialized='table') }} select count(*)::integer as n from {{ ref('grown') }}`,
    'snapshots/prices.yml': `snapshots:
  - name: prices
    relation: source('production', 'products')
    config:
      unique_key: product_id
      strategy: check
      check_cols: [price]
`,
    ...files,
  });

async function published(): Promise<{ readonly context: Pipeline; readonly first: PublishResult }> {
  const project = smallProject();
  const context = await makePipeline(undefined, { loadProject: () => project });
  await load(context.postgres, smallShop, { clock: context.clock });
  await ingest(context, { 'e.ndjson': ndjson([event(), event({ event_timestamp: '2024-05-03T10:00:00Z' })]) });
  return { context, first: await publishAll(context) };
}

async function publishAll(
  context: Pipeline,
  { project, ...options }: PublishOptions & { readonly project?: Promise<Session> } = {},
): Promise<PublishResult> {
  await extractProduction(context, 1);
  const files = await currentFiles(context.postgres);
  return publish(context, await (project ?? context.loadProject()), files, { always: true, ...options });
}

async function inPublished(context: Pipeline, query: string): Promise<readonly unknown[]> {
  const duckdb = await openPublished(context.home, smallLimits(context.home));
  try {
    return (await duckdb.rows(query)).map((row) => Object.values(row).join(' '));
  } finally {
    duckdb.close();
  }
}

const rowsOfGrown = (context: Pipeline): Promise<readonly unknown[]> => inPublished(context, 'FROM grown ORDER BY ALL');

/** The changes that the last build was told, but for the row that names the publication. */
const changedKeys = (context: Pipeline): Promise<readonly unknown[]> =>
  inPublished(context, `FROM pipeline.changed_keys WHERE dataset <> 'publication' ORDER BY ALL`);

const loadMore = (context: Pipeline, files: ShopFiles, asOf?: string) =>
  load(context.postgres, files, { clock: context.clock, ...(asOf ? { asOf } : {}) });

test('the first build makes everything, the next ones take over what there is', async () => {
  const { context, first } = await published();
  expect(first.basis).toBeUndefined();
  expect(await inPublished(context, 'FROM pipeline.changed_keys')).toEqual([]);
  const second = await publishAll(context);
  expect(second.basis).toBe(first.publication);
  expect(await inPublished(context, 'FROM pipeline.changed_keys')).toEqual([`publication ${first.publication}`]);
  await publishAll(context);
  expect(await rowsOfGrown(context)).toEqual(['all', 'more', 'more']);
  expect(await inPublished(context, 'FROM made')).toEqual(['3']);
});

test('rows that were deleted do not pile up in the file', async () => {
  const project = smallProject({
    'models/grown.sql': `{{ config(
  materialized='incremental',
  pre_hook="{% if is_incremental() %}delete from {{ this }} where n % 4 = (select max(turn) % 4 from {{ this }}){% endif %}"
) }}
{% if is_incremental() %}
select range as n, (select max(turn) + 1 from {{ this }}) as turn from range(300000)
where range % 4 = (select max(turn) % 4 from {{ this }})
{% else %}
select range as n, 0 as turn from range(300000)
{% endif %}`,
  });
  const { context } = await published();
  for (let build = 0; build < 4; build += 1) await publishAll(context, { project });
  expect(await inPublished(context, 'SELECT count(*), count(DISTINCT n) FROM grown')).toEqual(['300000 300000']);
  const [stored] = await inPublished(
    context,
    `SELECT sum(count) FROM pragma_storage_info('grown') WHERE column_path = '[0]'`,
  );
  // Each of the three builds behind the first has left a quarter of the rows dead.
  expect(Number(stored)).toBeLessThan(300_000 + 3 * 75_000);
});

test('snapshots keep what they have seen', async () => {
  const { context } = await published();
  await loadMore(context, { ...smallShop, 'products.csv': smallShop['products.csv'].replace('20.00', '21.00') });
  await publishAll(context);
  const prices = `SELECT price FROM prices WHERE product_id = 'P1' ORDER BY 1`;
  expect(await inPublished(context, prices)).toEqual(['20', '21']);
});

test('a build that is asked for everything, or that builds otherwise, starts anew', async () => {
  const { context } = await published();
  const ways: readonly (() => Promise<PublishResult>)[] = [
    () => publishAll(context, { fullRefresh: true }),
    () => publishAll({ ...context, currency: 'EUR' }),
    () => publishAll({ ...context, timeZone: 'Europe/Paris' }),
    () => publishAll({ ...context, version: 'the next one' }),
    () => publishAll(context, { project: smallProject({ 'macros/more.sql': '{% macro more() %}{% endmacro %}' }) }),
    () => publishAll(context, { project: smallProject({ 'seeds/more.csv': 'n\n1\n' }) }),
  ];
  for (const way of ways) {
    expect(await way()).toMatchObject({ published: true, basis: undefined });
    expect(await rowsOfGrown(context)).toEqual(['all']);
    expect(await inPublished(context, 'FROM pipeline.changed_keys')).toEqual([]);
  }
});

test('what cannot be compared with what was published is built anew', async () => {
  const { context } = await published();
  const pathOf = async (dataset: string): Promise<string> => {
    const files = await currentFiles(context.postgres);
    return context.lake.locate(files.find((file) => file.dataset === dataset)?.path ?? '');
  };
  // A file of the extract is gone, and a new one is in its place.
  rmSync(await pathOf('production.transactions'));
  expect(await publishAll(context)).toMatchObject({ basis: undefined });
  // A retired one is gone.
  const retired = await pathOf('production.product_snapshots');
  await loadMore(context, smallShopAnd({ 'products.csv': ['P3,Cup,Home & Kitchen,Cooking,5.00,2.00,Lumo,1,S1'] }));
  await extractProduction(context);
  rmSync(retired);
  expect(await publishAll(context)).toMatchObject({ basis: undefined });
  // Events of which no day is known.
  await addToLake(context, 'events', [{ source: 'web', event_id: 'EVT_1', event_timestamp: '2024-05-01T10:00:00Z' }]);
  expect(await publishAll(context)).toMatchObject({ basis: undefined });
  // The published file is broken.
  writeFileSync(publishedPath(context.home), 'broken');
  expect(await publishAll(context)).toMatchObject({ basis: undefined });
  expect(await publishAll(context)).toMatchObject({ basis: expect.any(String) });
});

test('what is no model is dropped', async () => {
  const { context } = await published();
  const duckdb = await openDuckDB(publishedPath(context.home), context.duckdb);
  await duckdb.run(
    'CREATE TABLE stray AS SELECT 1 AS n; CREATE SCHEMA former; CREATE VIEW former.stray AS FROM main.stray',
  );
  duckdb.close();
  await publishAll(context);
  const relations = await inPublished(
    context,
    `SELECT table_name FROM information_schema.tables WHERE table_schema IN ('main', 'former') ORDER BY 1`,
  );
  expect(relations).toEqual(['grown', 'made', 'prices']);
});

test('changes are what differs in production, whichever way it came about', async () => {
  const { context } = await published();
  // A line goes to another transaction, a sale comes, a customer has moved, a product stays as it is.
  const { batch } = await loadMore(context, {
    'customers.csv': smallShop['customers.csv'].replace('London', 'Leeds'),
    'products.csv': smallShop['products.csv'],
    'transactions.csv': `${smallShop['transactions.csv'].replace('paypal,,20.00', 'paypal,,55.50')}T5,C2,2024-03-07,12:00,UPI,,20.00,sale,completed\n`,
    'transaction_items.csv': `${smallShop['transaction_items.csv'].replace('I5,T4', 'I5,T2')}I6,T5,P1,1,20.00,0,20.00\n`,
  });
  const changes = [
    'production.customers csv|C1',
    'production.transactions csv|T2',
    'production.transactions csv|T4',
    'production.transactions csv|T5',
  ];
  await publishAll(context);
  expect(await changedKeys(context)).toEqual(changes);
  await publishAll(context);
  expect(await changedKeys(context)).toEqual([]);
  await revertBatch(context, batch);
  await publishAll(context);
  expect(await changedKeys(context)).toEqual(changes);
});

test('changes are found where most of production is in files that stay', async () => {
  const { context } = await published();
  const loadSales = (amounts: Readonly<Record<string, string>>) => {
    const sales = Object.entries(amounts);
    return loadMore(
      context,
      smallShopAnd({
        'transactions.csv': sales.map(([id, amount]) => `${id},C1,2024-03-05,10:00,UPI,,${amount},sale,completed`),
        'transaction_items.csv': sales.map(([id, amount]) => `I${id},${id},P1,1,${amount},0,${amount}`),
      }),
    );
  };
  const filesOfSales = async (): Promise<ReadonlySet<string>> =>
    new Set(
      (await currentFiles(context.postgres))
        .filter(({ dataset }) => /transaction/.test(dataset))
        .map(({ path }) => path),
    );
  await loadSales(Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`B${n}`, '20.00'])));
  await publishAll(context);
  const before = await filesOfSales();
  await loadSales({ B5: '21.00', B300: '20.00' });
  await publishAll(context);
  expect(await changedKeys(context)).toEqual(['production.transactions csv|B300', 'production.transactions csv|B5']);
  const now = [...(await filesOfSales())];
  expect(now.filter((path) => before.has(path)).length).toBeGreaterThan(now.length / 2);
});

test('an earlier snapshot changes its product, though the present state stays', async () => {
  const { context } = await published();
  const earlier = { ...smallShop, 'products.csv': smallShop['products.csv'].replace('12.50', '11.00') };
  await loadMore(context, earlier, '2024-03-10');
  await publishAll(context);
  expect(await changedKeys(context)).toContain('production.products csv|P1');
});

test('changes of events are the days on which some came, however late, and no others', async () => {
  const { context } = await published();
  const late = [
    event({ event_timestamp: '2024-05-01T23:00:00-03:00' }),
    event({ event_timestamp: '2024-04-30T10:00:00Z' }),
  ];
  await ingest(context, { 'late.ndjson': ndjson(late) });
  await compactEvents(context);
  await publishAll(context);
  expect(await changedKeys(context)).toEqual(['lake.events 2024-04-30', 'lake.events 2024-05-02']);
  await ingest(context, { 'again.ndjson': ndjson([...late].reverse()) });
  await ingest(context, { 'one.ndjson': ndjson([event()]) });
  await publishAll(context);
  expect(await changedKeys(context)).toEqual(['lake.events 2024-05-01']);
  await compactEvents(context);
  await publishAll(context);
  expect(await changedKeys(context)).toEqual([]);
});
