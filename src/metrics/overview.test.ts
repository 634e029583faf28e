/** The overview's figures against those that were worked out by hand for the small shop. */
import { beforeAll, describe, expect, test } from 'vitest';
import { afterTheLast, smallLimits, smallShop, writeFiles } from '../../tests/setup/fixtures.ts';
import { load, makePipeline, runPipeline, smallShopAnd } from '../../tests/setup/pipeline.ts';
import { openPublished } from '../publish/warehouse.ts';
import type { DuckDB } from '../stores/duckdb/duckdb.ts';
import { type Overview, previousRange, readHeadline, readOverview } from './overview.ts';

const home = '/a/home';

describe('the small shop', () => {
  const atEnd = afterTheLast();
  let duckdb: DuckDB;

  beforeAll(async () => {
    const context = await makePipeline(atEnd);
    await runPipeline(context, 'csv', writeFiles(smallShop, atEnd));
    duckdb = await openPublished(context.home, smallLimits(context.home));
    atEnd(() => duckdb.close());
  });

  const overview = (from?: string, to?: string): Promise<Overview> =>
    readOverview(duckdb, { ...(from ? { from } : {}), ...(to ? { to } : {}) }, home);

  test('as a whole: T1 is 40.00 + 35.50, T2 a guest with 20.00, T3 gives 20.00 back, T4 was cancelled', async () => {
    const total = (value: number) => ({ value, previous: null, change: null });
    expect(await overview()).toEqual({
      available: { from: '2024-03-01', to: '2024-03-05' },
      range: { from: '2024-03-01', to: '2024-03-05' },
      previousRange: { from: '2024-02-25', to: '2024-02-29' },
      totals: {
        netRevenue: total(75.5),
        grossRevenue: total(95.5),
        returns: total(20),
        orders: total(2),
        customers: total(1),
        averageOrderValue: total(47.75),
      },
      daily: [
        { date: '2024-03-01', netRevenue: 75.5, orders: 1 },
        { date: '2024-03-02', netRevenue: 20, orders: 1 },
        { date: '2024-03-03', netRevenue: 0, orders: 0 },
        { date: '2024-03-04', netRevenue: 0, orders: 0 },
        { date: '2024-03-05', netRevenue: -20, orders: 0 },
      ],
      topProducts: [
        {
          source: 'csv',
          productId: 'P1',
          productName: 'Kettle',
          category: 'Home & Kitchen',
          netRevenue: 40,
          unitsSold: 3,
        },
        {
          source: 'csv',
          productId: 'P2',
          productName: 'Desk lamp, small',
          category: 'Home & Kitchen',
          netRevenue: 35.5,
          unitsSold: 1,
        },
      ],
      byCategory: [{ category: 'Home & Kitchen', netRevenue: 75.5, share: 1 }],
      byPaymentMethod: [
        { paymentMethod: 'Credit Card', netRevenue: 55.5, orders: 1, share: 55.5 / 75.5 },
        { paymentMethod: 'PayPal', netRevenue: 20, orders: 1, share: 20 / 75.5 },
      ],
    });
  });

  test('beside the period before, which is as long', async () => {
    const { totals, previousRange: before } = await overview('2024-03-04', '2024-03-05');
    expect(before).toEqual({ from: '2024-03-02', to: '2024-03-03' });
    expect(totals).toEqual({
      netRevenue: { value: -20, previous: 20, change: -2 },
      grossRevenue: { value: 0, previous: 20, change: -1 },
      returns: { value: 20, previous: 0, change: null },
      orders: { value: 0, previous: 1, change: -1 },
      customers: { value: 0, previous: 0, change: null },
      averageOrderValue: { value: null, previous: 20, change: null },
    });
    expect((await overview('2024-03-02', '2024-03-02')).totals).toMatchObject({
      netRevenue: { value: 20, previous: 75.5, change: (20 - 75.5) / 75.5 },
      customers: { value: 0, previous: 1, change: -1 },
    });
  });

  test('beside nothing where the data begins within the period before; a share of nothing is none', async () => {
    const { totals, previousRange: before, byCategory } = await overview('2024-03-02', '2024-03-05');
    expect(before).toEqual({ from: '2024-02-27', to: '2024-03-01' });
    expect(totals.netRevenue).toEqual({ value: 0, previous: null, change: null });
    expect(totals.averageOrderValue).toEqual({ value: 20, previous: null, change: null });
    expect(byCategory).toEqual([{ category: 'Home & Kitchen', netRevenue: 0, share: null }]);
  });

  test('on days without a sale has zeros, no average, and every day', async () => {
    const { totals, daily, topProducts, byCategory, byPaymentMethod } = await overview('2024-03-03', '2024-03-04');
    expect(totals.netRevenue).toEqual({ value: 0, previous: 95.5, change: -1 });
    expect(totals.averageOrderValue).toEqual({ value: null, previous: 47.75, change: null });
    expect(daily).toEqual([
      { date: '2024-03-03', netRevenue: 0, orders: 0 },
      { date: '2024-03-04', netRevenue: 0, orders: 0 },
    ]);
    expect([topProducts, byCategory, byPaymentMethod]).toEqual([[], [], []]);
  });

  test('outside its data is empty, and has no period before', async () => {
    const { totals, daily } = await overview('2023-12-30', '2024-01-02');
    expect(totals.orders).toEqual({ value: 0, previous: null, change: null });
    expect(daily.map(({ date }) => date)).toEqual(['2023-12-30', '2023-12-31', '2024-01-01', '2024-01-02']);
  });

  test('from or to a day alone goes to the end or the beginning of the data', async () => {
    expect((await overview('2024-03-04')).range).toEqual({ from: '2024-03-04', to: '2024-03-05' });
    expect((await overview(undefined, '2024-03-02')).range).toEqual({ from: '2024-03-01', to: '2024-03-02' });
  });

  test.each([
    ['2024-02-30', '2024-03-01', 'YYYY-MM-DD'],
    ['yesterday', '2024-03-01', 'YYYY-MM-DD'],
    ['2024-3-1', '2024-03-05', 'YYYY-MM-DD'],
    [`2024-03-01'--`, '2024-03-05', 'YYYY-MM-DD'],
    ['2024-03-05', '2024-03-01', 'after the last'],
    ['0001-01-01', '9999-12-31', 'longer than'],
  ])('from %s to %s is refused', async (from, to, problem) => {
    await expect(overview(from, to)).rejects.toMatchObject({
      code: 'MR-QRY-003',
      exitCode: 2,
      message: expect.stringContaining(problem),
    });
  });

  test('in a headline has its totals over all days', async () => {
    expect(await readHeadline(duckdb)).toEqual({
      range: { from: '2024-03-01', to: '2024-03-05' },
      totals: {
        net_revenue: 75.5,
        gross_revenue: 95.5,
        returns: 20,
        orders: 2,
        customers: 1,
        average_order_value: 47.75,
      },
    });
  });
});

describe('two shops of different years', () => {
  const atEnd = afterTheLast();
  let overview: Overview;

  beforeAll(async () => {
    const context = await makePipeline(atEnd);
    await load(context.postgres, smallShop, { source: 'csv', atEnd });
    const products = Array.from({ length: 12 }, (_, index) => `Q${index},Toy ${index},Toys,,1.00,,,,`);
    const items = Array.from(
      { length: 12 },
      (_, index) => `J${index},T6,Q${index},${index + 1},1.00,0,${index + 1}.00`,
    );
    const other = smallShopAnd({
      'products.csv': products,
      'transactions.csv': ['T6,C2,2024-02-10,,UPI,,,sale,completed', 'T7,C2,2022-01-01,,UPI,,,sale,completed'],
      'transaction_items.csv': [...items, 'J12,T7,P1,1,20.00,0,20.00'],
    });
    const path = writeFiles(
      { ...other, 'products.csv': String(other['products.csv']).replace('Kettle', 'Teapot') },
      atEnd,
    );
    await runPipeline(context, 'other', path);
    const duckdb = await openPublished(context.home, smallLimits(context.home));
    atEnd(() => duckdb.close());
    overview = await readOverview(duckdb, {}, home);
  });

  test('show their last twelve months, and tell their orders, customers and products apart', () => {
    expect(overview.available).toEqual({ from: '2022-01-01', to: '2024-03-05' });
    expect(overview.range).toEqual({ from: '2023-03-07', to: '2024-03-05' });
    expect(overview.daily).toHaveLength(365);
    // 78 toys more, and everything of the small shop twice
    expect(overview.totals).toMatchObject({
      netRevenue: { value: 2 * 75.5 + 78, previous: 0, change: null },
      orders: { value: 5 },
      customers: { value: 3 },
    });
    expect(overview.topProducts).toHaveLength(10);
    expect(
      overview.topProducts
        .slice(0, 5)
        .map(({ productId, productName, netRevenue }) => [productId, productName, netRevenue]),
    ).toEqual([
      ['P1', 'Kettle', 40],
      ['P1', 'Teapot', 40],
      ['P2', 'Desk lamp, small', 35.5],
      ['P2', 'Desk lamp, small', 35.5],
      ['Q11', 'Toy 11', 12],
    ]);
    expect(overview.byCategory.map(({ category, netRevenue }) => [category, netRevenue])).toEqual([
      ['Home & Kitchen', 151],
      ['Toys', 78],
    ]);
    expect(overview.byCategory.reduce((sum, { share }) => sum + (share ?? 0), 0)).toBeCloseTo(1, 12);
  });
});

test('the range before has as many days and ends the day before, over leap days and years', () => {
  expect(previousRange({ from: '2024-03-01', to: '2024-03-31' })).toEqual({ from: '2024-01-30', to: '2024-02-29' });
  expect(previousRange({ from: '2024-01-01', to: '2024-01-01' })).toEqual({ from: '2023-12-31', to: '2023-12-31' });
});
