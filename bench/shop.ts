/** Shops to measure with: generated files, a home with its own PostgreSQL, and that home's lake. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { baseContract } from '../src/contracts/events/event-contract.ts';
import { rules } from '../src/contracts/rules.ts';
import { generateSample, sampleDefaults } from '../src/generate/sample.ts';
import { ingestCsv } from '../src/ingest/csv/ingest.ts';
import { compactEvents } from '../src/ingest/events/compact.ts';
import { ingestEvents } from '../src/ingest/events/ingest-events.ts';
import { extractProduction } from '../src/ingest/extract.ts';
import { currentFiles, type LakeFile } from '../src/ingest/lake-files.ts';
import { type Config, loadConfig } from '../src/kernel/config.ts';
import { systemClock } from '../src/kernel/time.ts';
import type { DuckDBLimits } from '../src/stores/duckdb/duckdb.ts';
import { type Lake, openFolderLake } from '../src/stores/lake/lake.ts';
import { acquireEmbeddedPostgres } from '../src/stores/postgres/embedded.ts';
import { migrate } from '../src/stores/postgres/migrate.ts';
import { openPostgres, type Postgres } from '../src/stores/postgres/postgres.ts';
import type { Bench } from './row.ts';

/** The day that all shops end with, so that every bench measures the same rows. */
export const asOf = '2026-01-01';

/** Shops by name: the sample that `npm start` shows, and two of ten and a hundred times its size. */
export const shops = {
  sample: sampleDefaults,
  large: { ...sampleDefaults, customers: 10_000, transactions: 100_000 },
  huge: { ...sampleDefaults, customers: 100_000, products: 5_000, transactions: 1_000_000 },
} as const;

/** A home with a PostgreSQL of its own, with the settings that a user starts with. */
export interface Home {
  readonly config: Config;
  readonly postgresUrl: string;
  readonly postgres: Postgres;
  readonly duckdb: DuckDBLimits;
  readonly lake: Lake;
}

/** Makes a shop's four CSV files, and its events when there are to be some; gives their folder. */
export async function makeShop(bench: Bench, name: keyof typeof shops, events?: number): Promise<string> {
  const folder = join(bench.folder, `files-${name}`);
  const told = events === undefined ? '' : ` and ${events.toLocaleString('en-US')} events`;
  bench.say(`generating ${shops[name].transactions.toLocaleString('en-US')} transactions${told}`);
  await generateSample(folder, { ...shops[name], asOf, ...(events === undefined ? {} : { events }) });
  return folder;
}

/** Makes an empty home and opens its stores until the row ends. */
export async function openHome(bench: Bench, name: string): Promise<Home> {
  const home = join(bench.folder, `home-${name}`);
  const config = loadConfig({ MILLRACE_HOME: home }, bench.folder);
  const server = await acquireEmbeddedPostgres(join(home, 'postgres'), 0);
  bench.onEnd(() => server.release());
  const postgres = await openPostgres(server.url);
  bench.onEnd(() => postgres.close());
  await migrate(postgres);
  return {
    config,
    postgresUrl: server.url,
    postgres,
    duckdb: { ...config.duckdb, temporaryFolder: join(home, 'tmp') },
    lake: openFolderLake(join(home, 'lake')),
  };
}

/** Loads a shop and its events, where it has some, into a home; gives the Parquet files that the models read. */
export async function fillLake(bench: Bench, home: Home, folder: string): Promise<readonly LakeFile[]> {
  bench.say('loading the shop');
  const context = {
    ...home,
    archive: join(home.config.home, 'raw', 'batches'),
    rawEvents: join(home.config.home, 'raw', 'events'),
    rules,
    rulesHash: 'bench',
    maxErrorRate: 0.2,
    eventContract: baseContract,
    timeZone: home.config.timeZone,
    currency: home.config.currency,
    clock: systemClock,
    pseudonymKey: 'a key for the bench',
  };
  const source = { source: 'bench', kind: 'csv', input: folder, preset: undefined, options: {}, asOf } as const;
  await ingestCsv(source, context);
  const events = join(folder, 'events');
  if (existsSync(events)) {
    await ingestEvents({ source: 'bench', kind: 'events', paths: [events], repeatable: false }, context);
    await compactEvents(context, true);
  }
  await extractProduction(context);
  return currentFiles(home.postgres);
}
