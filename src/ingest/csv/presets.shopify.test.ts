/** The preset for Shopify's orders export: every order comes to its own total, whatever discounts, taxes and refunds do. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makePostgres, writeFiles } from '../../../tests/setup/fixtures.ts';
import { load } from '../../../tests/setup/pipeline.ts';
import { type Mapped, type MapWords, mapWithPreset, type ReceivedRow } from '../../../tests/setup/presets.ts';

const columns = [
  'Name',
  'Email',
  'Financial Status',
  'Paid at',
  'Fulfilled at',
  'Currency',
  'Subtotal',
  'Shipping',
  'Taxes',
  'Total',
  'Discount Amount',
  'Created at',
  'Lineitem quantity',
  'Lineitem name',
  'Lineitem price',
  'Lineitem sku',
  'Cancelled at',
  'Payment Method',
  'Refunded Amount',
  'Lineitem discount',
] as const;

type Record_ = Partial<Record<(typeof columns)[number], string>>;

const csvOf = (records: readonly Record_[]): string =>
  [columns, ...records.map((record) => columns.map((name) => record[name] ?? ''))]
    .map((fields) => `${fields.map((field) => (/[",\n]/.test(field) ? `"${field}"` : field)).join(',')}\n`)
    .join('');

const usual: Record_ = {
  'Financial Status': 'paid',
  Currency: 'USD',
  Subtotal: '10.00',
  Shipping: '0.00',
  Taxes: '0.00',
  Total: '10.00',
  'Discount Amount': '0.00',
  'Created at': '2024-03-01 09:30:00 -0500',
  'Lineitem quantity': '1',
  'Lineitem name': 'Kettle',
  'Lineitem price': '10.00',
  'Lineitem sku': 'KET',
  'Payment Method': 'Shopify Payments',
  'Refunded Amount': '0.00',
};

const map = (records: readonly Record_[], words: MapWords = {}): Promise<Mapped> =>
  mapWithPreset('shopify', writeFiles({ 'orders.csv': csvOf(records) }), words);

/** The digits of an amount as a whole number of its smallest unit. */
function scaled(text: string | number | undefined, decimals: number): bigint {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d*))?$/.exec(String(text ?? '0')) ?? [];
  return BigInt(`${sign}${whole}${fraction.padEnd(decimals, '0').slice(0, decimals)}`);
}

const rounded = (value: bigint, unit: bigint): bigint => {
  const half = value < 0n ? -unit / 2n : unit / 2n;
  return (value + half) / unit;
};

const inCents = (cents: number): string => (cents / 100).toFixed(2);

interface Line {
  readonly quantity: number;
  readonly price: number;
  readonly discount: number;
}

interface Order {
  readonly lines: readonly Line[];
  /** Of what the lines come to after their own discounts, in millionths. */
  readonly orderDiscount: number;
  readonly shipping: number;
  readonly shippingIsFree: boolean;
  readonly taxes: number;
  readonly taxesIncluded: boolean;
  readonly tip: number;
  /** Cents by which the total is not what its parts come to. */
  readonly oddity: number;
  readonly refund: 'none' | 'all' | 'part';
  readonly currency: 'USD' | 'EUR';
}

const price = fc.oneof(fc.integer({ min: 0, max: 20_000 }), fc.integer({ min: 0, max: 1_000_000_000 }));

const anyLine: fc.Arbitrary<Line> = fc
  .record({
    quantity: fc.integer({ min: 1, max: 500 }),
    price,
    share: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 100 })),
  })
  .map(({ share, ...line }) => ({ ...line, discount: Math.floor((line.quantity * line.price * share) / 100) }));

const anyOrder: fc.Arbitrary<Order> = fc.record({
  lines: fc.array(anyLine, { minLength: 1, maxLength: 6 }),
  orderDiscount: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 1_000_000 })),
  shipping: fc.integer({ min: 0, max: 3000 }),
  shippingIsFree: fc.boolean(),
  taxes: fc.integer({ min: 0, max: 5000 }),
  taxesIncluded: fc.boolean(),
  tip: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2000 })),
  oddity: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: -5000, max: 5000 }) },
  ),
  refund: fc.constantFrom('none', 'all', 'part'),
  currency: fc.constantFrom('USD', 'EUR'),
});

interface Written {
  readonly records: readonly Record_[];
  readonly total: number;
  readonly refund: number;
}

function write(order: Order, name: string): Written {
  const gross = order.lines.reduce((sum, line) => sum + line.quantity * line.price, 0);
  const own = order.lines.reduce((sum, line) => sum + line.discount, 0);
  const subtotal = gross - own - Math.floor(((gross - own) * order.orderDiscount) / 1_000_000);
  const total = Math.max(
    subtotal +
      (order.shippingIsFree ? 0 : order.shipping) +
      (order.taxesIncluded ? 0 : order.taxes) +
      order.tip +
      order.oddity,
    0,
  );
  const refund = { none: 0, all: total, part: Math.floor(total / 3) }[order.refund];
  const head: Record_ = {
    ...usual,
    Currency: order.currency,
    Subtotal: inCents(subtotal),
    Shipping: inCents(order.shipping),
    Taxes: inCents(order.taxes),
    Total: inCents(total),
    'Discount Amount': inCents(gross - subtotal + (order.shippingIsFree ? order.shipping : 0)),
    'Refunded Amount': inCents(refund),
  };
  const tip = order.tip > 0 ? [{ quantity: 1, price: order.tip, discount: 0, name: 'Tip' }] : [];
  const lines = [...order.lines.map((line, place) => ({ ...line, name: `Product ${place}` })), ...tip];
  const records = lines.map((line, place) => ({
    ...(place === 0 ? head : {}),
    Name: name,
    'Created at': head['Created at'],
    'Lineitem quantity': String(line.quantity),
    'Lineitem name': line.name,
    'Lineitem price': inCents(line.price),
    'Lineitem sku': '',
    'Lineitem discount': inCents(line.discount),
  }));
  return { records: records as Record_[], total, refund };
}

const rate = { USD: 100_000_000n, EUR: 107_350_000n };

const inShopCurrency = (cents: number, currency: Order['currency']): bigint =>
  rounded(rounded(BigInt(cents) * 100n * rate[currency], 100_000_000n), 100n);

const sumOf = (items: readonly ReceivedRow[], transaction: string): bigint =>
  items
    .filter(({ transaction_id }) => transaction_id === transaction)
    .reduce((sum, { line_total }) => sum + scaled(line_total, 2), 0n);

/** What the contract asks of an item; the same arithmetic in whole numbers. */
function holdsContract(item: ReceivedRow): void {
  const isReturn = String(item.transaction_id).endsWith('-R');
  const quantity = BigInt(item.quantity ?? 0);
  const off = scaled(item.discount_percentage, 4);
  expect(isReturn ? quantity < 0n : quantity > 0n).toBe(true);
  expect(off >= 0n && off <= 1_000_000n).toBe(true);
  expect(scaled(item.unit_price, 4) >= 0n).toBe(true);
  const value = rounded(quantity * scaled(item.unit_price, 4) * (1_000_000n - off), 100_000_000n);
  const difference = value - scaled(item.line_total, 2);
  expect(difference >= -1n && difference <= 1n, JSON.stringify(item)).toBe(true);
}

describe('the preset shopify', () => {
  test('sales come to the Total, returns to the Refunded Amount, and every item holds its contract', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyOrder, { minLength: 1, maxLength: 40 }), async (orders) => {
        const written = orders.map((order, place) => write(order, `#${place}`));
        const { rows } = await map(
          written.flatMap(({ records }) => records),
          { options: { rate_EUR: '1.0735' } },
        );
        const items = rows.transaction_items;
        items.forEach(holdsContract);
        for (const [place, { total, refund }] of written.entries()) {
          const { currency = 'USD' } = orders[place] ?? {};
          const name = `#${place}`;
          expect({ name, sum: sumOf(items, name) }).toEqual({ name, sum: inShopCurrency(total, currency) });
          expect({ name, sum: sumOf(items, `${name}-R`) }).toEqual({ name, sum: -inShopCurrency(refund, currency) });
          const stated = rows.transactions.filter(
            ({ transaction_id }) => String(transaction_id).split('-')[0] === name,
          );
          expect(stated.map(({ total_amount }) => scaled(total_amount, 2))).toEqual([
            inShopCurrency(total, currency),
            ...(refund > 0 ? [-inShopCurrency(refund, currency)] : []),
          ]);
        }
      }),
      { numRuns: 10, endOnFailure: true },
    );
  });

  test('the parts of an order are told apart', async () => {
    const order = (name: string, record: Record_): Record_ => ({ ...usual, Name: name, ...record });
    const { rows } = await map([
      order('#added', { Shipping: '5.00', Taxes: '1.20', Total: '16.20' }),
      order('#included', { Shipping: '5.00', Taxes: '1.20', Total: '15.00' }),
      order('#freeship', { Shipping: '5.00', Taxes: '1.20', Total: '11.20', 'Discount Amount': '5.00' }),
      order('#discount', { Subtotal: '9.00', Total: '9.00', 'Discount Amount': '1.00' }),
      order('#more', { Total: '13.00' }),
    ]);
    const parts = rows.transaction_items.map(({ item_id, discount_percentage, line_total }) =>
      [item_id, discount_percentage, line_total].join(' '),
    );
    expect(parts).toEqual([
      '#added-1 0.0000 10.00',
      '#added-SHIPPING 0.0000 5.00',
      '#added-TAX 0.0000 1.20',
      '#included-1 0.0000 10.00',
      '#included-SHIPPING 0.0000 5.00',
      '#freeship-1 0.0000 10.00',
      '#freeship-TAX 0.0000 1.20',
      '#discount-1 10.0000 9.00',
      '#more-1 0.0000 10.00',
      '#more-ADJUSTMENT 0.0000 3.00',
    ]);
  });

  test('times with an offset become the shop’s, and a status says what counts', async () => {
    const paid = { 'Created at': '2024-03-01 23:30:00 -0500' };
    const cancelled = { 'Cancelled at': '2024-03-03 00:30:00 UTC' };
    const refund = { 'Financial Status': 'refunded', 'Refunded Amount': '10.00' };
    const { rows } = await map(
      [
        { ...usual, ...paid, Name: '#paid' },
        { ...usual, ...paid, Name: '#pending', 'Financial Status': 'authorized' },
        { ...usual, ...paid, Name: '#voided', 'Financial Status': 'voided' },
        { ...usual, ...paid, ...cancelled, ...refund, Name: '#undone' },
        { ...usual, ...paid, ...cancelled, Name: '#kept', 'Refunded Amount': '4.00' },
        { ...usual, ...paid, Name: '#odd', 'Financial Status': 'lost', 'Created at': 'yesterday' },
      ],
      { timeZone: 'Europe/Paris' },
    );
    const told = rows.transactions.map((row) =>
      [row.transaction_id, row.transaction_date, row.transaction_time ?? '-', row.status, row.total_amount].join(' '),
    );
    expect(told).toEqual([
      '#paid 2024-03-02 05:30:00 completed 10.00',
      '#pending 2024-03-02 05:30:00 pending 10.00',
      '#voided 2024-03-02 05:30:00 cancelled 10.00',
      '#undone 2024-03-02 05:30:00 cancelled 10.00',
      '#undone-R 2024-03-03 01:30:00 cancelled -10.00',
      '#kept 2024-03-02 05:30:00 completed 10.00',
      '#kept-R 2024-03-03 01:30:00 completed -4.00',
      '#odd yesterday - lost 10.00',
    ]);
  });

  test('an order in a currency without a rate, or with an amount that is none, is refused as a whole', async () => {
    const postgres = await makePostgres();
    const records: Record_[] = [
      { ...usual, Name: '#1', Email: 'ada@example.com' },
      { ...usual, Name: '#2', Currency: 'EUR', 'Refunded Amount': '10.00' },
      { ...usual, Name: '#3', 'Lineitem price': 'ten' },
    ];
    const folder = writeFiles({ 'orders.csv': csvOf(records) });
    const result = await load(postgres, folder, { preset: 'shopify' });
    expect(result.tables).toMatchObject([
      { table: 'customers', loaded: 1, quarantined: 0 },
      { table: 'products', loaded: 1, quarantined: 0 },
      { table: 'transactions', loaded: 1, quarantined: 3 },
      { table: 'transaction_items', loaded: 1, quarantined: 2 },
    ]);
    const refused = await postgres.rows(
      `SELECT coalesce(content->>'transaction_id', '') AS id, coalesce(content->>'total_amount', content->>'unit_price') AS amount
       FROM ops.quarantine ORDER BY table_name, line_number, id`,
    );
    expect(refused).toEqual([
      { id: '#2', amount: 'EUR 10.00' },
      { id: '#3', amount: 'USD ten' },
      { id: '#2', amount: 'EUR 10.00' },
      { id: '#2-R', amount: 'EUR 10.00' },
      { id: '#3', amount: 'USD 10.00' },
    ]);
    const told = await load(postgres, folder, { preset: 'shopify', options: { rate_EUR: '2' } });
    expect(told.batch).not.toBe(result.batch);
    expect(told.tables).toMatchObject([{}, {}, { loaded: 3 }, { loaded: 3 }]);
  });

  test('an order that two files hold is one that comes twice', async () => {
    const record = { ...usual, Name: '#1' };
    const files = { 'a.csv': csvOf([record]), 'b.csv': csvOf([record, { ...usual, Name: '#2' }]) };
    const { rows } = await mapWithPreset('shopify', writeFiles(files));
    expect(
      rows.transaction_items.map((row) => [row.row_number, row.file_number, row.line_number, row.item_id]),
    ).toEqual([
      [1, 0, 2, '#1-1'],
      [2, 1, 2, '#1-1'],
      [3, 1, 3, '#2-1'],
    ]);
  });
});
