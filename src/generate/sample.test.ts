/** The sample shop: repeatable to the byte, clean by every rule of the CSV contract, and shaped like trade. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type DuckDB, openDuckDB, sqlText } from '../stores/duckdb/duckdb.ts';
import { generateSample, type Sample, type SampleOptions, sampleDefaults } from './sample.ts';

const asOf = '2026-11-21';
const small: SampleOptions = { seed: 11, asOf, customers: 60, products: 40, transactions: 400 };

const columns = {
  customers: `{customer_id: 'VARCHAR', first_name: 'VARCHAR', last_name: 'VARCHAR', email: 'VARCHAR', phone: 'VARCHAR',
    registration_date: 'DATE', city: 'VARCHAR', state: 'VARCHAR', country: 'VARCHAR', age_group: 'VARCHAR'}`,
  products: `{product_id: 'VARCHAR', product_name: 'VARCHAR', category: 'VARCHAR', sub_category: 'VARCHAR',
    price: 'DECIMAL(18,4)', cost: 'DECIMAL(18,4)', brand: 'VARCHAR', stock_quantity: 'INTEGER', supplier_id: 'VARCHAR'}`,
  transactions: `{transaction_id: 'VARCHAR', customer_id: 'VARCHAR', transaction_date: 'DATE', transaction_time: 'TIME',
    payment_method: 'VARCHAR', shipping_address: 'VARCHAR', total_amount: 'DECIMAL(18,2)', transaction_type: 'VARCHAR',
    status: 'VARCHAR', country: 'VARCHAR', updated_at: 'TIMESTAMP'}`,
  transaction_items: `{item_id: 'VARCHAR', transaction_id: 'VARCHAR', product_id: 'VARCHAR', quantity: 'INTEGER',
    unit_price: 'DECIMAL(18,4)', discount_percentage: 'DECIMAL(5,2)', line_total: 'DECIMAL(18,2)'}`,
} as const;

const tables = Object.keys(columns) as (keyof typeof columns)[];

const items = 'transaction_items JOIN transactions USING (transaction_id)';

/** What must give no row, by the name of the rule. */
const violations: Readonly<Record<string, string>> = {
  'customers: required, ids as documented': `FROM customers WHERE customer_id IS NULL OR NOT regexp_full_match(customer_id, 'CUST\\d{4,}')`,
  'customers: nothing but a state is missing': `FROM customers WHERE NOT (first_name <> '' AND last_name <> '' AND email <> ''
    AND phone <> '' AND registration_date IS NOT NULL AND city <> '' AND country <> '') IS TRUE`,
  'customers: unique key': 'SELECT customer_id FROM customers GROUP BY ALL HAVING count(*) > 1',
  'customers: email is one': `FROM customers WHERE NOT regexp_full_match(email, '[a-z0-9._-]+@[a-z0-9-]+(\\.[a-z0-9-]+)*\\.[a-z]{2,}')`,
  'customers: email of one customer only': 'SELECT lower(trim(email)) FROM customers GROUP BY ALL HAVING count(*) > 1',
  'customers: phone is international': `FROM customers WHERE NOT regexp_full_match(phone, '\\+\\d{8,15}')`,
  'customers: age group is one': `FROM customers WHERE age_group NOT IN ('18-24', '25-34', '35-44', '45-54', '55-64', '65+')`,
  'products: required': `FROM products WHERE NOT (regexp_full_match(product_id, 'PROD\\d{4,}') AND product_name <> ''
    AND category <> '' AND sub_category <> '' AND brand <> '' AND regexp_full_match(supplier_id, 'SUP\\d{3}')) IS TRUE`,
  'products: unique key': 'SELECT product_id FROM products GROUP BY ALL HAVING count(*) > 1',
  'products: price, cost and stock in range': `FROM products WHERE NOT (price > 0 AND cost >= 0 AND stock_quantity >= 0) IS TRUE`,
  'products: cost is 45 to 75 % of the price, to the cent': `FROM products
    WHERE NOT (cost BETWEEN 0.45 * price - 0.005 AND 0.75 * price + 0.005 AND cost <= price) IS TRUE`,
  'transactions: required': `FROM transactions WHERE NOT (regexp_full_match(transaction_id, 'TXN\\d{5,}') AND transaction_date IS NOT NULL
    AND transaction_time IS NOT NULL AND total_amount IS NOT NULL AND shipping_address <> '' AND country <> '') IS TRUE`,
  'transactions: unique key': 'SELECT transaction_id FROM transactions GROUP BY ALL HAVING count(*) > 1',
  'transactions: payment method as listed': `FROM transactions WHERE payment_method NOT IN ('Credit Card', 'Debit Card', 'PayPal',
    'UPI', 'Net Banking', 'Cash on Delivery', 'Bank Transfer', 'Gift Card', 'Other')`,
  'transactions: type and status as listed': `FROM transactions WHERE NOT (transaction_type IN ('sale', 'return')
    AND status IN ('completed', 'pending', 'cancelled') AND (transaction_type = 'sale' OR status = 'completed')) IS TRUE`,
  'transactions: within the 24 months before the as-of date': `FROM transactions
    WHERE NOT (transaction_date >= getvariable('asOf') - INTERVAL 24 MONTH AND transaction_date < getvariable('asOf')) IS TRUE`,
  'transactions: changed last after they were made, before the as-of date': `FROM transactions
    WHERE NOT (updated_at >= transaction_date + transaction_time AND updated_at < getvariable('asOf')) IS TRUE`,
  'transactions: customer exists and was registered': `FROM transactions t LEFT JOIN customers c USING (customer_id)
    WHERE t.customer_id IS NOT NULL AND NOT (c.registration_date <= t.transaction_date AND c.country = t.country) IS TRUE`,
  'transactions: at least one item': 'FROM transactions ANTI JOIN transaction_items USING (transaction_id)',
  'transactions: total is the sum of lines': `SELECT transaction_id FROM ${items} GROUP BY ALL
    HAVING any_value(total_amount) <> sum(line_total)`,
  'transactions: ids in the order of time': `FROM (
    SELECT transaction_date + transaction_time AS placed, lag(placed) OVER (ORDER BY transaction_id) AS placed_before
    FROM transactions) WHERE placed < placed_before`,
  'items: required': `FROM transaction_items WHERE NOT (regexp_full_match(item_id, 'ITEM\\d{5,}') AND quantity IS NOT NULL
    AND unit_price IS NOT NULL AND line_total IS NOT NULL) IS TRUE`,
  'items: unique key': 'SELECT item_id FROM transaction_items GROUP BY ALL HAVING count(*) > 1',
  'items: transaction exists': 'FROM transaction_items ANTI JOIN transactions USING (transaction_id)',
  'items: product exists and costs what it costs': `FROM transaction_items i LEFT JOIN products p USING (product_id)
    WHERE NOT (i.unit_price = p.price) IS TRUE`,
  'items: a product once per transaction': `SELECT transaction_id, product_id FROM transaction_items GROUP BY ALL HAVING count(*) > 1`,
  'items: quantity above 0 on a sale, below on a return': `FROM ${items}
    WHERE NOT (CASE transaction_type WHEN 'sale' THEN quantity > 0 ELSE quantity < 0 END) IS TRUE`,
  'items: discount as offered': 'FROM transaction_items WHERE discount_percentage NOT IN (0, 5, 10, 15, 20)',
  'items: line total': `FROM transaction_items
    WHERE line_total <> round(quantity * unit_price * (100 - discount_percentage) * 0.01, 2)`,
};

/**
 * Returns without a sale that they can be of: completed on an earlier day, by the same buyer, to the same address, paid
 * in the same way, with every line that came back at the same price and discount, in at least that quantity.
 */
const orphanedReturns = `
  WITH candidates AS (
    SELECT r.transaction_id AS return_id, s.transaction_id AS sale_id
    FROM transactions r JOIN transactions s ON s.shipping_address = r.shipping_address
      AND s.customer_id IS NOT DISTINCT FROM r.customer_id AND s.payment_method = r.payment_method
      AND s.transaction_date < r.transaction_date AND s.status = 'completed' AND s.transaction_type = 'sale'
    WHERE r.transaction_type = 'return'),
  matched AS (
    SELECT return_id, sale_id, count(*) AS lines
    FROM candidates JOIN transaction_items back ON back.transaction_id = return_id
    JOIN transaction_items sold ON sold.transaction_id = sale_id AND sold.product_id = back.product_id
      AND sold.unit_price = back.unit_price AND sold.discount_percentage = back.discount_percentage
      AND sold.quantity >= -back.quantity
    GROUP BY ALL),
  returned AS (
    SELECT transaction_id AS return_id, count(*) AS lines FROM transactions JOIN transaction_items USING (transaction_id)
    WHERE transaction_type = 'return' GROUP BY ALL)
  FROM returned ANTI JOIN matched USING (return_id, lines)`;

let root: string;
let db: DuckDB;

const newFolder = (): string => mkdtempSync(join(root, 'sample-'));

const scan = (folder: string, table: keyof typeof columns): string =>
  `read_csv(${sqlText(join(folder, `${table}.csv`))}, header = true, delim = ',', quote = '"', escape = '"',
    new_line = '\\n', strict_mode = true, columns = ${columns[table]})`;

async function load(folder: string, asOfDate: string): Promise<void> {
  for (const table of tables) await db.run(`CREATE OR REPLACE TABLE ${table} AS FROM ${scan(folder, table)}`);
  await db.run(`SET VARIABLE "asOf" = DATE ${sqlText(asOfDate)}`);
}

const keys = {
  customers: 'customer_id',
  products: 'product_id',
  transactions: 'transaction_id',
  transaction_items: 'item_id',
} as const;

/** Tables every_<table> with all rows of all exports (batch counts from 1), <table> with the last of each key, and exports. */
async function loadExports(folder: string, { batches }: Sample, asOfDate: string): Promise<void> {
  const days = batches.map(({ asOf: day }, place) => `(${place + 1}, DATE ${sqlText(day)})`);
  await db.run(`CREATE OR REPLACE TABLE exports AS FROM (VALUES ${days.join(', ')}) AS exports (batch, as_of)`);
  for (const table of tables) {
    for (const [place, { folder: name }] of batches.entries()) {
      const rows = `SELECT ${place + 1} AS batch, * FROM ${scan(join(folder, name), table)}`;
      await db.run(
        place === 0 ? `CREATE OR REPLACE TABLE every_${table} AS ${rows}` : `INSERT INTO every_${table} ${rows}`,
      );
    }
    await db.run(`CREATE OR REPLACE TABLE ${table} AS SELECT * EXCLUDE (batch) FROM every_${table}
      QUALIFY row_number() OVER (PARTITION BY ${keys[table]} ORDER BY batch DESC) = 1`);
  }
  await db.run(`SET VARIABLE "asOf" = DATE ${sqlText(asOfDate)}`);
}

/** What a sample of several exports does not hold, for customers move and prices change. */
const ofOneExport = [
  'transactions: customer exists and was registered',
  'items: product exists and costs what it costs',
];

/** What must give no row in a sample of several exports, beside the rules for the last state of each row. */
const violationsOfExports: Readonly<Record<string, string>> = {
  'a key comes once in an export': tables
    .map((table) => `SELECT 1 FROM every_${table} GROUP BY batch, ${keys[table]} HAVING count(*) > 1`)
    .join(' UNION ALL '),
  'nothing lies after the day of its export': `SELECT 1 FROM every_customers JOIN exports USING (batch) WHERE registration_date > as_of
    UNION ALL SELECT 1 FROM every_transactions JOIN exports USING (batch) WHERE greatest(transaction_date, updated_at::DATE) > as_of`,
  'what is there by the day of an export is in it': `SELECT 1 FROM every_customers GROUP BY customer_id
      HAVING min(batch) <> (SELECT min(batch) FROM exports WHERE as_of >= any_value(registration_date))
    UNION ALL SELECT 1 FROM every_transactions GROUP BY transaction_id
      HAVING min(batch) <> (SELECT min(batch) FROM exports WHERE as_of >= any_value(transaction_date))`,
  'a customer is registered by the time of an order, and lives where it is sent to': `
    FROM every_transactions t ASOF LEFT JOIN (
      SELECT customer_id, country, registration_date, CASE WHEN row_number() OVER (PARTITION BY customer_id ORDER BY batch) = 1
        THEN DATE '1900-01-01' ELSE as_of + 1 END AS valid_from FROM every_customers JOIN exports USING (batch)) c
    ON t.customer_id = c.customer_id AND t.transaction_date >= c.valid_from
    WHERE t.customer_id IS NOT NULL AND t.transaction_type = 'sale'
      AND NOT (c.registration_date <= t.transaction_date AND c.country = t.country) IS TRUE`,
  'sold at the price that was valid': `
    FROM every_transaction_items i JOIN every_transactions t USING (batch, transaction_id) ASOF LEFT JOIN (
      SELECT product_id, price, CASE WHEN row_number() OVER (PARTITION BY product_id ORDER BY batch) = 1
        THEN DATE '1900-01-01' ELSE as_of + 1 END AS valid_from FROM every_products JOIN exports USING (batch)) p
    ON i.product_id = p.product_id AND t.transaction_date >= p.valid_from
    WHERE t.transaction_type = 'sale' AND i.unit_price IS DISTINCT FROM p.price`,
  'a product is sold once it is on offer': `FROM every_transaction_items i WHERE batch < (
    SELECT min(batch) FROM every_products p WHERE p.product_id = i.product_id)`,
  'an order comes with all its items, and its total is their sum': `FROM every_transactions t WHERE total_amount IS DISTINCT FROM
    (SELECT sum(line_total) FROM every_transaction_items i WHERE i.transaction_id = t.transaction_id AND i.batch = t.batch)`,
  'the price covers the cost': 'FROM every_products WHERE NOT (price >= cost AND cost > 0) IS TRUE',
  'type, buyer and day of an order stay': `SELECT transaction_id FROM every_transactions GROUP BY ALL HAVING count(DISTINCT
    (transaction_type, coalesce(customer_id, ''), transaction_date, transaction_time)) > 1`,
  'order and product of an item stay': `SELECT item_id FROM every_transaction_items GROUP BY ALL
    HAVING count(DISTINCT (transaction_id, product_id, unit_price)) > 1`,
  'an order that changes is updated later': `SELECT 1 FROM every_transactions one JOIN every_transactions other USING (transaction_id)
    WHERE one.batch < other.batch AND one.updated_at > other.updated_at`,
  'only completed orders change, and no return does once it is completed': `
    SELECT 1 FROM every_transactions one JOIN every_transactions other USING (transaction_id) WHERE one.batch < other.batch
      AND (one.status = 'cancelled' OR one.transaction_type = 'return' AND one.status = 'completed')
      AND (one.status, one.total_amount, one.payment_method) IS DISTINCT FROM (other.status, other.total_amount, other.payment_method)`,
};

async function brokenIn(rules: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const broken: string[] = [];
  for (const [rule, sql] of Object.entries(rules)) {
    if ((await db.rows(`${sql} LIMIT 1`)).length > 0) broken.push(rule);
  }
  return broken;
}

const brokenRules = (): Promise<readonly string[]> => brokenIn(violations);

async function figures(sql: string): Promise<Readonly<Record<string, number>>> {
  return (await db.rows<Record<string, number>>(sql))[0] ?? {};
}

const contents = (folder: string): readonly string[] =>
  readdirSync(folder)
    .sort()
    .map(
      (name) =>
        `${name} ${createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex')}`,
    );

async function made(options: SampleOptions): Promise<readonly string[]> {
  const folder = newFolder();
  await generateSample(folder, options);
  return contents(folder);
}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'millrace-sample-'));
  db = await openDuckDB(':memory:', { memory: '256MiB', threads: 2, temporaryFolder: join(root, 'tmp') });
});

afterAll(() => {
  db.close();
  rmSync(root, { recursive: true });
});

describe('repeatable', () => {
  const timeZone = process.env.TZ;

  afterEach(() => {
    vi.useRealTimers();
    if (timeZone === undefined) delete process.env.TZ;
    else process.env.TZ = timeZone;
  });

  test.each([
    ['Pacific/Kiritimati', -840],
    ['Pacific/Pago_Pago', 660],
  ])('the same options give the same bytes, on another day and in %s too', async (zone, offset) => {
    const first = await made(small);
    expect(await made(small)).toEqual(first);
    process.env.TZ = zone;
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2031, 4, 5) });
    expect(new Date().getTimezoneOffset()).toBe(offset);
    expect(await made(small)).toEqual(first);
  });

  test('two samples made at once do not disturb each other', async () => {
    const other = { ...small, seed: 12 };
    const alone = [await made(small), await made(other)];
    expect(await Promise.all([made(small), made(other)])).toEqual(alone);
  });

  test('another seed gives other files', async () => {
    const files = await made(small);
    const others = await made({ ...small, seed: 12 });
    for (const file of files) expect(others).not.toContain(file);
  });
});

describe('files', () => {
  test('are the four of the contract, each with its header and LF line ends, and nothing besides', async () => {
    const folder = join(newFolder(), 'deep', 'er');
    const { files } = await generateSample(folder, small);
    expect(readdirSync(folder).sort()).toEqual(tables.map((table) => `${table}.csv`).sort());
    for (const { table, path, rows } of files) {
      const text = readFileSync(path, 'utf8');
      expect(path).toBe(join(folder, `${table}.csv`));
      expect(text).not.toMatch(/\r|^\uFEFF/);
      expect(text.endsWith('\n')).toBe(true);
      expect(text.split('\n')).toHaveLength(rows + 2);
      const header = text.slice(0, text.indexOf('\n'));
      expect(header).toBe([...columns[table].matchAll(/(\w+): '/g)].map(([, name]) => name).join(','));
    }
    expect(files.map(({ rows }) => rows).slice(0, 3)).toEqual([60, 40, 400]);
  });

  test('a failure leaves no half-written file', async () => {
    const folder = newFolder();
    mkdirSync(join(folder, 'customers.csv'));
    await expect(generateSample(folder, small)).rejects.toThrow();
    expect(readdirSync(folder)).toEqual(['customers.csv']);
  });
});

describe('options', () => {
  test.each([
    ['seed', { seed: -1 }],
    ['seed', { seed: 1.5 }],
    ['seed', { seed: 2 ** 32 }],
    ['asOf', { asOf: '2026-02-30' }],
    ['asOf', { asOf: '2001-12-31' }],
    ['customers', { customers: 0 }],
    ['products', { products: 0 }],
    ['transactions', { transactions: Number.NaN }],
    ['batches', { batches: 0 }],
    ['batches', { batches: 100 }],
    ['dirty', { dirty: -0.1 }],
    ['dirty', { dirty: 0.51 }],
    ['dirty', { dirty: Number.NaN }],
  ])('refuses a wrong %s: %j', async (option, wrong) => {
    const folder = newFolder();
    await expect(generateSample(folder, { ...small, ...wrong })).rejects.toMatchObject({
      code: 'MR-GEN-001',
      details: { option },
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('any others give exactly the rows asked for, all of them clean', async () => {
    const options = fc.record({
      seed: fc.integer({ min: 0, max: 0xffff_ffff }),
      asOf: fc
        .date({ min: new Date('2002-01-01'), max: new Date('2060-12-31'), noInvalidDate: true })
        .map((date) => date.toISOString().slice(0, 10)),
      customers: fc.integer({ min: 1, max: 80 }),
      products: fc.integer({ min: 1, max: 60 }),
      transactions: fc.integer({ min: 1, max: 300 }),
    });
    await fc.assert(
      fc.asyncProperty(options, async (chosen) => {
        const folder = newFolder();
        const { files } = await generateSample(folder, chosen);
        await load(folder, chosen.asOf);
        for (const { table, rows } of files) {
          expect(await figures(`SELECT count(*) AS rows FROM ${table}`)).toEqual({ rows });
        }
        const { customers, products, transactions } = chosen;
        expect(files.map(({ rows }) => rows).slice(0, 3)).toEqual([customers, products, transactions]);
        expect(await brokenRules()).toEqual([]);
        expect(await db.rows(orphanedReturns)).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });
});

describe('several exports', () => {
  test('lie in folders of their own, named in batches.json with their days; one does not', async () => {
    const folder = newFolder();
    const { batches, files, manifest } = await generateSample(folder, { ...small, batches: 3 });
    const names = ['batch-01-2026-03-02', 'batch-02-2026-07-12', 'batch-03-2026-11-20'];
    expect(batches).toEqual(names.map((name) => ({ folder: name, asOf: name.slice(-10) })));
    expect(readdirSync(folder).sort()).toEqual([...names, 'batches.json']);
    expect(JSON.parse(readFileSync(join(folder, 'batches.json'), 'utf8'))).toEqual(batches);
    expect(files.map(({ path }) => path)).toEqual(
      names.flatMap((name) => tables.map((table) => join(folder, name, `${table}.csv`))),
    );
    expect(manifest).toBeUndefined();
    const one = await generateSample(folder, small);
    expect(one.batches).toEqual([{ folder: '', asOf: '2026-11-20' }]);
    expect(existsSync(join(folder, 'batches.json'))).toBe(false);
  });

  test('one is what comes without a word about batches and defects', async () => {
    expect(await made({ ...small, batches: 1, dirty: 0 })).toEqual(await made(small));
  });

  test('of any number satisfy every rule, in each export and together', async () => {
    const options = fc.record({
      seed: fc.integer({ min: 0, max: 0xffff_ffff }),
      batches: fc.integer({ min: 2, max: 12 }),
      customers: fc.integer({ min: 1, max: 80 }),
      products: fc.integer({ min: 1, max: 60 }),
      transactions: fc.integer({ min: 1, max: 300 }),
    });
    const rules = Object.fromEntries(Object.entries(violations).filter(([rule]) => !ofOneExport.includes(rule)));
    await fc.assert(
      fc.asyncProperty(options, async (chosen) => {
        const folder = newFolder();
        const sample = await generateSample(folder, { ...chosen, asOf });
        await loadExports(folder, sample, asOf);
        expect(await brokenIn({ ...rules, ...violationsOfExports })).toEqual([]);
        expect(await db.rows(orphanedReturns)).toEqual([]);
        for (const table of ['customers', 'products', 'transactions'] as const) {
          expect(await figures(`SELECT count(*) AS rows FROM ${table}`)).toEqual({ rows: chosen[table] });
        }
      }),
      { numRuns: 10 },
    );
  });

  describe('of the default size', () => {
    beforeAll(async () => {
      const folder = newFolder();
      const sample = await generateSample(folder, { ...sampleDefaults, batches: 4, asOf });
      await loadExports(folder, sample, asOf);
    });

    test.each(Object.keys(violationsOfExports))('%s', async (rule) => {
      expect(await db.rows(`${violationsOfExports[rule]} LIMIT 3`)).toEqual([]);
    });

    test('the first has 60 to 70 % of the days', async () => {
      const { share = 0 } = await figures(`SELECT (min(as_of) - (max(as_of) - INTERVAL 24 MONTH)::DATE)
        / (max(as_of) - (max(as_of) - INTERVAL 24 MONTH)::DATE) AS share FROM exports`);
      expect(share).toBeGreaterThan(0.6);
      expect(share).toBeLessThan(0.7);
    });

    /** Rows of two consecutive exports that have them, as one and other. */
    const pairs = (table: keyof typeof columns): string =>
      `(SELECT * FROM every_${table}) AS one JOIN every_${table} AS other ON one.${keys[table]} = other.${keys[table]}
        AND other.batch = (SELECT min(batch) FROM every_${table} WHERE ${keys[table]} = one.${keys[table]} AND batch > one.batch)`;

    test.each([
      ['customers move', 'customers', 'one.city <> other.city', 60],
      ['some of them to another country', 'customers', 'one.country <> other.country', 2],
      ['customers change email', 'customers', 'one.email <> other.email', 15],
      ['customers change phone', 'customers', 'one.phone <> other.phone', 20],
      ['prices change', 'products', 'one.price <> other.price', 150],
      ['costs change', 'products', 'one.cost <> other.cost', 150],
      ['pending orders are completed', 'transactions', `(one.status, other.status) = ('pending', 'completed')`, 60],
      ['orders are cancelled', 'transactions', `(one.status, other.status) = ('completed', 'cancelled')`, 10],
      ['payment methods are corrected', 'transactions', 'one.payment_method <> other.payment_method', 10],
      ['totals are corrected', 'transactions', 'one.total_amount <> other.total_amount', 10],
      ['quantities are corrected', 'transaction_items', 'one.quantity <> other.quantity', 5],
      ['discounts are corrected', 'transaction_items', 'one.discount_percentage <> other.discount_percentage', 5],
    ] as const)('%s', async (_, table, condition, least) => {
      const { rows } = await figures(`SELECT count(*) AS rows FROM ${pairs(table)} WHERE ${condition}`);
      expect(rows).toBeGreaterThanOrEqual(least);
    });

    test.each(tables)('a few rows of %s come again as they were', async (table) => {
      const repeated = `SELECT COLUMNS(* EXCLUDE (batch)) FROM every_${table} GROUP BY ALL HAVING count(*) > 1`;
      expect((await figures(`SELECT count(*) AS rows FROM (${repeated})`)).rows).toBeGreaterThan(0);
    });
  });
});

describe('defects', () => {
  const dirty = { ...small, dirty: 0.1 };

  test('are repeatable, in one export and in several', async () => {
    expect(await made(dirty)).toEqual(await made(dirty));
    const manifest = async (): Promise<string> =>
      readFileSync(
        (await generateSample(newFolder(), { ...dirty, batches: 3 })).manifest ?? 'no manifest was written',
        'utf8',
      );
    const first = await manifest();
    expect(first.split('\n').length).toBeGreaterThan(100);
    expect(await manifest()).toBe(first);
  });

  test('are listed with their lines and what was written there; a clean sample in their place has no list', async () => {
    const folder = newFolder();
    const { manifest = '' } = await generateSample(folder, dirty);
    expect(manifest).toBe(join(folder, 'manifest.csv'));
    const listed = await db.rows<{ file: string; line: number; column: string | null; written: string | null }>(
      `SELECT file, line::INTEGER AS line, "column", written FROM read_csv(${sqlText(manifest)}, header = true, all_varchar = true)`,
    );
    expect(listed.length).toBeGreaterThan(50);
    for (const { file, line, written } of listed) {
      const found = readFileSync(join(folder, file), 'utf8').split('\n')[line - 1] ?? '';
      expect(found.replaceAll('""', '"')).toContain(written ?? '');
    }
    await generateSample(folder, small);
    expect(existsSync(manifest)).toBe(false);
  });
});

describe('the default sample', () => {
  const completed = `(FROM transactions WHERE status = 'completed')`;

  beforeAll(async () => {
    const folder = newFolder();
    await generateSample(folder, { ...sampleDefaults, asOf });
    await load(folder, asOf);
  });

  test('has 1,000 customers, 500 products, 10,000 transactions and about 30,000 items', async () => {
    const counts = await figures(`SELECT (SELECT count(*) FROM customers) AS customers,
      (SELECT count(*) FROM products) AS products, (SELECT count(*) FROM transactions) AS transactions,
      (SELECT count(*) FROM transaction_items) AS items`);
    expect(counts).toMatchObject({ customers: 1_000, products: 500, transactions: 10_000 });
    expect(counts.items).toBeGreaterThan(28_500);
    expect(counts.items).toBeLessThan(31_500);
  });

  test.each(Object.keys(violations))('%s', async (rule) => {
    expect(await db.rows(`${violations[rule]} LIMIT 3`)).toEqual([]);
  });

  test('each return is of an earlier sale, at its price and discount', async () => {
    expect(await db.rows(orphanedReturns)).toEqual([]);
  });

  test('reaches the last day before the as-of date', async () => {
    expect(await db.rows('SELECT max(transaction_date) AS latest FROM transactions')).toEqual([
      { latest: '2026-11-20' },
    ]);
  });

  test('a fifth of the products brings more than half of the revenue, and hardly one is never sold', async () => {
    const shares = await figures(`
      WITH revenue AS (
        SELECT coalesce(sum(line_total), 0) AS revenue FROM products LEFT JOIN transaction_items USING (product_id)
        GROUP BY product_id),
      ranked AS (SELECT revenue, percent_rank() OVER (ORDER BY revenue DESC) AS place FROM revenue)
      SELECT sum(revenue) FILTER (place < 0.2) / sum(revenue) AS head, avg((revenue = 0)::INT) AS unsold FROM ranked`);
    expect(shares.head).toBeGreaterThan(0.5);
    expect(shares.head).toBeLessThan(0.8);
    expect(shares.unsold).toBeLessThan(0.05);
  });

  test('customers: most buy again, some never, the busiest tenth places a third of the orders or more', async () => {
    const shares = await figures(`
      WITH per_customer AS (
        SELECT count(transaction_id) AS orders FROM customers
        LEFT JOIN (FROM transactions WHERE transaction_type = 'sale') USING (customer_id) GROUP BY customer_id),
      ranked AS (SELECT orders, percent_rank() OVER (ORDER BY orders DESC) AS place FROM per_customer)
      SELECT avg((orders = 0)::INT) AS never, avg((orders > 1)::INT) AS repeat_buyers,
        sum(orders) FILTER (place < 0.1) / sum(orders) AS busiest FROM ranked`);
    expect(shares.never).toBeGreaterThan(0.05);
    expect(shares.never).toBeLessThan(0.3);
    expect(shares.repeat_buyers).toBeGreaterThan(0.5);
    expect(shares.repeat_buyers).toBeLessThan(0.9);
    expect(shares.busiest).toBeGreaterThan(0.33);
  });

  test('guests place 5 to 12 % of the orders, returns are 2 to 8 % of them', async () => {
    const shares = await figures(`SELECT avg((customer_id IS NULL)::INT) AS guests,
      count(*) FILTER (transaction_type = 'return') / count(*) FILTER (transaction_type = 'sale') AS returned
      FROM transactions`);
    expect(shares.guests).toBeGreaterThan(0.05);
    expect(shares.guests).toBeLessThan(0.12);
    expect(shares.returned).toBeGreaterThan(0.02);
    expect(shares.returned).toBeLessThan(0.08);
  });

  test('most orders are completed, few cancelled, and only the latest still pending', async () => {
    const statuses = await figures(`SELECT avg((status = 'completed')::INT) AS completed,
      count(*) FILTER (status = 'cancelled') AS cancelled, count(*) FILTER (status = 'pending') AS pending,
      getvariable('asOf') - min(transaction_date) FILTER (status = 'pending') AS oldest_pending FROM transactions`);
    expect(statuses.completed).toBeGreaterThan(0.95);
    expect(statuses.cancelled).toBeGreaterThan(100);
    expect(statuses.pending).toBeGreaterThan(0);
    expect(statuses.oldest_pending).toBeLessThanOrEqual(3);
  });

  test('the second year brings more than the first', async () => {
    const years = await figures(`SELECT
      sum(total_amount) FILTER (transaction_date < getvariable('asOf') - INTERVAL 12 MONTH) AS first,
      sum(total_amount) FILTER (transaction_date >= getvariable('asOf') - INTERVAL 12 MONTH) AS second FROM ${completed}`);
    expect(years.second).toBeGreaterThan(1.1 * (years.first ?? 0));
  });

  test('the week: a weekend day beats a working day, the evening beats the morning', async () => {
    const week = await figures(`SELECT count(*) FILTER (isodow(transaction_date) >= 6) / 2 AS weekend_day,
      count(*) FILTER (isodow(transaction_date) < 6) / 5 AS working_day,
      count(*) FILTER (hour(transaction_time) BETWEEN 18 AND 21) AS evening,
      count(*) FILTER (hour(transaction_time) BETWEEN 8 AND 11) AS morning FROM transactions`);
    expect(week.weekend_day).toBeGreaterThan(1.1 * (week.working_day ?? 0));
    expect(week.evening).toBeGreaterThan(1.5 * (week.morning ?? 0));
  });

  test('the year: each December beats the July before it and the February after it', async () => {
    const year = await figures(`
      WITH monthly AS (SELECT strftime(transaction_date, '%Y-%m') AS month, sum(total_amount) AS revenue
        FROM ${completed} GROUP BY ALL)
      SELECT any_value(revenue) FILTER (month = '2024-12') AS december, any_value(revenue) FILTER (month = '2025-02') AS february,
        any_value(revenue) FILTER (month = '2025-07') AS next_july, any_value(revenue) FILTER (month = '2025-12') AS next_december,
        any_value(revenue) FILTER (month = '2026-02') AS next_february FROM monthly`);
    expect(year.december).toBeGreaterThan(1.3 * (year.february ?? 0));
    expect(year.next_december).toBeGreaterThan(1.3 * (year.next_july ?? 0));
    expect(year.next_december).toBeGreaterThan(1.3 * (year.next_february ?? 0));
  });

  test('more is reduced in November', async () => {
    const reduced =
      await figures(`SELECT avg((discount_percentage > 0)::INT) FILTER (month(transaction_date) = 11) AS november,
      avg((discount_percentage > 0)::INT) FILTER (month(transaction_date) <> 11) AS otherwise FROM ${items}`);
    expect(reduced.november).toBeGreaterThan(0.4);
    expect(reduced.otherwise).toBeLessThan(0.25);
  });

  test('an order is worth 60 to 150 on average, and brings a quarter to a half of that after cost', async () => {
    const worth = await figures(`SELECT sum(line_total) / count(DISTINCT transaction_id) AS average,
      sum(line_total - quantity * cost) / sum(line_total) AS margin
      FROM ${items} JOIN products USING (product_id) WHERE transaction_type = 'sale' AND status = 'completed'`);
    expect(worth.average).toBeGreaterThan(60);
    expect(worth.average).toBeLessThan(150);
    expect(worth.margin).toBeGreaterThan(0.25);
    expect(worth.margin).toBeLessThan(0.5);
  });

  test('prices fit their categories: electronics dear, groceries cheap', async () => {
    const prices = await figures(`SELECT median(price) FILTER (category = 'Electronics') AS electronics,
      median(price) FILTER (category = 'Grocery') AS grocery, max(price) FILTER (category = 'Grocery') AS dearest_grocery,
      count(DISTINCT category) AS categories FROM products`);
    expect(prices.electronics).toBeGreaterThan(4 * (prices.grocery ?? 0));
    expect(prices.dearest_grocery).toBeLessThan(40);
    expect(prices.categories).toBe(10);
  });

  test('the United States order most, and each country pays in its own way', async () => {
    const countries = await db.rows<{ country: string; usual: string; methods: readonly string[] }>(`
      SELECT country, mode(payment_method) AS usual, list_sort(list(DISTINCT payment_method)) AS methods
      FROM transactions GROUP BY country ORDER BY count(*) DESC`);
    const where = (method: string): readonly string[] =>
      countries.filter(({ methods }) => methods.includes(method)).map(({ country }) => country);
    expect(countries).toHaveLength(10);
    expect(countries[0]).toMatchObject({ country: 'United States', usual: 'Credit Card' });
    expect(countries.find(({ country }) => country === 'Germany')?.usual).toBe('PayPal');
    expect(countries.find(({ country }) => country === 'Netherlands')?.usual).toBe('Net Banking');
    expect(where('UPI')).toEqual(['India']);
    expect(where('Cash on Delivery').toSorted()).toEqual(['India', 'Italy', 'Spain']);
  });
});
