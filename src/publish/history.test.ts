/** History through the whole pipeline: exports in any order, repeated or taken back, give the same dimensions and facts. */
import { beforeAll, describe, expect, test } from 'vitest';
import { type AtEnd, afterTheLast, type ShopFiles, smallLimits, smallShop } from '../../tests/setup/fixtures.ts';
import { load, makePipeline, type Pipeline } from '../../tests/setup/pipeline.ts';
import { extractProduction } from '../ingest/extract.ts';
import { revertBatch } from '../ingest/production/revert.ts';
import type { Row } from '../stores/duckdb/duckdb.ts';
import { publish } from './publish.ts';
import { openPublished } from './warehouse.ts';

const changed = (changes: Partial<Record<keyof typeof smallShop, readonly [string, string]>>): ShopFiles =>
  Object.fromEntries(
    Object.entries(smallShop).map(([name, content]) => {
      const [from, to] = changes[name as keyof typeof smallShop] ?? ['', ''];
      return [name, content.replace(from, to)];
    }),
  );

/** By the day at whose end each was true: Ada moves, and the kettle costs more; then its stock falls; then her email is another. */
const exports = {
  '2024-03-01': changed({}),
  '2024-03-03': changed({ 'customers.csv': ['London', 'Leeds'], 'products.csv': ['12.50', '15.00'] }),
  '2024-03-04': changed({
    'customers.csv': ['London,,', 'Leeds,,'],
    'products.csv': ['12.50,Northfire,10', '15.00,Northfire,3'],
  }),
  '2024-03-31': changed({
    'customers.csv': ['Ada@Example.com ,+44 20 7946 0000,2024-01-02,London', 'ada@new.example,,2024-01-02,Leeds'],
    'products.csv': ['12.50', '15.00'],
  }),
} as const;

type Day = keyof typeof exports;

interface Seen {
  readonly customers: readonly Row[];
  readonly products: readonly Row[];
  readonly facts: readonly Row[];
  readonly emails: readonly unknown[];
}

async function publishAndRead(context: Pipeline): Promise<Seen> {
  const { files } = await extractProduction(context);
  await publish(context, context.loadProject(), files);
  const duckdb = await openPublished(context.home, smallLimits(context.home));
  try {
    return {
      customers: await duckdb.rows('FROM dim_customers ORDER BY customer_key'),
      products: await duckdb.rows('FROM dim_products ORDER BY product_key'),
      facts: await duckdb.rows('FROM fact_sales ORDER BY sales_key'),
      emails: await context.postgres.rows('SELECT customer_key, email FROM warehouse.dim_customers ORDER BY 1'),
    };
  } finally {
    duckdb.close();
  }
}

async function loadInOrder(days: readonly Day[], atEnd: AtEnd): Promise<Seen> {
  const context = await makePipeline(atEnd);
  for (const day of days) await load(context.postgres, exports[day], { clock: context.clock, asOf: day, atEnd });
  return publishAndRead(context);
}

describe('four exports of a month', () => {
  const atEnd = afterTheLast();
  let inTurn: Seen;

  beforeAll(async () => {
    inTurn = await loadInOrder(['2024-03-01', '2024-03-03', '2024-03-04', '2024-03-31'], atEnd);
  });

  test('make a version of what changed', () => {
    const ada = inTurn.customers.filter(({ customer_id }) => customer_id === 'C1');
    const versions = ada.toSorted((a, b) => Number(a.version) - Number(b.version));
    expect(
      versions.map(({ city, email_domain, valid_from, valid_to }) => [city, email_domain, valid_from, valid_to]),
    ).toEqual([
      ['London', 'example.com', '1900-01-01 00:00:00+00', '2024-03-03 23:59:59+00'],
      ['Leeds', 'example.com', '2024-03-03 23:59:59+00', '2024-03-31 23:59:59+00'],
      ['Leeds', 'new.example', '2024-03-31 23:59:59+00', '9999-12-31 00:00:00+00'],
    ]);
    const emails = new Map(inTurn.emails.map((row) => Object.values(row as object) as [number, string | null]));
    expect(versions.map(({ customer_key }) => emails.get(Number(customer_key)))).toEqual([
      'ada@example.com',
      'ada@example.com',
      'ada@new.example',
    ]);
    const kettle = inTurn.products.filter(({ product_id }) => product_id === 'P1');
    expect(kettle.map(({ cost }) => cost).toSorted()).toEqual([12.5, 15]);
    expect(
      inTurn.facts
        .filter(({ item_id }) => ['I1', 'I4'].includes(String(item_id)))
        .map(({ item_id, cost_amount }) => [item_id, cost_amount])
        .toSorted(),
    ).toEqual([
      ['I1', 25],
      ['I4', -15],
    ]);
  });

  test.each<{ readonly days: readonly Day[] }>([
    { days: ['2024-03-31', '2024-03-04', '2024-03-03', '2024-03-01'] },
    { days: ['2024-03-03', '2024-03-31', '2024-03-03', '2024-03-01', '2024-03-04', '2024-03-31'] },
  ])('give the same dimensions, keys and facts as $days', async ({ days }) => {
    expect(await loadInOrder(days, atEnd)).toEqual(inTurn);
  });

  test('are as they were when a batch between them was taken back', async () => {
    const context = await makePipeline(atEnd);
    const days = Object.keys(exports) as readonly Day[];
    for (const day of days.slice(0, 2))
      await load(context.postgres, exports[day], { clock: context.clock, asOf: day, atEnd });
    const wrong = changed({ 'customers.csv': ['London', 'Atlantis'], 'products.csv': ['12.50', '1.00'] });
    const { batch } = await load(context.postgres, wrong, { clock: context.clock, asOf: '2024-03-02', atEnd });
    for (const day of days.slice(2))
      await load(context.postgres, exports[day], { clock: context.clock, asOf: day, atEnd });
    const before = await publishAndRead(context);
    expect(before.customers).toHaveLength(inTurn.customers.length + 1);
    await revertBatch(context, batch);
    expect(await publishAndRead(context)).toEqual(inTurn);
  });
});
