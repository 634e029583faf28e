/** The judgement of received rows: each rule, each kind of value, each local time, and every verdict of random batches. */
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeDatabase, makeFolder, makePostgres, smallLimits } from '../../tests/setup/fixtures.ts';
import { type DuckDB, openDuckDB, sqlText } from '../stores/duckdb/duckdb.ts';
import { openPostgres } from '../stores/postgres/postgres.ts';
import { brokenRules, judgeMacros, judgeStatement } from './judge.ts';
import {
  batchRules,
  parentsPredicate,
  parentsRulesOf,
  type Rule,
  references,
  rules,
  rulesOf,
  type Severity,
} from './rules.ts';
import { prepareStandards } from './standards.ts';
import { type TableName, tableContracts, tableNames } from './tables.ts';

/** A row as received; what is left out is empty. */
type Row = Readonly<Record<string, string>>;
type Batch = Readonly<Record<TableName, readonly Row[]>>;

interface Judged {
  readonly verdict: 'clean' | 'duplicate' | 'broken';
  readonly contested: boolean;
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

const asOf = '2024-06-01';

async function memory(timeZone = 'UTC'): Promise<DuckDB> {
  const duckdb = await openDuckDB(':memory:', smallLimits(makeFolder()));
  onTestFinished(() => duckdb.close());
  await duckdb.run(judgeMacros({ timeZone, asOf }));
  return duckdb;
}

const namesOf = (table: TableName): readonly string[] => tableContracts[table].columns.map(({ name }) => name);

const byTable = <T>(of: (table: TableName) => T): Readonly<Record<TableName, T>> =>
  Object.fromEntries(tableNames.map((table) => [table, of(table)])) as Record<TableName, T>;

/** The rows as those of a second file, each of which took two lines. */
async function receive(duckdb: DuckDB, table: TableName, rows: readonly Row[]): Promise<void> {
  const columns = namesOf(table);
  await duckdb.run(
    `CREATE OR REPLACE TABLE received_${table} (row_number INTEGER, file_number SMALLINT, line_number INTEGER,
     ${columns.map((name) => `${name} VARCHAR`).join(', ')}, other_columns VARCHAR)`,
  );
  const values = rows.map((row, index) => {
    const texts = columns.map((name) => (row[name] ? sqlText(row[name]) : 'NULL'));
    return `(${[index + 1, 1, index * 2 + 2, ...texts, 'NULL'].join(', ')})`;
  });
  if (values.length > 0) await duckdb.run(`INSERT INTO received_${table} VALUES ${values.join(', ')}`);
}

/** Judges a batch by the rules about single rows; gives each table's rows in their order. */
async function judge(
  duckdb: DuckDB,
  batch: Batch,
  by: readonly Rule[] = rules,
): Promise<Readonly<Record<TableName, readonly Judged[]>>> {
  const judged: Partial<Record<TableName, readonly Judged[]>> = {};
  for (const table of tableNames) await receive(duckdb, table, batch[table]);
  await prepareStandards(duckdb);
  for (const table of tableNames) {
    await duckdb.run(judgeStatement(table, by));
    judged[table] = await duckdb.rows<Judged>(
      `SELECT verdict, contested, ${brokenRules(by, table, 'error')} AS errors, ${brokenRules(by, table, 'warn')} AS warnings
       FROM judged_${table} ORDER BY row_number`,
    );
  }
  return judged as Record<TableName, readonly Judged[]>;
}

/** Joins the parents of `child` from relations of them, as rules about parents name them. */
const joinParents = (table: TableName, relationOf: (parent: TableName) => string): string =>
  references
    .filter((each) => each.table === table)
    .map(
      ({ parent, column, uses }) =>
        `LEFT JOIN (SELECT ${[`${tableContracts[parent].key} AS key`, ...uses].join(', ')} FROM ${relationOf(parent)})
         AS parent_${parent} ON parent_${parent}.key = child.${column}`,
    )
    .join(' ');

/** The rules about parents that rows of a judged batch break, with the batch's clean rows as the parents: row -> ids. */
async function brokenBesideParents(
  duckdb: DuckDB,
  table: TableName,
  timeZone = 'UTC',
): Promise<ReadonlyMap<number, readonly string[]>> {
  const joins = joinParents(table, (parent) => `judged_${parent} WHERE verdict = 'clean'`);
  const broken = new Map<number, readonly string[]>();
  for (const rule of [...parentsRulesOf(rules, table, 'error'), ...parentsRulesOf(rules, table, 'warn')]) {
    const failing = await duckdb.rows<{ place: number }>(
      `SELECT row_number AS place FROM judged_${table} AS child ${joins} WHERE ${parentsPredicate(rule, timeZone)}`,
    );
    for (const { place } of failing) broken.set(place, [...(broken.get(place) ?? []), rule.id]);
  }
  return broken;
}

/** A row without fault of each table, under its own key; they refer to each other. */
const clean: Readonly<Record<TableName, Row>> = {
  customers: { customer_id: 'C', first_name: 'Ada', email: 'ada@example.com', registration_date: '2024-01-02' },
  products: {
    product_id: 'P',
    product_name: 'Kettle',
    category: 'Home',
    price: '20.00',
    cost: '12.50',
    stock_quantity: '3',
    metadata: '{"colour": "red"}',
  },
  transactions: {
    transaction_id: 'T',
    customer_id: 'C',
    transaction_date: '2024-03-01',
    transaction_time: '09:30',
    payment_method: 'Credit Card',
    total_amount: '40.00',
    transaction_type: 'sale',
    status: 'completed',
    updated_at: '2024-03-01T10:00:00Z',
  },
  transaction_items: {
    item_id: 'I',
    transaction_id: 'T',
    product_id: 'P',
    quantity: '2',
    unit_price: '20.00',
    discount_percentage: '0',
    line_total: '40.00',
  },
};

const tooLong = 'x'.repeat(65);

/** JSON with so many levels of brackets, objects and lists in turn. */
function nested(levels: number): string {
  const opening = Array.from({ length: levels }, (_, level) => (level % 2 ? '{"a":' : '['));
  const closing = opening.map((bracket) => (bracket === '[' ? ']' : '}')).reverse();
  return `${opening.join('')}${levels % 2 ? '' : '0'}${closing.join('')}`;
}

/** For each rule rows that differ from a clean one so that they break it and no other. */
const planted: Readonly<Record<string, readonly Row[]>> = {
  'customers.customer_id.required': [{ customer_id: '' }, { customer_id: '  ' }],
  'customers.customer_id.typed': [{ customer_id: tooLong }],
  'customers.registration_date.typed': [{ registration_date: '2024-02-30' }, { registration_date: 'yesterday' }],
  'customers.email.syntax': [{ email: 'ada' }, { email: 'ada@example' }, { email: 'a b@example.com' }],
  'products.product_id.required': [{ product_id: '' }],
  'products.product_name.required': [{ product_name: ' ' }],
  'products.category.required': [{ category: '' }],
  'products.price.required': [{ price: '' }],
  'products.product_id.typed': [{ product_id: tooLong }],
  'products.price.typed': [{ price: 'NaN' }, { price: 'Infinity' }, { price: '1,000.00' }, { price: '1_000' }],
  'products.cost.typed': [{ cost: '£5' }],
  'products.stock_quantity.typed': [{ stock_quantity: '1.5' }, { stock_quantity: '9223372036854775808' }],
  'products.metadata.typed': [
    { metadata: '{"colour": }' },
    { metadata: 'NaN' },
    { metadata: '{"zero": "\\u0000"}' },
    { metadata: '{"size": 1e200000}' },
    { metadata: `{"size": ${'1'.repeat(140_000)}}` },
    { metadata: '{"half": "\\ud83d"}' },
    { metadata: nested(101) },
    { metadata: nested(200_000) },
    { metadata: `[${'{"sibling": []},'.repeat(1000)}${nested(100)}]` },
  ],
  'products.price.positive': [
    { price: '0', cost: '' },
    { price: '-1', cost: '' },
  ],
  'products.price.in_range': [{ price: '100000000.01' }],
  'products.cost.in_range': [{ cost: '100000000.01', price: '100000000' }],
  'products.cost.not_negative': [{ cost: '-0.01' }],
  'products.stock_quantity.not_negative': [{ stock_quantity: '-1' }],
  'products.price.covers_cost': [{ cost: '20.01' }],
  'transactions.transaction_id.required': [{ transaction_id: '' }],
  'transactions.transaction_date.required': [{ transaction_date: '' }],
  'transactions.transaction_id.typed': [{ transaction_id: tooLong }],
  'transactions.customer_id.typed': [{ customer_id: tooLong }],
  'transactions.transaction_date.typed': [{ transaction_date: '01/03/2024' }, { transaction_date: '2023-02-29' }],
  'transactions.transaction_time.typed': [{ transaction_time: '25:00' }],
  'transactions.total_amount.typed': [{ total_amount: 'forty' }],
  'transactions.transaction_type.typed': [{ transaction_type: 'exchange' }],
  'transactions.status.typed': [{ status: 'lost' }],
  'transactions.updated_at.typed': [{ updated_at: 'later' }, { updated_at: 'infinity' }],
  'transactions.customer_id.referential': [{ customer_id: 'C of elsewhere' }],
  'transactions.transaction_date.after_registration': [{ transaction_date: '2024-01-01', transaction_time: '23:59' }],
  'transactions.payment_method.known': [{ payment_method: 'Barter' }],
  'transactions.transaction_date.in_range': [{ transaction_date: '1999-12-31' }, { transaction_date: '2024-06-02' }],
  'transaction_items.item_id.required': [{ item_id: '' }],
  'transaction_items.transaction_id.required': [{ transaction_id: '' }],
  'transaction_items.product_id.required': [{ product_id: '' }],
  'transaction_items.quantity.required': [{ quantity: '' }],
  'transaction_items.unit_price.required': [{ unit_price: '' }],
  'transaction_items.item_id.typed': [{ item_id: tooLong }],
  'transaction_items.transaction_id.typed': [{ transaction_id: tooLong }],
  'transaction_items.product_id.typed': [{ product_id: tooLong }],
  'transaction_items.quantity.typed': [
    { quantity: '2.5' },
    { quantity: 'two' },
    { quantity: '1_0' },
    { quantity: '- 2' },
  ],
  'transaction_items.unit_price.typed': [{ unit_price: '-inf' }],
  'transaction_items.discount_percentage.typed': [{ discount_percentage: '10%' }],
  'transaction_items.line_total.typed': [{ line_total: 'forty' }],
  'transaction_items.transaction_id.referential': [{ transaction_id: 'T of elsewhere' }],
  'transaction_items.product_id.referential': [{ product_id: 'P of elsewhere' }],
  'transaction_items.quantity.sign': [{ quantity: '-2', line_total: '-40.00' }, { transaction_id: 'R' }],
  'transaction_items.quantity.not_zero': [{ quantity: '0', line_total: '0' }],
  'transaction_items.quantity.in_range': [
    { quantity: '10000001', line_total: '200000020.00' },
    { quantity: '4006381333931000', line_total: '0' },
    { transaction_id: 'R', quantity: '-10000001', line_total: '-200000020.00' },
  ],
  'transaction_items.unit_price.in_range': [{ unit_price: '100000000.01', line_total: '200000000.02' }],
  'transaction_items.unit_price.not_negative': [{ unit_price: '-20.00', line_total: '-40.00' }],
  'transaction_items.discount_percentage.in_range': [
    { discount_percentage: '100.01', line_total: '0.00' },
    { discount_percentage: '-50', line_total: '60' },
  ],
  'transaction_items.line_total.is_the_product': [{ line_total: '40.02' }, { discount_percentage: '10' }],
};

/** Rules that a row cannot break without breaking another one. */
const alsoBroken: Readonly<Record<string, string>> = {
  'products.cost.in_range': 'products.price.covers_cost',
};

/** Rows beside the planted ones that look odd and break nothing. */
const harmless: Readonly<Partial<Record<TableName, readonly Row[]>>> = {
  customers: [{ email: ' ADA@Example.COM ' }, { email: '' }, { registration_date: '' }],
  products: [
    { price: ' 1e2 ', cost: '.5' },
    { price: '100000000', cost: '100000000' },
    { cost: '', metadata: '' },
    { metadata: '{"a": [1, null], "b": "1e9999, NaN"}' },
    { metadata: nested(100) },
    { metadata: `[${'{"sibling": []},'.repeat(1000)}${nested(99)}]` },
    { metadata: `{"quoted": "${'['.repeat(1000)}", "escaped": "\\"[["}` },
  ],
  transactions: [
    { transaction_id: 'R', transaction_type: 'Return' },
    { customer_id: '', transaction_time: '', status: 'COMPLETED', transaction_type: '' },
    { customer_id: '', transaction_date: '2000-01-01' },
    { transaction_date: '2024-01-02', transaction_time: '00:00' },
    { transaction_date: asOf },
    { payment_method: 'cash_on delivery' },
    { payment_method: '' },
    { updated_at: '2024-03-01 10:00:00' },
    { updated_at: '2024-03-01T10:00:00+05:30' },
  ],
  transaction_items: [
    { transaction_id: 'R', quantity: '-2', line_total: '-40.00' },
    { discount_percentage: '', line_total: '' },
    { line_total: '40.01' },
    { discount_percentage: '33.3333', line_total: '26.67' },
    { unit_price: '0', line_total: '0' },
    { quantity: '10000000', unit_price: '100000000', line_total: '' },
    { quantity: '2.0' },
    { quantity: ' +2e0 ' },
    { quantity: '02' },
  ],
};

/** What a batch of the rows would be with other rows for some tables. */
const batchOf = (changed: Partial<Batch>): Batch => byTable((table) => changed[table] ?? [clean[table]]);

/** For each rule about the batch: a batch, and which rows of the rule's table break it. */
const plantedBatches: Readonly<Record<string, { readonly batch: Batch; readonly failing: readonly number[] }>> = {
  'customers.email.shared': {
    batch: batchOf({
      customers: [
        { customer_id: 'C', email: 'ada@example.com' },
        { customer_id: 'D', email: ' ADA@example.com' },
        { customer_id: 'E', email: 'eve@example.com' },
        { customer_id: 'E', email: 'eve@example.com', city: 'Kent' },
        { customer_id: 'C', email: 'ada@example.com' },
        { customer_id: 'F', email: '' },
        { customer_id: 'G', email: '' },
      ],
    }),
    failing: [1, 2],
  },
  'transactions.total_amount.is_the_sum': {
    batch: batchOf({
      transactions: [
        { ...clean.transactions, transaction_id: 'exact', total_amount: '60.00' },
        { ...clean.transactions, transaction_id: 'near', total_amount: '40.01' },
        { ...clean.transactions, transaction_id: 'far', total_amount: '40.02' },
        { ...clean.transactions, transaction_id: 'unsaid', total_amount: '' },
        { ...clean.transactions, transaction_id: 'bare', total_amount: '99.00' },
        { ...clean.transactions, transaction_id: 'broken', total_amount: '99.00' },
        { ...clean.transactions, transaction_id: 'rivals', total_amount: '40.00' },
      ],
      transaction_items: [
        { ...clean.transaction_items, item_id: '1', transaction_id: 'exact' },
        { ...clean.transaction_items, item_id: '2', transaction_id: 'exact', quantity: '1', line_total: '20.00' },
        { ...clean.transaction_items, item_id: '3', transaction_id: 'near' },
        { ...clean.transaction_items, item_id: '4', transaction_id: 'far' },
        { ...clean.transaction_items, item_id: '5', transaction_id: 'unsaid' },
        { ...clean.transaction_items, item_id: '6', transaction_id: 'broken', quantity: '' },
        { ...clean.transaction_items, item_id: '7', transaction_id: 'rivals' },
        { ...clean.transaction_items, item_id: '7', transaction_id: 'rivals', line_total: '' },
      ],
    }),
    failing: [3],
  },
  'transactions.transaction_id.has_items': {
    batch: batchOf({
      transactions: [
        clean.transactions,
        { ...clean.transactions, transaction_id: 'bare' },
        { ...clean.transactions, transaction_id: 'broken' },
        { ...clean.transactions, transaction_id: '' },
      ],
      transaction_items: [
        clean.transaction_items,
        { ...clean.transaction_items, item_id: 'J', transaction_id: 'broken', quantity: '' },
      ],
    }),
    failing: [2],
  },
};

const idsOf = (scopes: readonly Rule['scope'][]): readonly string[] =>
  rules
    .filter(({ scope }) => scopes.includes(scope))
    .map(({ id }) => id)
    .sort();

describe('the rules', () => {
  test('are each broken by the rows planted for it, and no other row is caught', async () => {
    expect(Object.keys(planted).sort()).toEqual(idsOf(['row', 'parents']));
    const odd = byTable((table) => [
      ...rules
        .filter((rule) => rule.table === table)
        .flatMap(({ id }) => (planted[id] ?? []).map((row) => [id, row] as const)),
      ...(harmless[table] ?? []).map((row) => ['', row] as const),
    ]);
    const batch = byTable((table) => [
      clean[table],
      ...odd[table].map(([, row], index) => ({
        ...clean[table],
        [tableContracts[table].key]: `${table} ${index}`,
        ...row,
      })),
    ]);
    const duckdb = await memory();
    const judged = await judge(duckdb, batch);
    const about = new Map(rules.map((rule) => [rule.id, rule]));
    for (const table of tableNames) {
      const expected = ['', ...odd[table].map(([id]) => id)];
      const besideParents = await brokenBesideParents(duckdb, table);
      const broken = judged[table].map(({ verdict, errors, warnings }, index) =>
        [...errors, ...warnings, ...(verdict === 'clean' ? (besideParents.get(index + 1) ?? []) : [])].join(' + '),
      );
      expect(broken).toEqual(expected.map((id) => (alsoBroken[id] ? `${id} + ${alsoBroken[id]}` : id)));
      expect(judged[table].map(({ verdict }) => verdict)).toEqual(
        expected.map((id) => {
          const rule = about.get(id);
          return rule?.scope === 'row' && rule.severity === 'error' ? 'broken' : 'clean';
        }),
      );
    }
  });

  test('about parents judge the local day of an instant', async () => {
    const duckdb = await memory('Asia/Tokyo');
    await judge(
      duckdb,
      batchOf({
        customers: [{ ...clean.customers, registration_date: '2024-03-02' }],
        transactions: ['2024-03-01', '2024-03-02'].map((day) => ({
          ...clean.transactions,
          transaction_id: day,
          transaction_date: day,
          transaction_time: '00:30',
        })),
      }),
    );
    const broken = await brokenBesideParents(duckdb, 'transactions', 'Asia/Tokyo');
    expect([...broken]).toEqual([[1, ['transactions.transaction_date.after_registration']]]);
  });

  test('about parents are said in words that PostgreSQL has, over what it stores', async () => {
    const postgres = await makePostgres();
    for (const rule of rules.filter((each) => each.scope === 'parents')) {
      const { table } = rule;
      const joins = joinParents(table, (parent) => `production.${parent}`);
      await postgres.run(
        `SELECT FROM production.${table} AS child ${joins} WHERE ${parentsPredicate(rule, 'Europe/Paris')}`,
      );
    }
  });

  test.each(batchRules.map((rule) => [rule.id, rule] as const))('about the batch: %s', async (id, rule) => {
    expect(Object.keys(plantedBatches).sort()).toEqual(idsOf(['batch']));
    const { batch, failing } = plantedBatches[id] ?? { batch: batchOf({}), failing: [] };
    const duckdb = await memory();
    await judge(duckdb, batch);
    const rows = await duckdb.rows<{ row_number: number }>(`${rule.failing} ORDER BY 1`);
    expect(rows.map(({ row_number }) => row_number)).toEqual(failing);
    await judge(duckdb, batchOf({}));
    expect(await duckdb.rows(rule.failing)).toEqual([]);
  });

  test('quarantine, warn or keep silent as they are given', async () => {
    const duckdb = await memory();
    const as = (severity: Severity | 'off'): readonly Rule[] =>
      rules.flatMap((rule): readonly Rule[] =>
        rule.scope !== 'row' || rule.id !== 'products.price.covers_cost'
          ? [rule]
          : severity === 'off'
            ? []
            : [{ ...rule, severity }],
      );
    const batch = batchOf({ products: [{ ...clean.products, cost: '20.01' }] });
    const id = 'products.price.covers_cost';
    const given = { contested: false, errors: [], warnings: [] };
    expect((await judge(duckdb, batch, as('error'))).products).toEqual([{ ...given, verdict: 'broken', errors: [id] }]);
    expect((await judge(duckdb, batch, as('warn'))).products).toEqual([{ ...given, verdict: 'clean', warnings: [id] }]);
    expect((await judge(duckdb, batch, as('off'))).products).toEqual([{ ...given, verdict: 'clean' }]);
    expect((await judge(duckdb, batch, [])).products).toEqual([{ ...given, verdict: 'clean' }]);
  });

  test('have identifiers and bits of their own', () => {
    expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
    for (const table of tableNames)
      expect(rules.filter((rule) => rule.table === table && rule.scope === 'row').length).toBeLessThan(64);
    expect(rulesOf(rules, 'customers', 'warn').map(({ id }) => id)).toEqual(['customers.email.syntax']);
    expect(references.every(({ table, parent }) => tableNames.indexOf(parent) < tableNames.indexOf(table))).toBe(true);
  });
});

describe('a judged row', () => {
  test('has the places of its record', async () => {
    const duckdb = await memory();
    await judge(duckdb, batchOf({ products: [clean.products, { ...clean.products, price: '1' }] }));
    expect(await duckdb.rows('SELECT row_number, file_number, line_number FROM judged_products ORDER BY ALL')).toEqual([
      { row_number: 1, file_number: 1, line_number: 2 },
      { row_number: 2, file_number: 1, line_number: 4 },
    ]);
  });
});

describe('what is stored', () => {
  test('is the value that the text means', async () => {
    const duckdb = await memory();
    await judge(duckdb, {
      customers: [
        { ...clean.customers, email: ' Ada@Example.COM ', phone: ' +44 (20) 7946-0000 ' },
        { customer_id: 'D', email: 'none', phone: 'n/a' },
      ],
      products: [{ ...clean.products, product_id: ' P ', price: ' 1e2 ', metadata: '{"a": 1,}' }],
      transactions: [
        {
          ...clean.transactions,
          payment_method: 'cash_on delivery',
          status: '',
          transaction_type: '',
          transaction_time: '',
        },
        { ...clean.transactions, transaction_id: 'U', payment_method: 'Barter' },
      ],
      transaction_items: [
        { ...clean.transaction_items, quantity: '3', unit_price: '0.335', discount_percentage: '', line_total: '' },
      ],
    });
    expect(await duckdb.rows('SELECT email, phone FROM judged_customers ORDER BY row_number')).toEqual([
      { email: 'ada@example.com', phone: '+442079460000' },
      { email: null, phone: null },
    ]);
    expect(await duckdb.rows('SELECT product_id, price, metadata FROM judged_products')).toEqual([
      { product_id: 'P', price: 100, metadata: '{"a":1}' },
    ]);
    expect(
      await duckdb.rows(
        'SELECT payment_method, status, transaction_type, transaction_at FROM judged_transactions ORDER BY row_number',
      ),
    ).toEqual([
      {
        payment_method: 'Cash on Delivery',
        status: 'completed',
        transaction_type: 'sale',
        transaction_at: '2024-03-01 00:00:00+00',
      },
      {
        payment_method: 'Other',
        status: 'completed',
        transaction_type: 'sale',
        transaction_at: '2024-03-01 09:30:00+00',
      },
    ]);
    // 3 x 0.335 = 1.005, half away from zero
    expect(await duckdb.rows('SELECT discount_percentage, line_total FROM judged_transaction_items')).toEqual([
      { discount_percentage: 0, line_total: 1.01 },
    ]);
  });
});

describe('what is kept of JSON', () => {
  test('is what PostgreSQL takes', async () => {
    const duckdb = await memory();
    const texts = [...(planted['products.metadata.typed'] ?? []), ...(harmless.products ?? [])];
    await judge(
      duckdb,
      batchOf({ products: texts.map((row, index) => ({ ...clean.products, ...row, product_id: `P${index}` })) }),
    );
    const kept = await duckdb.rows<{ metadata: string }>(
      'SELECT metadata FROM judged_products WHERE metadata IS NOT NULL',
    );
    expect(kept.length).toBe((harmless.products ?? []).filter(({ metadata }) => metadata !== '').length);
    const postgres = await openPostgres(await makeDatabase());
    onTestFinished(() => postgres.close());
    for (const { metadata } of kept) await postgres.run('SELECT $1::jsonb', [metadata]);
  });
});

describe('a local time', () => {
  test.each([
    ['UTC', '2024-03-31 01:30:00', '2024-03-31 01:30:00+00', 'as it is'],
    ['Europe/London', '2024-01-15 12:00:00', '2024-01-15 12:00:00+00', 'winter'],
    ['Europe/London', '2024-07-15 12:00:00', '2024-07-15 11:00:00+00', 'summer'],
    ['Europe/London', '2024-03-31 00:59:59', '2024-03-31 00:59:59+00', 'the second before the gap'],
    ['Europe/London', '2024-03-31 01:30:00', '2024-03-31 01:30:00+00', 'in the gap: forward'],
    ['Europe/London', '2024-03-31 02:00:00', '2024-03-31 01:00:00+00', 'after the gap'],
    ['Europe/London', '2024-10-27 00:59:59', '2024-10-26 23:59:59+00', 'before what comes twice'],
    ['Europe/London', '2024-10-27 01:30:00', '2024-10-27 00:30:00+00', 'ambiguous: the first'],
    ['Europe/London', '2024-10-27 02:00:00', '2024-10-27 02:00:00+00', 'after what came twice'],
    ['America/New_York', '2024-03-10 02:30:00', '2024-03-10 07:30:00+00', 'in the gap: forward'],
    ['America/New_York', '2024-11-03 01:30:00', '2024-11-03 05:30:00+00', 'ambiguous: the first'],
    ['America/New_York', '2024-11-03 02:00:00', '2024-11-03 07:00:00+00', 'after what came twice'],
    ['Australia/Lord_Howe', '2024-04-07 01:45:00', '2024-04-06 14:45:00+00', 'ambiguous by half an hour: the first'],
    ['Australia/Lord_Howe', '2024-04-07 02:00:00', '2024-04-06 15:30:00+00', 'after what came twice'],
    ['Australia/Lord_Howe', '2024-10-06 02:15:00', '2024-10-05 15:45:00+00', 'in a gap of half an hour: forward'],
    ['Asia/Magadan', '2014-10-26 01:30:00', '2014-10-25 13:30:00+00', 'ambiguous by two hours: the first'],
  ])('in %s %s is %s (%s)', async (zone, local, instant) => {
    const duckdb = await memory(zone);
    expect(await duckdb.rows(`SELECT local_to_utc(TIMESTAMP '${local}') AS instant`)).toEqual([{ instant }]);
  });
});

/** A text beside what it means to the rules: whether it breaks one of severity error. */
interface Field {
  readonly text: string;
  readonly broken: boolean;
}

const good = (...texts: string[]): readonly Field[] => texts.map((text) => ({ text, broken: false }));
const bad = (...texts: string[]): readonly Field[] => texts.map((text) => ({ text, broken: true }));

/** Some fields of each table with texts of which most are good; keys are few, so that they meet. */
const fields: Readonly<Record<TableName, Readonly<Record<string, readonly Field[]>>>> = {
  customers: {
    customer_id: [...good('C1', 'C2', ' C2', 'C3', 'C4'), ...bad('', tooLong)],
    first_name: good('Ada', 'Bo', ''),
    email: good('a@b.example', 'nonsense'),
    registration_date: [...good('2024-01-02', '2024-01-02', ''), ...bad('2024-13-01')],
  },
  products: {
    product_id: [...good('P1', 'P2', 'P3', 'P3 '), ...bad('')],
    product_name: [...good('Kettle', 'Lamp', 'Lamp'), ...bad('')],
    category: good('Home'),
    price: [...good('5', '5.00', '6'), ...bad('0', 'abc')],
    cost: [...good('', '1', '7'), ...bad('-1')],
  },
  transactions: {
    transaction_id: [...good('S1', 'S2', 'S3', 'R1', 'R2'), ...bad('')],
    customer_id: good('', 'C1', 'C2', 'C3', 'C4'),
    transaction_date: [...good('2024-03-01', '2024-03-01', '2024-03-02'), ...bad('2024-06-02', '')],
    updated_at: [...good('', '2024-03-02T10:00:00Z', '2024-03-03T10:00:00Z'), ...bad('later')],
    payment_method: good('UPI', 'Barter'),
  },
  transaction_items: {
    item_id: [...good('I1', 'I2', 'I3', 'I4', 'I5', 'I6'), ...bad('')],
    transaction_id: [...good('S1', 'S2', 'R1', 'S9'), ...bad('')],
    product_id: good('P1', 'P2', 'P9'),
    quantity: [...good('2'), ...bad('0', '1.5')],
    unit_price: [...good('5'), ...bad('-5')],
    line_total: good(''),
  },
};

interface GeneratedRow {
  readonly row: Row;
  readonly broken: boolean;
}

const rowOf = (table: TableName): fc.Arbitrary<GeneratedRow> =>
  fc
    .record(Object.fromEntries(Object.entries(fields[table]).map(([name, texts]) => [name, fc.constantFrom(...texts)])))
    .map((row) => ({
      row: Object.fromEntries(Object.entries(row).map(([name, { text }]) => [name, text])),
      broken: Object.values(row).some((field) => field.broken),
    }));

/** Rows of which some are exact copies of others, in any order. */
const rowsOf = (table: TableName): fc.Arbitrary<readonly GeneratedRow[]> =>
  fc
    .tuple(fc.array(rowOf(table), { maxLength: 14 }), fc.array(fc.nat(), { maxLength: 4 }))
    .map(([rows, copies]) => [...rows, ...copies.flatMap((place) => rows[place % Math.max(rows.length, 1)] ?? [])])
    .chain((rows) => fc.shuffledSubarray(rows, { minLength: rows.length }));

const batches = fc.record({
  customers: rowsOf('customers'),
  products: rowsOf('products'),
  transactions: rowsOf('transactions'),
  transaction_items: rowsOf('transaction_items'),
});
type GeneratedBatch = Readonly<Record<TableName, readonly GeneratedRow[]>>;

const contentOf = (table: TableName, row: Row): string => JSON.stringify(namesOf(table).map((name) => row[name] ?? ''));
const keyOf = (table: TableName, row: Row): string => (row[tableContracts[table].key] ?? '').trim();

/** What the data model says of each row by itself and among the rows of its batch. */
function oracle(table: TableName, rows: readonly GeneratedRow[]): readonly Pick<Judged, 'verdict' | 'contested'>[] {
  const contents = rows.map(({ row }) => contentOf(table, row));
  const verdicts = rows.map(({ broken }, index) => {
    if (contents.indexOf(contents[index] ?? '') < index) return 'duplicate';
    return broken ? 'broken' : 'clean';
  });
  const cleanKeys = rows.flatMap(({ row }, index) => (verdicts[index] === 'clean' ? keyOf(table, row) : []));
  return rows.map(({ row }, index) => {
    const verdict = verdicts[index] ?? 'broken';
    const rivals = cleanKeys.filter((key) => key === keyOf(table, row)).length;
    return { verdict, contested: verdict === 'clean' && rivals > 1 };
  });
}

const rowsIn = (batch: GeneratedBatch): Batch => byTable((table) => batch[table].map(({ row }) => row));

const reversed = (batch: Batch): Batch => byTable((table) => [...batch[table]].reverse());

const cleanContents = async (duckdb: DuckDB, batch: Batch): Promise<readonly string[]> => {
  const judged = await judge(duckdb, batch);
  return tableNames
    .flatMap((table) =>
      judged[table].flatMap(({ verdict, contested }, index) =>
        verdict === 'clean' ? `${table} ${contested} ${contentOf(table, batch[table][index] ?? {})}` : [],
      ),
    )
    .sort();
};

describe('of a random batch', () => {
  test('every row gets the verdict that the data model gives it', async () => {
    const duckdb = await memory();
    await fc.assert(
      fc.asyncProperty(batches, async (batch) => {
        const judged = await judge(duckdb, rowsIn(batch));
        for (const table of tableNames) {
          expect(judged[table].map(({ verdict, contested }) => ({ verdict, contested }))).toEqual(
            oracle(table, batch[table]),
          );
          for (const { verdict, errors } of judged[table])
            if (verdict !== 'duplicate') expect(errors.length > 0).toBe(verdict === 'broken');
        }
      }),
      { numRuns: 60 },
    );
  });

  test('the same contents are clean in whatever order the rows come', async () => {
    const duckdb = await memory();
    await fc.assert(
      fc.asyncProperty(batches, async (generated) => {
        const batch = rowsIn(generated);
        expect(await cleanContents(duckdb, reversed(batch))).toEqual(await cleanContents(duckdb, batch));
      }),
      { numRuns: 25 },
    );
  });
});
