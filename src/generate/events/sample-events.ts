/** Writes the events of a sample and its reference data, export by export. */
import type { ListExport } from '../batches.ts';
import type { SalesDay } from '../calendar.ts';
import type { CsvFile } from '../csv.ts';
import type { Stage } from '../orders.ts';
import type { Customer } from '../people.ts';
import type { Product } from '../products.ts';
import { createRandom } from '../random.ts';
import type { Row } from '../rows.ts';
import type { DraftFile } from '../text-file.ts';
import { cleanEventSink, createEventDirt, type EventSink } from './event-dirt.ts';
import { type EventFile, type EventFiles, openEventFiles } from './event-files.ts';
import type { EventLine } from './event-line.ts';
import type { PlacedSale } from './journeys.ts';
import { shopClock } from './local-time.ts';
import { openMembers } from './members.ts';
import {
  catalogRow,
  drawReputations,
  profileRows,
  type ReferenceName,
  type Reputation,
  writeReference,
} from './reference.ts';
import { spoilReference } from './reference-defects.ts';
import { openVisits } from './visits.ts';
import type { Volume } from './volume.ts';

/** What decides the events of a sample. */
export interface SampleEventOptions extends Volume {
  readonly seed: number;
  /** The streams of chance for what happens, for what customers and products are like, and for defects. */
  readonly streams: { readonly events: number; readonly reference: number; readonly eventDirt: number };
  /** The share of events beside which a line is at fault, and the list of those; undefined for none. */
  readonly dirt: { readonly rate: number; readonly manifest: CsvFile } | undefined;
  readonly timeZone: string;
  readonly days: readonly SalesDay[];
  /** By registration date. */
  readonly customers: readonly Customer[];
  readonly products: readonly Product[];
}

/** Where the files go that are being made. */
export interface MadeEvents {
  readonly file: (file: EventFile) => void;
  readonly reference: (file: DraftFile) => void;
}

/** The events of one export. */
export interface ExportEvents {
  /** Writes a day with the sales placed on it; days come in their order. */
  readonly day: (day: SalesDay, stage: Stage, sales: readonly PlacedSale[]) => Promise<void>;
  /** Writes catalogue and profiles as they are when all days of the export are written. */
  readonly close: () => Promise<void>;
}

/** Opens the events of the next export in its folder; `name` comes before the names of its files in the manifest. */
export type OpenExportEvents = (folder: string, name: string, list: ListExport) => ExportEvents;

const nothingKnown: Reputation = { rating: undefined, earlierReviews: 0 };

/** What the exports so far say of customers and products, and on how many lines each product was sold. */
interface Known {
  readonly customers: Map<string, Customer>;
  readonly products: Map<string, Product>;
  readonly sold: Map<string, number>;
}

const learn = ({ customers, products }: Known, list: ListExport): void => {
  for (const { row } of list.customers) customers.set(row.id, row);
  for (const { row } of list.products) products.set(row.id, row);
};

function countSold({ sold }: Known, sales: readonly PlacedSale[]): void {
  for (const { order } of sales) {
    for (const { product } of order.lines) sold.set(product.id, (sold.get(product.id) ?? 0) + 1);
  }
}

/** Opens the events of a sample. */
export function openSampleEvents(options: SampleEventOptions, made: MadeEvents): OpenExportEvents {
  const { seed, streams, days, dirt } = options;
  const lastDay = days.at(-1)?.day ?? 0;
  const clock = shopClock(options.timeZone);
  const reference = createRandom(seed, streams.reference);
  const visits = createRandom(seed, streams.events);
  const defects = createRandom(seed, streams.eventDirt);
  const reputations = drawReputations(reference, options.products);
  const members = openMembers(reference, visits, options.customers, clock);
  const eventsOn = openVisits(visits, { ...options, clock, members });
  const sink: EventSink = dirt ? createEventDirt(defects, dirt.rate, lastDay, dirt.manifest) : cleanEventSink;
  const known: Known = { customers: new Map(), products: new Map(), sold: new Map() };

  const writeDay = async (
    files: EventFiles,
    prefix: string,
    day: SalesDay,
    lines: readonly EventLine[],
  ): Promise<void> => {
    const { file, name } = await files.of(day.day);
    sink.day(file, `${prefix}${name}`, day.day, lines);
    if (day.day === lastDay) sink.end(file, `${prefix}${name}`);
    await file.drain();
    await dirt?.manifest.drain();
  };
  const catalog = (): readonly Row[] =>
    Array.from(known.products.values(), (product) =>
      catalogRow(product, reputations.get(product.id) ?? nothingKnown, known.sold.get(product.id) ?? 0),
    );
  const writeTable = async (
    folder: string,
    prefix: string,
    name: ReferenceName,
    rows: readonly Row[],
  ): Promise<void> => {
    const written = dirt ? spoilReference(defects, name, rows, `${prefix}${name}.parquet`, dirt.manifest) : rows;
    made.reference(await writeReference(folder, name, written, dirt !== undefined));
  };

  return (folder, prefix, list) => {
    const files = openEventFiles(folder, sink.layout, made.file);
    learn(known, list);
    return {
      async day(day, stage, sales) {
        countSold(known, sales);
        await writeDay(files, prefix, day, eventsOn(day, stage, sales));
      },
      async close() {
        await writeTable(folder, prefix, 'catalog', catalog());
        await writeTable(folder, prefix, 'profiles', profileRows([...known.customers.values()], members.all));
      },
    };
  };
}
