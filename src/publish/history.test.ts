/** History through the whole pipeline: exports in any order, repeated or taken back, give the same dimensions and facts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type AtEnd,
  afterTheLast,
  makeFolder,
  type ShopFiles,
  smallLimits,
  smallShop,
} from '../../tests/setup/fixtures.ts';
import { load, makePipeline, type Pipeline, withModelsAlone } from '../../tests/setup/pipeline.ts';
import { sampleBatches } from '../generate/batches.ts';
import { generateSample, sampleDefaults } from '../generate/sample.ts';
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
  await publish(context, await context.loadProject(), files);
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
  const context = withModelsAlone(await makePipeline(atEnd));
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
    const context = withModelsAlone(await makePipeline(atEnd));
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

/** The rows of a file, each a line; the sample quotes no line ends. */
const linesOf = (text: string): { readonly header: string; readonly lines: readonly string[] } => {
  const [header = '', ...lines] = text.trimEnd().split('\n');
  return { header, lines: lines.filter((line) => line !== '') };
};

interface Part {
  readonly files: ShopFiles;
  readonly asOf: string;
}

/** Deals the rows of an export to parts, by a number for each row. */
function deal({ files, asOf }: Part, parts: number, draws: readonly number[]): readonly Part[] {
  let drawn = 0;
  const dealt = Object.entries(files).map(([name, content]) => {
    const { header, lines } = linesOf(String(content));
    const places = lines.map(() => {
      drawn += 1;
      return (draws[drawn % draws.length] ?? 0) % parts;
    });
    return { name, header, lines, places };
  });
  return Array.from({ length: parts }, (_, part) => ({
    asOf,
    files: Object.fromEntries(
      dealt.map(({ name, header, lines, places }) => [
        name,
        `${[header, ...lines.filter((_line, place) => places[place] === part)].join('\n')}\n`,
      ]),
    ),
  }));
}

async function makeExports(seed: number, atEnd: AtEnd): Promise<readonly Part[]> {
  const folder = makeFolder(atEnd);
  const asOf = '2024-06-01';
  const options = { ...sampleDefaults, seed, asOf, customers: 20, products: 12, transactions: 60, batches: 3 };
  await generateSample(folder, options);
  return sampleBatches(asOf, 3).map((each) => ({
    asOf: each.asOf,
    files: Object.fromEntries(
      Object.keys(smallShop).map((name) => [name, readFileSync(join(folder, each.folder, name), 'utf8')]),
    ),
  }));
}

describe('three exports of a sample shop', () => {
  const atEnd = afterTheLast();
  let parts: readonly Part[];
  let wrong: readonly Part[];
  let inTurn: Seen;

  const loadParts = async (context: Pipeline, each: readonly Part[]): Promise<readonly string[]> => {
    const batches: string[] = [];
    for (const { files, asOf } of each) {
      batches.push((await load(context.postgres, files, { clock: context.clock, asOf, atEnd })).batch);
    }
    return batches;
  };

  beforeAll(async () => {
    parts = await makeExports(7, atEnd);
    wrong = await makeExports(8, atEnd);
    const context = withModelsAlone(await makePipeline(atEnd));
    await loadParts(context, parts);
    inTurn = await publishAndRead(context);
    expect(inTurn.customers.filter(({ version }) => Number(version) > 1).length).toBeGreaterThan(0);
  });

  test('split at random, shuffled, repeated, with others between them that are undone, end in the same figures', async () => {
    const story = fc.record({
      pieces: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 3, maxLength: 3 }),
      draws: fc.array(fc.nat(1000), { minLength: 97, maxLength: 97 }),
      order: fc.array(fc.nat(), { minLength: 12, maxLength: 12 }),
      repeated: fc.nat(8),
      undone: fc.integer({ min: 0, max: 2 }),
    });
    await fc.assert(
      fc.asyncProperty(story, async ({ pieces, draws, order, repeated, undone }) => {
        const context = withModelsAlone(await makePipeline(atEnd));
        const split = parts.flatMap((each, place) => deal(each, pieces[place] ?? 1, draws));
        const told = [...split, ...split.slice(repeated, repeated + 1), ...wrong.slice(undone, undone + 1)];
        const shuffled = told
          .map((each, place) => ({ each, rank: order[place] ?? 0 }))
          .toSorted((one, other) => one.rank - other.rank)
          .map(({ each }) => each);
        const batches = await loadParts(context, shuffled);
        const wrongBatch = batches[shuffled.findIndex((each) => wrong.includes(each))] ?? '';
        await revertBatch(context, wrongBatch);
        expect(await publishAndRead(context)).toEqual(inTurn);
      }),
      { numRuns: 2 },
    );
  });
});
