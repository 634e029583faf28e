/** The synthetic sample shop: writes customers, products, transactions and their items as the four CSV files. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MillraceError } from '../kernel/errors.ts';
import { makeFolder } from '../kernel/folders.ts';
import {
  exportDays,
  type ListExport,
  makeHistory,
  maximumBatches,
  type SampleBatch,
  sampleBatches,
} from './batches.ts';
import { dayOf, salesDays } from './calendar.ts';
import { type CsvFile, createCsv } from './csv.ts';
import { createDirt, manifestHeader } from './dirt.ts';
import { guestShare, makeOrders, type Order } from './orders.ts';
import { makeProducts } from './products.ts';
import { createRandom, type Random } from './random.ts';
import { showOrder } from './revisions.ts';
import {
  cleanSink,
  dirtyHeaders,
  headers,
  orderRows,
  type RowSink,
  type SampleFiles,
  type SampleTable,
} from './rows.ts';

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
  /** How many exports it is divided into; 1 when absent. */
  readonly batches?: number;
  /** The share of rows that get a defect, 0 to 0.5; 0 when absent. */
  readonly dirty?: number;
}

/** One file of a sample. */
export interface SampleFile {
  readonly table: SampleTable;
  readonly path: string;
  /** Without the header. */
  readonly rows: number;
}

/** What was written. */
export interface Sample {
  /** Of all exports, in their order. */
  readonly files: readonly SampleFile[];
  readonly batches: readonly SampleBatch[];
  /** The list of defects; undefined for a clean sample. */
  readonly manifest: string | undefined;
}

/** The sample that is made when nobody asks for another one. */
export const sampleDefaults: Omit<SampleOptions, 'asOf' | 'batches' | 'dirty'> = {
  seed: 42,
  customers: 1_000,
  products: 500,
  transactions: 10_000,
};

/** The streams of chance, one per subject, so that more of one does not change another. */
const streams = { products: 0, people: 1, orders: 2, history: 3, revisions: 4, dirt: 5 } as const;

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
  const { batches = 1, dirty = 0 } = options;
  if (!Number.isInteger(batches) || batches < 1 || batches > maximumBatches) {
    refuse('batches', batches, `it is not an integer from 1 to ${maximumBatches}`);
  }
  if (!(dirty >= 0 && dirty <= 0.5)) refuse('dirty', dirty, 'it is not a number from 0 to 0.5');
}

/** In the sample's folder: the list of exports, where there are several, and that of defects, where there are any. */
const batchList = 'batches.json';
const manifestName = 'manifest.csv';

/** What a sample is made of, drawn before its first row is written. */
interface Plan {
  /** The first day of trade, and the last day of each export: days since 1970-01-01. */
  readonly first: number;
  readonly ends: readonly number[];
  readonly lists: readonly ListExport[];
  /** The days of trade with their orders, each taken once. */
  readonly orders: Iterator<readonly Order[], undefined>;
}

async function planSample(options: SampleOptions): Promise<Plan> {
  const { seed, asOf, transactions, batches = 1 } = options;
  const days = salesDays(dayOf(asOf));
  const first = days[0]?.day ?? 0;
  const ends = exportDays(days, batches);
  const counts = { customers: options.customers, guests: Math.ceil(transactions * guestShare) };
  // Loaded when needed: faker's names and places are slow to load, and most commands generate nothing.
  const { makePeople } = await import('./people.ts');
  const people = makePeople(createRandom(seed, streams.people), seed, asOf, days, counts, ends);
  const products = makeProducts(createRandom(seed, streams.products), options.products);
  const { stages, lists } = makeHistory(createRandom(seed, streams.history), people, products, ends);
  const orders = makeOrders(createRandom(seed, streams.orders), days, stages, people.guests, transactions);
  return { first, ends, lists, orders };
}

/** A state of an order that an export shows, with the order's number and that of its first item. */
interface DueOrder {
  readonly order: Order;
  readonly number: number;
  readonly firstItem: number;
  readonly once: boolean;
}

/** The orders by the exports that will show them. */
interface OrderBook {
  /** Numbers an order and notes which exports show it. */
  readonly place: (order: Order) => void;
  /** Writes what an export shows of the orders that were placed since this was called last. */
  readonly write: (batch: number, sink: RowSink) => void;
}

function openOrderBook(random: Random, days: readonly number[], transactions: number): OrderBook {
  const ends = days.map((day) => (day + 1) * 86_400 - 1);
  const due: DueOrder[][] = days.map(() => []);
  const rowsOf = orderRows(transactions);
  let [orders, items] = [0, 0];
  return {
    place(order) {
      const shown = showOrder(random, order, ends);
      const once = shown.length === 1;
      for (const state of shown) {
        due[state.batch]?.push({ order: state.order, number: orders + 1, firstItem: items + 1, once });
      }
      orders += 1;
      items += order.lines.length;
    },
    write(batch, sink) {
      for (const { order, number, firstItem, once } of due[batch]?.splice(0) ?? []) {
        sink.order(order, rowsOf(order, number, firstItem), once);
      }
    },
  };
}

/** Writes one export: its lists, earlier orders in their new states, and the orders of its days. */
async function writeExport(plan: Plan, batch: number, book: OrderBook, sink: RowSink, files: SampleFiles) {
  for (const customer of plan.lists[batch]?.customers ?? []) sink.customer(customer);
  for (const product of plan.lists[batch]?.products ?? []) sink.product(product);
  book.write(batch, sink);
  const next = (plan.ends[batch - 1] ?? plan.first - 1) + 1;
  for (let day = next; day <= (plan.ends[batch] ?? 0); day += 1) {
    for (const order of plan.orders.next().value ?? []) book.place(order);
    book.write(batch, sink);
    await files.transactions.drain();
    await files.transaction_items.drain();
  }
}

/** A file that is being written; the manifest is of no table. */
interface MadeFile {
  readonly table: SampleTable | undefined;
  readonly csv: CsvFile;
}

/** Starts the files of one export; each is added to those that were made. */
async function openExport(made: MadeFile[], folder: string, names: typeof dirtyHeaders): Promise<SampleFiles> {
  makeFolder(folder);
  const open = async (table: SampleTable): Promise<CsvFile> => {
    const csv = await createCsv(join(folder, `${table}.csv`), names[table]);
    made.push({ table, csv });
    return csv;
  };
  return {
    customers: await open('customers'),
    products: await open('products'),
    transactions: await open('transactions'),
    transaction_items: await open('transaction_items'),
  };
}

/** Writes all files, still under temporary names; each is added to those that were made. */
async function writeSample(made: MadeFile[], folder: string, options: SampleOptions): Promise<void> {
  const { seed, asOf, transactions, batches = 1, dirty = 0 } = options;
  const manifest = dirty > 0 ? await createCsv(join(folder, manifestName), manifestHeader) : undefined;
  if (manifest) made.push({ table: undefined, csv: manifest });
  const openDirty = manifest && createDirt(createRandom(seed, streams.dirt), dirty, dayOf(asOf), manifest);
  const plan = await planSample(options);
  const book = openOrderBook(createRandom(seed, streams.revisions), plan.ends, transactions);
  for (const [place, batch] of sampleBatches(asOf, batches).entries()) {
    const files = await openExport(made, join(folder, batch.folder), openDirty ? dirtyHeaders : headers);
    const sink = openDirty?.(files, batch.folder === '' ? '' : `${batch.folder}/`) ?? cleanSink(files);
    await writeExport(plan, place, book, sink, files);
    await manifest?.drain();
    for (const file of Object.values(files)) await file.drain();
  }
}

/**
 * Writes a sample shop into a folder, which is made when absent, in place of an earlier one. The same options give the
 * same bytes, whatever the machine's clock, time zone and locale. Files get their names only after all are whole. A
 * sample of several exports has a folder for each, and batches.json; one with defects has manifest.csv.
 * Errors: MR-GEN-001 for options that make no sample.
 */
export async function generateSample(folder: string, options: SampleOptions): Promise<Sample> {
  check(options);
  makeFolder(folder);
  const made: MadeFile[] = [];
  try {
    await writeSample(made, folder, options);
    for (const { csv } of made) await csv.finish();
    // What an earlier sample said of itself is no longer true.
    for (const name of [batchList, manifestName]) await rm(join(folder, name), { force: true });
    for (const { csv } of made) await csv.reveal();
  } catch (thrown) {
    for (const { csv } of made) await csv.discard();
    throw thrown;
  }
  const batches = sampleBatches(options.asOf, options.batches ?? 1);
  if (batches.length > 1) await writeFile(join(folder, batchList), `${JSON.stringify(batches, null, 2)}\n`);
  return {
    files: made.flatMap(({ table, csv }) => (table ? [{ table, path: csv.path, rows: csv.rows }] : [])),
    batches,
    manifest: made.find(({ table }) => table === undefined)?.csv.path,
  };
}
