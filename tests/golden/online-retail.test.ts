/** The figures of real sales data against an independent calculation: SQL straight over the raw file, from the data model's words. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type DuckDB, openDuckDB } from '../../src/stores/duckdb/duckdb.ts';
import { afterTheLast, makeFolder, makeHome, root, runMillrace, smallLimits } from '../setup/fixtures.ts';

const sample = join(root, 'samples', 'online_retail.csv');

/**
 * Every complete record with what the data model says about it: an invoice that begins with C is a return and has negative
 * quantities, any other is a sale and has positive ones; a product needs a description and a positive price on some line;
 * a line counts when its sign and its product are right. An invoice is of the country and customer of its first line.
 */
const lines = `CREATE TABLE lines AS
WITH records AS (
  SELECT row_number() OVER () AS place, InvoiceNo AS invoice, StockCode AS code, nullif(trim(Description), '') AS description,
    CAST(Quantity AS BIGINT) AS quantity, CAST(UnitPrice AS DECIMAL(18,4)) AS price, CustomerID AS customer, Country AS country,
    strptime(InvoiceDate, '%m/%d/%y %H:%M')::DATE AS day
  FROM read_csv('${sample}', delim = ',', quote = '"', header = true, all_varchar = true, ignore_errors = true)
),
products AS (SELECT code, max(price) > 0 AND count(description) > 0 AS complete FROM records GROUP BY code),
invoices AS (
  SELECT invoice, first(country ORDER BY place) AS invoice_country, first(customer ORDER BY place) AS invoice_customer,
    min(day) AS invoice_day
  FROM records GROUP BY invoice
)
SELECT *, invoice LIKE 'C%' AS is_return, round(quantity * price, 2)::DECIMAL(18,2) AS amount,
  complete AND price >= 0 AND CASE WHEN invoice LIKE 'C%' THEN quantity < 0 ELSE quantity > 0 END AS counts
FROM records JOIN products USING (code) JOIN invoices USING (invoice)`;

interface Totals {
  readonly gross: number;
  readonly returns: number;
  readonly net: number;
  readonly orders: number;
  readonly guests: number;
}

const totalsOfFile = `SELECT sum(amount) FILTER (NOT is_return) AS gross, -sum(amount) FILTER (is_return) AS returns,
  sum(amount) AS net, count(DISTINCT invoice) FILTER (NOT is_return) AS orders,
  count(DISTINCT invoice) FILTER (NOT is_return AND invoice_customer IS NULL)
    / count(DISTINCT invoice) FILTER (NOT is_return) AS guests
FROM lines WHERE counts`;

const totalsOfWarehouse = `SELECT sum(line_total) FILTER (transaction_type = 'sale') AS gross,
  -sum(line_total) FILTER (transaction_type = 'return') AS returns, sum(line_total) AS net,
  count(DISTINCT transaction_id) FILTER (transaction_type = 'sale') AS orders,
  count(DISTINCT transaction_id) FILTER (transaction_type = 'sale' AND customer_key = 0)
    / count(DISTINCT transaction_id) FILTER (transaction_type = 'sale') AS guests
FROM fact_sales`;

interface Ledger {
  readonly table: string;
  readonly received: number;
  readonly loaded: number;
  readonly duplicate: number;
  readonly superseded: number;
  readonly quarantined: number;
}

interface RunOutput {
  readonly batches: readonly {
    readonly files: readonly { readonly records: number; readonly mapped: number; readonly malformed: number }[];
    readonly tables: readonly Ledger[];
  }[];
  readonly headline: { readonly totals: Readonly<Record<string, number>> };
}

describe('online-retail', () => {
  const atEnd = afterTheLast();
  let home: Readonly<Record<string, string>>;
  let run: RunOutput;
  let raw: DuckDB;

  beforeAll(async () => {
    home = { ...(await makeHome(atEnd)), SHOP_TIMEZONE: 'Europe/London', SHOP_CURRENCY: 'GBP' };
    const ended = await runMillrace(['run', '--preset', 'online-retail', '--input', sample, '--json'], home);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    run = JSON.parse(ended.stdout) as RunOutput;
    raw = await openDuckDB(':memory:', smallLimits(makeFolder(atEnd)));
    atEnd(() => raw.close());
    await raw.run(lines);
  });

  async function query<T>(sql: string): Promise<readonly T[]> {
    const ended = await runMillrace(['query', '--json', sql], home);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    return JSON.parse(ended.stdout) as readonly T[];
  }

  test('net revenue, gross revenue, returns, orders and the share of guests are those of the file', async () => {
    const [totals] = await query<Totals>(totalsOfWarehouse);
    expect([totals]).toEqual(await raw.rows<Totals>(totalsOfFile));
    expect(totals?.net).toBeGreaterThan(250_000);
    expect(totals?.guests).toBeGreaterThan(0);
    expect(run.headline.totals).toMatchObject({
      net_revenue: totals?.net,
      gross_revenue: totals?.gross,
      returns: totals?.returns,
      orders: totals?.orders,
    });
  });

  test('revenue by country is that of the file', async () => {
    const countries = await query(
      'SELECT country, sum(line_total) AS net FROM fact_sales GROUP BY country ORDER BY country',
    );
    expect(countries).toEqual(
      await raw.rows(
        `SELECT CASE invoice_country WHEN 'EIRE' THEN 'Ireland' ELSE invoice_country END AS country, sum(amount) AS net
         FROM lines WHERE counts GROUP BY 1 ORDER BY 1`,
      ),
    );
    expect(countries.length).toBeGreaterThan(10);
  });

  test('revenue and orders by day, and units by product, are those of the file', async () => {
    expect(
      await query('SELECT date, net_revenue, transactions FROM agg_daily_sales WHERE transactions > 0 ORDER BY date'),
    ).toEqual(
      await raw.rows(
        `SELECT invoice_day AS date, sum(amount) AS net_revenue, count(DISTINCT invoice) FILTER (NOT is_return) AS transactions
         FROM lines WHERE counts GROUP BY 1 ORDER BY 1`,
      ),
    );
    expect(
      await query(
        `SELECT product_id, sum(quantity)::BIGINT AS units FROM fact_sales JOIN dim_products USING (product_key) GROUP BY 1 ORDER BY 1`,
      ),
    ).toEqual(
      await raw.rows(
        'SELECT code AS product_id, sum(quantity)::BIGINT AS units FROM lines WHERE counts GROUP BY 1 ORDER BY 1',
      ),
    );
  });

  test('every record is accounted for', async () => {
    const [batch] = run.batches;
    // 14,595 carriage returns stand in the file, one after the header; the last record has none and is cut off.
    expect(batch?.files).toEqual([expect.objectContaining({ records: 14_595, mapped: 14_594, malformed: 1 })]);
    const [expected] = await raw.rows<Record<string, number>>(
      `SELECT count(*) AS items, count(*) FILTER (counts) AS good_items, count(DISTINCT code) AS products,
         count(DISTINCT code) FILTER (complete) AS good_products, count(DISTINCT customer) AS customers,
         count(DISTINCT invoice) AS invoices
       FROM lines`,
    );
    const row = (table: string, received = 0, loaded = 0): Ledger =>
      expect.objectContaining({ table, received, loaded, duplicate: 0, superseded: 0, quarantined: received - loaded });
    expect(batch?.tables).toEqual([
      row('customers', expected?.customers, expected?.customers),
      row('products', expected?.products, expected?.good_products),
      row('transactions', expected?.invoices, expected?.invoices),
      row('transaction_items', expected?.items, expected?.good_items),
    ]);
    expect(batch?.tables[3]?.received).toBe(14_594);
  });

  test('a second run changes nothing, and says so', async () => {
    const figures = await query('FROM fact_sales ORDER BY sales_key');
    const again = await runMillrace(['run', '--json'], home);
    expect(JSON.parse(again.stdout)).toMatchObject({
      changed: false,
      batches: [{ alreadyLoaded: true }],
      extract: { written: false },
      publication: { published: false },
    });
    expect(await query('FROM fact_sales ORDER BY sales_key')).toEqual(figures);
  });
});
