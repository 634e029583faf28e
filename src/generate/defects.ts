/** Every defect that can be written into a row: one or more for each rule of the CSV contract, and each breaks only that. */
import { dateOf } from './calendar.ts';
import { lineAmount, type Order, type OrderLine } from './orders.ts';
import type { Buyer, Customer } from './people.ts';
import type { Random } from './random.ts';
import { clockOf, money, type SampleTable } from './rows.ts';

/**
 * What becomes of the row: quarantined for the rule (error), kept and counted (warn), quarantined because a row that it
 * refers to is (dependent), a copy (duplicate), one of two contents of a key (superseded), no record at all (malformed).
 */
export type Outcome = 'error' | 'warn' | 'dependent' | 'duplicate' | 'superseded' | 'malformed';

/** Columns as they are written, by name. */
export type Fields = Readonly<Record<string, string>>;

/** A defect of the rows of one table; `Subject` is what is known of a row. */
export interface Defect<Subject> {
  /** The rule that the row breaks; '' for a duplicate. */
  readonly rule: string;
  readonly outcome: Outcome;
  /** The column that is wrong; '' where it is the whole row. */
  readonly column: string;
  /** The columns that differ from a good row; undefined for a row that does not suit. */
  readonly write: (random: Random, subject: Subject) => Fields | undefined;
}

/** A row that may get a defect. */
export interface Subject {
  readonly fields: Fields;
}

export interface CustomerSubject extends Subject {
  /** The email address of another customer of the file, which nobody shares yet. */
  readonly otherEmail: string | undefined;
}

export interface OrderSubject extends Subject {
  readonly order: Order;
  /** The day after the sample's last: days since 1970-01-01. */
  readonly asOf: number;
}

export interface LineSubject extends Subject {
  readonly line: OrderLine;
}

/** The column that identifies a row of each file. */
const keys: Readonly<Record<SampleTable, string>> = {
  customers: 'customer_id',
  products: 'product_id',
  transactions: 'transaction_id',
  transaction_items: 'item_id',
};

const unreadableNumbers = ['n/a', 'NaN', 'Infinity', '-inf', 'twelve', '12.3.4', '1_000', '#REF!', '--5'];
const unreadableIntegers = [...unreadableNumbers, '2.5', '1e40'];
const unreadableDates = ['2024-02-30', '2023-13-01', '2023-02-29', '0000-00-00', 'tomorrow', '99/99/2024', 'n/a'];
const unreadableTimes = ['25:00', '12:61:00', 'noon', '--:--'];
const unreadableInstants = ['just now', '2024-02-30 10:00:00', '2024-05-01 25:00:00', 'infinity'];
const unreadableJson = ['{"warranty": }', '{"size": NaN}', "{'colour': 'red'}", '[1, 2', '{"zero": "\\u0000"}'];
const notEmails = [
  'unknown',
  'ada@example',
  '@mail.example',
  'ada lovelace@mail.example',
  'ada@@mail.example',
  'a.b.example',
];
const notPayments = ['Barter', 'Bitcoin', 'IOU', 'cheque', '???'];
const notTypes = ['exchange', 'void', '1'];
const notStatuses = ['lost', 'in transit', '0'];
/** Readable, but more than any shop asks for. */
const absurdPrices = ['100000000.01', '999999999', '20000000000'];
const blanks = ['', ' ', '   '];

const requiredDefect = (table: SampleTable, column: string): Defect<Subject> => ({
  rule: `${table}.${column}.required`,
  outcome: 'error',
  column,
  write: (random) => ({ [column]: random.pick(blanks) }),
});

const typedDefect = (table: SampleTable, column: string, texts: readonly string[]): Defect<Subject> => ({
  rule: `${table}.${column}.typed`,
  outcome: 'error',
  column,
  write: (random) => ({ [column]: random.pick(texts) }),
});

/** An id of more than 64 characters. */
const longIdDefect = (table: SampleTable, column: string): Defect<Subject> => ({
  rule: `${table}.${column}.typed`,
  outcome: 'error',
  column,
  write: (random, { fields }) => ({ [column]: (fields[column] ?? '').padEnd(random.integer(65, 90), 'X') }),
});

const unknownIdDefect = (table: SampleTable, column: string): Defect<Subject> => ({
  rule: `${table}.${column}.referential`,
  outcome: 'error',
  column,
  write: (random) => ({ [column]: `${random.pick(['NOBODY', 'GONE', 'X'])}-${random.integer(1, 999_999)}` }),
});

const defect = <S extends Subject>(
  rule: string,
  outcome: 'error' | 'warn',
  write: (random: Random, subject: S) => Fields | undefined,
): Defect<S> => ({ rule, outcome, column: rule.split('.')[1] ?? '', write });

const duplicate: Defect<Subject> = { rule: '', outcome: 'duplicate', column: '', write: () => ({}) };
const malformed: Defect<Subject> = {
  rule: 'file.record.malformed',
  outcome: 'malformed',
  column: '',
  write: () => ({}),
};

/** A second row of the key; where no time of change tells which one is later, either may be kept. */
const superseded = <S extends Subject>(
  table: SampleTable,
  column: string,
  write: (random: Random, subject: S) => string,
): Defect<S> => ({
  rule: `${table}.${keys[table]}.unique`,
  outcome: 'superseded',
  column,
  write: (random, subject) => ({ [column]: write(random, subject) }),
});

const cents = (text: string | undefined): number => Math.round(Number(text) * 100);

/** Defects of customers. */
export const customerDefects: readonly Defect<CustomerSubject>[] = [
  duplicate,
  malformed,
  superseded('customers', 'age_group', (_, { fields }) => (fields.age_group === '65+' ? '55-64' : '65+')),
  requiredDefect('customers', 'customer_id'),
  longIdDefect('customers', 'customer_id'),
  typedDefect('customers', 'registration_date', unreadableDates),
  defect('customers.email.syntax', 'warn', (random) => ({ email: random.pick(notEmails) })),
  defect('customers.email.shared', 'warn', (random, { otherEmail }) =>
    otherEmail === undefined
      ? undefined
      : { email: random.pick([otherEmail, otherEmail.toUpperCase(), ` ${otherEmail} `]) },
  ),
];

/** Defects of products. */
export const productDefects: readonly Defect<Subject>[] = [
  duplicate,
  malformed,
  superseded('products', 'stock_quantity', (_, { fields }) => String(Number(fields.stock_quantity) + 1)),
  ...['product_id', 'product_name', 'category', 'price'].map((column) => requiredDefect('products', column)),
  longIdDefect('products', 'product_id'),
  typedDefect('products', 'price', unreadableNumbers),
  typedDefect('products', 'cost', unreadableNumbers),
  typedDefect('products', 'stock_quantity', unreadableIntegers),
  typedDefect('products', 'metadata', unreadableJson),
  defect('products.price.positive', 'error', (random) => ({ price: random.pick(['0', '0.00', '-4.99']), cost: '' })),
  defect('products.price.in_range', 'error', (random) => ({ price: random.pick(absurdPrices) })),
  defect('products.cost.in_range', 'error', (random) => ({ cost: random.pick(absurdPrices) })),
  defect('products.cost.not_negative', 'error', (random) => ({ cost: money(-random.integer(1, 5000)) })),
  defect('products.stock_quantity.not_negative', 'error', (random) => ({
    stock_quantity: String(-random.integer(1, 50)),
  })),
  defect('products.price.covers_cost', 'warn', (random, { fields }) => ({
    cost: money(cents(fields.price) + random.integer(1, 5000)),
  })),
];

const isRegistered = (buyer: Buyer): buyer is Customer => buyer.id !== '';

/** A day before the customer registered, and not before 2000. */
function dayBeforeRegistration(random: Random, { order: { buyer } }: OrderSubject): Fields | undefined {
  if (!isRegistered(buyer)) return undefined;
  const transaction_date = dateOf(buyer.registeredOn - random.integer(1, 300));
  return transaction_date < '2000-01-01' ? undefined : { transaction_date };
}

/** A day long after the export or, where no registration would be after it, before 2000. */
function dayOutOfRange(random: Random, { order, asOf }: OrderSubject): Fields {
  const future = dateOf(asOf + random.integer(800, 9000));
  const days = isRegistered(order.buyer) ? [future] : [future, '1999-12-31', '1970-01-01'];
  return { transaction_date: random.pick(days) };
}

/** Defects of transactions. */
export const transactionDefects: readonly Defect<OrderSubject>[] = [
  duplicate,
  malformed,
  superseded('transactions', 'updated_at', (random, { order }) => {
    const earlier = clockOf(order.updatedAt - random.integer(1, 200_000));
    return `${earlier.date} ${earlier.time}`;
  }),
  requiredDefect('transactions', 'transaction_id'),
  requiredDefect('transactions', 'transaction_date'),
  longIdDefect('transactions', 'transaction_id'),
  longIdDefect('transactions', 'customer_id'),
  typedDefect('transactions', 'transaction_date', unreadableDates),
  typedDefect('transactions', 'transaction_time', unreadableTimes),
  typedDefect('transactions', 'total_amount', unreadableNumbers),
  typedDefect('transactions', 'status', notStatuses),
  typedDefect('transactions', 'updated_at', unreadableInstants),
  defect('transactions.transaction_type.typed', 'error', (random, { order }) =>
    order.type === 'sale' ? { transaction_type: random.pick(notTypes) } : undefined,
  ),
  unknownIdDefect('transactions', 'customer_id'),
  defect('transactions.payment_method.known', 'warn', (random) => ({ payment_method: random.pick(notPayments) })),
  defect('transactions.transaction_date.in_range', 'error', dayOutOfRange),
  defect('transactions.transaction_date.after_registration', 'warn', dayBeforeRegistration),
  defect('transactions.total_amount.is_the_sum', 'warn', (random, { fields }) => ({
    total_amount: money(cents(fields.total_amount) + random.pick([-1, 1]) * random.integer(2, 20_000)),
  })),
  defect('transactions.transaction_id.has_items', 'warn', () => ({ total_amount: '' })),
];

/** The line with another quantity, price or discount, and the line total that follows. */
const altered = ({ line }: LineSubject, change: Partial<Pick<OrderLine, 'quantity' | 'discount'>>): Fields => {
  const changed = { ...line, ...change };
  return {
    quantity: String(changed.quantity),
    discount_percentage: String(changed.discount),
    line_total: money(lineAmount(changed)),
  };
};

/** Defects of items. */
export const itemDefects: readonly Defect<LineSubject>[] = [
  duplicate,
  malformed,
  superseded('transaction_items', 'unit_price', (_, { fields }) => `${fields.unit_price}00`),
  ...['item_id', 'transaction_id', 'product_id', 'quantity', 'unit_price'].map((column) =>
    requiredDefect('transaction_items', column),
  ),
  ...['item_id', 'transaction_id', 'product_id'].map((column) => longIdDefect('transaction_items', column)),
  typedDefect('transaction_items', 'quantity', unreadableIntegers),
  typedDefect('transaction_items', 'unit_price', unreadableNumbers),
  defect('transaction_items.discount_percentage.typed', 'error', (random, { line }: LineSubject) =>
    // The line total of a line without discount is right also when the discount cannot be read.
    line.discount === 0 ? { discount_percentage: random.pick(['10%', ...unreadableNumbers]) } : undefined,
  ),
  typedDefect('transaction_items', 'line_total', unreadableNumbers),
  unknownIdDefect('transaction_items', 'transaction_id'),
  unknownIdDefect('transaction_items', 'product_id'),
  defect('transaction_items.quantity.sign', 'error', (random, subject: LineSubject) =>
    altered(subject, { quantity: -subject.line.quantity * random.pick([1, 2]) }),
  ),
  defect('transaction_items.quantity.not_zero', 'error', (_, subject: LineSubject) =>
    altered(subject, { quantity: 0 }),
  ),
  defect('transaction_items.quantity.in_range', 'error', (random, subject: LineSubject) =>
    altered(subject, { quantity: Math.sign(subject.line.quantity) * random.pick([10_000_001, 99_999_999]) }),
  ),
  defect('transaction_items.unit_price.in_range', 'error', (random) => ({
    unit_price: random.pick(absurdPrices),
    line_total: '',
  })),
  defect('transaction_items.unit_price.not_negative', 'error', (_, { fields, line }: LineSubject) => ({
    unit_price: `-${fields.unit_price}`,
    line_total: money(-lineAmount(line)),
  })),
  defect('transaction_items.discount_percentage.in_range', 'error', (random, subject: LineSubject) =>
    altered(subject, { discount: random.pick([101, 150, -5, -20]) }),
  ),
  defect('transaction_items.line_total.is_the_product', 'error', (random, { fields }) => ({
    line_total: money(cents(fields.line_total) + random.pick([-1, 1]) * random.integer(2, 9000)),
  })),
];
