/** The few sentences that a run ends with: what the reports say about the whole shop, and nothing where data is thin. */
import type { DuckDB, JsonValue } from '../stores/duckdb/duckdb.ts';
import { loadReport, readReport } from './reports.ts';

/** A sentence and the figures in it. Amounts are in the shop's currency, shares and changes fractions. */
export interface Insight {
  /** The report that it comes from. */
  readonly report: string;
  readonly text: string;
  readonly figures: Readonly<Record<string, JsonValue>>;
}

/** How figures are written in a sentence. */
interface Words {
  readonly money: (amount: number) => string;
  readonly percent: (fraction: number) => string;
  readonly count: (number: number) => string;
}

type Finding = Pick<Insight, 'text' | 'figures'>;

/** What a report's rows say; undefined when there is too little to say it of. */
type Reading<Row> = (rows: readonly Row[], words: Words) => Finding | undefined;

/** The least that a sentence rests on. */
const thin = { orders: 20, days: 8, customers: 20, months: 3, products: 10 } as const;

/** What stands for a category where the source has none. */
const noCategory = 'Uncategorised';

interface Ranked {
  readonly net_revenue: number;
  readonly share: number | null;
}

/** The first of ranked rows with its share, if it is ahead of the second and the share is one of a positive whole. */
function leaderOf<Row extends Ranked>([first, second]: readonly Row[]): (Row & { readonly share: number }) | undefined {
  if (!first || !second || first.net_revenue <= second.net_revenue) return undefined;
  const { share } = first;
  return first.net_revenue > 0 && share !== null && share > 0 ? { ...first, share } : undefined;
}

interface Category extends Ranked {
  readonly category: string;
  readonly orders: number;
}

const leadingCategory: Reading<Category> = (rows, words) => {
  const leader = leaderOf(rows);
  const orders = rows.reduce((sum, row) => sum + row.orders, 0);
  if (!leader || orders < thin.orders || leader.category === noCategory) return undefined;
  const { category, share, net_revenue } = leader;
  return {
    text: `${category} leads with ${words.percent(share)} of net revenue (${words.money(net_revenue)}).`,
    figures: { category, share, net_revenue },
  };
};

interface KindOfDay {
  readonly kind_of_day: string;
  readonly days: number;
  readonly net_revenue_per_day: number;
}

const weekendAgainstWeekday: Reading<KindOfDay> = (rows, words) => {
  const find = (kind: string) => rows.find(({ kind_of_day: name, days }) => name === kind && days >= thin.days);
  const weekend = find('Weekend')?.net_revenue_per_day;
  const weekday = find('Weekday')?.net_revenue_per_day;
  if (weekend === undefined || weekday === undefined || weekday <= 0) return undefined;
  const difference = (weekend - weekday) / weekday;
  const compared =
    difference === 0 ? 'as much as' : `${words.percent(Math.abs(difference))} ${difference > 0 ? 'more' : 'less'} than`;
  return {
    text: `A day of the weekend brings ${words.money(weekend)}, ${compared} a weekday (${words.money(weekday)}).`,
    figures: { weekend_per_day: weekend, weekday_per_day: weekday, difference },
  };
};

interface KindOfCustomer {
  readonly kind_of_customer: string;
  readonly customers: number;
  readonly share_of_customers: number;
  readonly share_of_revenue: number | null;
}

const repeatCustomers: Reading<KindOfCustomer> = (rows, words) => {
  const customers = rows.reduce((sum, row) => sum + row.customers, 0);
  const repeat = rows.find(({ kind_of_customer: kind }) => kind === 'Repeat');
  if (!repeat || customers < thin.customers || repeat.share_of_revenue === null) return undefined;
  const { share_of_customers, share_of_revenue } = repeat;
  return {
    text: `${words.percent(share_of_customers)} of customers ordered more than once; they bring ${words.percent(share_of_revenue)} of the gross revenue from customers, guests left out.`,
    figures: { repeat_customers: repeat.customers, customers, share_of_customers, share_of_revenue },
  };
};

interface Month {
  readonly month: string;
  readonly is_complete: boolean;
  readonly net_revenue: number;
  readonly growth: number | null;
}

/** Only whole months are compared with whole months. */
const bestMonth: Reading<Month> = (rows, words) => {
  const comparable = rows.filter(
    (row, place) => row.is_complete && rows[place - 1]?.is_complete && (rows[place - 1]?.net_revenue ?? 0) > 0,
  );
  const [best] = comparable.toSorted((one, other) => (other.growth ?? 0) - (one.growth ?? 0));
  if (!best || comparable.length < thin.months || (best.growth ?? 0) <= 0) return undefined;
  const { month, growth, net_revenue } = best;
  return {
    text: `Net revenue grew most in ${month}: up ${words.percent(growth ?? 0)} on the month before, to ${words.money(net_revenue)}.`,
    figures: { month, growth, net_revenue },
  };
};

const fewProducts: Reading<{ target: number; products: number; share_of_products: number }> = (rows, words) => {
  const all = rows.find(({ target }) => target === 1)?.products ?? 0;
  const few = rows.find(({ target }) => target === 0.8);
  if (!few || all < thin.products) return undefined;
  const { products, share_of_products } = few;
  return {
    text: `${words.percent(share_of_products)} of the products sold (${words.count(products)} of ${words.count(all)}) make 80% of gross revenue.`,
    figures: { products, products_sold: all, share_of_products },
  };
};

interface Product extends Ranked {
  readonly source: string;
  readonly product_id: string;
  readonly product_name: string;
}

const bestProduct: Reading<Product> = (rows, words) => {
  const best = leaderOf(rows);
  if (!best || rows.length < thin.products) return undefined;
  const { source, product_id, product_name, net_revenue, share } = best;
  return {
    text: `The best product is ${product_name} (${product_id}) with ${words.money(net_revenue)}, ${words.percent(share)} of net revenue.`,
    figures: { source, product_id, product_name, net_revenue, share },
  };
};

async function find<Row>(
  duckdb: DuckDB,
  name: string,
  reading: Reading<Row>,
  words: Words,
): Promise<readonly Insight[]> {
  const { rows } = await readReport(duckdb, loadReport(name));
  const finding = reading(rows as readonly Row[], words);
  return finding ? [{ report: name, ...finding }] : [];
}

/** Computes the insights over all days of an open warehouse; the currency is an ISO 4217 code. */
export async function readInsights(duckdb: DuckDB, currency: string): Promise<readonly Insight[]> {
  const money = new Intl.NumberFormat('en-US', { style: 'currency', currency });
  const percent = new Intl.NumberFormat('en-US', { style: 'percent', maximumFractionDigits: 1 });
  const count = new Intl.NumberFormat('en-US');
  const words: Words = {
    money: (amount) => money.format(amount),
    percent: (fraction) => percent.format(fraction),
    count: (number) => count.format(number),
  };
  return [
    ...(await find(duckdb, 'category-share', leadingCategory, words)),
    ...(await find(duckdb, 'weekend-weekday', weekendAgainstWeekday, words)),
    ...(await find(duckdb, 'repeat-customers', repeatCustomers, words)),
    ...(await find(duckdb, 'revenue-trend', bestMonth, words)),
    ...(await find(duckdb, 'pareto', fewProducts, words)),
    ...(await find(duckdb, 'top-products', bestProduct, words)),
  ];
}
