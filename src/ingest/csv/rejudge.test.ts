/** Held rows that were fixed, or whose parents came, go where they would have gone at once; changed rules judge anew. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  makeFolder,
  makePostgres,
  type ShopFiles,
  smallLimits,
  smallShop,
  writeFiles,
} from '../../../tests/setup/fixtures.ts';
import { batchSettings, smallShopAnd, tickingClock } from '../../../tests/setup/pipeline.ts';
import { rules } from '../../contracts/rules.ts';
import { tableNames } from '../../contracts/tables.ts';
import type { Postgres } from '../../stores/postgres/postgres.ts';
import { findDifferences } from '../production/ledger.ts';
import { fixQuarantine, listQuarantine, showQuarantine } from '../production/quarantine.ts';
import { revertBatch } from '../production/revert.ts';
import { type IngestContext, type IngestResult, ingestCsv } from './ingest.ts';
import { recheckBatches, replayQuarantine } from './rejudge.ts';

async function makeContext(): Promise<IngestContext> {
  const home = makeFolder();
  return {
    ...batchSettings(home),
    postgres: await makePostgres(),
    duckdb: smallLimits(home),
    timeZone: 'UTC',
    currency: 'USD',
    clock: tickingClock(),
  };
}

const load = (context: IngestContext, files: ShopFiles, asOf?: string): Promise<IngestResult> =>
  ingestCsv({ source: 'csv', kind: 'csv', input: writeFiles(files), preset: undefined, options: {}, asOf }, context);

const heldOf = async (postgres: Postgres): Promise<readonly string[]> =>
  (await listQuarantine(postgres)).map(({ table, line, rules: broken }) => `${table} ${line} ${broken.join(' ')}`);

const balanceOf = (postgres: Postgres, batch: string): Promise<readonly unknown[]> =>
  postgres.rows(
    `SELECT table_name AS table, received, loaded, duplicate, superseded, quarantined FROM ops.ledger_balance
     WHERE batch_id = $1 ORDER BY array_position($2::text[], table_name)`,
    [batch, tableNames],
  );

/** What production says, batches and load times aside. */
async function contentsOf(postgres: Postgres): Promise<unknown> {
  const contents: Record<string, unknown> = {};
  for (const table of tableNames) {
    const rows = await postgres.rows<{ row: unknown }>(
      `SELECT to_jsonb(t) - '{batch_id,outcome,first_loaded_at,last_changed_at,observed_at,content_hash}'::text[] AS row
       FROM production.${table} AS t ORDER BY 1`,
    );
    contents[table] = rows.map(({ row }) => row);
  }
  return contents;
}

const faulty = smallShopAnd({
  'customers.csv': ['C3,Cy,Dahl,,,not a day,Oslo,,Norway,', 'too,few'],
  'products.csv': ['P3,,Toys,,5.00,,,,'],
  'transactions.csv': ['T5,C3,2024-03-06,,UPI,,25.00,sale,completed'],
  'transaction_items.csv': ['I6,T5,P3,1,5.00,0,5.00', 'I7,T5,P1,1,20.00,0,20.00'],
});

const mended = smallShopAnd({
  'customers.csv': ['C3,Cy,Dahl,,,2024-02-01,Oslo,,Norway,', 'C4,Di,,,,,,,,'],
  'products.csv': ['P3,Top,Toys,,5.00,,,,'],
  'transactions.csv': ['T5,C3,2024-03-06,,UPI,,25.00,sale,completed'],
  'transaction_items.csv': ['I6,T5,P3,1,5.00,0,5.00', 'I7,T5,P1,1,20.00,0,20.00'],
});

/** Files without rows. */
const headers = Object.fromEntries(
  Object.entries(smallShop).map(([name, content]) => [name, `${content.split('\n')[0]}\n`]),
);

describe('a replay', () => {
  test('lets fixed rows in with all that waited for them, as if they had come so; the ledger follows', async () => {
    const context = await makeContext();
    const { postgres } = context;
    const { batch } = await load(context, faulty);
    expect(await heldOf(postgres)).toEqual([
      'customers 4 customers.registration_date.typed',
      'customers 5 file.record.malformed',
      'products 4 products.product_name.required',
      'transaction_items 7 transaction_items.transaction_id.referential transaction_items.product_id.referential',
      'transaction_items 8 transaction_items.transaction_id.referential',
      'transactions 6 transactions.customer_id.referential',
    ]);
    const [customer, malformed, product] = await listQuarantine(postgres);
    expect(await showQuarantine(postgres, customer?.id ?? 0)).toMatchObject({
      file: 'customers.csv',
      content: { customer_id: 'C3', registration_date: 'not a day' },
      dependents: [{ table: 'transactions', line: 6 }],
    });
    expect(await replayQuarantine(context)).toMatchObject({
      followed: 0,
      tables: [{ replayed: 1, held: 1 }, {}, {}, {}],
    });

    await fixQuarantine(postgres, customer?.id ?? 0, { registration_date: '2024-02-01' });
    expect(await replayQuarantine(context, { fixedOnly: true })).toEqual({
      followed: 2,
      tables: [
        { table: 'customers', replayed: 1, released: 1, held: 0 },
        { table: 'products', replayed: 0, released: 0, held: 0 },
        { table: 'transactions', replayed: 0, released: 0, held: 0 },
        { table: 'transaction_items', replayed: 0, released: 0, held: 0 },
      ],
    });
    await fixQuarantine(postgres, malformed?.id ?? 0, { customer_id: 'C4', first_name: 'Di' });
    await fixQuarantine(postgres, product?.id ?? 0, { product_name: 'Top' });
    await replayQuarantine(context, { ids: [malformed?.id ?? 0, product?.id ?? 0] });
    expect(await heldOf(postgres)).toEqual([]);
    expect(await balanceOf(postgres, batch)).toEqual(
      [4, 3, 5, 7].map((rows, place) => ({
        table: tableNames[place],
        received: rows,
        loaded: rows,
        duplicate: 0,
        superseded: 0,
        quarantined: 0,
      })),
    );
    const other = await makeContext();
    await load(other, mended);
    expect(await contentsOf(postgres)).toEqual(await contentsOf(other.postgres));
    expect(await postgres.rows(`SELECT operation FROM ops.ledger WHERE operation = 'replay' GROUP BY 1`)).toHaveLength(
      1,
    );
  });

  test('of a fix that is none keeps the row, with the rule that it breaks now', async () => {
    const context = await makeContext();
    const { postgres } = context;
    await load(context, faulty);
    const [, , product] = await listQuarantine(postgres);
    await fixQuarantine(postgres, product?.id ?? 0, { product_name: 'Top', price: '-1' });
    await replayQuarantine(context);
    expect((await heldOf(postgres))[2]).toBe('products 4 products.price.positive');
    await expect(fixQuarantine(postgres, product?.id ?? 0, { colour: 'red' })).rejects.toMatchObject({
      code: 'MR-QRN-004',
    });
    await expect(fixQuarantine(postgres, 999_999, {})).rejects.toMatchObject({ code: 'MR-QRN-001' });
  });

  test('of a waiting row whose key is changed leaves nothing of the old one', async () => {
    const context = await makeContext();
    const { postgres } = context;
    await load(context, smallShopAnd({ 'transactions.csv': ['T9,NOBODY,2024-03-06,,UPI,,,sale,completed'] }));
    const [waiting] = await listQuarantine(postgres);
    await fixQuarantine(postgres, waiting?.id ?? 0, { transaction_id: 'T10', customer_id: 'STILL NOBODY' });
    await replayQuarantine(context);
    expect(await postgres.rows('SELECT transaction_id, customer_id, outcome FROM history.transactions')).toEqual([
      { transaction_id: 'T10', customer_id: 'STILL NOBODY', outcome: 'quarantined' },
    ]);
    await fixQuarantine(postgres, waiting?.id ?? 0, { customer_id: 'C1' });
    await replayQuarantine(context);
    expect(await postgres.rows(`SELECT 1 FROM production.transactions WHERE transaction_id = 'T10'`)).toHaveLength(1);
    expect(await postgres.rows('SELECT 1 FROM history.transactions')).toEqual([]);
    await expect(fixQuarantine(postgres, waiting?.id ?? 0, {})).rejects.toMatchObject({ code: 'MR-QRN-002' });
  });

  test('of rows of several batches that wait for each other takes each once', async () => {
    const context = await makeContext();
    const { postgres } = context;
    await load(context, smallShopAnd({ 'customers.csv': ['C3,Cy,Dahl,,,not a day,,,,'] }), '2024-05-01');
    const order = await load(
      context,
      {
        ...headers,
        'transactions.csv': `${headers['transactions.csv']}T5,C3,2024-03-06,,UPI,,20.00,sale,completed\n`,
        'transaction_items.csv': `${headers['transaction_items.csv']}I7,T5,P1,1,20.00,0,20.00\n`,
      },
      '2024-05-02',
    );
    const [customer] = await listQuarantine(postgres);
    await fixQuarantine(postgres, customer?.id ?? 0, { registration_date: '2024-02-01' });
    expect(await replayQuarantine(context)).toMatchObject({ followed: 2, tables: [{ released: 1 }, {}, {}, {}] });
    expect(await heldOf(postgres)).toEqual([]);
    expect(await balanceOf(postgres, order.batch)).toMatchObject([{}, {}, { loaded: 1 }, { loaded: 1 }]);
  });

  test('of a row whose batch has left staging brings back the moment at which it was sold', async () => {
    const context = { ...(await makeContext()), timeZone: 'America/New_York' };
    const { postgres } = context;
    const noCustomer: IngestContext = {
      ...context,
      rules: rules.map((rule) =>
        rule.id === 'customers.email.syntax' ? { ...rule, severity: 'error' as const } : rule,
      ) as typeof rules,
      rulesHash: 'stricter rules',
    };
    const sale = 'T5,C3,2024-03-06,23:59:59.7,UPI,,20.00,sale,completed';
    await load(
      context,
      smallShopAnd({ 'customers.csv': ['C3,Cy,Dahl,no address,,,,,,'], 'transactions.csv': [sale] }),
      '2024-05-01',
    );
    for (const day of ['02', '03', '04']) await load(context, headers, `2024-05-${day}`);
    const sold = `SELECT transaction_at, total_amount, status FROM production.transactions WHERE transaction_id = 'T5'`;
    const before = await postgres.rows(sold);
    await recheckBatches(noCustomer);
    expect(await postgres.rows(sold)).toEqual([]);
    const [customer] = await listQuarantine(postgres, { table: 'customers' });
    const [waiting] = await listQuarantine(postgres, { table: 'transactions' });
    await fixQuarantine(postgres, customer?.id ?? 0, { email: '' });
    await replayQuarantine(noCustomer, { ids: [customer?.id ?? 0, waiting?.id ?? 0] });
    expect(await postgres.rows(sold)).toEqual(before);
  });
});

describe('a batch that comes later', () => {
  test('lets in what waited for its customers, and takes it back when it is undone', async () => {
    const context = await makeContext();
    const { postgres } = context;
    const orphans = {
      ...headers,
      'transactions.csv': smallShop['transactions.csv'],
      'transaction_items.csv': smallShop['transaction_items.csv'],
    };
    const orders = await load(context, orphans, '2024-05-01');
    expect((await listQuarantine(postgres)).length).toBe(8);
    const parents = {
      ...headers,
      'customers.csv': smallShop['customers.csv'],
      'products.csv': smallShop['products.csv'],
    };
    const later = await load(context, parents, '2024-05-02');
    expect(later.released).toBe(8);
    expect(await heldOf(postgres)).toEqual([]);
    await revertBatch(context, later.batch);
    expect((await listQuarantine(postgres)).length).toBe(8);
    expect(await findDifferences(postgres)).toEqual([]);
    expect(await balanceOf(postgres, later.batch)).toEqual(
      tableNames.map((table) => ({ table, received: 0, loaded: 0, duplicate: 0, superseded: 0, quarantined: 0 })),
    );
    expect(await balanceOf(postgres, orders.batch)).toMatchObject([
      {},
      {},
      { loaded: 1 },
      { loaded: 0, quarantined: 5 },
    ]);
    await expect(revertBatch(context, later.batch)).rejects.toMatchObject({ code: 'MR-BAT-002' });
    expect(await load(context, parents, '2024-05-02')).toMatchObject({
      batch: later.batch,
      alreadyLoaded: false,
      released: 8,
    });
    expect(await heldOf(postgres)).toEqual([]);
  });
});

test('an undone batch is told with the rows that take the place of its own', async () => {
  const context = await makeContext();
  const { postgres } = context;
  await load(context, smallShop, '2024-05-01');
  const before = await contentsOf(postgres);
  const customers = `${smallShop['customers.csv'].replace('London', 'Paris')}C9,Ed,Falk,,,,,,,\n`;
  const { batch } = await load(context, { ...headers, 'customers.csv': customers }, '2024-05-02');
  expect((await revertBatch(context, batch)).tables[0]).toEqual({
    table: 'customers',
    removed: 3,
    quarantined: 0,
    restored: 2,
  });
  expect(await contentsOf(postgres)).toEqual(before);
});

describe('a recheck', () => {
  const strict = (context: IngestContext): IngestContext => ({
    ...context,
    rules: rules.map((rule) =>
      rule.id === 'products.price.covers_cost' ? { ...rule, severity: 'error' as const } : rule,
    ) as typeof rules,
    rulesHash: 'stricter rules',
  });
  const dear = smallShopAnd({
    'products.csv': ['P3,Top,Toys,,5.00,6.00,,,'],
    'transactions.csv': ['T5,C1,2024-03-06,,UPI,,5.00,sale,completed'],
    'transaction_items.csv': ['I6,T5,P3,1,5.00,0,5.00'],
  });

  test('takes out what breaks the rules in force, with what depends on it, and lets it in again', async () => {
    const context = await makeContext();
    const { postgres } = context;
    const { batch } = await load(context, dear);
    const before = await contentsOf(postgres);
    expect(await recheckBatches(context)).toMatchObject([{ batch, outcome: 'current' }]);
    expect(await recheckBatches(strict(context))).toMatchObject([
      { outcome: 'judged', quarantinedBefore: 0, quarantined: 2 },
    ]);
    expect(await heldOf(postgres)).toEqual([
      'products 4 products.price.covers_cost',
      'transaction_items 7 transaction_items.product_id.referential',
    ]);
    expect(
      await postgres.rows(`SELECT severity, broken FROM ops.quality_results WHERE rule = 'products.price.covers_cost'`),
    ).toEqual([{ severity: 'error', broken: 1 }]);
    expect(await recheckBatches(strict(context))).toMatchObject([{ outcome: 'current' }]);
    expect(await recheckBatches(context)).toMatchObject([{ outcome: 'judged', quarantinedBefore: 2, quarantined: 0 }]);
    expect(await contentsOf(postgres)).toEqual(before);
    expect(await balanceOf(postgres, batch)).toMatchObject([
      { loaded: 2 },
      { received: 3, loaded: 3 },
      { loaded: 5 },
      { loaded: 6 },
    ]);
  });

  test('keeps the fixes that were made by hand', async () => {
    const context = await makeContext();
    const { postgres } = context;
    const { batch } = await load(context, faulty);
    const [customer, malformed, product] = await listQuarantine(postgres);
    await fixQuarantine(postgres, customer?.id ?? 0, { registration_date: '2024-02-01' });
    await fixQuarantine(postgres, malformed?.id ?? 0, { customer_id: 'C4', first_name: 'Di' });
    await fixQuarantine(postgres, product?.id ?? 0, { product_name: 'Top' });
    await replayQuarantine(context);
    const before = await contentsOf(postgres);
    await recheckBatches(context, { batch, always: true });
    expect(await heldOf(postgres)).toEqual([]);
    expect(await contentsOf(postgres)).toEqual(before);
    expect(await findDifferences(postgres)).toEqual([]);
  });

  test('counts a row that a fix has made a copy of another as a duplicate', async () => {
    const context = await makeContext();
    const { postgres } = context;
    const copied = 'C2,Bo,Chen,bo@example.com,,not a day,Austin,Texas,United States,35-44';
    const { batch } = await load(context, smallShopAnd({ 'customers.csv': [copied] }));
    const [held] = await listQuarantine(postgres);
    await fixQuarantine(postgres, held?.id ?? 0, { registration_date: '2024-02-03' });
    await recheckBatches(context, { always: true });
    expect(await heldOf(postgres)).toEqual([]);
    expect((await balanceOf(postgres, batch))[0]).toMatchObject({ received: 3, loaded: 2, duplicate: 1 });
  });

  test('takes copies of a row that was fixed for copies of what it is now', async () => {
    const context = await makeContext();
    const { postgres } = context;
    const broken = 'C3,Cy,Dahl,,,not a day,,,,';
    const { batch } = await load(context, smallShopAnd({ 'customers.csv': [broken, broken, broken] }));
    const [held] = await listQuarantine(postgres);
    await fixQuarantine(postgres, held?.id ?? 0, { registration_date: '2024-02-03' });
    await replayQuarantine(context);
    const before = await balanceOf(postgres, batch);
    await recheckBatches(context, { always: true });
    expect(await heldOf(postgres)).toEqual([]);
    expect(await balanceOf(postgres, batch)).toEqual(before);
    expect(before[0]).toMatchObject({ received: 5, loaded: 3, duplicate: 2 });
  });

  test('of a preset of two files works when one was left out, and not once the preset says another thing', async () => {
    const context = await makeContext();
    const nothing = (key: string): string => `SELECT line_number, id AS ${key} FROM buyers WHERE false`;
    const preset = writeFiles({
      'preset.yml': `title: Buyers
description: Buyers and what is of no use.
files:
  buyers: { pattern: "buyers*.csv", columns: [id, city] }
  notes: { pattern: "notes*.csv", columns: [id], required: false }
`,
      'customers.sql': 'SELECT line_number, id AS customer_id, city FROM buyers',
      'products.sql': nothing('product_id'),
      'transactions.sql': nothing('transaction_id'),
      'transaction_items.sql': nothing('item_id'),
      'other_records.sql': `SELECT line_number, 'note' AS reason FROM notes`,
    });
    const input = writeFiles({ 'buyers.csv': 'id,city\n1,Oslo\n2,Rome\n' });
    const { batch } = await ingestCsv(
      { source: 'buyers', kind: 'csv', input, preset, options: {}, asOf: undefined },
      context,
    );
    expect(await recheckBatches(context, { always: true })).toMatchObject([{ batch, outcome: 'judged' }]);
    writeFileSync(join(preset, 'customers.sql'), 'SELECT line_number, city AS customer_id, id AS city FROM buyers');
    await expect(recheckBatches(context, { always: true })).rejects.toMatchObject({ code: 'MR-BAT-005' });
  });

  test('without the archived file says which is missing, and changes nothing', async () => {
    const context = await makeContext();
    const { batch } = await load(context, dear);
    const before = await contentsOf(context.postgres);
    rmSync(join(context.archive), { recursive: true });
    await expect(recheckBatches(strict(context))).rejects.toMatchObject({ code: 'MR-BAT-004' });
    await expect(recheckBatches(context, { batch: 'batch_none' })).rejects.toMatchObject({ code: 'MR-BAT-001' });
    expect(await contentsOf(context.postgres)).toEqual(before);
    expect(batch).toMatch(/^batch_/);
  });
});

test('a dry run tells what would come of the files, and changes nothing', async () => {
  const context = await makeContext();
  const { postgres } = context;
  const request = {
    source: 'csv',
    kind: 'csv',
    input: writeFiles(faulty),
    preset: undefined,
    options: {},
    asOf: undefined,
  } as const;
  const told = await ingestCsv({ ...request, dryRun: true }, context);
  expect(told.tables).toMatchObject([{ received: 4, loaded: 2, quarantined: 2 }, {}, {}, {}]);
  expect(told.examples?.products?.[2]).toMatchObject({ line: 4, verdict: 'broken', product_id: 'P3' });
  for (const table of ['ops.batches', 'ops.sources', 'ops.quarantine', 'production.customers', 'ops.audit_log']) {
    expect(await postgres.rows(`SELECT 1 FROM ${table}`), table).toEqual([]);
  }
  const careful = { ...context, maxErrorRate: 0.1 };
  expect(await ingestCsv({ ...request, dryRun: true }, careful)).toMatchObject({
    tables: told.tables,
    stopped: expect.stringContaining('MR-QUA-001'),
  });
  await expect(ingestCsv(request, careful)).rejects.toMatchObject({ code: 'MR-QUA-001' });
  expect(await ingestCsv(request, context)).toMatchObject({ batch: told.batch, tables: told.tables });
});
