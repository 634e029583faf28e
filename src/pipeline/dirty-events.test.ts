/** Samples with events and defects among them, loaded: each defect becomes what it was made to be, and no clean event is lost. */
import { createHmac } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { inLake } from '../../tests/setup/events.ts';
import { afterTheLast, makeFolder } from '../../tests/setup/fixtures.ts';
import { makePipeline, tickingClock } from '../../tests/setup/pipeline.ts';
import { baseContract, eventRules } from '../contracts/events/event-contract.ts';
import { referenceContracts, referenceNames } from '../contracts/events/reference-data.ts';
import { generateSample, type Sample, type SampleOptions } from '../generate/sample.ts';
import type { EventsResult } from '../ingest/events/ingest-events.ts';
import type { ReferenceResult } from '../ingest/events/ingest-reference.ts';
import { findDifferences } from '../ingest/production/ledger.ts';
import { endOfDay } from '../kernel/time.ts';
import { openDuckDB, type Row, sqlText } from '../stores/duckdb/duckdb.ts';
import { ingestEventFiles, ingestReferenceFiles } from './events.ts';
import type { PipelineContext } from './run.ts';

const shop = { asOf: '2026-11-21', customers: 60, products: 40, transactions: 300, events: 6_000, dirty: 0.05 };
const seeds = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

const atEnd = afterTheLast();

/** A row of the manifest. */
interface Listed {
  readonly file: string;
  readonly line: number;
  readonly outcome: 'error' | 'malformed' | 'duplicate' | 'conflict' | 'late' | 'masked' | 'drift';
  readonly rules: string;
  readonly planted: string;
}

/** A line of the files that is not listed as one for quarantine, and what the manifest says of it. */
interface Expected {
  readonly event: Readonly<Record<string, unknown>>;
  readonly listed: Listed | undefined;
}

/** What was listed, and what the load made of the files. */
interface Loaded {
  readonly context: PipelineContext;
  readonly listed: readonly Listed[];
  readonly expected: readonly Expected[];
  /** The open rows of quarantine: 'file:line rule+rule'. */
  readonly held: readonly string[];
  readonly events: readonly EventsResult[];
  readonly reference: readonly ReferenceResult[];
  /** The lake's events by id, each with the day of its folder. */
  readonly lake: ReadonlyMap<string, Row>;
}

const isEvent = ({ file }: Listed): boolean => file.endsWith('.ndjson');
const isHeld = ({ outcome }: Listed): boolean => ['error', 'malformed', 'conflict'].includes(outcome);
const place = ({ file, line }: Pick<Listed, 'file' | 'line'>): string => `${file}:${line}`;

async function readManifest(context: PipelineContext, path: string): Promise<readonly Listed[]> {
  const duckdb = await openDuckDB(':memory:', context.duckdb);
  try {
    return await duckdb.rows<Listed>(
      `SELECT file, line::INTEGER AS line, outcome, coalesce(rules, '') AS rules, coalesce(planted, '') AS planted
       FROM read_csv(${sqlText(path)}, header = true, all_varchar = true, quote = '"', escape = '"')`,
    );
  } finally {
    duckdb.close();
  }
}

/** The lines of a file, by the name that it has in the manifest, that are neither blank nor listed for quarantine or as duplicates. */
function expectedOf(path: string, file: string, listed: ReadonlyMap<string, Listed>): readonly Expected[] {
  const lines = readFileSync(path, 'utf8')
    .replace(/^\uFEFF/, '')
    .split('\n');
  return lines.flatMap((text, index) => {
    const row = listed.get(place({ file, line: index + 1 }));
    if (text.trim() === '' || (row && (isHeld(row) || row.outcome === 'duplicate'))) return [];
    return [{ event: JSON.parse(text), listed: row }];
  });
}

async function heldOf(context: PipelineContext, batch: string | undefined, folder: string): Promise<readonly string[]> {
  const rows = await context.postgres.rows<Pick<Listed, 'file' | 'line' | 'rules'>>(
    `SELECT file, line_number AS line, array_to_string(rules, '+') AS rules FROM ops.quarantine WHERE batch_id = $1`,
    [batch],
  );
  return rows.map((row) => `${folder}${place(row)} ${row.rules}`);
}

async function readLake(context: PipelineContext): Promise<ReadonlyMap<string, Row>> {
  const duckdb = await openDuckDB(':memory:', context.duckdb);
  try {
    const files = sqlText(context.lake.locate('processed/events/*/*.parquet'));
    const rows = await duckdb.rows(
      `SELECT * REPLACE (epoch_ms(event_timestamp)::DOUBLE AS event_timestamp), regexp_extract(filename, 'event_date=([^/]*)', 1) AS day
       FROM read_parquet(${files}, filename = true, hive_partitioning = false)`,
    );
    expect(await inLake(context, 'SELECT count(*) AS count FROM events')).toEqual([{ count: rows.length }]);
    return new Map(rows.map((row) => [String(row.event_id), row]));
  } finally {
    duckdb.close();
  }
}

/** A load under way of samples, export by export. */
async function openLoad() {
  const context = await makePipeline(atEnd, { clock: tickingClock('2026-11-21T12:00:00Z') });
  const listed: Listed[] = [];
  const expected: Expected[] = [];
  const held: string[] = [];
  const events: EventsResult[] = [];
  const reference: ReferenceResult[] = [];
  const request = (source: string) => ({ source, kind: 'events', repeatable: false }) as const;
  return {
    /** Makes a sample, whose files the manifest is to name with these words before them. */
    async sample(folder: string, options: SampleOptions, prefix: string): Promise<Sample> {
      const sample = await generateSample(folder, options);
      const rows = await readManifest(context, sample.eventManifest ?? '');
      const named = rows.map((row) => ({ ...row, file: `${prefix}${row.file}` }));
      listed.push(...named);
      const byPlace = new Map(named.map((row) => [place(row), row]));
      for (const { path } of sample.events)
        expected.push(...expectedOf(path, `${prefix}${path.slice(folder.length + 1)}`, byPlace));
      return sample;
    },
    async reference(source: string, folder: string, observedAt: Date, prefix: string): Promise<void> {
      for (const dataset of referenceNames) {
        const asked = { ...request(source), dataset, paths: [join(folder, `${dataset}.parquet`)], observedAt };
        const loaded = await ingestReferenceFiles(context, asked);
        reference.push(loaded);
        held.push(...(await heldOf(context, loaded.batch, prefix)));
      }
    },
    async events(folder: string, receivedAt: Date, prefix: string): Promise<void> {
      const loaded = await ingestEventFiles(context, { ...request('web'), paths: [folder], receivedAt });
      events.push(loaded);
      held.push(...(await heldOf(context, loaded.batch, prefix)));
    },
    end: async (): Promise<Loaded> => ({
      context,
      listed,
      expected,
      held,
      events,
      reference,
      lake: await readLake(context),
    }),
  };
}

/** All samples, their events as one batch: a file for each of two years' days is dear. */
async function loadTogether(): Promise<Loaded> {
  const load = await openLoad();
  const together = makeFolder(atEnd);
  const receivedAt = endOfDay(shop.asOf, 'UTC');
  for (const seed of seeds) {
    const folder = makeFolder(atEnd);
    await load.sample(folder, { ...shop, seed }, `seed_${seed}/`);
    await load.reference(`seed_${seed}`, folder, receivedAt, `seed_${seed}/`);
    mkdirSync(join(together, `seed_${seed}`));
    renameSync(join(folder, 'events'), join(together, `seed_${seed}`, 'events'));
  }
  await load.events(together, receivedAt, '');
  return load.end();
}

/** One sample in three exports, one after the other. */
async function loadExports(seed: number): Promise<Loaded> {
  const load = await openLoad();
  const folder = makeFolder(atEnd);
  const { batches } = await load.sample(folder, { ...shop, seed, batches: 3 }, '');
  for (const batch of batches) {
    const receivedAt = endOfDay(batch.asOf, 'UTC');
    await load.reference('web', join(folder, batch.folder), receivedAt, `${batch.folder}/`);
    await load.events(join(folder, batch.folder, 'events'), receivedAt, `${batch.folder}/events/`);
  }
  return load.end();
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

const day = (timestamp: unknown): string => new Date(String(timestamp)).toISOString().slice(0, 10);

/** A clean event as the lake has it, in which absent fields are null. */
function stored(event: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { country_code = null, product_id = null, product_category = null, revenue_amount = null } = event;
  return {
    ...event,
    source: 'web',
    event_timestamp: Date.parse(String(event.event_timestamp)),
    country_code,
    product_id,
    product_category,
    revenue_amount,
    properties: event.properties === undefined ? null : JSON.stringify(event.properties),
    day: day(event.event_timestamp),
  };
}

const mark = /\[(email|phone|card)\]/;

/** What stands for an email in a column of ids. */
const token = (context: PipelineContext, email: string): string =>
  createHmac('sha256', context.pseudonymKey).update(email.toLowerCase()).digest('hex');

/** The words of listed lines that the contract does not know: 'field value'. */
const unknownWords = ({ listed }: Loaded): readonly string[] =>
  listed.filter(isEvent).flatMap(({ rules, planted }) => {
    const single = /^events\.(\w+)\.known$/.exec(rules)?.[1];
    if (single) return [`${single} ${JSON.parse(planted)}`];
    return rules.includes('.device_type.known') ? ['device_type console'] : [];
  });

describe.each([
  ['ten samples', loadTogether],
  ['a sample in three exports', () => loadExports(11)],
])('of %s', (_name, loadAll) => {
  let loaded: Loaded;

  beforeAll(async () => {
    loaded = await loadAll();
  });

  test('lines are in quarantine for the rules that they were made to break, and no others', async () => {
    const { context, listed, held, events } = loaded;
    const expected = listed.filter(isHeld).map((row) => `${place(row)} ${row.rules}`);
    expect(held.toSorted()).toEqual(expected.sort());
    const ofEvents = listed.filter(isEvent);
    expect(sum(events.map(({ quarantined }) => quarantined))).toBe(ofEvents.filter(isHeld).length);
    expect(sum(events.map(({ duplicate }) => duplicate))).toBe(
      ofEvents.filter(({ outcome }) => outcome === 'duplicate').length,
    );
    expect(await findDifferences(context.postgres)).toEqual([]);
  });

  test('all others are in the lake as they were sent, each on its own day', () => {
    const { expected, lake } = loaded;
    expect([...lake.keys()].sort()).toEqual(expected.map(({ event }) => event.event_id).sort());
    for (const { event, listed } of expected) {
      const row = lake.get(String(event.event_id));
      if (listed === undefined || listed.outcome === 'late') expect(row).toMatchObject(stored(event));
      else expect(row?.day).toBe(day(event.event_timestamp));
    }
  });

  test('personal data is masked', () => {
    const { context, expected, lake } = loaded;
    for (const { event, listed } of expected.filter((each) => each.listed?.outcome === 'masked')) {
      const row = lake.get(String(event.event_id));
      const planted = listed?.planted ?? '';
      expect(JSON.stringify(row)).not.toContain(planted);
      if (event.user_id === planted) expect(row?.user_id).toBe(token(context, planted));
      else expect(`${row?.product_category} ${row?.properties}`).toMatch(mark);
    }
  });

  test('new fields and words are reported once, the fields kept', () => {
    const { expected, events, lake } = loaded;
    const drifting = expected.filter(({ listed }) => listed?.outcome === 'drift');
    for (const { event, listed: { planted = '' } = {} } of drifting) {
      const properties = JSON.parse(String(lake.get(String(event.event_id))?.properties));
      expect(properties).toMatchObject({ [planted]: event[planted] });
    }
    const drift = events.flatMap((each) => each.drift);
    const fields = drift.filter(({ kind }) => kind === 'field').map(({ field }) => field);
    const further = expected.some(({ event }) => 'form_input' in event) ? ['form_input'] : [];
    const planted = drifting.map(({ listed }) => listed?.planted ?? '');
    expect(fields.toSorted()).toEqual([...new Set([...planted, ...further])].sort());
    const words = drift.filter(({ kind }) => kind === 'value').map(({ field, value }) => `${field} ${value}`);
    expect(words.toSorted()).toEqual([...new Set(unknownWords(loaded))].sort());
  });

  test.each(referenceNames)('%s has its clean rows, and its duplicates are counted', async (name) => {
    const { context, listed, reference } = loaded;
    const results = reference.filter(({ dataset }) => dataset === name);
    const rows = listed.filter(({ file }) => file.endsWith(`${name}.parquet`));
    const count = (outcome: Listed['outcome']): number => rows.filter((row) => row.outcome === outcome).length;
    expect(sum(results.map(({ quarantined }) => quarantined))).toBe(count('error') + count('conflict'));
    expect(sum(results.map(({ duplicate }) => duplicate))).toBe(count('duplicate'));
    const [stored] = await context.postgres.rows<{ rows: number }>(
      'SELECT rows FROM ops.lake_files WHERE dataset = $1 AND retired_at IS NULL',
      [`lake.${name}`],
    );
    // Each export has all rows that there are by then.
    const last = new Map(results.map((result) => [result.source, result]));
    const clean = [...last.values()].map(({ received, quarantined, duplicate }) => received - quarantined - duplicate);
    expect(stored?.rows).toBe(sum(clean));
  });

  test('every rule is broken', () => {
    const broken = new Set(loaded.listed.flatMap(({ rules }) => rules.split('+')).filter((rule) => rule !== ''));
    const ofReference = referenceNames
      .map((name) => referenceContracts[name])
      .flatMap(({ name, key, rules }) => [`${name}.${key}.unique`, ...rules.map(({ id }) => id)]);
    const all = ['events.event_id.unique', ...eventRules(baseContract).map(({ id }) => id), ...ofReference];
    expect([...broken].sort()).toEqual(all.sort());
    const outcomes = ['conflict', 'drift', 'duplicate', 'error', 'late', 'malformed', 'masked'];
    expect([...new Set(loaded.listed.map(({ outcome }) => outcome))].sort()).toEqual(outcomes);
  });
});
