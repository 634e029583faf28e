/** Checkout: an order takes its units out of stock and is written down in one transaction, or not at all. */
import { MillraceError } from '../kernel/errors.ts';
import type { IdSource } from '../kernel/ids.ts';
import type { Clock } from '../kernel/time.ts';
import type { Postgres, Sql } from '../stores/postgres/postgres.ts';

/** So many units of a product. */
export interface OrderLine {
  readonly productId: string;
  /** A whole number above 0. */
  readonly quantity: number;
}

/** What somebody wants to buy. */
export interface OrderRequest {
  /** Undefined: a guest. */
  readonly customerId: string | undefined;
  readonly paymentMethod: string;
  readonly lines: readonly OrderLine[];
}

/** An order as it was written down. */
export interface PlacedOrder {
  readonly order: string;
  /** The sum of its lines, in the shop currency. */
  readonly total: number;
}

interface Wanted {
  readonly product_id: string;
  readonly wanted: number;
  readonly stock: number | null;
}

/** Locks the products in the order of their ids, so that two checkouts never wait for each other in a circle. */
const lockProducts = `SELECT 1 FROM shop.products WHERE product_id = ANY($1) ORDER BY product_id FOR UPDATE`;

/** What is wanted beside what is there. $1 product ids, $2 quantities. */
const compareStock = `SELECT product_id, sum(quantity)::bigint AS wanted, min(stock_quantity) AS stock
FROM unnest($1::text[], $2::bigint[]) AS lines (product_id, quantity) LEFT JOIN shop.products USING (product_id)
GROUP BY product_id ORDER BY product_id`;

const takeStock = `UPDATE shop.products SET stock_quantity = stock_quantity - wanted.quantity
FROM (SELECT product_id, sum(quantity) AS quantity FROM unnest($1::text[], $2::bigint[]) AS lines (product_id, quantity)
  GROUP BY product_id) AS wanted
WHERE products.product_id = wanted.product_id`;

const insertOrder = `INSERT INTO shop.orders
(order_id, customer_id, placed_at, payment_method, country, status, updated_at)
VALUES ($1, $2, $3, $4, (SELECT country FROM shop.customers WHERE customer_id = $2), 'completed', $3)`;

const insertLines = `INSERT INTO shop.order_items (order_id, line, product_id, quantity, unit_price, line_total)
SELECT $1, line, product_id, quantity, price, round(quantity * price, 2)
FROM unnest($2::text[], $3::bigint[]) WITH ORDINALITY AS lines (product_id, quantity, line) JOIN shop.products USING (product_id)`;

async function requireCustomer(sql: Sql, customerId: string | undefined): Promise<void> {
  if (customerId === undefined) return;
  const known = await sql.rows('SELECT 1 FROM shop.customers WHERE customer_id = $1', [customerId]);
  if (known.length === 0) throw new MillraceError('MR-SHP-002', { what: `customer ${customerId}` });
}

async function requireStock(sql: Sql, products: readonly string[], quantities: readonly number[]): Promise<void> {
  await sql.run(lockProducts, [products]);
  for (const { product_id, wanted, stock } of await sql.rows<Wanted>(compareStock, [products, quantities])) {
    if (stock === null) throw new MillraceError('MR-SHP-002', { what: `product ${product_id}` });
    if (stock < wanted) throw new MillraceError('MR-SHP-001', { product: product_id, wanted, stock });
  }
}

/**
 * Places an order at the products' present prices. Any number of them at once sell no unit twice.
 * Errors: MR-SHP-001 when there is not enough in stock, MR-SHP-002 for an unknown product or customer, MR-SHP-003 for
 * an order without lines or with a quantity that is none.
 */
export async function placeOrder(
  postgres: Postgres,
  request: OrderRequest,
  clock: Clock,
  ids: IdSource,
): Promise<PlacedOrder> {
  const products = request.lines.map(({ productId }) => productId);
  const quantities = request.lines.map(({ quantity }) => quantity);
  if (products.length === 0 || quantities.some((quantity) => !Number.isSafeInteger(quantity) || quantity < 1)) {
    throw new MillraceError('MR-SHP-003', {});
  }
  const order = ids('order');
  return postgres.transaction(async (sql) => {
    await requireCustomer(sql, request.customerId);
    await requireStock(sql, products, quantities);
    await sql.run(takeStock, [products, quantities]);
    await sql.run(insertOrder, [order, request.customerId ?? null, clock(), request.paymentMethod]);
    await sql.run(insertLines, [order, products, quantities]);
    const [sum] = await sql.rows<{ total: string }>(
      'SELECT sum(line_total) AS total FROM shop.order_items WHERE order_id = $1',
      [order],
    );
    return { order, total: Number(sum?.total ?? 0) };
  });
}
