/** The semantic layer: what each figure means, once, and the one SQL statement that computes a set of them. */
import { sqlText } from '../stores/duckdb/duckdb.ts';

/** A figure: SQL that aggregates the rows of `salesRelation`. */
export interface Metric {
  readonly title: string;
  readonly description: string;
  readonly expression: string;
  readonly unit: 'amount' | 'count';
}

/** What figures can be split by: SQL over the rows of `salesRelation`. */
export interface Dimension {
  readonly title: string;
  readonly expression: string;
}

/** One row per item of a completed order or return, with what the dimensions say about it. */
const salesRelation = `fact_sales AS sales
JOIN dim_products AS products ON products.product_key = sales.product_key
JOIN dim_customers AS customers ON customers.customer_key = sales.customer_key
JOIN dim_payment_method AS payments ON payments.payment_method_key = sales.payment_method_key`;

const isSale = `sales.transaction_type = 'sale'`;
const gross = `coalesce(sum(sales.line_total) FILTER (${isSale}), 0)`;
const orders = `count(DISTINCT (sales.source, sales.transaction_id)) FILTER (${isSale})`;

/** The metrics. Formulas: the data model's header (docs/data-model.md). */
export const metrics = {
  gross_revenue: {
    title: 'Gross revenue',
    description: 'Line totals of sales, after discount.',
    expression: gross,
    unit: 'amount',
  },
  returns: {
    title: 'Returns',
    description: 'Line totals of returns, shown positive, on the day of the return.',
    expression: `coalesce(-sum(sales.line_total) FILTER (sales.transaction_type = 'return'), 0)`,
    unit: 'amount',
  },
  net_revenue: {
    title: 'Net revenue',
    description: 'Gross revenue less returns.',
    expression: 'coalesce(sum(sales.line_total), 0)',
    unit: 'amount',
  },
  orders: { title: 'Orders', description: 'Completed sales.', expression: orders, unit: 'count' },
  customers: {
    title: 'Customers',
    description: 'Distinct customers with a sale; guests are left out.',
    expression: `count(DISTINCT (customers.source, customers.customer_id)) FILTER (${isSale} AND sales.customer_key <> 0)`,
    unit: 'count',
  },
  average_order_value: {
    title: 'Average order value',
    description: 'Gross revenue per order; none without orders.',
    expression: `round(${gross} / nullif(${orders}, 0), 2)::DECIMAL(18,2)`,
    unit: 'amount',
  },
  units_sold: {
    title: 'Units sold',
    description: 'Units of sales.',
    expression: `coalesce(sum(sales.quantity) FILTER (${isSale}), 0)::BIGINT`,
    unit: 'count',
  },
} as const satisfies Record<string, Metric>;

/** The dimensions. */
export const dimensions = {
  date: { title: 'Day', expression: `strptime(sales.date_key::VARCHAR, '%Y%m%d')::DATE` },
  category: { title: 'Category', expression: 'products.category' },
  product_id: { title: 'Product', expression: 'products.product_id' },
  product_source: { title: 'Source of the product', expression: 'products.source' },
  payment_method: { title: 'Payment method', expression: 'payments.payment_method' },
} as const satisfies Record<string, Dimension>;

/** The name of a metric. */
export type MetricName = keyof typeof metrics;

/** The name of a dimension. */
export type DimensionName = keyof typeof dimensions;

/** A question: figures, split and limited in time. */
export interface MetricQuery {
  readonly metrics: readonly MetricName[];
  readonly dimensions?: readonly DimensionName[];
  /** Calendar days of the shop, both inclusive, YYYY-MM-DD. */
  readonly from: string;
  readonly to: string;
  /** The greatest values of this metric come first; without it rows are in the order of their dimensions. */
  readonly orderBy?: MetricName;
  readonly limit?: number;
}

const dayKey = (day: string): number => Number(day.replaceAll('-', ''));

/** The one statement that answers the question: a column per dimension and metric, under their names. */
export function compileMetricQuery(query: MetricQuery): string {
  const split = query.dimensions ?? [];
  const columns = [
    ...split.map((name) => `${dimensions[name].expression} AS ${name}`),
    ...query.metrics.map((name) => `${metrics[name].expression} AS ${name}`),
  ];
  const ordinals = split.map((_, place) => place + 1).join(', ');
  const ranked = query.orderBy ? [`${query.orderBy} DESC`] : [];
  const order = [...ranked, ...(ordinals ? [ordinals] : [])].join(', ');
  return [
    `SELECT ${columns.join(', ')}`,
    `FROM ${salesRelation}`,
    `WHERE sales.date_key BETWEEN ${dayKey(query.from)} AND ${dayKey(query.to)}`,
    ordinals ? `GROUP BY ${ordinals}` : '',
    order ? `ORDER BY ${order}` : '',
    query.limit === undefined ? '' : `LIMIT ${query.limit}`,
  ]
    .filter((line) => line !== '')
    .join('\n');
}

/** The products' names, for the keys that a query by product gives. */
export const productNames = (ids: readonly string[]): string =>
  `SELECT source AS product_source, product_id, product_name, category FROM dim_products
   WHERE is_current AND product_id IN (${ids.length > 0 ? ids.map(sqlText).join(', ') : 'NULL'})`;
