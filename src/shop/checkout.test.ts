/** Checkout under competition: stock is taken whole or not at all, and never twice. */
import { describe, expect, test } from 'vitest';
import { makePostgres } from '../../tests/setup/fixtures.ts';
import { countingIds } from '../kernel/ids.ts';
import { fixedClock } from '../kernel/time.ts';
import type { Postgres } from '../stores/postgres/postgres.ts';
import { type OrderRequest, placeOrder } from './checkout.ts';
import { openShop } from './open.ts';

const clock = fixedClock(new Date('2026-03-01T12:00:00Z'));

async function makeShop(stock: Readonly<Record<string, number>>): Promise<Postgres> {
  const postgres = await makePostgres();
  for (const [product, units] of Object.entries(stock)) {
    await postgres.run(
      `INSERT INTO shop.products (product_id, product_name, category, price, stock_quantity) VALUES ($1, $1, 'Tea', 4.5, $2)`,
      [product, units],
    );
  }
  await postgres.run(`INSERT INTO shop.customers (customer_id, country) VALUES ('C1', 'France')`);
  return postgres;
}

const stockOf = async (postgres: Postgres): Promise<Record<string, number>> =>
  Object.fromEntries(
    (
      await postgres.rows<{ product_id: string; stock_quantity: number }>(
        'SELECT product_id, stock_quantity FROM shop.products',
      )
    ).map(({ product_id, stock_quantity }) => [product_id, stock_quantity]),
  );

const order = (...lines: readonly [string, number][]): OrderRequest => ({
  customerId: 'C1',
  paymentMethod: 'PayPal',
  lines: lines.map(([productId, quantity]) => ({ productId, quantity })),
});

describe('placing an order', () => {
  test('takes the units out of stock and writes the lines at the present prices', async () => {
    const postgres = await makeShop({ green: 10, black: 3 });
    const placed = await placeOrder(postgres, order(['green', 2], ['black', 1], ['green', 1]), clock, countingIds());
    expect(placed).toEqual({ order: 'order_0000000000000001', total: 18 });
    expect(await stockOf(postgres)).toEqual({ green: 7, black: 2 });
    const lines = await postgres.rows(
      'SELECT line, product_id, quantity, line_total FROM shop.order_items ORDER BY line',
    );
    expect(lines).toEqual([
      { line: 1, product_id: 'green', quantity: 2, line_total: '9.00' },
      { line: 2, product_id: 'black', quantity: 1, line_total: '4.50' },
      { line: 3, product_id: 'green', quantity: 1, line_total: '4.50' },
    ]);
    expect(await postgres.rows('SELECT customer_id, country, status FROM shop.orders')).toEqual([
      { customer_id: 'C1', country: 'France', status: 'completed' },
    ]);
  });

  test('leaves everything as it was when one product is short, even over several lines', async () => {
    const postgres = await makeShop({ green: 10, black: 3 });
    const attempt = placeOrder(postgres, order(['green', 2], ['black', 2], ['black', 2]), clock, countingIds());
    await expect(attempt).rejects.toMatchObject({
      code: 'MR-SHP-001',
      details: { product: 'black', wanted: 4, stock: 3 },
    });
    expect(await stockOf(postgres)).toEqual({ green: 10, black: 3 });
    expect(await postgres.rows('SELECT 1 FROM shop.orders')).toEqual([]);
  });

  test('by forty buyers at once sells exactly what was in stock', async () => {
    const postgres = await makeShop({ green: 11, black: 1000 });
    const ids = countingIds();
    // Half name the products in the other order: waiting for each other in a circle would show here.
    const attempts = Array.from({ length: 40 }, (_, buyer) =>
      placeOrder(
        postgres,
        buyer % 2 ? order(['green', 1], ['black', 1]) : order(['black', 1], ['green', 1]),
        clock,
        ids,
      ),
    );
    const outcomes = await Promise.allSettled(attempts);
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []));
    expect(refused).toEqual(Array.from({ length: 29 }, () => 'MR-SHP-001'));
    expect(await stockOf(postgres)).toEqual({ green: 0, black: 989 });
    const [sold] = await postgres.rows<{ units: string }>(
      `SELECT sum(quantity) AS units FROM shop.order_items WHERE product_id = 'green'`,
    );
    expect(sold?.units).toBe('11');
  });

  test.each([
    ['an unknown product', order(['white', 1]), 'MR-SHP-002'],
    ['an unknown customer', { ...order(['green', 1]), customerId: 'C9' }, 'MR-SHP-002'],
    ['no lines', order(), 'MR-SHP-003'],
    ['half a unit', order(['green', 0.5]), 'MR-SHP-003'],
    ['less than one unit', order(['green', 0]), 'MR-SHP-003'],
  ])('is refused for %s', async (_name, request, code) => {
    const postgres = await makeShop({ green: 10 });
    await expect(placeOrder(postgres, request, clock, countingIds())).rejects.toMatchObject({ code });
    expect(await stockOf(postgres)).toEqual({ green: 10 });
  });
});

test('a shop cannot be opened from a source that nobody loaded', async () => {
  const postgres = await makePostgres();
  await expect(openShop(postgres, 'csv')).rejects.toMatchObject({ code: 'MR-SHP-002' });
});
