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
import { dayOf, type SalesDay, salesDays } from './calendar.ts';
import { type CsvFile, createCsv } from './csv.ts';
import { createDirt, manifestHeader } from './dirt.ts';
import { eventManifestHeader } from './events/event-dirt.ts';
import { type EventFile, removeEvents } from './events/event-files.ts';
import { type ExportEvents, type OpenExportEvents, openSampleEvents } from './events/sample-events.ts';
import { guestShare, makeOrders, type Order, type Stage } from './orders.ts';
import type { Customer } from './people.ts';
import { makeProducts, type Product } from './products.ts';
import { createRandom, type Random } from './random.ts';
import { showOrder } from './revisions.ts';
import {
  cleanSink,
  dirtyHeaders,
  headers,
  orderIds,
  orderRows,
  type RowSink,
  type SampleFiles,
  type SampleTable,
} from './rows.ts';
import type { DraftFile } from './text-file.ts';

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
  /** How many click events there are; more where the orders need more. Without any, the default, there is no reference data either. */
  readonly events?: number;
  /** The time zone of the shop's clock, which the CSV files are written by; UTC when absent. */
  readonly timeZone?: string;
}

/** One file of a sample. */
export interface SampleFile {
  readonly table: SampleTable;
  readonly path: string;
  /** Without the header. */
  readonly rows: number;
}

/** One file of events. */
export interface SampleEventFile {
  readonly path: string;
  readonly lines: number;
}

/** What was written. */
export interface Sample {
  /** Of all exports, in their order; so are the others. */
  readonly files: readonly SampleFile[];
  readonly events: readonly SampleEventFile[];
  /** The paths of catalogues and profiles. */
  readonly reference: readonly string[];
  readonly batches: readonly SampleBatch[];
  /** The list of defects of the CSV files, and that of events and reference data; undefined for a clean sample. */
  readonly manifest: string | undefined;
  readonly eventManifest: string | undefined;
}

/** The sample that is made when nobody asks for another one. */
export const sampleDefaults: Pick<SampleOptions, 'seed' | 'customers' | 'products' | 'transactions'> = {
  seed: 42,
  customers: 1_000,
  products: 500,
  transactions: 10_000,
};

/** How many events there are for each transaction, when nobody asks for another number. */
export const eventsPerTransaction = 20;

/** The streams of chance, one per subject, so that more of one does not change another. */
const streams = {
  products: 0,
  people: 1,
  orders: 2,
  history: 3,
  revisions: 4,
  dirt: 5,
  events: 6,
  reference: 7,
  eventDirt: 8,
} as const;

function refuse(option: keyof SampleOptions, value: string | number, problem: string): never {
  throw new MillraceError('MR-GEN-001', { option, value, problem });
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
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
  const { batches = 1, dirty = 0, events = 0, timeZone = 'UTC' } = options;
  if (!Number.isInteger(batches) || batches < 1 || batches > maximumBatches) {
    refuse('batches', batches, `it is not an integer from 1 to ${maximumBatches}`);
  }
  if (!(dirty >= 0 && dirty <= 0.5)) refuse('dirty', dirty, 'it is not a number from 0 to 0.5');
  if (!Number.isSafeInteger(events) || events < 0) refuse('events', events, 'it is not an integer from 0 on');
  if (!isTimeZone(timeZone)) refuse('timeZone', timeZone, 'there is no such time zone');
}

/** In the sample's folder: the list of exports, where there are several, and those of defects, where there are any. */
const batchList = 'batches.json';
const manifestName = 'manifest.csv';
const eventManifestName = 'events-manifest.csv';

/** What a sample is made of, drawn before its first row is written. */
interface Plan {
  readonly days: readonly SalesDay[];
  /** The last day of each export: days since 1970-01-01. */
  readonly ends: readonly number[];
  readonly stages: readonly Stage[];
  readonly lists: readonly ListExport[];
  /** The orders of each day of trade, taken once. */
  readonly orders: Iterator<readonly Order[], undefined>;
  readonly customers: readonly Customer[];
  readonly products: readonly Product[];
}

async function planSample(options: SampleOptions): Promise<Plan> {
  const { seed, asOf, transactions, batches = 1 } = options;
  const days = salesDays(dayOf(asOf));
  const ends = exportDays(days, batches);
  const counts = { customers: options.customers, guests: Math.ceil(transactions * guestShare) };
  // Loaded when needed: faker's names and places are slow to load, and most commands generate nothing.
  const { makePeople } = await import('./people.ts');
  const people = makePeople(createRandom(seed, streams.people), seed, asOf, days, counts, ends);
  const products = makeProducts(createRandom(seed, streams.products), options.products);
  const { stages, lists } = makeHistory(createRandom(seed, streams.history), people, products, ends);
  const orders = makeOrders(createRandom(seed, streams.orders), days, stages, people.guests, transactions);
  return { days, ends, stages, lists, orders, customers: people.customers, products };
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
  /** Notes which exports show an order, and gives it its number. */
  readonly place: (order: Order) => number;
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
      return orders;
    },
    write(batch, sink) {
      for (const { order, number, firstItem, once } of due[batch]?.splice(0) ?? []) {
        sink.order(order, rowsOf(order, number, firstItem), once);
      }
    },
  };
}

/** What one export is written with. */
interface ExportWriter {
  readonly book: OrderBook;
  readonly idOf: (number: number) => string;
  readonly sink: RowSink;
  readonly files: SampleFiles;
  readonly events: ExportEvents | undefined;
}

/** Writes one export: its lists, earlier orders in their new states, and the orders and events of its days. */
async function writeExport(
  plan: Plan,
  batch: number,
  { book, idOf, sink, files, events }: ExportWriter,
): Promise<void> {
  for (const customer of plan.lists[batch]?.customers ?? []) sink.customer(customer);
  for (const product of plan.lists[batch]?.products ?? []) sink.product(product);
  book.write(batch, sink);
  const [after, end] = [plan.ends[batch - 1] ?? Number.NEGATIVE_INFINITY, plan.ends[batch] ?? 0];
  for (const day of plan.days.filter((each) => each.day > after && each.day <= end)) {
    const placed = (plan.orders.next().value ?? []).map((order) => ({ order, id: idOf(book.place(order)) }));
    book.write(batch, sink);
    await events?.day(
      day,
      plan.stages[batch] as Stage,
      placed.filter(({ order }) => order.type === 'sale'),
    );
    await files.transactions.drain();
    await files.transaction_items.drain();
  }
  await events?.close();
}

/** The files that are being written, each of them also among `drafts`. */
interface Made {
  readonly drafts: DraftFile[];
  readonly tables: { readonly table: SampleTable; readonly csv: CsvFile }[];
  readonly events: EventFile[];
  readonly reference: DraftFile[];
  manifest?: CsvFile;
  eventManifest?: CsvFile;
}

/** Starts the files of one export; each is added to those that were made. */
async function openExport(made: Made, folder: string, names: typeof dirtyHeaders): Promise<SampleFiles> {
  makeFolder(folder);
  const open = async (table: SampleTable): Promise<CsvFile> => {
    const csv = await createCsv(join(folder, `${table}.csv`), names[table]);
    made.tables.push({ table, csv });
    made.drafts.push(csv);
    return csv;
  };
  return {
    customers: await open('customers'),
    products: await open('products'),
    transactions: await open('transactions'),
    transaction_items: await open('transaction_items'),
  };
}

/** Opens a list of defects. */
async function openManifest(made: Made, path: string, header: readonly string[]): Promise<CsvFile> {
  const manifest = await createCsv(path, header);
  made.drafts.push(manifest);
  return manifest;
}

/** Opens the events of a sample that has any. */
async function openEvents(
  made: Made,
  plan: Plan,
  folder: string,
  options: SampleOptions,
): Promise<OpenExportEvents | undefined> {
  const { seed, transactions, events = 0, timeZone = 'UTC', dirty = 0 } = options;
  if (events === 0) return undefined;
  const { days, customers, products } = plan;
  if (dirty > 0) {
    made.eventManifest = await openManifest(made, join(folder, eventManifestName), eventManifestHeader);
  }
  const dirt = made.eventManifest && { rate: dirty, manifest: made.eventManifest };
  return openSampleEvents(
    { seed, streams, transactions, events, timeZone, days, customers, products, dirt },
    {
      file: (file) => made.drafts.push(file) && made.events.push(file),
      reference: (file) => made.drafts.push(file) && made.reference.push(file),
    },
  );
}

/** Writes all files, still under temporary names; each is added to those that were made. */
async function writeSample(made: Made, folder: string, options: SampleOptions): Promise<void> {
  const { seed, asOf, transactions, batches = 1, dirty = 0 } = options;
  if (dirty > 0) made.manifest = await openManifest(made, join(folder, manifestName), manifestHeader);
  const { manifest } = made;
  const openDirty = manifest && createDirt(createRandom(seed, streams.dirt), dirty, dayOf(asOf), manifest);
  const plan = await planSample(options);
  const openExportEvents = await openEvents(made, plan, folder, options);
  const book = openOrderBook(createRandom(seed, streams.revisions), plan.ends, transactions);
  const idOf = orderIds(transactions);
  for (const [place, batch] of sampleBatches(asOf, batches).entries()) {
    const exportFolder = join(folder, batch.folder);
    const files = await openExport(made, exportFolder, openDirty ? dirtyHeaders : headers);
    const prefix = batch.folder === '' ? '' : `${batch.folder}/`;
    const sink = openDirty?.(files, prefix) ?? cleanSink(files);
    const events = openExportEvents?.(exportFolder, prefix, plan.lists[place] as ListExport);
    await writeExport(plan, place, { book, idOf, sink, files, events });
    await manifest?.drain();
    for (const file of Object.values(files)) await file.drain();
  }
}

/** Removes what an earlier sample in the folder said of itself, and its events: they are no longer true. */
async function removeEarlier(folder: string, batches: readonly SampleBatch[]): Promise<void> {
  for (const name of [batchList, manifestName, eventManifestName]) await rm(join(folder, name), { force: true });
  for (const batch of batches) await removeEvents(join(folder, batch.folder));
}

/**
 * Writes a sample shop into a folder, which is made when absent, in place of an earlier one. The same options give the
 * same bytes, whatever the machine's clock, time zone and locale. Files get their names only after all are whole. A
 * sample of several exports has a folder for each, and batches.json; one with defects has manifest.csv, and
 * events-manifest.csv when it has events.
 * Errors: MR-GEN-001 for options that make no sample.
 */
export async function generateSample(folder: string, options: SampleOptions): Promise<Sample> {
  check(options);
  makeFolder(folder);
  const batches = sampleBatches(options.asOf, options.batches ?? 1);
  const made: Made = { drafts: [], tables: [], events: [], reference: [] };
  try {
    await writeSample(made, folder, options);
    for (const file of made.drafts) await file.finish();
    await removeEarlier(folder, batches);
    for (const file of made.drafts) await file.reveal();
  } catch (thrown) {
    for (const file of made.drafts) await file.discard();
    throw thrown;
  }
  if (batches.length > 1) await writeFile(join(folder, batchList), `${JSON.stringify(batches, null, 2)}\n`);
  return {
    files: made.tables.map(({ table, csv }) => ({ table, path: csv.path, rows: csv.rows })),
    events: made.events.map(({ path, lines }) => ({ path, lines })),
    reference: made.reference.map(({ path }) => path),
    batches,
    manifest: made.manifest?.path,
    eventManifest: made.eventManifest?.path,
  };
}
