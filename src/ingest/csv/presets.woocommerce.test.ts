/** The preset for WooCommerce's order export: every order comes to its own total, and so do its refunds. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { writeFiles } from '../../../tests/setup/fixtures.ts';
import { mapWithPreset, type ReceivedRow } from '../../../tests/setup/presets.ts';

const columns = [
  'order_id',
  'order_date',
  'status',
  'order_currency',
  'order_total',
  'shipping_total',
  'tax_total',
  'fee_total',
  'refunded_total',
  'payment_method',
  'customer_id',
  'item_name',
  'item_sku',
  'item_quantity',
  'item_subtotal',
  'item_total',
  'item_refunded',
  'item_refunded_qty',
  'refunds',
] as const;

type Fields = Partial<Record<(typeof columns)[number], string>>;

const csvOf = (records: readonly Fields[]): string =>
  [columns, ...records.map((record) => columns.map((name) => record[name] ?? ''))]
    .map((fields) => `${fields.map((field) => `"${field.replaceAll('"', '""')}"`).join(',')}\n`)
    .join('');

const usual: Fields = {
  order_date: '2024-03-01 09:30:00',
  status: 'completed',
  order_currency: 'USD',
  order_total: '10.00',
  shipping_total: '0.00',
  tax_total: '0.00',
  fee_total: '0.00',
  refunded_total: '0.00',
  payment_method: 'stripe',
  customer_id: '0',
  item_name: 'Kettle',
  item_sku: 'KET',
  item_quantity: '1',
  item_subtotal: '10.00',
  item_total: '10.00',
  item_refunded: '0.00',
  item_refunded_qty: '0',
};

const inCents = (cents: number): string => (cents / 100).toFixed(2);
const cents = (amount: string | number | undefined): number => Math.round(Number(amount) * 100);

const sumOf = (items: readonly ReceivedRow[], transaction: string): number =>
  items
    .filter(({ transaction_id }) => transaction_id === transaction)
    .reduce((sum, { line_total }) => sum + cents(line_total), 0);

const valueOfItem = (item: ReceivedRow): number =>
  Number(item.quantity) * Number(item.unit_price) * (1 - Number(item.discount_percentage ?? 0) / 100);

const anyLine = fc
  .record({
    quantity: fc.integer({ min: 1, max: 60 }),
    subtotal: fc.integer({ min: 1, max: 50_000 }),
    discount: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 100 })),
    refunded: fc.integer({ min: 0, max: 60 }),
  })
  .map(({ quantity, subtotal, discount, refunded }) => {
    const total = subtotal - Math.floor((subtotal * discount) / 100);
    const pieces = Math.min(refunded, quantity);
    return { quantity, subtotal, total, pieces, refund: Math.floor((total * pieces) / quantity) };
  });

const anyOrder = fc.record({
  lines: fc.array(anyLine, { minLength: 1, maxLength: 5 }),
  shipping: fc.integer({ min: 0, max: 2000 }),
  taxes: fc.integer({ min: 0, max: 2000 }),
  fees: fc.integer({ min: -300, max: 300 }),
  refund: fc.constantFrom('none', 'lines', 'lines and more', 'less', 'all'),
});

describe('the preset woocommerce', () => {
  test('sales come to order_total, returns to refunded_total, and every item holds its contract', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyOrder, { minLength: 1, maxLength: 30 }), async (orders) => {
        const written = orders.map(({ lines, shipping, taxes, fees, refund }, place) => {
          const goods = lines.reduce((sum, line) => sum + line.total, 0);
          const total = Math.max(goods + shipping + taxes + fees, 0);
          const givenBack = lines.reduce((sum, line) => sum + line.refund, 0);
          const wanted = {
            none: 0,
            lines: givenBack,
            'lines and more': givenBack + 99,
            less: Math.floor(givenBack / 2),
            all: total,
          };
          const refunded = Math.min(wanted[refund], total);
          const records = lines.map(
            (line, at): Fields => ({
              ...usual,
              order_id: String(place),
              order_total: inCents(total),
              shipping_total: inCents(shipping),
              tax_total: inCents(taxes),
              fee_total: inCents(fees),
              refunded_total: inCents(refunded),
              item_sku: `P${at}`,
              item_quantity: String(line.quantity),
              item_subtotal: inCents(line.subtotal),
              item_total: inCents(line.total),
              item_refunded: inCents(refund === 'none' ? 0 : line.refund),
              item_refunded_qty: String(-line.pieces),
            }),
          );
          return { records, total, refunded };
        });
        const folder = writeFiles({ 'orders.csv': csvOf(written.flatMap(({ records }) => records)) });
        const { rows } = await mapWithPreset('woocommerce', folder);
        const items = rows.transaction_items;
        for (const [place, { total, refunded }] of written.entries()) {
          expect([place, sumOf(items, `${place}`)]).toEqual([place, total]);
          expect([place, sumOf(items, `${place}-R`) + refunded]).toEqual([place, 0]);
        }
        for (const item of items) {
          const isReturn = String(item.transaction_id).endsWith('-R');
          expect(Number(item.quantity) < 0).toBe(isReturn);
          expect(Math.abs(valueOfItem(item) - Number(item.line_total)), JSON.stringify(item)).toBeLessThan(0.015);
        }
      }),
      { numRuns: 8, endOnFailure: true },
    );
  });

  test('a refund goes back to its lines, on the date of the latest one', async () => {
    const order: Fields = {
      ...usual,
      order_id: '7',
      customer_id: '3',
      order_total: '25.00',
      tax_total: '5.00',
      refunded_total: '13.00',
    };
    const refunds =
      'id:8|date:2024-03-04 10\\:00\\:00|amount:10.00|reason:;id:9|date:2024-03-09 08\\:15\\:00|amount:3.00|reason:late';
    const { rows } = await mapWithPreset(
      'woocommerce',
      writeFiles({
        'orders.csv': csvOf([
          { ...order, refunds, item_quantity: '2', item_refunded: '5.00', item_refunded_qty: '-1' },
          { ...order, refunds, item_sku: 'CUP', item_name: 'Cup', item_refunded: '4.00', item_refunded_qty: '0' },
        ]),
      }),
    );
    expect(
      rows.transactions.map((row) => [
        row.transaction_id,
        row.transaction_date,
        row.transaction_time,
        row.total_amount,
      ]),
    ).toEqual([
      ['7', '2024-03-01', '09:30:00', '25.00'],
      ['7-R', '2024-03-09', '08:15:00', '-13.00'],
    ]);
    const returned = rows.transaction_items.filter(({ transaction_id }) => transaction_id === '7-R');
    expect(returned.map((row) => [row.item_id, row.product_id, row.quantity, row.line_total])).toEqual([
      ['7-R-1', 'KET', '-1', '-5.00'],
      ['7-R-REFUND', 'FEE:REFUND', '-1', '-8.00'],
    ]);
  });

  test('a status of the shop’s own counts as paid when the option says so', async () => {
    const statuses = ['wc-processing', 'on-hold', 'failed', 'Picked-Up', 'lost'];
    const records = statuses.map((status, place) => ({ ...usual, status, order_id: String(place) }));
    const { rows } = await mapWithPreset('woocommerce', writeFiles({ 'orders.csv': csvOf(records) }), {
      options: { paid_statuses: 'shipped, picked-up' },
    });
    expect(rows.transactions.map(({ status }) => status)).toEqual([
      'completed',
      'pending',
      'cancelled',
      'completed',
      'lost',
    ]);
  });

  test('an order in a currency without a rate is refused as a whole', async () => {
    const folder = writeFiles({ 'orders.csv': csvOf([{ ...usual, order_id: '1', order_currency: 'EUR' }]) });
    const { rows } = await mapWithPreset('woocommerce', folder);
    expect(rows.transactions).toMatchObject([{ total_amount: 'EUR 10.00' }]);
    expect(rows.transaction_items).toMatchObject([{ unit_price: 'EUR 10.00' }]);
    expect(rows.products).toMatchObject([{ price: 'EUR 10.00' }]);
    const told = await mapWithPreset('woocommerce', folder, { options: { rate_EUR: 1.5 } });
    expect(told.rows.transactions).toMatchObject([{ total_amount: '15.00' }]);
    expect(told.rows.transaction_items).toMatchObject([{ unit_price: '15.0000', line_total: '15.00' }]);
  });
});
