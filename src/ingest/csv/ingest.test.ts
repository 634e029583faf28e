/** Loads of batches: every row accounted for, the right contents in production, all of it or nothing. */
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makePostgres, type ShopFiles, smallShop, writeFiles } from '../../../tests/setup/fixtures.ts';
import { load, smallShopAnd, tickingClock } from '../../../tests/setup/pipeline.ts';
import { rules } from '../../contracts/rules.ts';
import { tableContracts, tableNames } from '../../contracts/tables.ts';
import type { Postgres } from '../../stores/postgres/postgres.ts';
import type { IngestResult } from './ingest.ts';

/** received / loaded / duplicate / superseded / quarantined, and inserted / updated / unchanged, per table. */
const ledgerOf = (result: IngestResult): readonly string[] =>
  result.tables.map(
    ({ table, received, loaded, duplicate, superseded, quarantined, inserted, updated, unchanged }) =>
      `${table} ${[received, loaded, duplicate, superseded, quarantined].join('/')} ${[inserted, updated, unchanged].join('/')}`,
  );

const stagedOf = (postgres: Postgres, table: string, key: string): Promise<readonly unknown[]> =>
  postgres.rows(
    `SELECT batch_number AS batch, row_number AS line, ${key} AS key, verdict FROM staging.${table} ORDER BY 1, 2`,
  );

/** Every row of every table of the loads, with the place and the transaction in which it was written. */
async function everyRow(postgres: Postgres): Promise<readonly string[]> {
  const tables = await postgres.rows<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
     WHERE schemaname IN ('staging', 'production', 'ops') AND tablename NOT IN ('sources', 'migrations') ORDER BY 1`,
  );
  const rows: string[] = [];
  for (const { name } of tables) {
    const found = await postgres.rows<{ row: string }>(
      `SELECT ctid || ' ' || xmin || ' ' || t::text AS row FROM ${name} AS t`,
    );
    rows.push(...found.map(({ row }) => `${name} ${row}`));
  }
  return rows.sort();
}

/** What production says about the shop, without when and by which batch it learned it. */
async function contents(postgres: Postgres, source = 'csv'): Promise<readonly unknown[]> {
  const all: unknown[] = [];
  for (const table of tableNames) {
    const rows = await postgres.rows<{ row: Record<string, unknown> }>(
      `SELECT to_jsonb(t) - '{batch_id,row_number,outcome,first_loaded_at,last_changed_at}'::text[] AS row FROM production.${table} AS t
       WHERE source = $1 ORDER BY ${tableContracts[table].key}`,
      [source],
    );
    all.push(rows.map(({ row }) => row));
  }
  return all;
}

const headersOnly = Object.fromEntries(
  Object.entries(smallShop).map(([name, content]) => [name, `${content.split('\n')[0]}\n`]),
) as { readonly [name in keyof typeof smallShop]: string };

/** A batch of these lines below the headers of the small shop. */
const batchOf = (lines: Partial<Record<keyof typeof smallShop, readonly string[]>>): ShopFiles =>
  Object.fromEntries(
    Object.entries(headersOnly).map(([name, header]) => [
      name,
      `${header}${(lines[name as keyof typeof smallShop] ?? []).map((line) => `${line}\n`).join('')}`,
    ]),
  );

describe('the small shop', () => {
  test('is staged as received', async () => {
    const postgres = await makePostgres();
    await load(postgres, smallShop);
    expect(await postgres.rows('SELECT * FROM staging.customers ORDER BY row_number')).toEqual([
      {
        batch_number: 1,
        row_number: 2,
        file_number: null,
        line_number: null,
        verdict: null,
        customer_id: 'C1',
        first_name: 'Ada',
        last_name: 'Berg',
        email: ' Ada@Example.com ',
        phone: '+44 20 7946 0000',
        registration_date: '2024-01-02',
        city: 'London',
        state: null,
        country: 'United Kingdom',
        age_group: '25-34',
        other_columns: null,
      },
      expect.objectContaining({ row_number: 3, customer_id: 'C2', phone: null, state: 'Texas' }),
    ]);
    expect(await postgres.rows('SELECT product_name, price FROM staging.products ORDER BY row_number')).toEqual([
      { product_name: 'Kettle', price: '20.00' },
      { product_name: 'Desk lamp, small', price: '35.50' },
    ]);
    expect(await stagedOf(postgres, 'transaction_items', 'item_id')).toEqual(
      ['I1', 'I2', 'I3', 'I4', 'I5'].map((key, index) => ({ batch: 1, line: index + 2, key, verdict: null })),
    );
  });

  test('is in production with its meaning', async () => {
    const postgres = await makePostgres();
    const { batch } = await load(postgres, smallShop);
    const [customer] = await postgres.rows(
      `SELECT source, customer_id, email, phone, registration_date::text, state, observed_at, updated_at, batch_id,
         first_loaded_at = last_changed_at AS new FROM production.customers WHERE customer_id = 'C1'`,
    );
    expect(customer).toEqual({
      source: 'csv',
      customer_id: 'C1',
      email: 'ada@example.com',
      phone: '+442079460000',
      registration_date: '2024-01-02',
      state: null,
      observed_at: new Date('2024-06-01T12:00:01Z'),
      updated_at: null,
      batch_id: batch,
      new: true,
    });
    expect(
      await postgres.rows('SELECT product_id, price, cost, stock_quantity FROM production.products ORDER BY 1'),
    ).toEqual([
      { product_id: 'P1', price: '20.0000', cost: '12.5000', stock_quantity: 10 },
      { product_id: 'P2', price: '35.5000', cost: null, stock_quantity: 5 },
    ]);
    expect(
      await postgres.rows(
        'SELECT transaction_id, customer_id, transaction_at, payment_method, total_amount, transaction_type, status FROM production.transactions ORDER BY 1',
      ),
    ).toEqual(
      [
        ['T1', 'C1', '2024-03-01T09:30:00Z', 'Credit Card', '75.50', 'sale', 'completed'],
        ['T2', null, '2024-03-02T00:00:00Z', 'PayPal', '20.00', 'sale', 'completed'],
        ['T3', 'C1', '2024-03-05T10:00:00Z', 'Credit Card', '-20.00', 'return', 'completed'],
        ['T4', 'C2', '2024-03-05T11:00:00Z', 'UPI', '35.50', 'sale', 'cancelled'],
      ].map(([transaction_id, customer_id, at, payment_method, total_amount, transaction_type, status]) => ({
        transaction_id,
        customer_id,
        transaction_at: new Date(String(at)),
        payment_method,
        total_amount,
        transaction_type,
        status,
      })),
    );
    expect(
      await postgres.rows(
        'SELECT item_id, quantity, unit_price, discount_percentage, line_total FROM production.transaction_items ORDER BY 1',
      ),
    ).toEqual(
      [
        ['I1', 2, '20.0000', '0.0000', '40.00'],
        ['I2', 1, '35.5000', '0.0000', '35.50'],
        ['I3', 1, '20.0000', '0.0000', '20.00'],
        ['I4', -1, '20.0000', '0.0000', '-20.00'],
        ['I5', 1, '35.5000', '0.0000', '35.50'],
      ].map(([item_id, quantity, unit_price, discount_percentage, line_total]) => ({
        item_id,
        quantity,
        unit_price,
        discount_percentage,
        line_total,
      })),
    );
  });

  test('is booked: batch, files, ledger, quality, audit', async () => {
    const postgres = await makePostgres();
    const result = await load(postgres, smallShop);
    expect(ledgerOf(result)).toEqual([
      'customers 2/2/0/0/0 2/0/0',
      'products 2/2/0/0/0 2/0/0',
      'transactions 4/4/0/0/0 4/0/0',
      'transaction_items 5/5/0/0/0 5/0/0',
    ]);
    expect(result).toMatchObject({ source: 'csv', alreadyLoaded: false, brokenRules: [], unknownColumns: {} });
    expect(result.files).toContainEqual({ file: 'transaction_items.csv', records: 5, mapped: 5, malformed: 0 });
    expect(await postgres.rows('SELECT batch_id, batch_number, source, preset FROM ops.batches')).toEqual([
      { batch_id: result.batch, batch_number: 1, source: 'csv', preset: null },
    ]);
    expect(
      await postgres.rows('SELECT rule, severity, checked, broken FROM ops.quality_results ORDER BY rule'),
    ).toEqual(
      [...rules]
        .sort((a, b) => (a.id < b.id ? -1 : 1))
        .map(({ id, severity, table }) => ({
          rule: id,
          severity,
          checked: { customers: 2, products: 2, transactions: 4, transaction_items: 5 }[table],
          broken: 0,
        })),
    );
    expect(await postgres.rows('SELECT * FROM ops.quarantine')).toEqual([]);
    expect(await postgres.rows('SELECT action, subject, details FROM ops.audit_log')).toEqual([
      {
        action: 'ingest',
        subject: result.batch,
        details: { customers: 2, products: 2, transactions: 4, transaction_items: 5 },
      },
    ]);
  });

  test('has its times where the shop is', async () => {
    const postgres = await makePostgres();
    await load(postgres, smallShopAnd({ 'transactions.csv': ['T5,,2024-05-01,00:30,UPI,,,sale,completed'] }), {
      timeZone: 'Europe/London',
    });
    const at = await postgres.rows(
      `SELECT transaction_at AS at FROM production.transactions WHERE transaction_id IN ('T2', 'T5') ORDER BY 1`,
    );
    expect(at).toEqual([{ at: new Date('2024-03-02T00:00:00Z') }, { at: new Date('2024-04-30T23:30:00Z') }]);
  });
});

describe('a shop with faults', () => {
  const faulty = smallShopAnd({
    'customers.csv': [
      'C2,Bo,Chen,bo@example.com,,2024-02-03,Austin,Texas,United States,35-44',
      'C3,Cy,Dahl,nonsense,,,,,,',
      'C4,too few',
    ],
    'products.csv': ['P3,,Toys,,5.00,,,,', 'P1,Kettle,Home & Kitchen,Cooking,21.00,12.50,Northfire,10,S1'],
    'transactions.csv': [
      'T5,C9,2024-03-06,,UPI,,10.00,sale,completed',
      'T6,C1,2024-03-06,,Barter,,10.00,sale,completed',
      ',C1,2024-03-06,,UPI,,10.00,sale,completed',
    ],
    'transaction_items.csv': [
      'I6,T5,P1,1,20.00,0,20.00',
      'I7,T6,P3,1,5.00,0,5.00',
      'I8,T1,P1,-1,x,0,',
      'I9,T6,P1,1,20.00,0,20.00',
    ],
  });

  test('has every row accounted for, with its rules', async () => {
    const postgres = await makePostgres();
    const result = await load(postgres, faulty);
    expect(ledgerOf(result)).toEqual([
      'customers 5/3/1/0/1 3/0/0',
      'products 4/2/0/1/1 2/0/0',
      'transactions 7/5/0/0/2 5/0/0',
      'transaction_items 9/6/0/0/3 6/0/0',
    ]);
    expect(result.files).toContainEqual({ file: 'customers.csv', records: 5, mapped: 4, malformed: 1 });
    expect(result.brokenRules).toEqual([
      { rule: 'products.product_name.required', severity: 'error', broken: 1 },
      { rule: 'transaction_items.product_id.referential', severity: 'error', broken: 1 },
      { rule: 'transaction_items.transaction_id.referential', severity: 'error', broken: 1 },
      { rule: 'transaction_items.unit_price.typed', severity: 'error', broken: 1 },
      { rule: 'transactions.customer_id.referential', severity: 'error', broken: 1 },
      { rule: 'transactions.transaction_id.required', severity: 'error', broken: 1 },
      { rule: 'customers.email.syntax', severity: 'warn', broken: 1 },
      { rule: 'products.product_id.unique', severity: 'warn', broken: 1 },
      { rule: 'transactions.payment_method.known', severity: 'warn', broken: 1 },
      { rule: 'transactions.total_amount.is_the_sum', severity: 'warn', broken: 2 },
    ]);
  });

  test('has in quarantine what was received, by file and line, with all that depends on it', async () => {
    const postgres = await makePostgres();
    const { batch } = await load(postgres, faulty);
    const rows = await postgres.rows<{ content: Record<string, string> }>(
      'SELECT batch_id, table_name, file, line_number, rules, content FROM ops.quarantine ORDER BY table_name, line_number',
    );
    expect(
      rows.map(({ content, ...row }) => ({
        ...row,
        id: content.record ?? content.item_id ?? content.customer_id ?? content.product_id,
      })),
    ).toEqual(
      [
        ['customers', 6, ['file.record.malformed'], 'C4,too few'],
        ['products', 4, ['products.product_name.required'], 'P3'],
        ['transaction_items', 7, ['transaction_items.transaction_id.referential'], 'I6'],
        ['transaction_items', 8, ['transaction_items.product_id.referential'], 'I7'],
        ['transaction_items', 9, ['transaction_items.unit_price.typed'], 'I8'],
        ['transactions', 6, ['transactions.customer_id.referential'], 'C9'],
        ['transactions', 8, ['transactions.transaction_id.required'], 'C1'],
      ].map(([table_name, line_number, broken, id]) => ({
        batch_id: batch,
        table_name,
        file: `${table_name}.csv`,
        line_number,
        rules: broken,
        id,
      })),
    );
    expect(rows.find(({ content }) => content.item_id === 'I8')?.content).toEqual({
      item_id: 'I8',
      transaction_id: 'T1',
      product_id: 'P1',
      quantity: '-1',
      unit_price: 'x',
      discount_percentage: '0',
      line_total: null,
    });
  });

  test('has the verdicts beside the rows in staging, and the winner of a contest in production', async () => {
    const postgres = await makePostgres();
    await load(postgres, faulty);
    expect(await stagedOf(postgres, 'customers', 'customer_id')).toEqual([
      { batch: 1, line: 2, key: 'C1', verdict: null },
      { batch: 1, line: 3, key: 'C2', verdict: null },
      { batch: 1, line: 4, key: 'C2', verdict: 'duplicate' },
      { batch: 1, line: 5, key: 'C3', verdict: null },
    ]);
    const [kettle] = await postgres.rows<{ price: string }>(
      `SELECT price FROM production.products WHERE product_id = 'P1'`,
    );
    const loser = kettle?.price === '20.0000' ? { line: 5, key: 'P1 21.00' } : { line: 2, key: 'P1 20.00' };
    const products = await stagedOf(postgres, 'products', `product_id || ' ' || price`);
    expect(products.filter((row) => (row as { verdict: string | null }).verdict !== null)).toEqual(
      [
        { batch: 1, line: 4, key: 'P3 5.00', verdict: 'quarantined' },
        { batch: 1, ...loser, verdict: 'superseded' },
      ].sort((a, b) => a.line - b.line),
    );
  });

  test('may say more in its files than the contract knows', async () => {
    const postgres = await makePostgres();
    const customers = smallShop['customers.csv']
      .split('\n')
      .map((line, index) => (line ? `${line},${['VIP', 'yes', ''][index]}` : ''))
      .join('\n');
    const result = await load(postgres, { ...smallShop, 'customers.csv': customers });
    expect(result.unknownColumns).toEqual({ 'customers.csv': ['vip'] });
    expect(ledgerOf(result)[0]).toBe('customers 2/2/0/0/0 2/0/0');
    expect(
      await postgres.rows('SELECT other_columns::jsonb AS others FROM staging.customers ORDER BY row_number'),
    ).toEqual([{ others: { vip: 'yes' } }, { others: { vip: null } }]);
  });

  test('may not have more fields on a line than in its header, be they empty', async () => {
    const postgres = await makePostgres();
    const result = await load(postgres, smallShopAnd({ 'transaction_items.csv': ['I6,T1,P1,1,20.00,0,20.00,,'] }));
    expect(ledgerOf(result)[3]).toBe('transaction_items 6/5/0/0/1 5/0/0');
  });
});

describe('the same content again', () => {
  test('touches not one row, wherever its files stand', async () => {
    const postgres = await makePostgres();
    const folder = writeFiles();
    const first = await load(postgres, folder);
    const before = await everyRow(postgres);
    expect(before.length).toBeGreaterThan(30);
    const elsewhere = `${folder}-moved`;
    renameSync(folder, elsewhere);
    try {
      const second = await load(postgres, elsewhere);
      expect(second).toMatchObject({ batch: first.batch, alreadyLoaded: true, files: first.files });
      expect(ledgerOf(second)).toEqual([
        'customers 2/2/0/0/0 0/0/2',
        'products 2/2/0/0/0 0/0/2',
        'transactions 4/4/0/0/0 0/0/4',
        'transaction_items 5/5/0/0/0 0/0/5',
      ]);
      expect(await everyRow(postgres)).toEqual(before);
      expect(await postgres.rows('SELECT source, kind, input FROM ops.sources')).toEqual([
        { source: 'csv', kind: 'csv', input: elsewhere },
      ]);
    } finally {
      renameSync(elsewhere, folder);
    }
  });
});

test('parts of the same content are received as often as they come, and archived once', async () => {
  const postgres = await makePostgres();
  const more = Array.from({ length: 3000 }, (_, place) => `X${place},Ada,Berg,,,2024-01-02,,,,\n`).join('');
  const part = `${smallShop['customers.csv']}${more}`;
  const parts = Object.fromEntries(Array.from({ length: 4 }, (_, place) => [`customers-${place}.csv`, part]));
  const { tables } = await load(postgres, { ...smallShop, 'customers.csv': part, ...parts });
  expect(tables[0]).toMatchObject({ received: 15_010, loaded: 3002, duplicate: 12_008 });
  const archived = await postgres.rows(`SELECT DISTINCT archived_as FROM ops.batch_files WHERE role = 'customers'`);
  expect(archived).toHaveLength(1);
});

describe('a second batch', () => {
  const first = batchOf({
    'customers.csv': [
      'C1,Ada,Berg,,,2024-01-02,London,,,',
      'C2,Bo,Chen,,,2024-01-02,Austin,,,',
      'C3,Cy,Dahl,,,2024-01-02,Oslo,,,',
    ],
    'products.csv': ['P1,Kettle,Home,,20.00,,,,', 'P2,Lamp,Home,,30.00,,,,'],
    'transactions.csv': ['T1,C1,2024-03-01,,UPI,,,sale,pending', 'T2,C2,2024-03-02,,UPI,,,sale,completed'],
    'transaction_items.csv': ['I1,T1,P1,1,20.00,0,20.00', 'I2,T2,P2,1,30.00,0,30.00'],
  });
  const second = batchOf({
    'customers.csv': [
      'C1,Ada,Berg,,,2024-01-02,Paris,,,',
      'C2,Bo,Chen,,,2024-01-02,Austin,,,',
      'C4,Di,Eng,,,2024-01-02,Rome,,,',
    ],
    'products.csv': ['P1,Kettle,Home,,22.00,,,,'],
    'transactions.csv': ['T1,C1,2024-03-01,,UPI,,,sale,completed', 'T3,C3,2024-03-03,,UPI,,,sale,completed'],
    'transaction_items.csv': ['I1,T1,P1,2,20.00,0,40.00', 'I3,T3,P2,1,30.00,0,30.00'],
  });

  test('updates, keeps, adds, and finds the parents that only production has', async () => {
    const postgres = await makePostgres();
    const clock = tickingClock();
    const one = await load(postgres, first, { asOf: '2024-05-01', clock });
    const two = await load(postgres, second, { asOf: '2024-05-02', clock });
    expect(ledgerOf(one)).toEqual([
      'customers 3/3/0/0/0 3/0/0',
      'products 2/2/0/0/0 2/0/0',
      'transactions 2/2/0/0/0 2/0/0',
      'transaction_items 2/2/0/0/0 2/0/0',
    ]);
    expect(ledgerOf(two)).toEqual([
      'customers 3/3/0/0/0 1/1/1',
      'products 1/1/0/0/0 0/1/0',
      'transactions 2/2/0/0/0 1/1/0',
      'transaction_items 2/2/0/0/0 1/1/0',
    ]);
    expect(
      await postgres.rows(
        `SELECT customer_id, city, batch_id = $1 AS of_the_second, first_loaded_at < last_changed_at AS changed
        FROM production.customers ORDER BY 1`,
        [two.batch],
      ),
    ).toEqual([
      { customer_id: 'C1', city: 'Paris', of_the_second: true, changed: true },
      { customer_id: 'C2', city: 'Austin', of_the_second: true, changed: false },
      { customer_id: 'C3', city: 'Oslo', of_the_second: false, changed: false },
      { customer_id: 'C4', city: 'Rome', of_the_second: true, changed: false },
    ]);
  });

  test('that is older changes nothing that is newer, and is counted as superseded', async () => {
    const postgres = await makePostgres();
    await load(postgres, second, { asOf: '2024-05-02' });
    // T3 and I3 of the later batch need parents that only the earlier one has: they are in quarantine.
    const two = await load(postgres, first, { asOf: '2024-05-01' });
    expect(ledgerOf(two)).toEqual([
      'customers 3/2/0/1/0 1/0/1',
      'products 2/1/0/1/0 1/0/0',
      'transactions 2/1/0/1/0 1/0/0',
      'transaction_items 2/1/0/1/0 1/0/0',
    ]);
    expect(await stagedOf(postgres, 'customers', 'customer_id')).toContainEqual({
      batch: 2,
      line: 2,
      key: 'C1',
      verdict: 'superseded',
    });
    expect(await postgres.rows(`SELECT city FROM production.customers WHERE customer_id = 'C1'`)).toEqual([
      { city: 'Paris' },
    ]);
    expect(await postgres.rows(`SELECT quantity FROM production.transaction_items WHERE item_id = 'I1'`)).toEqual([
      { quantity: 2 },
    ]);
  });

  test('of the same day wins by its updated_at, whichever comes first', async () => {
    const header = `${smallShop['transactions.csv'].split('\n')[0]},updated_at\n`;
    const orders = (status: string, updatedAt: string): ShopFiles => ({
      ...headersOnly,
      'transactions.csv': `${header}T1,,2024-03-01,,UPI,,,sale,${status},${updatedAt}\n`,
    });
    const batches = [
      orders('pending', '2024-03-01T10:00:00Z'),
      orders('completed', '2024-03-01T12:00:00+01:00'),
      orders('cancelled', ''),
    ];
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 0, 2],
    ]) {
      const postgres = await makePostgres();
      for (const place of order) await load(postgres, batches[place] ?? {}, { asOf: '2024-05-01' });
      expect(await postgres.rows('SELECT status FROM production.transactions')).toEqual([{ status: 'completed' }]);
    }
  });

  test('of the same day is preferred or not as if its rows had come in the first', async () => {
    const keys = ['C1', 'C2', 'C3', 'C4', 'C5', 'C6', 'C7', 'C8'];
    const linesOf = (city: string): readonly string[] => keys.map((key) => `${key},,,,,,${city},,,`);
    const [here, there] = [linesOf('Here'), linesOf('There')];
    const seen: (readonly unknown[])[] = [];
    for (const batches of [[[...here, ...there]], [here, there], [there, here]]) {
      const postgres = await makePostgres();
      for (const lines of batches) await load(postgres, batchOf({ 'customers.csv': lines }), { asOf: '2024-05-01' });
      seen.push(await postgres.rows('SELECT customer_id, city FROM production.customers ORDER BY 1'));
    }
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[2]).toEqual(seen[0]);
  });

  test('in whatever order batches of several days come, production says the same in the end', async () => {
    const cities = (...lines: string[]): ShopFiles =>
      batchOf({ 'customers.csv': lines.map((line) => `${line.replace(' ', ',Ada,Berg,,,2024-01-02,')},,,`) });
    const batches = [
      [cities('C1 London', 'C2 Austin', 'C3 Oslo'), '2024-05-01'],
      [cities('C1 Paris', 'C2 Austin', 'C4 Rome'), '2024-05-02'],
      [cities('C1 London', 'C2 Boston', 'C3 Oslo', 'C4 Rome'), '2024-05-03'],
      [cities('C1 Madrid', 'C3 Bergen', 'C4 Turin'), '2024-05-02'],
    ] as const;
    const seen: (readonly unknown[])[] = [];
    for (const order of [
      [0, 1, 2, 3],
      [2, 0, 3, 1],
      [1, 3, 0, 2],
    ]) {
      const postgres = await makePostgres();
      for (const place of order) {
        const [files, asOf] = batches[place] ?? [{}, ''];
        await load(postgres, files, { asOf });
      }
      seen.push(await contents(postgres));
    }
    expect(new Set(seen.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(seen[0]?.[0]).toMatchObject([
      { customer_id: 'C1', city: 'London' },
      { customer_id: 'C2', city: 'Boston' },
      { customer_id: 'C3', city: 'Oslo' },
      { customer_id: 'C4', city: 'Rome' },
    ]);
  });

  test('of another source with the same ids leaves those of the first alone', async () => {
    const postgres = await makePostgres();
    await load(postgres, first, { source: 'vienna', asOf: '2024-05-01' });
    const rows = await everyRow(postgres);
    const two = await load(postgres, second, { source: 'graz', asOf: '2024-05-02' });
    // Its own production has neither C3 nor P2.
    expect(ledgerOf(two)).toEqual([
      'customers 3/3/0/0/0 3/0/0',
      'products 1/1/0/0/0 1/0/0',
      'transactions 2/1/0/0/1 1/0/0',
      'transaction_items 2/1/0/0/1 1/0/0',
    ]);
    expect(await everyRow(postgres)).toEqual(expect.arrayContaining([...rows]));
    expect((await contents(postgres, 'graz'))[0]).toMatchObject([
      { city: 'Paris' },
      { city: 'Austin' },
      { city: 'Rome' },
    ]);
    expect(await load(postgres, first, { source: 'graz', asOf: '2024-05-01' })).toMatchObject({ alreadyLoaded: false });
  });
});

describe('a load that fails', () => {
  const raising = (table: string, when: string): string => `
    CREATE FUNCTION ops.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'planted failure'; END $$;
    CREATE TRIGGER planted BEFORE INSERT ON ${table} FOR EACH ROW WHEN (${when}) EXECUTE FUNCTION ops.fail()`;
  const losing = (table: string, when: string): string => `
    CREATE FUNCTION ops.lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
    CREATE TRIGGER planted BEFORE INSERT ON ${table} FOR EACH ROW WHEN (${when}) EXECUTE FUNCTION ops.lose()`;

  test.each([
    [
      'raises at the last entry of the ledger',
      raising('ops.ledger', `NEW.table_name = 'transaction_items'`),
      /planted failure/,
    ],
    ['raises at the audit log', raising('ops.audit_log', 'true'), /planted failure/],
    [
      'loses a row of production',
      losing('production.products', `NEW.product_id = 'P2'`),
      /products: loaded is booked as 1, staging has 2/,
    ],
    ['loses a row of quarantine', losing('ops.quarantine', 'true'), /quarantined is booked as 1, 0 rows are there/],
    ['loses a row of staging', losing('staging.customers', 'true'), /customers|every_row_accounted_for/],
  ])('because it %s leaves nothing of itself, and nothing in its way', async (_name, planted, reason) => {
    const postgres = await makePostgres();
    await load(postgres, batchOf({ 'customers.csv': ['C0,Old,,,,,,,,'] }), { source: 'before' });
    const before = await everyRow(postgres);
    await postgres.run(planted);
    const files = smallShopAnd({ 'products.csv': ['P3,,Toys,,5.00,,,,'] });
    await expect(load(postgres, files)).rejects.toThrow(reason);
    expect(await everyRow(postgres)).toEqual(before);
    expect(await postgres.rows('SELECT source FROM ops.sources')).toEqual([{ source: 'before' }]);
    await postgres.run(`DROP TRIGGER planted ON ${/INSERT ON (\S+)/.exec(planted)?.[1]}`);
    expect(ledgerOf(await load(postgres, files))).toEqual([
      'customers 2/2/0/0/0 2/0/0',
      'products 3/2/0/0/1 2/0/0',
      'transactions 4/4/0/0/0 4/0/0',
      'transaction_items 5/5/0/0/0 5/0/0',
    ]);
  });

  test('because the ledger does not balance is told as such', async () => {
    const postgres = await makePostgres();
    await postgres.run(losing('production.customers', `NEW.customer_id = 'C2'`));
    await expect(load(postgres, smallShop)).rejects.toMatchObject({ code: 'MR-LED-001', exitCode: 1 });
  });

  test('because a file is not there tells which', async () => {
    const postgres = await makePostgres();
    const { 'products.csv': _products, 'customers.csv': _customers, ...rest } = smallShop;
    const folder = writeFiles(rest);
    await expect(load(postgres, folder)).rejects.toMatchObject({
      code: 'MR-IN-002',
      message: expect.stringContaining('customers.csv, products.csv'),
    });
    await expect(load(postgres, join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'MR-IN-001' });
    await expect(load(postgres, join(folder, 'transactions.csv'))).rejects.toMatchObject({ code: 'MR-IN-009' });
    await expect(load(postgres, folder, { preset: 'online-retail' })).rejects.toMatchObject({ code: 'MR-IN-004' });
    await expect(load(postgres, folder, { preset: 'nowhere' })).rejects.toMatchObject({ code: 'MR-IN-006' });
    expect(await everyRow(postgres)).toEqual([]);
  });
});
