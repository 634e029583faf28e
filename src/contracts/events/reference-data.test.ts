/** The judgement of the catalog and of profiles: each rule, and how each kind of value is read. */
import { expect, onTestFinished, test } from 'vitest';
import { makeFolder, smallLimits } from '../../../tests/setup/fixtures.ts';
import { type DuckDB, openDuckDB, type Row, sqlName, sqlText } from '../../stores/duckdb/duckdb.ts';
import {
  brokenReferenceRules,
  judgeReferenceStatement,
  type ReferenceName,
  referenceContracts,
  referenceNames,
} from './reference-data.ts';

type Received = Readonly<Record<string, string | null>>;

async function memory(): Promise<DuckDB> {
  const duckdb = await openDuckDB(':memory:', smallLimits(makeFolder()));
  onTestFinished(() => duckdb.close());
  return duckdb;
}

/** Judges one row that has these columns. */
async function judge(name: ReferenceName, row: Received): Promise<Row> {
  const duckdb = await memory();
  const columns = Object.entries(row).map(
    ([column, value]) => `${value === null ? 'NULL' : sqlText(value)}::VARCHAR AS ${sqlName(column)}`,
  );
  await duckdb.run(
    `CREATE TABLE received_rows AS SELECT 3::SMALLINT AS file_number, 7::BIGINT AS row_number, ${columns.join(', ')}`,
  );
  await duckdb.run(judgeReferenceStatement(referenceContracts[name], Object.keys(row)));
  const [judged] = await duckdb.rows(
    `SELECT * EXCLUDE broken, ${brokenReferenceRules(referenceContracts[name])} AS broken FROM judged_rows`,
  );
  return judged ?? {};
}

const clean: Readonly<Record<ReferenceName, Received>> = {
  catalog: {
    product_id: ' P1 ',
    product_name: 'Kettle',
    category: 'Home',
    subcategory: ' ',
    brand: null,
    price: '19.99995',
    cost: '0',
    rating: '4.567',
    review_count: '12.0',
    is_in_stock: 'true',
  },
  profiles: {
    user_id: 'U1',
    user_segment: 'browser',
    preferred_device: 'mobile',
    acquisition_source: 'email',
    country_code: ' uk ',
    city: 'Leeds',
    account_created_at: '2024-03-01 09:30:00',
    is_email_subscribed: 'false',
  },
};

test('reads each kind of value', async () => {
  expect(await judge('catalog', clean.catalog)).toEqual({
    file_number: 3,
    row_number: 7,
    product_id: 'P1',
    product_name: 'Kettle',
    category: 'Home',
    subcategory: null,
    brand: null,
    price: 20,
    cost: 0,
    rating: 4.57,
    review_count: 12,
    is_in_stock: true,
    broken: [],
  });
  expect(await judge('profiles', clean.profiles)).toMatchObject({
    country_code: 'GB',
    account_created_at: '2024-03-01 09:30:00+00',
    is_email_subscribed: false,
    broken: [],
  });
  const away = await judge('profiles', { user_id: 'U1', account_created_at: '2024-03-01T09:30:00+02:00' });
  expect(away).toMatchObject({ account_created_at: '2024-03-01 07:30:00+00', city: null, broken: [] });
  expect(await judge('profiles', { user_id: 'U1', account_created_at: '2024-03-01' })).toMatchObject({
    account_created_at: '2024-03-01 00:00:00+00',
  });
});

const long = 'x'.repeat(201);

/** For each rule the values of its column that break it and no other. */
const planted: Readonly<Record<string, readonly (string | null)[]>> = {
  'catalog.product_id.required': [null, '', '  '],
  'catalog.product_id.length': ['x'.repeat(65)],
  'catalog.product_name.length': [long],
  'catalog.category.length': [long],
  'catalog.subcategory.length': [long],
  'catalog.brand.length': [long],
  'catalog.price.typed': ['dear', 'nan', 'inf', '1_000', '1e20'],
  'catalog.price.in_range': ['100000000.01'],
  'catalog.price.positive': ['0', '-1', '0.00001'],
  'catalog.cost.typed': ['NaN'],
  'catalog.cost.in_range': ['1e9'],
  'catalog.cost.not_negative': ['-0.01'],
  'catalog.rating.typed': ['good', 'inf'],
  'catalog.rating.in_range': ['5.01', '-0.01', '1000000'],
  'catalog.review_count.typed': ['1.5', 'many', '1e30'],
  'catalog.review_count.not_negative': ['-1'],
  'catalog.is_in_stock.typed': ['perhaps', '2'],
  'profiles.user_id.required': [null],
  'profiles.user_id.length': ['é'.repeat(65)],
  'profiles.user_segment.length': [long],
  'profiles.preferred_device.length': [long],
  'profiles.acquisition_source.length': [long],
  'profiles.country_code.known': ['ZZ', 'GBR', 'ß', 'ıe'],
  'profiles.city.length': [long],
  'profiles.account_created_at.typed': ['yesterday', '2024-02-30', 'infinity', 'epoch', '2024-01-01 25:00:00'],
  'profiles.is_email_subscribed.typed': ['sometimes'],
};

test('plants rows for every rule', () => {
  expect(Object.keys(planted)).toEqual(
    referenceNames.flatMap((name) => referenceContracts[name].rules.map(({ id }) => id)),
  );
});

test.each(Object.entries(planted))('finds what breaks %s', async (id, values) => {
  const [name, column = ''] = id.split('.') as [ReferenceName, string];
  for (const value of values) {
    expect(await judge(name, { ...clean[name], [column]: value })).toMatchObject({ broken: [id] });
  }
});

test.each(referenceNames)('%s has the columns of the lake, whatever the file has', async (name) => {
  const { columns, key } = referenceContracts[name];
  const duckdb = await memory();
  await duckdb.run('CREATE TABLE received_rows (file_number SMALLINT, row_number BIGINT)');
  await duckdb.run(judgeReferenceStatement(referenceContracts[name], []));
  const described = await duckdb.rows<{ column_name: string; column_type: string }>('DESCRIBE judged_rows');
  expect(columns[0]?.name).toBe(key);
  expect(described.slice(2, -1).map(({ column_name, column_type }) => [column_name, column_type])).toEqual(
    columns.map(({ name: column, type }) => [column, type.replace('TIMESTAMPTZ', 'TIMESTAMP WITH TIME ZONE')]),
  );
});
