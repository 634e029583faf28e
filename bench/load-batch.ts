/**
 * A process that is measured: loads a folder of CSV files, extracts production to Parquet, and loads the same files again.
 * Words: the folder, a new home, the URL of a migrated PostgreSQL database, a file for what was measured (`BatchFigures`).
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rules } from '../src/contracts/rules.ts';
import { readCsvFile } from '../src/ingest/csv/files.ts';
import { ingestCsv } from '../src/ingest/csv/ingest.ts';
import { extractProduction } from '../src/ingest/extract.ts';
import type { Stage } from '../src/ingest/production/stages.ts';
import { loadConfig } from '../src/kernel/config.ts';
import { systemClock } from '../src/kernel/time.ts';
import { openFolderLake } from '../src/stores/lake/lake.ts';
import { openPostgres } from '../src/stores/postgres/postgres.ts';
import { secondsOf } from './measure.ts';

/** What such a process measured, in seconds. */
export interface BatchFigures {
  readonly ingest: number;
  readonly extract: number;
  /** The load of the same files once more, and what reading and hashing them takes alone. */
  readonly again: number;
  readonly hash: number;
  /** Rows received. */
  readonly rows: number;
  readonly stages: readonly Stage[];
}

const [folder = '', home = '', url = '', target = ''] = process.argv.slice(2);
const config = loadConfig({ MILLRACE_HOME: home }, home);
const postgres = await openPostgres(url);
const context = {
  ...config,
  postgres,
  duckdb: { ...config.duckdb, temporaryFolder: join(home, 'tmp') },
  lake: openFolderLake(join(home, 'lake')),
  archive: join(home, 'raw', 'batches'),
  rules,
  rulesHash: 'bench',
  clock: systemClock,
  pseudonymKey: 'a key for the bench',
};
const request = {
  source: 'bench',
  kind: 'csv',
  input: folder,
  preset: undefined,
  options: {},
  asOf: undefined,
} as const;
try {
  const ingest = await secondsOf(() => ingestCsv(request, context));
  const extract = await secondsOf(() => extractProduction(context));
  const again = await secondsOf(async () => {
    const { alreadyLoaded } = await ingestCsv(request, context);
    if (!alreadyLoaded) throw new Error('the same files were loaded twice');
  });
  const hash = await secondsOf(async () => {
    for (const name of readdirSync(folder)) await readCsvFile(join(folder, name));
  });
  const [batch] = await postgres.rows<{ stages: readonly Stage[] }>('SELECT stages FROM ops.batches');
  const [counted] = await postgres.rows<{ rows: number }>('SELECT sum(received)::bigint AS rows FROM ops.ledger');
  const figures: BatchFigures = {
    ingest,
    extract,
    again,
    hash,
    rows: counted?.rows ?? 0,
    stages: batch?.stages ?? [],
  };
  writeFileSync(target, JSON.stringify(figures));
} finally {
  await postgres.close();
}
