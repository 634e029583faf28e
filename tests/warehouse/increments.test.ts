/** Publications after random increments: every table of the published file is as a build of everything anew makes it. */
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { extractProduction } from '../../src/ingest/extract.ts';
import { currentFiles } from '../../src/ingest/lake-files.ts';
import { listQuarantine } from '../../src/ingest/production/quarantine.ts';
import { fix, replay, revert } from '../../src/pipeline/corrections.ts';
import { compactLake } from '../../src/pipeline/events.ts';
import { build, type PipelineContext } from '../../src/pipeline/run.ts';
import { buildWarehouse, publish } from '../../src/publish/publish.ts';
import { sourceViews } from '../../src/publish/sources.ts';
import { publishedPath } from '../../src/publish/warehouse.ts';
import { openDuckDB, sqlName, sqlText } from '../../src/stores/duckdb/duckdb.ts';
import { event, ingest, ndjson } from '../setup/events.ts';
import { makeFolder, type ShopFiles, smallShop } from '../setup/fixtures.ts';
import { load, makePipeline, withModelsAlone } from '../setup/pipeline.ts';

/** How many homes are made, each of several publications. */
const numRuns = Number(process.env.INCREMENT_RUNS ?? 2);
const timeout = 120_000 * numRuns;

const timeZones = ['UTC', 'America/Los_Angeles', 'Pacific/Auckland'];

/** One of the ids from 1 on. */
const idOf = (letter: string, count: number): fc.Arbitrary<string> =>
  fc.integer({ min: 1, max: count }).map((number) => `${letter}${number}`);

const cents = (amount: number): string => (amount / 100).toFixed(2);

/** A line of customers.csv; a date that is none keeps it in quarantine. */
const customerLine = fc
  .tuple(idOf('C', 5), fc.constantFrom('London', 'Leeds', 'Bath'), fc.constantFrom('2024-01-02', '2024-01-02', 'soon'))
  .map(([id, city, day]) => `${id},Ada,Berg,${id}@example.com,,${day},${city},,United Kingdom,25-34`);

const productLine = fc
  .tuple(idOf('P', 4), fc.constantFrom('12.50', '15.00'), fc.constantFrom('20.00', '25.00'))
  .map(([id, cost, price]) => `${id},Kettle,Home & Kitchen,Cooking,${price},${cost},Northfire,10,S1`);

interface Sale {
  readonly id: string;
  readonly customer: string;
  readonly day: number;
  readonly status: string;
  readonly items: readonly { readonly id: string; readonly product: string; readonly price: number }[];
}

const sale: fc.Arbitrary<Sale> = fc.record({
  id: idOf('T', 8),
  customer: fc.oneof(idOf('C', 5), fc.constant('')),
  day: fc.integer({ min: 10, max: 29 }),
  status: fc.constantFrom('completed', 'completed', 'cancelled'),
  // Ids of lines are shared by all, so that a line may move to another transaction.
  items: fc.uniqueArray(
    fc.record({ id: idOf('I', 12), product: idOf('P', 4), price: fc.integer({ min: 100, max: 900 }) }),
    {
      minLength: 1,
      maxLength: 3,
      selector: ({ id }) => id,
    },
  ),
});

const headerOf = (name: keyof typeof smallShop): string => smallShop[name].split('\n')[0] ?? '';

const csv = (name: keyof typeof smallShop, lines: readonly string[]): string =>
  `${[headerOf(name), ...lines].join('\n')}\n`;

/** An export; its day may be before that of one that is loaded already, which then gives its ids other keys. */
const shopExport = fc
  .record({
    asOf: fc.integer({ min: 1, max: 28 }).map((day) => `2024-03-${String(day).padStart(2, '0')}`),
    customers: fc.array(customerLine, { maxLength: 4 }),
    products: fc.array(productLine, { maxLength: 3 }),
    sales: fc.uniqueArray(sale, { maxLength: 5, selector: ({ id }) => id }),
  })
  .map(({ asOf, customers, products, sales }): { readonly asOf: string; readonly files: ShopFiles } => ({
    asOf,
    files: {
      'customers.csv': csv('customers.csv', customers),
      'products.csv': csv('products.csv', products),
      'transactions.csv': csv(
        'transactions.csv',
        sales.map(({ id, customer, day, status, items }) => {
          const total = cents(items.reduce((sum, { price }) => sum + price, 0));
          return `${id},${customer},2024-02-${day},10:00,UPI,,${total},sale,${status}`;
        }),
      ),
      'transaction_items.csv': csv(
        'transaction_items.csv',
        sales.flatMap(({ id: transaction, items }) =>
          items.map(({ id, product, price }) => `${id},${transaction},${product},1,${cents(price)},0,${cents(price)}`),
        ),
      ),
    },
  }));

/** Events of six days, in sessions that go over midnight; one of a device that nobody knows stays in quarantine. */
const someEvents = fc
  .array(
    fc.record({
      event_id: fc.integer({ min: 1, max: 10_000 }).map((number) => `EVT_${String(number).padStart(8, '0')}`),
      event_type: fc.constantFrom('page_view', 'product_view', 'add_to_cart', 'begin_checkout', 'purchase'),
      user_id: fc.constantFrom('C1', 'C2', 'G1'),
      session_id: fc.constantFrom('S1', 'S2', 'S3', 'S4'),
      event_timestamp: fc
        .integer({ min: 0, max: 6 * 24 * 60 - 1 })
        .map((minutes) => new Date(Date.UTC(2024, 1, 24, 0, minutes)).toISOString()),
      device_type: fc.constantFrom('mobile', 'desktop', 'mobile', 'desktop', 'toaster'),
      order: idOf('T', 8),
      product: idOf('P', 5),
      amount: fc.integer({ min: 100, max: 900 }),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((drawn) =>
    drawn.map(({ order, product, amount, ...fields }) => {
      const product_id = ['product_view', 'add_to_cart', 'purchase'].includes(fields.event_type) ? product : undefined;
      const bought = { revenue_amount: amount / 100, properties: { order_id: order, quantity: 1 } };
      return event({ ...fields, product_id, ...(fields.event_type === 'purchase' ? bought : {}) });
    }),
  );

type Step = (context: PipelineContext) => Promise<unknown>;

/** Takes back one of the exports that count. */
async function revertOne(context: PipelineContext, choice: number): Promise<void> {
  const batches = await context.postgres.rows<{ batch: string }>(
    'SELECT batch_id AS batch FROM ops.batches WHERE dataset IS NULL AND reverted_at IS NULL ORDER BY batch_number',
  );
  const chosen = batches[choice % Math.max(batches.length, 1)];
  if (chosen) await revert(context, chosen.batch);
}

/** Sets right what is wrong with rows in quarantine, and judges them again. */
async function replayFixed(context: PipelineContext): Promise<void> {
  const held = await listQuarantine(context.postgres);
  const fixes = held.flatMap(({ id, table, rules }): (readonly [number, Readonly<Record<string, string>>])[] => {
    if (table === 'customers') return [[id, { registration_date: '2024-01-02' }]];
    const ofDevice = table === 'events' && rules.some((rule) => rule.includes('device_type'));
    return ofDevice ? [[id, { device_type: 'tablet' }]] : [];
  });
  await fix(context, new Map(fixes));
  await replay(context, {});
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: shopExport.map(
      ({ files, asOf }): Step =>
        ({ postgres, clock, timeZone }) =>
          load(postgres, files, { clock, asOf, timeZone }),
    ),
  },
  {
    weight: 4,
    arbitrary: someEvents.map(
      (events): Step =>
        (context) =>
          ingest(context, { 'e.ndjson': ndjson(events) }),
    ),
  },
  { weight: 2, arbitrary: fc.constant<Step>(replayFixed) },
  {
    weight: 2,
    arbitrary: fc.nat(20).map(
      (choice): Step =>
        (context) =>
          revertOne(context, choice),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Step>(compactLake) },
);

/** Builds everything anew in a file of its own; gives its path. */
async function rebuild(context: PipelineContext): Promise<string> {
  const path = join(makeFolder(), 'rebuilt.duckdb');
  const duckdb = await openDuckDB(path, context.duckdb);
  try {
    const files = await currentFiles(context.postgres);
    const sources = await sourceViews(duckdb, context.lake, files);
    const { success } = await buildWarehouse(duckdb, await context.loadProject(), sources);
    expect(success).toBe(true);
  } finally {
    duckdb.close();
  }
  return path;
}

/** Table -> rows that only one of two files has; tables of which all rows are alike are left out. */
async function differences(context: PipelineContext, one: string, other: string): Promise<Record<string, unknown>> {
  const duckdb = await openDuckDB(':memory:', context.duckdb);
  try {
    await duckdb.run(`ATTACH ${sqlText(one)} AS one (READ_ONLY); ATTACH ${sqlText(other)} AS other (READ_ONLY)`);
    const tablesOf = async (file: string): Promise<readonly string[]> => {
      const found = await duckdb.rows<{ name: string }>(
        `SELECT table_name AS name FROM duckdb_tables() WHERE database_name = ${sqlText(file)} AND schema_name = 'main' ORDER BY 1`,
      );
      return found.map(({ name }) => name);
    };
    const tables = await tablesOf('one');
    expect(tables.length).toBeGreaterThan(20);
    expect(await tablesOf('other')).toEqual(tables);
    const differing: Record<string, unknown> = {};
    for (const table of tables) {
      const [from, to] = [`one.${sqlName(table)}`, `other.${sqlName(table)}`];
      const more = await duckdb.rows(`FROM ${from} EXCEPT ALL FROM ${to}`);
      const fewer = await duckdb.rows(`FROM ${to} EXCEPT ALL FROM ${from}`);
      if (more.length + fewer.length > 0) differing[table] = { more, fewer };
    }
    return differing;
  } finally {
    duckdb.close();
  }
}

test('increments give what a full refresh gives', { timeout }, async () => {
  const story = fc.record({
    timeZone: fc.constantFrom(...timeZones),
    first: fc.tuple(shopExport, someEvents),
    steps: fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { minLength: 3, maxLength: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(story, async ({ timeZone, first: [shop, events], steps }) => {
      const context = withModelsAlone(await makePipeline(onTestFinished, { timeZone }));
      await load(context.postgres, smallShop, { clock: context.clock, asOf: '2024-03-10', timeZone });
      await load(context.postgres, shop.files, { clock: context.clock, asOf: shop.asOf, timeZone });
      await ingest(context, { 'first.ndjson': ndjson(events) });
      let { publication } = await build(context);
      for (const increment of steps) {
        for (const each of increment) await each(context);
        const built = await build(context);
        expect(built.basis).toBe(publication);
        publication = built.publication;
        expect(await differences(context, publishedPath(context.home), await rebuild(context))).toEqual({});
      }
    }),
    { numRuns, endOnFailure: true },
  );
});

/** Takes files of events out of what is built from, or back in where they are out, and marks their days as a load does. */
async function toggle({ postgres }: PipelineContext, choices: readonly number[]): Promise<void> {
  const files = await postgres.rows<{ path: string }>(
    `SELECT path FROM ops.lake_files WHERE dataset = 'lake.events' ORDER BY path`,
  );
  const chosen = new Set(choices.map((choice) => files[choice % files.length]?.path));
  await postgres.run(
    'UPDATE ops.lake_files SET retired_at = CASE WHEN retired_at IS NULL THEN now() END WHERE path = ANY($1)',
    [[...chosen]],
  );
  await postgres.run(
    `INSERT INTO ops.changed_keys (dataset, key, batch_id, recorded_at)
     SELECT DISTINCT dataset, event_date::text, batch_id, now() FROM ops.lake_files WHERE path = ANY($1)`,
    [[...chosen]],
  );
}

test('so they do when events go, or come back', { timeout }, async () => {
  const story = fc.record({
    timeZone: fc.constantFrom(...timeZones),
    events: fc.array(someEvents, { minLength: 2, maxLength: 3 }),
    steps: fc.array(fc.array(fc.nat(100), { minLength: 1, maxLength: 3 }), { minLength: 4, maxLength: 4 }),
  });
  await fc.assert(
    fc.asyncProperty(story, async ({ timeZone, events, steps }) => {
      const context = withModelsAlone(await makePipeline(onTestFinished, { timeZone }));
      const project = await context.loadProject();
      await load(context.postgres, smallShop, { clock: context.clock, asOf: '2024-03-10', timeZone });
      for (const some of events) await ingest(context, { 'e.ndjson': ndjson(some) });
      await extractProduction(context);
      const publishAll = async () => publish(context, project, await currentFiles(context.postgres), { always: true });
      let { publication } = await publishAll();
      for (const choices of steps) {
        await toggle(context, choices);
        const built = await publishAll();
        expect(built.basis).toBe(publication);
        publication = built.publication;
        expect(await differences(context, publishedPath(context.home), await rebuild(context))).toEqual({});
      }
    }),
    { numRuns, endOnFailure: true },
  );
});
