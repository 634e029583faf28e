/** The judgement of received rows: each rule, each kind of value, each local time, and every verdict of random batches. */
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeFolder, smallLimits } from '../../tests/setup/fixtures.ts';
import { type DuckDB, openDuckDB, sqlText } from '../stores/duckdb/duckdb.ts';
import { brokenRules, judgeMacros, judgeStatement, parentColumns } from './judge.ts';
import { references, rules } from './rules.ts';
import { type TableName, tableContracts, tableNames } from './tables.ts';

/** A row as received; what is left out is empty. */
type Row = Readonly<Record<string, string>>;
type Batch = Readonly<Record<TableName, readonly Row[]>>;

interface Judged {
  readonly line_number: number;
  readonly verdict: 'loaded' | 'duplicate' | 'superseded' | 'quarantined';
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

async function receive(duckdb: DuckDB, table: TableName, rows: readonly Row[]): Promise<void> {
  const columns = namesOf(table);
  await duckdb.run(
    `CREATE OR REPLACE TABLE received_${table} (line_number INTEGER, ${columns.map((name) => `${name} VARCHAR`).join(', ')}, other_columns VARCHAR)`,
  );
  const values = rows.map(
    (row, index) =>
      `(${[String(index + 2), ...columns.map((name) => (row[name] ? sqlText(row[name]) : 'NULL')), 'NULL'].join(', ')})`,
  );
  if (values.length > 0) await duckdb.run(`INSERT INTO received_${table} VALUES ${values.join(', ')}`);
}

/** Judges a batch that finds no parents but its own; gives each table's rows in the order of their lines. */
async function judge(duckdb: DuckDB, batch: Batch): Promise<Readonly<Record<TableName, readonly Judged[]>>> {
  const judged: Partial<Record<TableName, readonly Judged[]>> = {};
  for (const table of tableNames) {
    await receive(duckdb, table, batch[table]);
    await duckdb.run(judgeStatement(table));
    await duckdb.run(
      `CREATE OR REPLACE TABLE parents_${table} AS
       SELECT ${parentColumns(table).join(', ')} FROM judged_${table} WHERE verdict = 'loaded'`,
    );
    judged[table] = await duckdb.rows<Judged>(
      `SELECT line_number, verdict, ${brokenRules(table)} AS errors, ${brokenRules(table, 'broken_warnings')} AS warnings
       FROM judged_${table} ORDER BY line_number`,
    );
  }
  return judged as Record<TableName, readonly Judged[]>;
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
  ],
  'products.price.positive': [
    { price: '0', cost: '' },
    { price: '-1', cost: '' },
  ],
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
  'transaction_items.quantity.typed': [{ quantity: '2.5' }, { quantity: 'two' }],
  'transaction_items.unit_price.typed': [{ unit_price: '-inf' }],
  'transaction_items.discount_percentage.typed': [{ discount_percentage: '10%' }],
  'transaction_items.line_total.typed': [{ line_total: 'forty' }],
  'transaction_items.transaction_id.referential': [{ transaction_id: 'T of elsewhere' }],
  'transaction_items.product_id.referential': [{ product_id: 'P of elsewhere' }],
  'transaction_items.quantity.sign': [
    { quantity: '-2', line_total: '-40.00' },
    { quantity: '0', line_total: '0' },
    { transaction_id: 'R' },
  ],
  'transaction_items.unit_price.not_negative': [{ unit_price: '-20.00', line_total: '-40.00' }],
  'transaction_items.discount_percentage.in_range': [
    { discount_percentage: '100.01', line_total: '0.00' },
    { discount_percentage: '-50', line_total: '60' },
  ],
  'transaction_items.line_total.is_the_product': [
    { line_total: '40.02' },
    { discount_percentage: '10' },
    { quantity: '4006381333931000', unit_price: '99999999999999', line_total: '' },
  ],
};

/** Rows beside the planted ones that look odd and break nothing. */
const harmless: Readonly<Partial<Record<TableName, readonly Row[]>>> = {
  customers: [{ email: ' ADA@Example.COM ' }, { email: '' }, { registration_date: '' }],
  products: [
    { price: ' 1e2 ', cost: '.5' },
    { cost: '', metadata: '' },
    { metadata: '{"a": [1, null], "b": "1e9999, NaN"}' },
  ],
  transactions: [
    { transaction_id: 'R', transaction_type: 'Return' },
    { customer_id: '', transaction_time: '', status: 'COMPLETED', transaction_type: '' },
    { transaction_date: '2000-01-01' },
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
    { quantity: '2.0' },
  ],
};

describe('the rules', () => {
  test('are each broken by the rows planted for it, which break no other; no other row is caught', async () => {
    expect(Object.keys(planted).sort()).toEqual(rules.map(({ id }) => id).sort());
    const expected: Record<TableName, string[]> = {
      customers: [],
      products: [],
      transactions: [],
      transaction_items: [],
    };
    const batch = Object.fromEntries(
      tableNames.map((table) => {
        const { key } = tableContracts[table];
        const odd = [
          ...rules
            .filter((rule) => rule.table === table)
            .flatMap(({ id }) => (planted[id] ?? []).map((row) => [id, row] as const)),
          ...(harmless[table] ?? []).map((row) => ['', row] as const),
        ];
        expected[table] = ['', ...odd.map(([id]) => id)];
        const rows = odd.map(([, row], index) => ({ ...clean[table], [key]: `${table} ${index}`, ...row }));
        return [table, [clean[table], ...rows]];
      }),
    ) as unknown as Batch;
    const judged = await judge(await memory(), batch);
    for (const table of tableNames) {
      const severities = new Map(rules.map(({ id, severity }) => [id, severity]));
      expect(judged[table].map(({ errors, warnings }) => [...errors, ...warnings].join(' + '))).toEqual(
        expected[table],
      );
      expect(judged[table].map(({ verdict }) => verdict)).toEqual(
        expected[table].map((id) => (severities.get(id) === 'error' ? 'quarantined' : 'loaded')),
      );
    }
  });

  test('have identifiers and bits of their own', () => {
    expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
    for (const table of tableNames) expect(rules.filter((rule) => rule.table === table).length).toBeLessThan(64);
    expect(references.every(({ table, parent }) => tableNames.indexOf(parent) < tableNames.indexOf(table))).toBe(true);
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
    expect(await duckdb.rows('SELECT email, phone FROM judged_customers ORDER BY line_number')).toEqual([
      { email: 'ada@example.com', phone: '+442079460000' },
      { email: null, phone: null },
    ]);
    expect(await duckdb.rows('SELECT product_id, price, metadata FROM judged_products')).toEqual([
      { product_id: 'P', price: 100, metadata: '{"a":1}' },
    ]);
    expect(
      await duckdb.rows(
        'SELECT payment_method, status, transaction_type, transaction_at FROM judged_transactions ORDER BY line_number',
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
    transaction_id: [...good('S1', 'S2', 'S3', 'R1', 'R2'), ...bad('', 'S9')],
    product_id: [...good('P1', 'P2', 'P3'), ...bad('P9')],
    quantity: [...good('2'), ...bad('0', '1.5')],
    unit_price: [...good('5'), ...bad('-5')],
    line_total: good(''),
  },
};

interface GeneratedRow {
  readonly row: Row;
  readonly broken: boolean;
}

/** What a transaction is follows from its id, so that it does not matter to items which of its contents wins. */
function settle(table: TableName, { row, broken }: GeneratedRow): GeneratedRow {
  if (table === 'transactions')
    return { row: { ...row, transaction_type: row.transaction_id?.startsWith('R') ? 'return' : 'sale' }, broken };
  if (table === 'transaction_items' && row.transaction_id?.startsWith('R'))
    return { row: { ...row, quantity: `-${row.quantity}` }, broken };
  return { row, broken };
}

const rowOf = (table: TableName): fc.Arbitrary<GeneratedRow> =>
  fc
    .record(Object.fromEntries(Object.entries(fields[table]).map(([name, texts]) => [name, fc.constantFrom(...texts)])))
    .map((row) =>
      settle(table, {
        row: Object.fromEntries(Object.entries(row).map(([name, { text }]) => [name, text])),
        broken: Object.values(row).some((field) => field.broken),
      }),
    );

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
const updatedAt = (row: Row): number => (row.updated_at ? Date.parse(row.updated_at) : Number.NEGATIVE_INFINITY);

/** The verdicts that may be given, by the data model's words: per row the set of them. */
function oracle(batch: GeneratedBatch): Readonly<Record<TableName, readonly (readonly Judged['verdict'][])[]>> {
  const loadedKeys = new Map<TableName, Set<string>>();
  const verdicts = tableNames.map((table) => {
    const seen = new Set<string>();
    const fit = batch[table].map(({ row, broken }) => {
      const orphan = references.some(
        (reference) =>
          reference.table === table &&
          (row[reference.column] ?? '') !== '' &&
          !loadedKeys.get(reference.parent)?.has(row[reference.column] ?? ''),
      );
      return !broken && !orphan;
    });
    const contents = new Map<string, Map<string, number>>();
    batch[table].forEach(({ row }, index) => {
      const key = keyOf(table, row);
      if (fit[index]) contents.set(key, (contents.get(key) ?? new Map()).set(contentOf(table, row), updatedAt(row)));
    });
    loadedKeys.set(table, new Set(contents.keys()));
    return batch[table].map(({ row }, index): readonly Judged['verdict'][] => {
      const content = contentOf(table, row);
      if (seen.has(content)) return ['duplicate'];
      seen.add(content);
      if (!fit[index]) return ['quarantined'];
      const moments = [...(contents.get(keyOf(table, row))?.values() ?? [])];
      const latest = Math.max(...moments);
      if (updatedAt(row) < latest) return ['superseded'];
      return moments.filter((moment) => moment === latest).length === 1 ? ['loaded'] : ['loaded', 'superseded'];
    });
  });
  return Object.fromEntries(tableNames.map((table, index) => [table, verdicts[index] ?? []])) as unknown as ReturnType<
    typeof oracle
  >;
}

const rowsIn = (batch: GeneratedBatch): Batch =>
  Object.fromEntries(tableNames.map((table) => [table, batch[table].map(({ row }) => row)])) as unknown as Batch;

const reversed = (batch: Batch): Batch =>
  Object.fromEntries(tableNames.map((table) => [table, [...batch[table]].reverse()])) as unknown as Batch;

const loadedContents = async (duckdb: DuckDB, batch: Batch): Promise<readonly string[]> => {
  const judged = await judge(duckdb, batch);
  return tableNames
    .flatMap((table) =>
      judged[table].flatMap(({ verdict }, index) =>
        verdict === 'loaded' ? `${table} ${contentOf(table, batch[table][index] ?? {})}` : [],
      ),
    )
    .sort();
};

describe('of a random batch', () => {
  test('every row gets the one verdict that the data model gives it, and one content of each key is loaded', async () => {
    const duckdb = await memory();
    await fc.assert(
      fc.asyncProperty(batches, async (batch) => {
        const judged = await judge(duckdb, rowsIn(batch));
        const allowed = oracle(batch);
        for (const table of tableNames) {
          const verdicts = judged[table].map(({ verdict }) => verdict);
          expect(
            verdicts
              .map((verdict, index) => (allowed[table][index]?.includes(verdict) ? '' : `${verdict} ${index}`))
              .join(''),
          ).toBe('');
          expect(verdicts.length).toBe(batch[table].length);
          const loaded = batch[table].flatMap(({ row }, index) =>
            verdicts[index] === 'loaded' ? keyOf(table, row) : [],
          );
          const wanted = batch[table].flatMap(({ row }, index) =>
            allowed[table][index]?.includes('loaded') ? keyOf(table, row) : [],
          );
          expect([...loaded].sort()).toEqual([...new Set(wanted)].sort());
          expect(judged[table].every(({ verdict, errors }) => verdict !== 'quarantined' || errors.length > 0)).toBe(
            true,
          );
        }
      }),
      { numRuns: 60 },
    );
  });

  test('the same contents are loaded in whatever order the lines come', async () => {
    const duckdb = await memory();
    await fc.assert(
      fc.asyncProperty(batches, async (generated) => {
        const batch = rowsIn(generated);
        expect(await loadedContents(duckdb, reversed(batch))).toEqual(await loadedContents(duckdb, batch));
      }),
      { numRuns: 25 },
    );
  });
});
