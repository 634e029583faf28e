/** The preset for UCI Online Retail, on invoices made to meet each of its choices. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makePostgres, writeFiles } from '../../../tests/setup/fixtures.ts';
import { load } from '../../../tests/setup/pipeline.ts';
import type { Postgres } from '../../stores/postgres/postgres.ts';
import type { IngestResult } from './ingest.ts';
import { loadPreset, presetNames } from './presets.ts';

const header = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country';

async function loadLines(...lines: readonly string[]): Promise<{ postgres: Postgres; result: IngestResult }> {
  const postgres = await makePostgres();
  const folder = writeFiles({ 'retail.csv': [header, ...lines].join('\r') });
  const result = await load(postgres, join(folder, 'retail.csv'), {
    preset: 'online-retail',
    source: 'retail',
    timeZone: 'Europe/London',
  });
  return { postgres, result };
}

describe('the preset online-retail', () => {
  test('tells sales from returns, guests from customers and charges from products', async () => {
    const { postgres } = await loadLines(
      '1,A,LAMP,2,7/1/10 8:26,2.50,17850,France',
      'C2,A,LAMP,-1,12/31/2010 23:59,2.50,17850,France',
      '3,POST,POSTAGE,1,12/1/10 0:05,18.00,,Norway',
    );
    expect(
      await postgres.rows(
        `SELECT transaction_id AS id, customer_id, transaction_at AS at, transaction_type AS type, country, payment_method
         FROM production.transactions ORDER BY transaction_at`,
      ),
    ).toEqual([
      {
        id: '1',
        customer_id: '17850',
        at: new Date('2010-07-01T07:26:00Z'),
        type: 'sale',
        country: 'France',
        payment_method: 'Other',
      },
      {
        id: '3',
        customer_id: null,
        at: new Date('2010-12-01T00:05:00Z'),
        type: 'sale',
        country: 'Norway',
        payment_method: 'Other',
      },
      {
        id: 'C2',
        customer_id: '17850',
        at: new Date('2010-12-31T23:59:00Z'),
        type: 'return',
        country: 'France',
        payment_method: 'Other',
      },
    ]);
    expect(await postgres.rows('SELECT product_id, category FROM production.products ORDER BY 1')).toEqual([
      { product_id: 'A', category: 'Uncategorised' },
      { product_id: 'POST', category: 'Fees' },
    ]);
    expect(await postgres.rows('SELECT customer_id, country FROM production.customers')).toEqual([
      { customer_id: '17850', country: 'France' },
    ]);
  });

  test('names a product by its most frequent description and prices it by its most frequent positive price', async () => {
    const { postgres } = await loadLines(
      '1,a,lamp,1,12/1/10 8:00,2.00,,UK',
      '2,A,LAMP,1,12/1/10 8:00,2.00,,UK',
      '3,A,LAMP,1,12/1/10 8:01,3.00,,UK',
      '4,A,wet,1,12/1/10 9:00,0.00,,UK',
      '5,A,,1,12/1/10 9:01,0,,UK',
      '6,A,"LAMP, RED",1,12/1/10 9:02,0,,UK',
      // Of two prices that are seen as often the one that was seen last; of those the smaller.
      '7,B,TEA,1,12/1/10 8:00,9.00,,UK',
      '8,B,TEA,1,12/2/10 8:00,5.00,,UK',
      '9,B,TEA,1,12/2/10 8:00,4.00,,UK',
    );
    expect(
      await postgres.rows(
        'SELECT product_id, product_name, trim_scale(price)::text AS price FROM production.products ORDER BY 1',
      ),
    ).toEqual([
      { product_id: 'A', product_name: 'LAMP', price: '3' },
      { product_id: 'B', product_name: 'TEA', price: '4' },
      { product_id: 'a', product_name: 'lamp', price: '2' },
    ]);
  });

  test('keeps a line that repeats, and quarantines what breaks a rule', async () => {
    const { postgres, result } = await loadLines(
      '1,A,LAMP,2,12/1/10 8:26,2.50,,UK',
      '1,A,LAMP,2,12/1/10 8:26,2.50,,UK',
      '1,A,LAMP,-2,12/1/10 8:26,2.50,,UK',
      'C2,A,LAMP,2,12/1/10 8:26,2.50,,UK',
      '3,NONAME,,1,12/1/10 8:26,2.50,,UK',
      '4,FREE,GIFT,1,12/1/10 8:26,0,,UK',
      '5,A,LAMP,1,32/1/10 8:26,2.50,,UK',
      '6,A,LAM',
    );
    expect(await postgres.rows('SELECT item_id, line_total FROM production.transaction_items ORDER BY 1')).toEqual([
      { item_id: '1-A-1', line_total: '5.00' },
      { item_id: '1-A-2', line_total: '5.00' },
    ]);
    expect(result.files).toMatchObject([{ records: 8, mapped: 7, malformed: 1 }]);
    expect(
      await postgres.rows(
        'SELECT table_name, line_number, rules, content FROM ops.quarantine ORDER BY line_number, table_name',
      ),
    ).toMatchObject([
      {
        table_name: 'transaction_items',
        line_number: 4,
        rules: ['transaction_items.quantity.sign'],
        content: { item_id: '1-A-3' },
      },
      { table_name: 'transaction_items', line_number: 5, rules: ['transaction_items.quantity.sign'] },
      { table_name: 'products', line_number: 6, rules: ['products.product_name.required'] },
      { table_name: 'transaction_items', line_number: 6, rules: ['transaction_items.product_id.referential'] },
      { table_name: 'products', line_number: 7, rules: ['products.price.required'] },
      { table_name: 'transaction_items', line_number: 7, rules: ['transaction_items.product_id.referential'] },
      { table_name: 'transaction_items', line_number: 8, rules: ['transaction_items.transaction_id.referential'] },
      {
        table_name: 'transactions',
        line_number: 8,
        rules: ['transactions.transaction_date.typed'],
        content: { transaction_date: '32/1/10 8:26' },
      },
      { table_name: null, line_number: 9, rules: ['file.record.malformed'], content: { record: '6,A,LAM' } },
    ]);
  });

  test('needs its columns', async () => {
    const postgres = await makePostgres();
    const folder = writeFiles({ 'retail.csv': 'InvoiceNo,StockCode,Quantity\n1,A,1\n' });
    await expect(load(postgres, join(folder, 'retail.csv'), { preset: 'online-retail' })).rejects.toMatchObject({
      code: 'MR-IN-004',
      message: expect.stringContaining('Description, InvoiceDate, UnitPrice, CustomerID, Country'),
    });
  });
});

test('every preset is complete; another one is not known', () => {
  for (const name of presetNames()) expect(loadPreset(name).columns.length).toBeGreaterThan(0);
  for (const name of ['nowhere', '../presets/online-retail', '.']) {
    expect(() => loadPreset(name)).toThrow(expect.objectContaining({ code: 'MR-IN-006', exitCode: 2 }));
  }
});
