/** Facts and aggregates of a small shop with history, against figures worked out by hand. */
import { beforeEach, describe, expect, test } from 'vitest';
import { compileMetricQuery } from '../../src/metrics/metrics.ts';
import type { DuckDB, Row } from '../../src/stores/duckdb/duckdb.ts';
import { buildModels, emptyProduction, fill, sqlOf, warehouseProject } from './production.ts';

const project = await warehouseProject();

const hash = { content_hash: 'h', updated_at: null };
const source = 'csv';

/** C1 moves to Paris in March; C2 stays; C3 never buys; C4 only gives back. */
const customers: readonly Row[] = [
  {
    source,
    customer_id: 'C1',
    city: 'Leeds',
    country: 'United Kingdom',
    country_code: 'GB',
    observed_at: '2024-01-31T23:59:59Z',
    ...hash,
  },
  {
    source,
    customer_id: 'C1',
    city: 'Paris',
    country: 'France',
    country_code: 'FR',
    observed_at: '2024-03-01T00:00:00Z',
    ...hash,
  },
  {
    source,
    customer_id: 'C2',
    city: 'Oslo',
    country: 'Norway',
    country_code: 'NO',
    observed_at: '2024-01-31T23:59:59Z',
    ...hash,
  },
  { source, customer_id: 'C3', observed_at: '2024-01-31T23:59:59Z', ...hash },
  { source, customer_id: 'C4', observed_at: '2024-01-31T23:59:59Z', ...hash },
];

/** P1 costs more and stands in another category from March on. */
const products: readonly Row[] = [
  {
    source,
    product_id: 'P1',
    product_name: 'Kettle',
    category: 'Home',
    price: '20',
    cost: '12.50',
    observed_at: '2024-01-31T23:59:59Z',
    ...hash,
  },
  {
    source,
    product_id: 'P1',
    product_name: 'Kettle',
    category: 'Kitchen',
    price: '22',
    cost: '15',
    observed_at: '2024-03-01T00:00:00Z',
    ...hash,
  },
  {
    source,
    product_id: 'P2',
    product_name: 'Lamp',
    category: 'Home',
    price: '100',
    cost: null,
    observed_at: '2024-01-31T23:59:59Z',
    ...hash,
  },
];

/** id, customer, instant, payment method, product, units, line total, type, country, status. */
const orders = [
  ['T1', 'C1', '2024-01-10T09:00:00Z', 'PayPal', 'P1', 2, '40.00', 'sale', null, 'completed'],
  ['T2', 'C1', '2024-02-29T23:59:59Z', 'PayPal', 'P1', 1, '20.00', 'sale', null, 'completed'],
  ['T3', 'C1', '2024-03-01T00:00:00Z', 'UPI', 'P1', 1, '22.00', 'sale', null, 'completed'],
  ['T4', null, '2024-02-05T12:00:00Z', 'UPI', 'P1', 3, '60.00', 'sale', 'Spain', 'completed'],
  ['T5', 'C2', '2024-02-10T12:00:00Z', 'UPI', 'P2', 1, '100.00', 'sale', 'Spain', 'completed'],
  ['T6', 'C2', '2024-02-11T12:00:00Z', 'UPI', 'P2', 9, '900.00', 'sale', null, 'cancelled'],
  ['R1', 'C1', '2024-03-05T12:00:00Z', 'PayPal', 'P1', -1, '-20.00', 'return', null, 'completed'],
  ['R2', 'C4', '2024-03-05T13:00:00Z', 'PayPal', 'P2', -1, '-100.00', 'return', null, 'completed'],
] as const;

const observed_at = '2024-03-31T23:59:59Z';

const transactions: readonly Row[] = orders.map(
  ([transaction_id, customer_id, transaction_at, payment_method, , , , transaction_type, country, status]) => ({
    source,
    transaction_id,
    customer_id,
    transaction_at,
    payment_method,
    transaction_type,
    country,
    status,
    observed_at,
    country_code: null,
  }),
);

const items: readonly Row[] = orders.map(([transaction_id, , , , product_id, quantity, line_total]) => ({
  source,
  item_id: `I-${transaction_id}`,
  transaction_id,
  product_id,
  quantity,
  line_total,
  observed_at,
  unit_price: String(Math.abs(Number(line_total) / quantity)),
  discount_percentage: '0',
}));

let duckdb: DuckDB;

async function build(): Promise<void> {
  await buildModels(project, duckdb);
}

beforeEach(async () => {
  duckdb = await emptyProduction();
  await fill(duckdb, 'customer_snapshots', customers);
  await fill(duckdb, 'product_snapshots', products);
  await fill(duckdb, 'transactions', transactions);
  await fill(duckdb, 'transaction_items', items);
  await build();
});

/** Rows as arrays of the columns asked for. */
const read = async (sql: string): Promise<readonly unknown[]> =>
  (await duckdb.rows(sql)).map((row) => Object.values(row));

test('a sale points at the versions that were valid when it happened', async () => {
  expect(
    await read(`SELECT transaction_id, city, dim_products.category, cost_amount, profit, fact_sales.country, fact_sales.country_code
      FROM fact_sales JOIN dim_customers USING (customer_key) JOIN dim_products USING (product_key) ORDER BY transaction_id`),
  ).toEqual([
    ['R1', 'Paris', 'Kitchen', -15, -5, 'France', 'FR'],
    ['R2', null, 'Home', null, null, null, null],
    // before the first snapshot: what was first known
    ['T1', 'Leeds', 'Home', 25, 15, 'United Kingdom', 'GB'],
    // the last second before March, and the instant at which March begins
    ['T2', 'Leeds', 'Home', 12.5, 7.5, 'United Kingdom', 'GB'],
    ['T3', 'Paris', 'Kitchen', 15, 7, 'France', 'FR'],
    // a guest; and the order's country has no code, of which the customer's would be the wrong one
    ['T4', null, 'Home', 37.5, 22.5, 'Spain', null],
    ['T5', 'Oslo', 'Home', null, null, 'Spain', null],
  ]);
});

test('a metric counts a customer and a product once, however many versions were sold', async () => {
  const asked = { metrics: ['customers', 'orders', 'net_revenue'], from: '2024-01-01', to: '2024-12-31' } as const;
  expect(await read(compileMetricQuery(asked))).toEqual([[2, 5, 122]]);
  expect(await read(compileMetricQuery({ ...asked, dimensions: ['product_id'] }))).toEqual([
    ['P1', 1, 4, 122],
    ['P2', 1, 1, 0],
  ]);
  expect(await read(compileMetricQuery({ ...asked, dimensions: ['category'] }))).toEqual([
    ['Home', 2, 4, 120],
    ['Kitchen', 1, 1, 2],
  ]);
});

describe('aggregates', () => {
  test('of customers score buyers among each other, and know all others', async () => {
    expect(
      await read(`SELECT customer_id, orders, units_bought, revenue, returns, net_revenue, profit, average_order_value,
        first_order_date, last_order_date, recency_days, average_days_between_orders,
        recency_score, frequency_score, monetary_score, rfm_total_score, rfm_segment, cohort_month, is_repeat
        FROM agg_customer_metrics ORDER BY customer_id`),
    ).toEqual([
      [
        'C1',
        3,
        4,
        82,
        20,
        62,
        24.5,
        27.33,
        '2024-01-10',
        '2024-03-01',
        4,
        25.5,
        5,
        5,
        1,
        11,
        'Loyal',
        '2024-01-01',
        true,
      ],
      [
        'C2',
        1,
        1,
        100,
        0,
        100,
        null,
        100,
        '2024-02-10',
        '2024-02-10',
        24,
        null,
        1,
        1,
        5,
        7,
        'Big spenders',
        '2024-02-01',
        false,
      ],
      ['C3', 0, 0, 0, 0, 0, null, null, null, null, null, null, 0, 0, 0, 0, 'Never bought', null, false],
      ['C4', 0, 0, 0, 100, -100, null, null, null, null, null, null, 0, 0, 0, 0, 'Never bought', null, false],
    ]);
    expect(
      await duckdb.rows(
        'FROM agg_customer_metrics ANTI JOIN dim_customers ON dim_customers.customer_key = agg_customer_metrics.customer_key AND is_current',
      ),
    ).toEqual([]);
  });

  test('by month and category take the category of the time', async () => {
    expect(
      await read(`SELECT month, category, orders, products, units_sold, revenue, returns, net_revenue, profit, net_revenue_share
        FROM agg_category_monthly ORDER BY month, category`),
    ).toEqual([
      ['2024-01-01', 'Home', 1, 1, 2, 40, 0, 40, 15, 1],
      ['2024-02-01', 'Home', 3, 2, 5, 180, 0, 180, 30, 1],
      ['2024-03-01', 'Home', 0, 0, 0, 0, 100, -100, null, -100 / -98],
      ['2024-03-01', 'Kitchen', 1, 1, 1, 22, 20, 2, 2, 2 / -98],
    ]);
  });

  test('by day and payment method have the days with a sale or return', async () => {
    expect(
      await read(`SELECT date, payment_method, orders, revenue, returns, net_revenue, average_order_value
        FROM agg_payment_daily ORDER BY date, payment_method`),
    ).toEqual([
      ['2024-01-10', 'PayPal', 1, 40, 0, 40, 40],
      ['2024-02-05', 'UPI', 1, 60, 0, 60, 60],
      ['2024-02-10', 'UPI', 1, 100, 0, 100, 100],
      ['2024-02-29', 'PayPal', 1, 20, 0, 20, 20],
      ['2024-03-01', 'UPI', 1, 22, 0, 22, 22],
      ['2024-03-05', 'PayPal', 0, 0, 120, -120, null],
    ]);
  });

  test('by month and country count a customer where the order was', async () => {
    expect(
      await read(`SELECT month, country, country_code, orders, customers, units_sold, revenue, returns, net_revenue, profit,
        average_order_value FROM agg_geography_monthly ORDER BY month, country`),
    ).toEqual([
      ['2024-01-01', 'United Kingdom', 'GB', 1, 1, 2, 40, 0, 40, 15, 40],
      ['2024-02-01', 'Spain', null, 2, 1, 4, 160, 0, 160, 22.5, 80],
      ['2024-02-01', 'United Kingdom', 'GB', 1, 1, 1, 20, 0, 20, 7.5, 20],
      ['2024-03-01', 'France', 'FR', 1, 1, 1, 22, 20, 2, 2, 22],
      ['2024-03-01', 'Unknown', null, 0, 0, 0, 0, 100, -100, null, null],
    ]);
  });

  test('by cohort go on to the last month, whether anybody came or not', async () => {
    expect(
      await read(`SELECT cohort_month, months_since, customers, active, revenue, retention_rate
        FROM agg_cohort_retention ORDER BY cohort_month, months_since`),
    ).toEqual([
      ['2024-01-01', 0, 1, 1, 40, 1],
      ['2024-01-01', 1, 1, 1, 20, 1],
      ['2024-01-01', 2, 1, 1, 22, 1],
      ['2024-02-01', 0, 1, 1, 100, 1],
      ['2024-02-01', 1, 1, 0, 0, 0],
    ]);
  });

  test('by product keep its versions together, under the present name and category', async () => {
    expect(
      await read(`SELECT product_id, category, orders, units_sold, units_returned, revenue, returns, cost, profit
        FROM agg_product_performance ORDER BY product_id`),
    ).toEqual([
      ['P1', 'Kitchen', 4, 7, 1, 142, 20, 75, 47],
      ['P2', 'Home', 1, 1, 1, 100, 100, null, null],
    ]);
  });

  test('are empty, and pass their tests, for a shop that sold nothing', async () => {
    await fill(duckdb, 'transactions', []);
    await fill(duckdb, 'transaction_items', []);
    await build();
    expect(await read('SELECT rfm_segment, count(*) FROM agg_customer_metrics GROUP BY 1')).toEqual([
      ['Never bought', 4],
    ]);
    for (const name of ['fact_sales', 'dim_date', 'agg_daily_sales', 'agg_cohort_retention', 'agg_geography_monthly'])
      expect(await duckdb.rows(`FROM ${name}`)).toEqual([]);
  });

  test('score by place among the buyers, equals equally', async () => {
    const spent = [10, 20, 20, 30, 40, 50];
    const buyers = spent.map((_, place) => ({ source, customer_id: `B${place}`, observed_at, ...hash }));
    await fill(duckdb, 'customer_snapshots', buyers);
    const order = {
      source,
      transaction_at: '2024-02-01T00:00:00Z',
      payment_method: 'UPI',
      transaction_type: 'sale',
      status: 'completed',
      observed_at,
    };
    await fill(
      duckdb,
      'transactions',
      buyers.map(({ customer_id }) => ({ ...order, transaction_id: customer_id, customer_id })),
    );
    await fill(
      duckdb,
      'transaction_items',
      buyers.map(({ customer_id }, place) => ({
        source,
        item_id: customer_id,
        transaction_id: customer_id,
        product_id: 'P1',
        quantity: 1,
        unit_price: `${spent[place]}`,
        discount_percentage: '0',
        line_total: `${spent[place]}`,
        observed_at,
      })),
    );
    await build();
    expect(
      await read(
        'SELECT recency_score, frequency_score, monetary_score, rfm_segment FROM agg_customer_metrics ORDER BY customer_id',
      ),
    ).toEqual([
      [1, 1, 1, 'Lost'],
      [1, 1, 2, 'Lost'],
      [1, 1, 2, 'Lost'],
      [1, 1, 4, 'Big spenders'],
      [1, 1, 5, 'Big spenders'],
      [1, 1, 5, 'Big spenders'],
    ]);
  });
});

describe('the tests of the project', () => {
  test.each([
    [
      'agg_payment_daily',
      'UPDATE agg_payment_daily SET revenue = revenue + 0.01 WHERE orders = 1',
      'aggregates_sum_to_fact_sales',
    ],
    ['agg_cohort_retention', 'DELETE FROM agg_cohort_retention WHERE months_since = 1', 'aggregates_sum_to_fact_sales'],
    [
      'dim_customers',
      `UPDATE dim_customers SET valid_to = valid_to - INTERVAL 1 MICROSECOND WHERE NOT is_current`,
      'versions_cover_all_time_once',
    ],
    ['dim_products', 'UPDATE dim_products SET is_current = true', 'versions_cover_all_time_once'],
    [
      'dim_products, beside production',
      `UPDATE dim_products SET brand = 'x' WHERE is_current`,
      'current_versions_are_production',
    ],
    [
      'dim_customers, beside production',
      'DELETE FROM dim_customers WHERE is_current AND customer_key <> 0',
      'current_versions_are_production',
    ],
  ])('find what is wrong in %s', async (_table, harm, name) => {
    const sql = await sqlOf(project, duckdb, name);
    expect(await duckdb.rows(sql)).toEqual([]);
    await duckdb.run(harm);
    expect((await duckdb.rows(sql)).length).toBeGreaterThan(0);
  });
});
