/** The figures of the overview page: totals with their change, revenue by day, top products, shares. */
import { MillraceError } from '../kernel/errors.ts';
import type { DuckDB } from '../stores/duckdb/duckdb.ts';
import { compileMetricQuery, type MetricName, type MetricQuery, productNames } from './metrics.ts';

/** Calendar days of the shop, both inclusive, YYYY-MM-DD. */
export interface DateRange {
  readonly from: string;
  readonly to: string;
}

/** A figure beside that of the period before, which is as long and ends where the range begins. */
export interface Total {
  readonly value: number | null;
  /** Null when the data does not go back to the beginning of the period before. */
  readonly previous: number | null;
  /** (value - previous) / previous, a fraction; null when that is undefined. */
  readonly change: number | null;
}

/** All that the overview shows. Amounts are in the shop currency, shares fractions of net revenue. */
export interface Overview {
  readonly available: DateRange;
  readonly range: DateRange;
  readonly previousRange: DateRange;
  readonly totals: Readonly<
    Record<'netRevenue' | 'grossRevenue' | 'returns' | 'orders' | 'customers' | 'averageOrderValue', Total>
  >;
  readonly daily: readonly { readonly date: string; readonly netRevenue: number; readonly orders: number }[];
  /** A product is known by its source and id. */
  readonly topProducts: readonly {
    readonly source: string;
    readonly productId: string;
    readonly productName: string;
    readonly category: string;
    readonly netRevenue: number;
    readonly unitsSold: number;
  }[];
  readonly byCategory: readonly {
    readonly category: string;
    readonly netRevenue: number;
    readonly share: number | null;
  }[];
  readonly byPaymentMethod: readonly {
    readonly paymentMethod: string;
    readonly netRevenue: number;
    readonly orders: number;
    readonly share: number | null;
  }[];
}

const day = 24 * 60 * 60 * 1000;

const shift = (date: string, days: number): string =>
  new Date(Date.parse(`${date}T00:00:00Z`) + days * day).toISOString().slice(0, 10);

const daysIn = ({ from, to }: DateRange): number => (Date.parse(to) - Date.parse(from)) / day + 1;

const isDay = (text: string): boolean => {
  const instant = new Date(`${text}T00:00:00Z`);
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(instant.getTime()) && instant.toISOString().startsWith(text);
};

/** The range before: as many days, ending the day before. */
export const previousRange = (range: DateRange): DateRange => ({
  from: shift(range.from, -daysIn(range)),
  to: shift(range.from, -1),
});

/** What is shown when nothing is asked for: the last twelve months that have data. */
function defaultRange(available: DateRange): DateRange {
  const yearBack = { from: shift(available.to, -364), to: available.to };
  return yearBack.from < available.from ? available : yearBack;
}

/** The longest range that is shown, in days. */
const longestRange = 36_600;

function problemOf(range: DateRange): string | undefined {
  if (![range.from, range.to].every(isDay)) return 'a day is not of the form YYYY-MM-DD';
  if (range.from > range.to) return 'the first day is after the last';
  if (daysIn(range) > longestRange) return `it is longer than ${longestRange} days`;
  return undefined;
}

/** The range as it is given. Errors: MR-QRY-003 for words that are no days, or days in the wrong order. */
export function checkRange(range: DateRange): DateRange {
  const problem = problemOf(range);
  if (problem) throw new MillraceError('MR-QRY-003', { ...range, problem });
  return range;
}

function chooseRange(available: DateRange, asked: { readonly from?: string; readonly to?: string }): DateRange {
  const fallback = defaultRange(available);
  return checkRange({
    from: asked.from ?? (asked.to ? available.from : fallback.from),
    to: asked.to ?? available.to,
  });
}

const ratio = (value: number | null, base: number | null): number | null =>
  value === null || base === null || base === 0 ? null : value / base;

const totalMetrics = [
  'net_revenue',
  'gross_revenue',
  'returns',
  'orders',
  'customers',
  'average_order_value',
] as const satisfies readonly MetricName[];

type Figures = Readonly<Record<(typeof totalMetrics)[number], number | null>>;

async function ask<T>(duckdb: DuckDB, query: MetricQuery): Promise<readonly T[]> {
  return duckdb.rows<T>(compileMetricQuery(query));
}

async function readTotals(duckdb: DuckDB, range: DateRange): Promise<Figures> {
  const [figures] = await ask<Figures>(duckdb, { metrics: totalMetrics, ...range });
  if (!figures) throw new Error('an aggregate without groups gives one row');
  return figures;
}

function compare(now: Figures, before: Figures | undefined): Overview['totals'] {
  const total = (name: keyof Figures): Total => {
    const value = now[name];
    const previous = before ? before[name] : null;
    return { value, previous, change: ratio(value === null || previous === null ? null : value - previous, previous) };
  };
  return {
    netRevenue: total('net_revenue'),
    grossRevenue: total('gross_revenue'),
    returns: total('returns'),
    orders: total('orders'),
    customers: total('customers'),
    averageOrderValue: total('average_order_value'),
  };
}

async function readDaily(duckdb: DuckDB, range: DateRange): Promise<Overview['daily']> {
  const rows = await ask<{ date: string; net_revenue: number; orders: number }>(duckdb, {
    metrics: ['net_revenue', 'orders'],
    dimensions: ['date'],
    ...range,
  });
  const byDay = new Map(rows.map((row) => [row.date, row]));
  return Array.from({ length: daysIn(range) }, (_, index) => {
    const date = shift(range.from, index);
    const row = byDay.get(date);
    return { date, netRevenue: row?.net_revenue ?? 0, orders: row?.orders ?? 0 };
  });
}

async function readTopProducts(duckdb: DuckDB, range: DateRange): Promise<Overview['topProducts']> {
  const rows = await ask<{ product_source: string; product_id: string; net_revenue: number; units_sold: number }>(
    duckdb,
    {
      metrics: ['net_revenue', 'units_sold'],
      dimensions: ['product_source', 'product_id'],
      orderBy: 'net_revenue',
      limit: 10,
      ...range,
    },
  );
  const names = await duckdb.rows<{
    product_source: string;
    product_id: string;
    product_name: string;
    category: string;
  }>(productNames(rows.map(({ product_id }) => product_id)));
  const keyOf = (row: { product_source: string; product_id: string }): string =>
    `${row.product_source}|${row.product_id}`;
  const named = new Map(names.map((each) => [keyOf(each), each]));
  return rows.map((row) => ({
    source: row.product_source,
    productId: row.product_id,
    productName: named.get(keyOf(row))?.product_name ?? row.product_id,
    category: named.get(keyOf(row))?.category ?? '',
    netRevenue: row.net_revenue,
    unitsSold: row.units_sold,
  }));
}

/** The days from the first to the last sale or return; undefined when there is none. */
export async function findAvailable(duckdb: DuckDB): Promise<DateRange | undefined> {
  const [found] = await duckdb.rows<{ from: string | null; to: string | null }>(
    `SELECT strptime(min(date_key)::VARCHAR, '%Y%m%d')::DATE AS "from", strptime(max(date_key)::VARCHAR, '%Y%m%d')::DATE AS "to"
     FROM fact_sales`,
  );
  return found?.from && found.to ? { from: found.from, to: found.to } : undefined;
}

/** The totals over all days that have data. */
export interface Headline {
  readonly range: DateRange;
  readonly totals: Figures;
}

/** Computes the headline on an open warehouse; undefined when nothing was sold or returned. */
export async function readHeadline(duckdb: DuckDB): Promise<Headline | undefined> {
  const range = await findAvailable(duckdb);
  return range && { range, totals: await readTotals(duckdb, range) };
}

/**
 * Computes the overview on an open warehouse. Without days asked for it covers the last twelve months with data.
 * Errors: MR-QRY-001 without any sale, MR-QRY-003 for a wrong range.
 */
export async function readOverview(
  duckdb: DuckDB,
  asked: { readonly from?: string; readonly to?: string },
  home: string,
): Promise<Overview> {
  const available = await findAvailable(duckdb);
  if (!available) throw new MillraceError('MR-QRY-001', { home });
  const range = chooseRange(available, asked);
  const before = previousRange(range);
  const now = await readTotals(duckdb, range);
  const previous = before.from < available.from ? undefined : await readTotals(duckdb, before);
  const categories = await ask<{ category: string; net_revenue: number }>(duckdb, {
    metrics: ['net_revenue'],
    dimensions: ['category'],
    orderBy: 'net_revenue',
    ...range,
  });
  const payments = await ask<{ payment_method: string; net_revenue: number; orders: number }>(duckdb, {
    metrics: ['net_revenue', 'orders'],
    dimensions: ['payment_method'],
    orderBy: 'net_revenue',
    ...range,
  });
  return {
    available,
    range,
    previousRange: before,
    totals: compare(now, previous),
    daily: await readDaily(duckdb, range),
    topProducts: await readTopProducts(duckdb, range),
    byCategory: categories.map((row) => ({
      category: row.category,
      netRevenue: row.net_revenue,
      share: ratio(row.net_revenue, now.net_revenue),
    })),
    byPaymentMethod: payments.map((row) => ({
      paymentMethod: row.payment_method,
      netRevenue: row.net_revenue,
      orders: row.orders,
      share: ratio(row.net_revenue, now.net_revenue),
    })),
  };
}
