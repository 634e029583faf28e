/** The insights: each sentence with its figures, and none where the data is thin. */
import { expect, onTestFinished, test } from 'vitest';
import { smallLimits, smallShop, writeFiles } from '../../tests/setup/fixtures.ts';
import { makePipeline, runPipeline } from '../../tests/setup/pipeline.ts';
import { openPublished } from '../publish/warehouse.ts';
import { type Insight, readInsights } from './insights.ts';

/** The insights that a run on these files ends with. */
async function insightsOf(files: Readonly<Record<string, string>>): Promise<readonly Insight[]> {
  const context = await makePipeline();
  await runPipeline(context, 'csv', writeFiles(files));
  const duckdb = await openPublished(context.home, smallLimits(context.home));
  onTestFinished(() => duckdb.close());
  return readInsights(duckdb, 'EUR');
}

interface Order {
  readonly day: string;
  readonly customer?: number;
  readonly product: number;
  readonly quantity?: number;
}

const numbers = (length: number): readonly number[] => Array.from({ length }, (_, index) => index + 1);
const day = (month: number, date: number): string =>
  `2024-${String(month).padStart(2, '0')}-${String(date).padStart(2, '0')}`;
const csv = (header: string, lines: readonly string[]): string => [header, ...lines, ''].join('\n');

/** A shop of 20 customers and 10 products at 10.00, the even ones Toys, the odd ones Books. */
const shopOf = (orders: readonly Order[], categories: readonly [string, string] = ['Toys', 'Books']) => ({
  'customers.csv': csv(
    'customer_id',
    numbers(20).map((number) => `C${number}`),
  ),
  'products.csv': csv(
    'product_id,product_name,category,price',
    numbers(10).map((number) => `P${number},Thing ${number},${categories[number % 2]},10.00`),
  ),
  'transactions.csv': csv(
    'transaction_id,customer_id,transaction_date',
    orders.map((order, index) => `T${index},${order.customer ? `C${order.customer}` : ''},${order.day}`),
  ),
  'transaction_items.csv': csv(
    'item_id,transaction_id,product_id,quantity,unit_price',
    orders.map((order, index) => `I${index},T${index},P${order.product},${order.quantity ?? 1},10.00`),
  ),
});

/**
 * 1 January to 30 April, 121 days, 34 of them Saturdays and Sundays. January: each customer buys once, the products in
 * turn: 200. February: C1 buys ten times P1: 100. March: a guest buys 20 times P2: 200. April, on weekdays: C2 buys 9
 * times P2 on the 29th: 90, and a guest one on the 30th: 10.
 */
const orders: readonly Order[] = [
  ...numbers(20).map((number) => ({ day: day(1, 1), customer: number, product: ((number - 1) % 10) + 1 })),
  { day: day(2, 1), customer: 1, product: 1, quantity: 10 },
  { day: day(3, 2), product: 2, quantity: 20 },
  { day: day(4, 29), customer: 2, product: 2, quantity: 9 },
  { day: day(4, 30), product: 2 },
];

test('a shop with enough of everything gets every sentence', async () => {
  expect(await insightsOf(shopOf(orders))).toEqual([
    {
      report: 'category-share',
      // The even products: 100 in January, 200 in March, 100 in April
      text: 'Toys leads with 66.7% of net revenue (€400.00).',
      figures: { category: 'Toys', share: 400 / 600, net_revenue: 400 },
    },
    {
      report: 'weekend-weekday',
      // 200 on 34 days, 400 on 87 days
      text: 'A day of the weekend brings €5.88, 27.8% more than a weekday (€4.60).',
      figures: { weekend_per_day: 5.88, weekday_per_day: 4.6, difference: (5.88 - 4.6) / 4.6 },
    },
    {
      report: 'repeat-customers',
      text: '10% of customers ordered more than once; they bring 53.8% of the gross revenue from customers, guests left out.',
      figures: { repeat_customers: 2, customers: 20, share_of_customers: 0.1, share_of_revenue: 210 / 390 },
    },
    {
      report: 'revenue-trend',
      text: 'Net revenue grew most in 2024-03: up 100% on the month before, to €200.00.',
      figures: { month: '2024-03', growth: 1, net_revenue: 200 },
    },
    {
      report: 'pareto',
      // P2 320, P1 120, then 20 each: 480 is reached by the fourth
      text: '40% of the products sold (4 of 10) make 80% of gross revenue.',
      figures: { products: 4, products_sold: 10, share_of_products: 0.4 },
    },
    {
      report: 'top-products',
      text: 'The best product is Thing 2 (P2) with €320.00, 53.3% of net revenue.',
      figures: { source: 'csv', product_id: 'P2', product_name: 'Thing 2', net_revenue: 320, share: 320 / 600 },
    },
  ]);
});

test('a shop of a few days, one category, two products and a customer gets none', async () => {
  expect(await insightsOf(smallShop)).toEqual([]);
});

test('a shop without a sale gets none', async () => {
  expect(await insightsOf(shopOf([]))).toEqual([]);
});

test.each([
  [
    'one category, 18 customers, nine products',
    shopOf(
      orders.filter(({ product }) => product !== 9),
      ['Toys', 'Toys'],
    ),
    ['weekend-weekday', 'revenue-trend'],
  ],
  [
    'no categories and one day',
    shopOf(
      [...orders.filter(({ day: date }) => date === '2024-01-01'), { day: '2024-01-01', product: 2 }],
      ['Uncategorised', 'Fees'],
    ),
    ['repeat-customers', 'pareto', 'top-products'],
  ],
  [
    'two months to compare',
    shopOf(orders.filter(({ day: date }) => date < '2024-04-30')),
    ['category-share', 'weekend-weekday', 'repeat-customers', 'pareto', 'top-products'],
  ],
])('a shop with %s gets only what the rest says', async (_what, files, reports) => {
  expect((await insightsOf(files)).map(({ report }) => report)).toEqual(reports);
});
