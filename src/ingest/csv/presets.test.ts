/** How presets work, on one of a user's own; and the one for UCI Online Retail, on invoices made to meet each of its choices. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makePostgres, writeFiles } from '../../../tests/setup/fixtures.ts';
import { load, tickingClock } from '../../../tests/setup/pipeline.ts';
import { mapWithPreset } from '../../../tests/setup/presets.ts';
import type { Postgres } from '../../stores/postgres/postgres.ts';
import type { IngestResult } from './ingest.ts';
import { loadPreset, locatePresetFiles, presetNames, resolveOptions, sourceNameOf } from './presets.ts';

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

test('presets are known by name; another name is not', () => {
  expect(presetNames()).toEqual(['olist', 'online-retail', 'shopify', 'woocommerce']);
  expect(() => loadPreset('nowhere')).toThrow(expect.objectContaining({ code: 'MR-IN-006', exitCode: 2 }));
});

/** A preset of one's own over a file of people, with some of its files exchanged or, where undefined, left out. */
function ownPreset(changes: Readonly<Record<string, string | undefined>> = {}): string {
  const files = {
    'preset.yml': `title: People
description: One row per person.
files: { raw: { pattern: 'people*.csv', columns: [id, name], optional_columns: [town] } }
options:
  country: { type: text, default: France, description: Where they live. }
  level: { type: choice, choices: [low, high], default: low, description: How much. }
  rate_*: { type: number, description: A rate. }
`,
    'customers.sql': `SELECT line_number, id AS customer_id, name AS first_name, town AS city,
      getvariable('country') AS country FROM raw;`,
    'products.sql': 'SELECT NULL AS line_number, NULL AS product_id WHERE false',
    'transactions.sql': 'SELECT NULL AS line_number, NULL AS transaction_id WHERE false',
    'transaction_items.sql': 'SELECT NULL AS line_number, NULL AS item_id WHERE false',
    ...changes,
  };
  return writeFiles(
    Object.fromEntries(Object.entries(files).flatMap(([name, text]) => (text === undefined ? [] : [[name, text]]))),
  );
}

const people = {
  'people-1.csv': 'name,ID\nAda,1\nBo,2\n',
  'people-2.csv.txt': 'x\n',
  'PEOPLE-2.CSV': 'id,name,town,shoe\n3,Cy,Rome,44\n',
};

describe('a preset of one’s own', () => {
  test('reads each file that its pattern names; columns that a file may lack are absent', async () => {
    const { rows, reading } = await mapWithPreset(ownPreset(), writeFiles(people));
    expect(rows.customers).toEqual([
      {
        row_number: 1,
        file_number: 0,
        line_number: 2,
        customer_id: '3',
        first_name: 'Cy',
        city: 'Rome',
        country: 'France',
      },
      { row_number: 2, file_number: 1, line_number: 2, customer_id: '1', first_name: 'Ada', country: 'France' },
      { row_number: 3, file_number: 1, line_number: 3, customer_id: '2', first_name: 'Bo', country: 'France' },
    ]);
    expect(reading.files.map(({ file, records, unknownColumns }) => [file.name, records, unknownColumns])).toEqual([
      ['PEOPLE-2.CSV', 1, ['shoe']],
      ['people-1.csv', 2, []],
    ]);
  });

  test('is part of the batch’s identity, with the options that are not as by default', async () => {
    const postgres = await makePostgres();
    const input = writeFiles({ 'people.csv': people['people-1.csv'] });
    const clock = tickingClock();
    const preset = ownPreset();
    const first = await load(postgres, input, { preset, clock });
    const same = await load(postgres, input, { preset, clock, options: { country: 'France', replace_items: false } });
    expect(same).toMatchObject({ batch: first.batch, alreadyLoaded: true });
    const told = await load(postgres, input, { preset, clock, options: { country: "Côte d'Ivoire" } });
    expect(told.alreadyLoaded).toBe(false);
    expect(await postgres.rows('SELECT DISTINCT country FROM production.customers')).toEqual([
      { country: "Côte d'Ivoire" },
    ]);
    expect(await postgres.rows('SELECT preset, options FROM ops.sources')).toEqual([
      { preset, options: { country: "Côte d'Ivoire" } },
    ]);
    writeFileSync(join(preset, 'prepare.sql'), 'CREATE TABLE nothing (a INTEGER)');
    expect((await load(postgres, input, { preset, clock })).alreadyLoaded).toBe(false);
  });

  test.each([
    ['unknown', 1, 'it is not known'],
    ['level', 'middle', 'middle is no word of low, high'],
    ['rate_EUR', '-1', '-1 is no number above 0'],
    ['replace_items', 'perhaps', 'perhaps is no true or false'],
  ])('refuses the option %s = %s', (name, value, problem) => {
    expect(() => resolveOptions(loadPreset(ownPreset()), { [name]: value })).toThrow(
      expect.objectContaining({ code: 'MR-PRE-003', details: expect.objectContaining({ problem }) }),
    );
  });

  test('without a preset there are the options that every source has', () => {
    expect(resolveOptions(undefined, {})).toEqual({ replace_items: false });
    expect(resolveOptions(loadPreset('shopify'), {})).toEqual({ replace_items: true, taxes: 'auto' });
    expect(() => resolveOptions(undefined, { rate_EUR: 2 })).toThrow(expect.objectContaining({ code: 'MR-PRE-003' }));
  });

  test.each([
    [{ 'preset.yml': 'title: [' }, 'MR-PRE-001', 'preset.yml'],
    [{ 'preset.yml': 'title: x\nfiles: {}\ndescription: y' }, 'MR-PRE-001', 'files: there is none'],
    [{ 'preset.yml': 'title: x\ndescription: y\nfile: {}' }, 'MR-PRE-001', 'file'],
    [{ 'preset.yml': undefined }, 'MR-PRE-001', 'ENOENT'],
    [{ 'customers.sql': undefined }, 'MR-PRE-001', 'customers.sql'],
    [{ 'customers.sql': 'SELEC 1' }, 'MR-PRE-002', 'customers.sql: '],
    [{ 'customers.sql': 'SELECT line_number, nme AS customer_id FROM raw' }, 'MR-PRE-002', '"nme" not found'],
    [{ 'customers.sql': 'SELECT line_number, id FROM raw' }, 'MR-PRE-002', 'it gives id, which is none of line_number'],
    [{ 'customers.sql': 'SELECT id AS customer_id FROM raw' }, 'MR-PRE-002', 'it does not give line_number'],
    [
      { 'customers.sql': 'SELECT line_number, id::DATE AS customer_id FROM raw' },
      'MR-PRE-002',
      'customers.sql: Conversion',
    ],
    [
      { 'customers.sql': 'SELECT line_number + 9 AS line_number, id AS customer_id FROM raw' },
      'MR-PRE-002',
      'those of no record',
    ],
    [{ 'prepare.sql': 'DROP TABLE nowhere' }, 'MR-PRE-002', 'prepare.sql: Catalog'],
    [
      { 'customers.sql': "SELECT line_number, id AS customer_id FROM raw WHERE name <> 'Bo'" },
      'MR-PRE-005',
      '1 records, the first on line 3 of file 2',
    ],
    [
      { 'customers.sql': 'SELECT NULL AS line_number, NULL AS customer_id WHERE false' },
      'MR-PRE-005',
      '3 records, the first on line 2 of file 1',
    ],
  ])('tells what is wrong with it: %o', async (changes, code, text) => {
    await expect(mapWithPreset(ownPreset(changes), writeFiles(people))).rejects.toMatchObject({
      code,
      message: expect.stringContaining(text),
    });
  });

  test('says why records have no row, and how many they are', async () => {
    const preset = ownPreset({
      'customers.sql': "SELECT line_number, id AS customer_id FROM raw WHERE name <> 'Bo'",
      'other_records.sql': "SELECT line_number, 'left' AS reason FROM raw WHERE name IN ('Bo', 'Ada')",
    });
    const { reading } = await mapWithPreset(preset, writeFiles(people));
    expect(reading.otherRecords).toEqual([{ reason: 'left', records: 1 }]);
  });

  test('needs its files: the folder, or of one kind also a file of any name', async () => {
    const own = loadPreset(ownPreset());
    const folder = writeFiles({ 'other.csv': 'id,name\n' });
    expect(() => locatePresetFiles(own, folder)).toThrow(expect.objectContaining({ code: 'MR-PRE-004', exitCode: 2 }));
    expect(locatePresetFiles(own, join(folder, 'other.csv'))).toMatchObject([{ path: join(folder, 'other.csv') }]);
    expect(() => locatePresetFiles(own, join(folder, 'no.csv'))).toThrow(
      expect.objectContaining({ code: 'MR-IN-001' }),
    );
    const several = loadPreset('olist');
    expect(() => locatePresetFiles(several, join(folder, 'other.csv'))).toThrow(
      expect.objectContaining({ code: 'MR-IN-009' }),
    );
  });

  test('gives its source the name of its folder', () => {
    expect(sourceNameOf('./exports/My Till.v2/')).toBe('my-till-v2');
    expect(sourceNameOf('shopify')).toBe('shopify');
    expect(sourceNameOf('./...')).toBe('csv');
  });
});
