/** The rows of the four files: their columns, and how customers, products and orders are written in them. */
import type { Exported } from './batches.ts';
import { dateOf } from './calendar.ts';
import type { CsvFile, CsvValue } from './csv.ts';
import { lineAmount, maximumLines, type Order } from './orders.ts';
import type { Customer } from './people.ts';
import type { Product } from './products.ts';

/** The columns of each file, in their order. */
export const headers = {
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
export type SampleTable = keyof typeof headers;

/** The columns of a sample with defects: with one that is only there to be faulty. */
export const dirtyHeaders: Readonly<Record<SampleTable, readonly string[]>> = {
  ...headers,
  products: [...headers.products, 'metadata'],
};

/** The files of one export. */
export type SampleFiles = Readonly<Record<SampleTable, CsvFile>>;

/** The values of a row, in the order of its header. */
export type Row = readonly CsvValue[];

/** The rows of one order. */
export interface OrderRows {
  readonly transaction: Row;
  readonly items: readonly Row[];
}

/** Takes what is to be written into the files of one export. */
export interface RowSink {
  readonly customer: (customer: Exported<Customer>) => void;
  readonly product: (product: Exported<Product>) => void;
  /** `once`: no other export has the order. */
  readonly order: (order: Order, rows: OrderRows, once: boolean) => void;
}

/** Writes everything as it is. */
export const cleanSink = (files: SampleFiles): RowSink => ({
  customer: ({ row }) => files.customers.add(customerRow(row)),
  product: ({ row }) => files.products.add(productRow(row)),
  order: (_, { transaction, items }) => {
    files.transactions.add(transaction);
    for (const item of items) files.transaction_items.add(item);
  },
});

/** An amount in cents as it is written. */
export const money = (cents: number): string => (cents / 100).toFixed(2);

/** Seconds since 1970-01-01 00:00 as date and time. */
export const clockOf = (seconds: number): { readonly date: string; readonly time: string } => {
  const text = new Date(seconds * 1000).toISOString();
  return { date: text.slice(0, 10), time: text.slice(11, 19) };
};

const numbered = (prefix: string, digits: number, number: number): string =>
  `${prefix}${String(number).padStart(digits, '0')}`;

export const customerRow = (customer: Customer): Row => [
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
];

export const productRow = (product: Product): Row => [
  product.id,
  product.name,
  product.category.name,
  product.subCategory,
  money(product.price),
  money(product.cost),
  product.brand,
  product.stock,
  product.supplierId,
];

/** The ids of orders by their numbers, which count from 1. */
export function orderIds(transactions: number): (number: number) => string {
  const digits = Math.max(5, String(transactions).length);
  return (number) => numbered('TXN', digits, number);
}

/** Writes an order under its number and that of its first item; both count from 1. */
export function orderRows(transactions: number): (order: Order, number: number, firstItem: number) => OrderRows {
  const idOf = orderIds(transactions);
  const itemDigits = Math.max(5, String(transactions * maximumLines).length);
  return (order, number, firstItem) => {
    const id = idOf(number);
    const amounts = order.lines.map(lineAmount);
    const placed = clockOf(order.at);
    const updated = clockOf(order.updatedAt);
    return {
      transaction: [
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
      ],
      items: order.lines.map((line, place) => [
        numbered('ITEM', itemDigits, firstItem + place),
        id,
        line.product.id,
        line.quantity,
        money(line.product.price),
        line.discount,
        money(amounts[place] as number),
      ]),
    };
  };
}
