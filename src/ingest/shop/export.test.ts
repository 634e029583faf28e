/** The live shop's way into production: what is exported is what the contracts accept, row for row. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeFolder, makePostgres, smallLimits, smallShop, writeFiles } from '../../../tests/setup/fixtures.ts';
import { batchSettings } from '../../../tests/setup/pipeline.ts';
import { countingIds } from '../../kernel/ids.ts';
import { fixedClock } from '../../kernel/time.ts';
import { placeOrder } from '../../shop/checkout.ts';
import { openShop } from '../../shop/open.ts';
import { type CsvRequest, ingestCsv } from '../csv/ingest.ts';
import { exportShop, hasOrders } from './export.ts';

test('orders of the live shop reach production with their local time, amounts and customers', async () => {
  const postgres = await makePostgres();
  const folder = makeFolder();
  const ids = countingIds();
  const clock = fixedClock(new Date('2026-07-01T22:30:15Z'));
  const context = {
    ...batchSettings(folder),
    postgres,
    duckdb: smallLimits(folder),
    timeZone: 'Europe/Paris',
    currency: 'USD',
    clock,
  };
  const request: CsvRequest = {
    source: 'csv',
    kind: 'csv',
    input: writeFiles(smallShop),
    preset: undefined,
    options: {},
    asOf: undefined,
  };
  await ingestCsv(request, context);
  expect(await hasOrders(postgres)).toBe(false);
  expect(await openShop(postgres, 'csv')).toEqual({ customers: 2, products: 2 });
  const lines = [
    { productId: 'P1', quantity: 2 },
    { productId: 'P2', quantity: 1 },
  ];
  await placeOrder(postgres, { customerId: 'C1', paymentMethod: 'PayPal', lines }, clock, ids);
  expect(await hasOrders(postgres)).toBe(true);

  const input = join(folder, 'shop');
  await exportShop(postgres, input, context.timeZone);
  const result = await ingestCsv({ ...request, source: 'shop', kind: 'shop', input }, context);
  expect(result.brokenRules).toEqual([]);
  expect(result.tables.map(({ table, received, inserted }) => [table, received, inserted])).toEqual([
    ['customers', 2, 2],
    ['products', 2, 2],
    ['transactions', 1, 1],
    ['transaction_items', 2, 2],
  ]);
  expect(
    await postgres.rows(
      `SELECT customer_id, transaction_at, payment_method, total_amount, country, status
       FROM production.transactions WHERE source = 'shop'`,
    ),
  ).toEqual([
    {
      customer_id: 'C1',
      transaction_at: new Date('2026-07-01T22:30:15Z'),
      payment_method: 'PayPal',
      total_amount: '75.50',
      country: 'United Kingdom',
      status: 'completed',
    },
  ]);

  expect(await exportShop(postgres, input, context.timeZone)).toBe(0);
  await postgres.run(`UPDATE shop.products SET price = 21 WHERE product_id = 'P1'`);
  await placeOrder(postgres, { customerId: undefined, paymentMethod: 'UPI', lines: lines.slice(1) }, clock, ids);
  expect(await exportShop(postgres, input, context.timeZone)).toBe(4);
  const later = { ...context, clock: fixedClock(new Date('2026-07-01T23:30:15Z')) };
  const next = await ingestCsv({ ...request, source: 'shop', kind: 'shop', input }, later);
  expect(next.tables.map(({ table, received, inserted, updated }) => [table, received, inserted, updated])).toEqual([
    ['customers', 0, 0, 0],
    ['products', 2, 0, 2],
    ['transactions', 1, 1, 0],
    ['transaction_items', 1, 1, 0],
  ]);
  expect(await exportShop(postgres, input, context.timeZone)).toBe(0);
});
