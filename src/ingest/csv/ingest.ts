/** The way of a batch of CSV files: found, read, judged, and loaded into PostgreSQL in one transaction. */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { appendAudit } from '../../audit/audit.ts';
import { type JudgeContext, judgeMacros, judgeStatement } from '../../contracts/judge.ts';
import { type TableName, tableNames } from '../../contracts/tables.ts';
import { MillraceError } from '../../kernel/errors.ts';
import { type Clock, dayIn, endOfDay } from '../../kernel/time.ts';
import { type DuckDBLimits, openDuckDB } from '../../stores/duckdb/duckdb.ts';
import type { Postgres, Sql } from '../../stores/postgres/postgres.ts';
import { type CsvFile, contentHashOf, locateFile, locateFolder, readCsvFile } from './files.ts';
import {
  type Batch,
  type LoadEngines,
  loadTable,
  quarantineMalformed,
  registerBatch,
  stageAll,
  type TableOutcome,
} from './load.ts';
import { readPreset } from './map.ts';
import { loadPreset } from './presets.ts';
import { type FileReading, readTable } from './read.ts';
import { gatherParents, isParent } from './references.ts';

/** What to load, and as which source. */
export interface CsvRequest {
  /** Rows are keyed by source and id: two shops need two sources. */
  readonly source: string;
  readonly kind: 'sample' | 'csv' | 'shop';
  /** A folder with the four files or, with a preset, one file. */
  readonly input: string;
  readonly preset: string | undefined;
  /** Kept with the source; for the sample, what it was made with. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The day on which the content was true, YYYY-MM-DD; undefined: now. */
  readonly asOf: string | undefined;
}

/** What a load needs of its surroundings. */
export interface IngestContext {
  readonly postgres: Postgres;
  readonly duckdb: DuckDBLimits;
  readonly timeZone: string;
  readonly clock: Clock;
}

/** One file of a batch: records = mapped + malformed, the header aside. */
export interface FileOutcome {
  readonly file: string;
  readonly records: number;
  readonly mapped: number;
  readonly malformed: number;
}

/** How many rows broke a rule. */
export interface RuleOutcome {
  readonly rule: string;
  readonly severity: 'error' | 'warn';
  readonly broken: number;
}

/** What became of a batch. */
export interface IngestResult {
  readonly batch: string;
  readonly source: string;
  /**
   * True when the same content had been loaded before. Then nothing was changed: the counts are those of then, with all
   * that was loaded counted as unchanged.
   */
  readonly alreadyLoaded: boolean;
  readonly files: readonly FileOutcome[];
  readonly tables: readonly TableOutcome[];
  /** The rules that at least one row broke. */
  readonly brokenRules: readonly RuleOutcome[];
  /** file -> columns that the contract does not know; kept in staging, otherwise ignored. */
  readonly unknownColumns: Readonly<Record<string, readonly string[]>>;
}

const presetRole = 'file';

async function findFiles(request: CsvRequest): Promise<Readonly<Record<string, readonly CsvFile[]>>> {
  const paths = request.preset ? { [presetRole]: [locateFile(request.input)] } : locateFolder(request.input);
  const folder = request.preset ? undefined : resolve(request.input);
  const files: Record<string, CsvFile[]> = {};
  for (const [role, found] of Object.entries(paths)) {
    files[role] = [];
    for (const path of found) files[role].push(await readCsvFile(path, folder));
  }
  return files;
}

async function readFiles(
  { judge, temporaryFolder }: LoadEngines,
  request: CsvRequest,
  files: Readonly<Record<string, readonly CsvFile[]>>,
): Promise<readonly FileReading[]> {
  const readings: FileReading[] = [];
  for (const [role, found] of Object.entries(files)) {
    if (request.preset) {
      const preset = loadPreset(request.preset);
      for (const file of found) readings.push(await readPreset(judge, file, preset, temporaryFolder));
    } else {
      readings.push(...(await readTable(judge, found, role as TableName, temporaryFolder, readings.length)));
    }
  }
  return readings;
}

/** The counts of a batch as they are booked. */
async function readOutcome(sql: Sql, batch: string): Promise<Pick<IngestResult, 'files' | 'tables' | 'brokenRules'>> {
  const files = await sql.rows<FileOutcome>(
    'SELECT file, records, mapped, malformed FROM ops.batch_files WHERE batch_id = $1 ORDER BY file',
    [batch],
  );
  const tables = await sql.rows<TableOutcome>(
    `SELECT table_name AS table, received, loaded, duplicate, superseded, quarantined, inserted, updated, unchanged
     FROM ops.ledger WHERE batch_id = $1 ORDER BY array_position($2::text[], table_name)`,
    [batch, tableNames],
  );
  const brokenRules = await sql.rows<RuleOutcome>(
    `SELECT rule, severity, broken FROM ops.quality_results WHERE batch_id = $1 AND broken > 0 ORDER BY severity, rule`,
    [batch],
  );
  return { files, tables, brokenRules };
}

async function judgeAll(
  postgres: Postgres,
  engines: LoadEngines,
  source: string,
  context: JudgeContext,
): Promise<void> {
  await engines.judge.run(judgeMacros(context));
  for (const table of tableNames) {
    await engines.judge.run(judgeStatement(table));
    if (isParent(table)) await gatherParents(postgres, engines.judge, engines.temporaryFolder, source, table);
  }
}

/** The source as it was given last: what a run without --input repeats. */
const registerSource = (sql: Sql, request: CsvRequest, now: Date): Promise<number> =>
  sql.run(
    `INSERT INTO ops.sources (source, kind, preset, input, options, added_at) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (source) DO UPDATE SET preset = $3, input = $4, options = $5`,
    [
      request.source,
      request.kind,
      request.preset ?? null,
      resolve(request.input),
      JSON.stringify(request.options),
      now,
    ],
  );

async function loadBatch(
  sql: Sql,
  postgres: Postgres,
  engines: LoadEngines,
  batch: Batch,
  context: JudgeContext,
): Promise<void> {
  const batchNumber = await registerBatch(sql, batch);
  // Staging streams through PostgreSQL while DuckDB judges: neither waits for the other.
  const [staging, judging] = await Promise.allSettled([
    stageAll(sql, engines, batch, batchNumber),
    judgeAll(postgres, engines, batch.source, context),
  ]);
  if (staging.status === 'rejected') throw staging.reason;
  if (judging.status === 'rejected') throw judging.reason;
  await quarantineMalformed(sql, engines, batch);
  for (const table of tableNames) {
    await loadTable(sql, engines, batch, batchNumber, table, staging.value.get(table) ?? 0);
  }
}

/** When the content was true: at the end of the day that was given, but not later than now. Errors: MR-IN-013. */
function observation(
  asOf: string | undefined,
  now: Date,
  timeZone: string,
): { readonly day: string; readonly at: Date } {
  const today = dayIn(now, timeZone);
  if (asOf === undefined || asOf === today) return { day: today, at: now };
  if (asOf > today) throw new MillraceError('MR-IN-013', { day: asOf, today });
  return { day: asOf, at: endOfDay(asOf, timeZone) };
}

/** Opens what a load works with, and closes it after the work. */
export async function withEngines<T>(limits: DuckDBLimits, work: (engines: LoadEngines) => Promise<T>): Promise<T> {
  mkdirSync(limits.temporaryFolder, { recursive: true });
  const temporaryFolder = await mkdtemp(join(limits.temporaryFolder, 'load-'));
  const judge = await openDuckDB(':memory:', { ...limits, temporaryFolder });
  try {
    return await work({ judge, temporaryFolder });
  } finally {
    judge.close();
    await rm(temporaryFolder, { recursive: true, force: true });
  }
}

/**
 * Loads one batch of CSV files. The same content again changes nothing; a failure at any point changes nothing.
 * Errors: MR-IN-001 to MR-IN-014 but for MR-IN-008, MR-LED-001.
 */
export async function ingestCsv(request: CsvRequest, context: IngestContext): Promise<IngestResult> {
  if (request.preset) loadPreset(request.preset);
  const files = await findFiles(request);
  const contentHash = contentHashOf(files, request.preset);
  const id = `batch_${createHash('sha256').update(`${request.source}\n${contentHash}`).digest('hex').slice(0, 16)}`;
  const { postgres } = context;
  const known = await postgres.rows('SELECT 1 FROM ops.batches WHERE batch_id = $1', [id]);
  const about = { batch: id, source: request.source };
  if (known.length > 0) {
    await registerSource(postgres, request, context.clock());
    const outcome = await readOutcome(postgres, id);
    const tables = outcome.tables.map((each) => ({ ...each, inserted: 0, updated: 0, unchanged: each.loaded }));
    return { ...about, alreadyLoaded: true, unknownColumns: {}, ...outcome, tables };
  }
  const recordedAt = context.clock();
  const observed = observation(request.asOf, recordedAt, context.timeZone);
  return withEngines(context.duckdb, async (engines) => {
    const readings = await readFiles(engines, request, files);
    const batch: Batch = {
      id,
      source: request.source,
      preset: request.preset,
      contentHash,
      observedAt: observed.at,
      recordedAt,
      readings,
    };
    return postgres.transaction(async (sql) => {
      await registerSource(sql, request, recordedAt);
      await loadBatch(sql, postgres, engines, batch, { timeZone: context.timeZone, asOf: observed.day });
      const outcome = await readOutcome(sql, id);
      const loaded = Object.fromEntries(outcome.tables.map((each) => [each.table, each.inserted + each.updated]));
      await appendAudit(sql, { action: 'ingest', subject: id, details: loaded }, context.clock);
      const unknown = readings.filter(({ unknownColumns }) => unknownColumns.length > 0);
      return {
        ...about,
        alreadyLoaded: false,
        unknownColumns: Object.fromEntries(unknown.map(({ file, unknownColumns }) => [file.name, unknownColumns])),
        ...outcome,
      };
    });
  });
}
