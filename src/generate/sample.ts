/** The synthetic sample shop: writes customers, products, transactions and their items as the four CSV files. */
import { join } from 'node:path';
import { MillraceError } from '../kernel/errors.ts';
import { makeFolder } from '../kernel/folders.ts';
import { dateOf, dayOf, salesDays } from './calendar.ts';
import { type CsvFile, createCsv } from './csv.ts';
import { guestShare, lineAmount, makeOrders, maximumLines, type Order } from './orders.ts';
import type { People } from './people.ts';
import { makeProducts, type Product } from './products.ts';
import { createRandom } from './random.ts';

/** What decides every byte of a sample. */
export interface SampleOptions {
  /** An integer from 0 to 4294967295. */
  readonly seed: number;
  /** YYYY-MM-DD; the sample covers the 24 months before this day, which is not among them. */
  readonly asOf: string;
  readonly customers: number;
  readonly products: number;
  /** Sales and returns together. */
  readonly transactions: number;
}

/** One file of a sample. */
export interface SampleFile {
  readonly table: SampleTable;
  readonly path: string;
  /** Without the header. */
  readonly rows: number;
}

/** The sample that is made when nobody asks for another one. */
export const sampleDefaults: Omit<SampleOptions, 'asOf'> = {
  seed: 42,
  customers: 1_000,
  products: 500,
  transactions: 10_000,
};

const headers = {
  customers: [
    'customer_id',
    'first_name',
    'last_name',
    'email',
    'phone',
    'registration_date',
    'city',
    'state',
    'country',
    'age_group',
  ],
  products: [
    'product_id',
    'product_name',
    'category',
    'sub_category',
    'price',
    'cost',
    'brand',
    'stock_quantity',
    'supplier_id',
  ],
  transactions: [
    'transaction_id',
    'customer_id',
    'transaction_date',
    'transaction_time',
    'payment_method',
    'shipping_address',
    'total_amount',
    'transaction_type',
    'status',
    'country',
    'updated_at',
  ],
  transaction_items: [
    'item_id',
    'transaction_id',
    'product_id',
    'quantity',
    'unit_price',
    'discount_percentage',
    'line_total',
  ],
} as const;

/** A file of the sample, without '.csv'. */
type SampleTable = keyof typeof headers;

const tables = Object.keys(headers) as readonly SampleTable[];

type SampleCsvs = Readonly<Record<SampleTable, CsvFile>>;

/** The streams of chance, one per subject, so that more of one does not change another. */
const streams = { products: 0, people: 1, orders: 2 } as const;

function refuse(option: keyof SampleOptions, value: string | number, problem: string): never {
  throw new MillraceError('MR-GEN-001', { option, value, problem });
}

function check(options: SampleOptions): void {
  const { seed, asOf } = options;
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffff_ffff) {
    refuse('seed', seed, 'it is not an integer from 0 to 4294967295');
  }
  const day = dayOf(asOf);
  if (Number.isNaN(day)) refuse('asOf', asOf, 'it is not a date written YYYY-MM-DD');
  if (day < dayOf('2002-01-01')) refuse('asOf', asOf, 'it is before 2002-01-01');
  for (const option of ['customers', 'products', 'transactions'] as const) {
    const count = options[option];
    if (!Number.isSafeInteger(count) || count < 1) refuse(option, count, 'it is not an integer above 0');
  }
}

const money = (cents: number): string => (cents / 100).toFixed(2);

const clockOf = (seconds: number): { readonly date: string; readonly time: string } => {
  const text = new Date(seconds * 1000).toISOString();
  return { date: text.slice(0, 10), time: text.slice(11, 19) };
};

const numbered = (prefix: string, digits: number, number: number): string =>
  `${prefix}${String(number).padStart(digits, '0')}`;

function addPeople(file: CsvFile, people: People): void {
  for (const customer of people.customers) {
    file.add([
      customer.id,
      customer.firstName,
      customer.lastName,
      customer.email,
      customer.phone,
      dateOf(customer.registeredOn),
      customer.city,
      customer.state,
      customer.country.name,
      customer.ageGroup,
    ]);
  }
}

function addProducts(file: CsvFile, products: readonly Product[]): void {
  for (const product of products) {
    file.add([
      product.id,
      product.name,
      product.category.name,
      product.subCategory,
      money(product.price),
      money(product.cost),
      product.brand,
      product.stock,
      product.supplierId,
    ]);
  }
}

/** Numbers orders and items as they come and adds them to their files. */
function orderWriter(files: SampleCsvs, transactions: number): (order: Order) => void {
  const orderDigits = Math.max(5, String(transactions).length);
  const itemDigits = Math.max(5, String(transactions * maximumLines).length);
  return (order) => {
    const id = numbered('TXN', orderDigits, files.transactions.rows + 1);
    const amounts = order.lines.map(lineAmount);
    const placed = clockOf(order.at);
    const updated = clockOf(order.updatedAt);
    files.transactions.add([
      id,
      order.buyer.id,
      placed.date,
      placed.time,
      order.payment,
      order.buyer.address,
      money(amounts.reduce((sum, amount) => sum + amount, 0)),
      order.type,
      order.status,
      order.buyer.country.name,
      `${updated.date} ${updated.time}`,
    ]);
    order.lines.forEach((line, index) => {
      files.transaction_items.add([
        numbered('ITEM', itemDigits, files.transaction_items.rows + 1),
        id,
        line.product.id,
        line.quantity,
        money(line.product.price),
        line.discount,
        money(amounts[index] as number),
      ]);
    });
  };
}

async function writeSample(files: SampleCsvs, options: SampleOptions): Promise<void> {
  const { seed, asOf, transactions } = options;
  const days = salesDays(dayOf(asOf));
  const counts = { customers: options.customers, guests: Math.ceil(transactions * guestShare) };
  // Loaded when needed: faker's names and places are slow to load, and most commands generate nothing.
  const { makePeople } = await import('./people.ts');
  const people = makePeople(createRandom(seed, streams.people), seed, asOf, days, counts);
  const products = makeProducts(createRandom(seed, streams.products), options.products);
  addPeople(files.customers, people);
  addProducts(files.products, products);
  const write = orderWriter(files, transactions);
  for (const orders of makeOrders(createRandom(seed, streams.orders), days, people, products, transactions)) {
    for (const order of orders) write(order);
    await files.transactions.drain();
    await files.transaction_items.drain();
  }
}

/**
 * Writes a sample shop into a folder, which is made when absent, in place of an earlier one. The same options give the
 * same bytes, whatever the machine's clock, time zone and locale. Files get their names only after all are whole.
 * Errors: MR-GEN-001 for options that make no sample.
 */
export async function generateSample(
  folder: string,
  options: SampleOptions,
): Promise<{ readonly files: readonly SampleFile[] }> {
  check(options);
  makeFolder(folder);
  const made: CsvFile[] = [];
  try {
    for (const table of tables) made.push(await createCsv(join(folder, `${table}.csv`), headers[table]));
    const [customers, products, transactions, items] = made as [CsvFile, CsvFile, CsvFile, CsvFile];
    await writeSample({ customers, products, transactions, transaction_items: items }, options);
    for (const file of made) await file.finish();
    for (const file of made) await file.reveal();
  } catch (thrown) {
    for (const file of made) await file.discard();
    throw thrown;
  }
  return {
    files: tables.map((table, index) => ({ table, path: made[index]?.path ?? '', rows: made[index]?.rows ?? 0 })),
  };
}
