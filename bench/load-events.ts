/**
 * A process that is measured: loads files of events into a new home's lake, or does the least that can be done with them.
 * Words: `load` or `floor`, the home, the URL of a migrated PostgreSQL database, a file for what was measured
 * (`EventFigures`), the settings of DuckDB's memory, and the files, each loaded as a batch of its own.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { baseContract } from '../src/contracts/events/event-contract.ts';
import { ingestEvents } from '../src/ingest/events/ingest-events.ts';
import type { Stage } from '../src/ingest/production/stages.ts';
import { systemClock } from '../src/kernel/time.ts';
import { openDuckDB, sqlPath, sqlText } from '../src/stores/duckdb/duckdb.ts';
import { openFolderLake } from '../src/stores/lake/lake.ts';
import { openPostgres } from '../src/stores/postgres/postgres.ts';
import { secondsOf } from './measure.ts';

/** What such a process measured. */
export interface EventFigures {
  /** For each file, in seconds. */
  readonly seconds: readonly number[];
  /** Of the last load. */
  readonly stages: readonly Stage[];
}

const [mode, home = '', url = '', target = '', memory = '', ...files] = process.argv.slice(2);
const limits = { memory, threads: undefined, temporaryFolder: join(home, 'tmp') };

/** Copies a file, and hashes it on the way. */
async function copyAndHash(path: string, copy: string): Promise<void> {
  const hash = createHash('sha256');
  const sink = createWriteStream(copy);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    hash.update(chunk as Buffer);
    if (!sink.write(chunk)) await once(sink, 'drain');
  }
  sink.end();
  await once(sink, 'finish');
  hash.digest('hex');
}

/** DuckDB alone: reads the lines into typed columns, sorts them and writes a file a day; the file is copied and hashed. */
async function doTheLeast(path: string): Promise<void> {
  const folder = join(home, 'floor', basename(path));
  mkdirSync(folder, { recursive: true });
  await copyAndHash(path, join(folder, 'copy.ndjson'));
  const duckdb = await openDuckDB(':memory:', limits);
  try {
    await duckdb.run(`COPY (
      SELECT *, event_timestamp::DATE AS event_date FROM read_json(${sqlPath(path)}, format = 'newline_delimited', columns = {
        event_id: 'VARCHAR', event_type: 'VARCHAR', user_id: 'VARCHAR', session_id: 'VARCHAR', event_timestamp: 'TIMESTAMPTZ',
        device_type: 'VARCHAR', country_code: 'VARCHAR', traffic_source: 'VARCHAR', product_id: 'VARCHAR',
        product_category: 'VARCHAR', revenue_amount: 'DECIMAL(18,2)', properties: 'JSON'})
      ORDER BY event_timestamp) TO ${sqlText(join(folder, 'days'))} (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (event_date))`);
  } finally {
    duckdb.close();
  }
}

const postgres = await openPostgres(url);
const context = {
  postgres,
  duckdb: limits,
  lake: openFolderLake(join(home, 'lake')),
  clock: systemClock,
  eventContract: baseContract,
  pseudonymKey: 'a key for the bench',
  rawEvents: join(home, 'raw', 'events'),
};

async function load(path: string): Promise<void> {
  const request = { source: 'bench', kind: 'events', paths: [path], repeatable: false } as const;
  const { quarantined, loaded } = await ingestEvents(request, context);
  if (quarantined > 0 || loaded === 0) throw new Error(`${loaded} events were loaded, ${quarantined} quarantined`);
}

try {
  const seconds: number[] = [];
  for (const path of files) seconds.push(await secondsOf(() => (mode === 'load' ? load(path) : doTheLeast(path))));
  const [batch] = await postgres.rows<{ stages: readonly Stage[] }>(
    'SELECT stages FROM ops.batches ORDER BY batch_number DESC LIMIT 1',
  );
  const figures: EventFigures = { seconds, stages: batch?.stages ?? [] };
  writeFileSync(target, JSON.stringify(figures));
} finally {
  await postgres.close();
}
