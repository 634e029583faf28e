/** The figures of the overview twice: as the page shows them, and as SQL over the star schema gives them. */
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { runMillrace } from '../setup/fixtures.ts';

/** Days, YYYY-MM-DD, both included. */
export interface Range {
  readonly from: string;
  readonly to: string;
}

/** All figures as texts, one per tile or row, with single spaces; values to the cent where there are hooks for them. */
export interface Figures {
  readonly publishedAt: string;
  readonly tiles: readonly string[];
  readonly values: readonly string[];
  readonly products: readonly string[];
  readonly categories: readonly string[];
  readonly payments: readonly string[];
  readonly days: readonly string[];
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** Reads what stands on the page, the days from the table behind the chart. */
export async function readShown(page: Page): Promise<Figures> {
  const texts = async (selector: string): Promise<readonly string[]> =>
    (await page.locator(selector).allInnerTexts()).map(oneLine);
  const hooks = page.locator('[data-value]');
  const figures = {
    publishedAt: (await page.getByTestId('published-at').getAttribute('datetime')) ?? '',
    tiles: await texts('dl > div'),
    values: await hooks.evaluateAll((elements) => elements.map((element) => element.dataset.value ?? '')),
    products: await texts('[data-testid="top-product"]'),
    categories: await texts('[data-testid="category"]'),
    payments: await texts('[data-testid="payment-method"]'),
  };
  await page.getByRole('button', { name: 'Show table' }).click();
  const days = await texts('section[aria-label="Net revenue by day, as a table"] tbody tr');
  await page.getByRole('button', { name: 'Show chart' }).click();
  return { ...figures, days };
}

/** One line of the answer: the figures of everything, of the period before, or of one product, category and so on. */
interface Line {
  readonly part: 'all' | 'before' | 'product' | 'category' | 'payment' | 'day' | 'first day' | 'published';
  /** What lines of equal revenue are ordered by. */
  readonly key: string;
  readonly name: string;
  readonly note: string;
  readonly net: number;
  readonly gross: number;
  readonly returns: number;
  readonly orders: number;
  readonly customers: number;
  readonly aov: number | null;
  readonly units: number;
}

const isSale = `transaction_type = 'sale'`;
const gross = `coalesce(sum(line_total) FILTER (${isSale}), 0)`;
const orders = `count(DISTINCT source || '|' || transaction_id) FILTER (${isSale})`;
const figures = `coalesce(sum(line_total), 0) AS net, ${gross} AS gross,
  coalesce(-sum(line_total) FILTER (transaction_type = 'return'), 0) AS returns, ${orders} AS orders,
  count(DISTINCT buyer) FILTER (${isSale}) AS customers, round(${gross} / nullif(${orders}, 0), 2) AS aov,
  coalesce(sum(quantity) FILTER (${isSale}), 0)::INTEGER AS units`;

const question = ({ from, to }: Range): string => `
WITH sales AS (
  SELECT fact_sales.*, make_date(dim_date.year, dim_date.month, dim_date.day_of_month) AS day,
    dim_products.product_id, dim_products.category, payment_method,
    present.product_name, present.category AS present_category,
    CASE WHEN customer_key <> 0 THEN dim_customers.source || '|' || customer_id END AS buyer
  FROM fact_sales
  JOIN dim_date USING (date_key)
  JOIN dim_products USING (product_key)
  JOIN dim_products AS present ON present.source = dim_products.source AND present.product_id = dim_products.product_id
    AND present.is_current
  JOIN dim_customers USING (customer_key)
  JOIN dim_payment_method USING (payment_method_key)
),
asked AS (FROM sales WHERE day BETWEEN DATE '${from}' AND DATE '${to}'),
before AS (FROM sales WHERE day BETWEEN DATE '${from}' - (DATE '${to}' - DATE '${from}' + 1)::INTEGER AND DATE '${from}' - 1)
SELECT 'all' AS part, '' AS key, '' AS name, '' AS note, ${figures} FROM asked
UNION ALL SELECT 'before', '', '', '', ${figures} FROM before
UNION ALL SELECT 'product', source || '|' || product_id, product_name, present_category, ${figures} FROM asked GROUP BY ALL
UNION ALL SELECT 'category', category, category, '', ${figures} FROM asked GROUP BY ALL
UNION ALL SELECT 'payment', payment_method, payment_method, '', ${figures} FROM asked GROUP BY ALL
UNION ALL SELECT 'day', day::VARCHAR, '', '', ${figures} FROM asked GROUP BY ALL
UNION ALL SELECT 'first day', '', min(day)::VARCHAR, '', ${figures} FROM sales
UNION ALL SELECT 'published', '', strftime(published_at, '%Y-%m-%dT%H:%M:%SZ'), '', 0, 0, 0, 0, 0, 0, 0 FROM ops.publication`;

const format = (options: Intl.NumberFormatOptions) => {
  const formatter = new Intl.NumberFormat('en-US', options);
  return (value: number): string => formatter.format(value).replace('-', '\u2212');
};
const money = format({ style: 'currency', currency: 'USD' });
const count = format({});
const tenths = { style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1 } as const;
const share = format(tenths);
const signed = format({ ...tenths, signDisplay: 'exceptZero' });
const weekday = new Intl.DateTimeFormat('en-US', {
  timeZone: 'UTC',
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
});

function change(value: number | null, before: number | null | undefined): string {
  if (value === null || !before) return 'no earlier data';
  return `${signed((value - before) / before)} against the period before`;
}

function tiles(all: Line, before: Line | undefined): readonly string[] {
  const beside = (text: string | undefined): string => (text === undefined ? '' : ` Before ${text}`);
  const returns = all.returns === 0 ? money(0) : money(-all.returns);
  const aov = all.aov === null ? '\u2013' : money(all.aov);
  const aovBefore = before?.aov ?? undefined;
  return [
    `Net revenue ${money(all.net)} ${change(all.net, before?.net)} Gross ${money(all.gross)} Returns ${returns}`,
    `Orders ${count(all.orders)} ${change(all.orders, before?.orders)}${beside(before && count(before.orders))}`,
    `Customers ${count(all.customers)} ${change(all.customers, before?.customers)}${beside(before && count(before.customers))}`,
    `Average order value ${aov} ${change(all.aov, aovBefore)}${beside(aovBefore === undefined ? undefined : money(aovBefore))}`,
  ];
}

function daysOf({ from, to }: Range): readonly string[] {
  const days: string[] = [];
  for (let time = Date.parse(from); time <= Date.parse(to); time += 86_400_000) {
    days.push(new Date(time).toISOString().slice(0, 10));
  }
  return days;
}

/** Asks the warehouse with `millrace query` for what the page should show. */
export async function readExpected(settings: Readonly<Record<string, string>>, range: Range): Promise<Figures> {
  const { code, stdout, stderr } = await runMillrace(['query', '--json', question(range)], settings);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const lines: readonly Line[] = JSON.parse(stdout);
  const of = (part: Line['part']): readonly Line[] => lines.filter((line) => line.part === part);
  const ranked = (part: Line['part']): readonly Line[] =>
    of(part).toSorted((a, b) => b.net - a.net || (a.key < b.key ? -1 : 1));
  const [all] = of('all');
  const [first] = of('first day');
  if (!all || !first) throw new Error('aggregates without groups give one line each');
  const [products, categories, payments] = [ranked('product').slice(0, 10), ranked('category'), ranked('payment')];
  const byDay = new Map(of('day').map((line) => [line.key, line]));
  const part = ({ net }: Line): string => `${money(net)} ${share(net / all.net)}`;
  const ordered = ({ orders: number }: Line): string => `${count(number)} ${number === 1 ? 'order' : 'orders'}`;
  return {
    publishedAt: of('published')[0]?.name ?? '',
    tiles: tiles(all, first.name < range.from ? of('before')[0] : undefined),
    values: [
      all.net,
      all.orders,
      all.customers,
      all.aov,
      ...[...products, ...categories, ...payments].map(({ net }) => net),
    ].map((value) => String(value ?? '')),
    products: products.map((line) => `${line.name} ${line.note} ${count(line.units)} ${money(line.net)}`),
    categories: categories.map((line) => `${line.name} ${part(line)}`),
    payments: payments.map((line) => `${line.name} ${ordered(line)} ${part(line)}`),
    days: daysOf(range).map((day) => {
      const line = byDay.get(day);
      return `${weekday.format(Date.parse(day))} ${count(line?.orders ?? 0)} ${money(line?.net ?? 0)}`;
    }),
  };
}
