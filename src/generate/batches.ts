/** Divides a sample into exports: their days and folders, and what each says of customers and products. */
import { dateOf, dayOf, type SalesDay, salesDays } from './calendar.ts';
import type { Stage } from './orders.ts';
import type { Customer, People } from './people.ts';
import { type Product, reprice } from './products.ts';
import type { Random } from './random.ts';

/** One export of a sample. */
export interface SampleBatch {
  /** Within the sample's folder; '' for a sample of one export, whose files lie there themselves. */
  readonly folder: string;
  /** The last day that it covers, at whose end it was true, YYYY-MM-DD. */
  readonly asOf: string;
}

/** A row of an export. */
export interface Exported<T> {
  readonly row: T;
  /** Whether no other export has a row of this key. */
  readonly once: boolean;
}

/** What an export says of customers and products: those that are new or changed, and a few that are neither. */
export interface ListExport {
  readonly customers: readonly Exported<Customer>[];
  readonly products: readonly Exported<Product>[];
}

/** What changes from export to export. */
export interface History {
  /** One per export: who buys and what is sold until it is made. What it says has changed counts from the next day on. */
  readonly stages: readonly [Stage, ...Stage[]];
  readonly lists: readonly ListExport[];
}

/** The most exports that a sample can be divided into. */
export const maximumBatches = 99;

/** The part of the time that the first of several exports covers; the others share the rest. */
const firstSpan = 0.64;
/** The part of the products that the first of several exports has. */
const firstRange = 0.88;
const repriceShare = 0.18;
/** How many of the unchanged rows of earlier exports a later one repeats. */
const repeatShare = 0.005;

/** The last day of each export: days since 1970-01-01, ascending. */
export function exportDays(days: readonly SalesDay[], batches: number): readonly number[] {
  const first = days[0]?.day ?? 0;
  return Array.from({ length: batches }, (_, place) => {
    const part = batches === 1 ? 1 : firstSpan + ((1 - firstSpan) * place) / (batches - 1);
    return first + Math.round(days.length * part) - 1;
  });
}

/** The exports of a sample, in their order. `asOf` is the sample's, the day after the last one's. */
export const sampleBatches = (asOf: string, batches: number): readonly SampleBatch[] =>
  exportDays(salesDays(dayOf(asOf)), batches)
    .map(dateOf)
    .map((day, place) => ({
      folder: batches === 1 ? '' : `batch-${String(place + 1).padStart(2, '0')}-${day}`,
      asOf: day,
    }));

/** How many of the products are on offer by each export. */
function rangeSizes(products: number, batches: number): readonly number[] {
  return Array.from({ length: batches }, (_, place) => {
    const part = batches === 1 ? 1 : firstRange + ((1 - firstRange) * place) / (batches - 1);
    return Math.max(1, Math.round(products * part));
  });
}

/** Rows of one list for every export, told apart by their places in it. */
type Listing<T> = readonly ReadonlyMap<number, T>[];

/** Marks the rows whose places come up in one export only. */
function markOnce<T>(listing: Listing<T>): readonly (readonly Exported<T>[])[] {
  const counts = new Map<number, number>();
  for (const rows of listing) for (const place of rows.keys()) counts.set(place, (counts.get(place) ?? 0) + 1);
  return listing.map((rows) => Array.from(rows, ([place, row]) => ({ row, once: counts.get(place) === 1 })));
}

/** The rows of an export: changed ones and a few others of those that were there, then the new ones. */
function listRows<T>(
  random: Random,
  current: readonly T[],
  changes: ReadonlyMap<number, T>,
  known: number,
  all: number,
): ReadonlyMap<number, T> {
  const rows = new Map<number, T>();
  for (let place = 0; place < known; place += 1) {
    const changed = changes.get(place);
    if (changed) rows.set(place, changed);
    else if (random.chance(repeatShare)) rows.set(place, current[place] as T);
  }
  for (let place = known; place < all; place += 1) rows.set(place, current[place] as T);
  return rows;
}

const drawRepricing = (random: Random, products: readonly Product[], known: number): ReadonlyMap<number, Product> =>
  new Map(
    products
      .slice(0, known)
      .map((product, place) => [place, product] as const)
      .filter(() => random.chance(repriceShare))
      .map(([place, product]) => [place, reprice(random, product)]),
  );

const apply = <T>(current: readonly T[], changes: ReadonlyMap<number, T>): readonly T[] =>
  changes.size === 0 ? current : current.map((row, place) => changes.get(place) ?? row);

/** Draws what changes from export to export; `ends` are their last days. */
export function makeHistory(
  random: Random,
  people: People,
  range: readonly Product[],
  ends: readonly number[],
): History {
  const sizes = rangeSizes(range.length, ends.length);
  const stages: Stage[] = [];
  const customerRows: ReadonlyMap<number, Customer>[] = [];
  const productRows: ReadonlyMap<number, Product>[] = [];
  let { customers } = people;
  let products = range;
  let registeredBefore = 0;
  for (const [place, end] of ends.entries()) {
    const offered = sizes[place] as number;
    const offeredBefore = sizes[place - 1] ?? 0;
    const registered = customers.filter(({ registeredOn }) => registeredOn <= end).length;
    stages.push({ from: (ends[place - 1] ?? -1) + 1, customers, products: products.slice(0, offered) });
    const moved = people.changes[place - 1] ?? new Map<number, Customer>();
    const repriced = drawRepricing(random, products, offeredBefore);
    customerRows.push(listRows(random, customers, moved, registeredBefore, registered));
    productRows.push(listRows(random, products, repriced, offeredBefore, offered));
    customers = apply(customers, moved);
    products = apply(products, repriced);
    registeredBefore = registered;
  }
  const [customersOf, productsOf] = [markOnce(customerRows), markOnce(productRows)];
  const lists = ends.map((_, place) => ({ customers: customersOf[place] ?? [], products: productsOf[place] ?? [] }));
  const [first, ...later] = stages;
  if (!first) throw new Error('a sample has at least one export');
  return { stages: [first, ...later], lists };
}
