/** Events in any order, split, repeated, in any format: the same lake and the same marts. */
import { writeFileSync } from 'node:fs';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { event, heldEvents, ingest, inLake, ndjson } from '../../tests/setup/events.ts';
import { makeFolder, writeFiles } from '../../tests/setup/fixtures.ts';
import { makePipeline, withModelsAlone } from '../../tests/setup/pipeline.ts';
import { findDifferences } from '../ingest/production/ledger.ts';
import { openPublished } from '../publish/warehouse.ts';
import { type DuckDB, openDuckDB, type Row, sqlText } from '../stores/duckdb/duckdb.ts';
import { compactLake } from './events.ts';
import { build, type PipelineContext } from './run.ts';

type Event = Readonly<Record<string, unknown>>;

/** How often each property is tried: each time some homes are made, filled and built. */
const numRuns = Number(process.env.EVENT_ORDER_RUNS ?? 2);
const timeout = 60_000 * numRuns;

const time = fc
  .integer({ min: 0, max: 5 * 86_400_000 })
  .map((milliseconds) => new Date(Date.UTC(2024, 1, 27) + milliseconds).toISOString());

/** What an event may have by its type. */
const ofType: Readonly<Record<string, fc.Arbitrary<Event>>> = {
  page_view: fc.constantFrom<Event[]>({}, { referrer: 'https://example.com/?q=1' }, { properties: { page: 'home' } }),
  search: fc.constantFrom('shoes', 'größe 7.50', 'ada@example.com', '"').map((query) => ({ properties: { query } })),
  product_view: fc.constantFrom('P1', 'P2').map((product_id) => ({ product_id, product_category: ' Home & Kitchen ' })),
  add_to_cart: fc.constant({ product_id: 'P1', properties: { quantity: 2, price: 7.5, at: [1, { x: null }] } }),
  begin_checkout: fc.constant({}),
  purchase: fc
    .tuple(fc.integer({ min: 0, max: 100_000 }), fc.integer({ min: 1, max: 3 }))
    .map(([cents, order]) => ({ revenue_amount: cents / 100, properties: { order_id: `T${order}`, quantity: 1 } })),
};

const eventOf = fc
  .record({
    event_type: fc.constantFrom(...Object.keys(ofType)),
    user_id: fc.constantFrom('U1', ' U2', 'guest@example.com'),
    session_id: fc.constantFrom('S1', 'S2', 'S3'),
    event_timestamp: time,
    device_type: fc.constantFrom('mobile', 'desktop'),
    country_code: fc.constantFrom('GB', 'uk', 'DE', null),
    traffic_source: fc.constantFrom('organic', 'email'),
  })
  .chain((fields) => (ofType[fields.event_type] ?? fc.constant({})).map((more): Event => ({ ...fields, ...more })));

const id = (number: number): string => `EVT_${String(number).padStart(8, '0')}`;

const someEvents = fc
  .array(eventOf, { minLength: 5, maxLength: 60 })
  .map((events) => events.map((each, place) => event({ ...each, event_id: id(place) })));

/** A line as another program may write it: fields in another order, blanks, escapes. */
const spellings: readonly ((each: Event) => string)[] = [
  JSON.stringify,
  (each) => JSON.stringify(Object.fromEntries(Object.entries(each).reverse())),
  (each) => ` ${JSON.stringify(each, undefined, 1).replaceAll('\n', ' ')}\t`,
  (each) => JSON.stringify(each).replaceAll('e', '\\u0065').replaceAll('\\u0065+', 'e+'),
];

/** A copy of an event: which, spelled how, in which batch and file. */
interface Copy {
  readonly event: Event;
  readonly spelling: (each: Event) => string;
  readonly batch: number;
  readonly file: number;
}

const formats = ['ndjson', 'array', 'gzip', 'zstd', 'crlf', 'parquet'] as const;

/** The way of the events into a home. */
interface Dealt {
  readonly copies: readonly Copy[];
  /** The format of the n-th file of each batch. */
  readonly files: readonly (typeof formats)[number][];
  readonly batches: readonly { readonly again: boolean; readonly compact: boolean }[];
}

/** Every event at least once, in any order. */
const dealt = (events: readonly Event[]): fc.Arbitrary<Dealt> =>
  fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 })).chain(([batches, files]) => {
    const copyOf = (from: fc.Arbitrary<Event>): fc.Arbitrary<Copy> =>
      fc.record({
        event: from,
        spelling: fc.constantFrom(...spellings),
        batch: fc.nat(batches - 1),
        file: fc.nat(files - 1),
      });
    const first = fc.tuple(...events.map((each) => copyOf(fc.constant(each))));
    const again = fc.array(copyOf(fc.constantFrom(...events)), { maxLength: 40 });
    return fc.record({
      copies: fc.tuple(first, again).chain(([all, more]) => {
        const copies = [...all, ...more];
        return fc.shuffledSubarray(copies, { minLength: copies.length });
      }),
      files: fc.array(fc.constantFrom(...formats), { minLength: files, maxLength: files }),
      batches: fc.array(fc.record({ again: fc.boolean(), compact: fc.boolean() }), {
        minLength: batches,
        maxLength: batches,
      }),
    });
  });

const parquetColumns = {
  event_id: 'VARCHAR',
  event_type: 'VARCHAR',
  user_id: 'VARCHAR',
  session_id: 'VARCHAR',
  event_timestamp: 'TIMESTAMPTZ',
  device_type: 'VARCHAR',
  country_code: 'VARCHAR',
  traffic_source: 'VARCHAR',
  product_id: 'VARCHAR',
  product_category: 'VARCHAR',
  revenue_amount: 'DECIMAL(18,2)',
  properties: 'JSON',
  referrer: 'VARCHAR',
} as const;

async function writeParquet(duckdb: DuckDB, lines: string, folder: string): Promise<void> {
  const path = `${writeFiles({ 'rows.ndjson': lines })}/rows.ndjson`;
  const columns = Object.entries(parquetColumns).map(([name, type]) => `${name}: ${sqlText(type)}`);
  await duckdb.run(
    `COPY (SELECT * REPLACE (properties::VARCHAR AS properties) FROM read_json(${sqlText(path)}, format = 'newline_delimited',
       columns = {${columns.join(', ')}})) TO ${sqlText(folder)} (FORMAT parquet)`,
  );
}

/** Writes the files of a batch; gives their folder. */
async function writeBatch(duckdb: DuckDB, { copies, files }: Dealt, batch: number): Promise<string> {
  const folder = makeFolder();
  for (const [file, format] of files.entries()) {
    const lines = copies
      .filter((copy) => copy.batch === batch && copy.file === file)
      .map((copy) => copy.spelling(copy.event));
    const text = ndjson(lines);
    const name = `${folder}/${file}`;
    if (format === 'parquet') await writeParquet(duckdb, text, `${name}.parquet`);
    else {
      const contents = {
        ndjson: ['ndjson', text],
        array: ['json', `[\n${lines.join(',\n')}\n]`],
        gzip: ['ndjson.gz', gzipSync(text)],
        zstd: ['jsonl.zst', zstdCompressSync(text)],
        crlf: ['jsonl', `\uFEFF${text.replaceAll('\n', '\r\n')}`],
      } as const;
      const [ending, content] = contents[format];
      writeFileSync(`${name}.${ending}`, content);
    }
  }
  return folder;
}

async function load(context: PipelineContext, duckdb: DuckDB, way: Dealt): Promise<void> {
  const folders: string[] = [];
  for (const [batch, { again, compact }] of way.batches.entries()) {
    const folder = await writeBatch(duckdb, way, batch);
    await ingest(context, folder);
    folders.push(folder);
    if (again) await ingest(context, folders[way.copies.length % folders.length] ?? folder);
    if (compact) await compactLake(context);
  }
}

/** What can be seen of a home: its lake, and the marts that were published of it. */
async function seen(context: PipelineContext): Promise<Readonly<Record<string, readonly Row[]>>> {
  await build(context);
  const published = await openPublished(context.home, context.duckdb);
  try {
    return {
      lake: await inLake(context, 'SELECT * EXCLUDE (received_at, batch_id) FROM events ORDER BY event_id'),
      int_sessions: await published.rows('FROM int_sessions ORDER BY ALL'),
      fct_daily_engagement: await published.rows('FROM fct_daily_engagement ORDER BY ALL'),
      fct_funnel: await published.rows('FROM fct_funnel ORDER BY ALL'),
    };
  } finally {
    published.close();
  }
}

describe('events without contradictions', () => {
  test('give the same lake and the same marts, however they come', { timeout }, async () => {
    const duckdb = await openDuckDB(':memory:', { memory: '256MiB', threads: 1, temporaryFolder: makeFolder() });
    const arranged = someEvents.chain((events) => fc.tuple(fc.constant(events), dealt(events)));
    await fc.assert(
      fc.asyncProperty(arranged, async ([events, way]) => {
        const [plain, shuffled] = [withModelsAlone(await makePipeline()), withModelsAlone(await makePipeline())];
        await ingest(plain, { 'all.ndjson': ndjson(events) });
        await load(shuffled, duckdb, way);
        expect(await heldEvents(shuffled)).toEqual([]);
        const expected = await seen(plain);
        expect(expected.lake).toHaveLength(events.length);
        expect(await seen(shuffled)).toEqual(expected);
        expect(await findDifferences(shuffled.postgres)).toEqual([]);
      }),
      { numRuns },
    );
    duckdb.close();
  });
});

describe('several contents of an id', () => {
  const contents = ['U1', 'U2', 'U3'] as const;
  const line = fc.record({
    id: fc.integer({ min: 1, max: 3 }),
    user_id: fc.constantFrom(...contents),
    day: fc.constantFrom('2024-05-01', '2024-05-02'),
    /** Whether a file, or a batch, ends behind the line. */
    end: fc.constantFrom('line', 'line', 'file', 'batch'),
  });

  test('leave the first in the lake, count its copies, and hold the others', { timeout }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 2, maxLength: 20 }), async (lines) => {
        const context = await makePipeline();
        const first = new Map<number, string>();
        const conflicts: string[] = [];
        let duplicates = 0;
        let counted = 0;
        let file = 0;
        // A line of its own in each file, so that no file is the same as another.
        const open = (): string[] => [JSON.stringify(event())];
        let files: Record<string, string[]> = {};
        const nameOf = (): string => `${String(file).padStart(2, '0')}.ndjson`;
        const loadBatch = async (): Promise<void> => {
          const texts = Object.entries(files).map(([name, held]) => [name, ndjson(held)] as const);
          if (texts.length > 0) counted += (await ingest(context, Object.fromEntries(texts))).duplicate;
          files = {};
        };
        for (const { id: number, user_id, day, end } of lines) {
          const text = JSON.stringify(event({ event_id: id(number), user_id, event_timestamp: `${day}T10:00:00Z` }));
          const name = nameOf();
          files[name] ??= open();
          files[name].push(text);
          const stands = first.get(number);
          if (stands === undefined) first.set(number, text);
          else if (stands === text) duplicates += 1;
          else conflicts.push(`${name}:${files[name].length} events.event_id.unique`);
          if (end !== 'line') file += 1;
          if (end === 'batch') await loadBatch();
        }
        await loadBatch();
        expect(await heldEvents(context)).toEqual(conflicts);
        expect(counted).toBe(duplicates);
        const kept = await inLake(
          context,
          `SELECT event_id, user_id, event_timestamp::DATE::VARCHAR AS day FROM events WHERE event_id < '${id(4)}' ORDER BY event_id`,
        );
        const expected = [...first.values()]
          .map((text) => JSON.parse(text) as Record<'event_id' | 'user_id' | 'event_timestamp', string>)
          .map(({ event_id, user_id, event_timestamp }) => ({ event_id, user_id, day: event_timestamp.slice(0, 10) }));
        expect(kept).toEqual(expected.toSorted((one, other) => (one.event_id < other.event_id ? -1 : 1)));
        expect(await findDifferences(context.postgres)).toEqual([]);
      }),
      { numRuns },
    );
  });
});
