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
import { type DuckDB, type DuckDBLimits, openDuckDB } from '../../stores/duckdb/duckdb.ts';
import type { Postgres, Sql } from '../../stores/postgres/postgres.ts';
import { type CsvFile, contentHashOf, locateFolder, readCsvFile } from './files.ts';
import {
  type Batch,
  type LoadEngines,
  loadTable,
  quarantineMalformed,
  registerBatch,
  stageAll,
  type TableOutcome,
} from './load.ts';
import { type MapContext, type OtherRecords, type PresetCsvFile, type PresetReading, readPreset } from './map.ts';
import { isPresetPath, loadPreset, locatePresetFiles, type Preset, presetIdentity, resolveOptions } from './presets.ts';
import { type FileReading, readTable } from './read.ts';
import { gatherParents, isParent } from './references.ts';

/** What to load, and as which source. */
export interface CsvRequest {
  /** Rows are keyed by source and id: two shops need two sources. */
  readonly source: string;
  readonly kind: 'sample' | 'csv' | 'shop';
  /** A folder with the files; with a preset that reads one kind of file also a file. */
  readonly input: string;
  /** The name of a preset, or the path of the folder of a user's own. */
  readonly preset: string | undefined;
  /** Kept with the source: for the sample, what it was made with; for other files, the options that were given. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The day on which the content was true, YYYY-MM-DD; undefined: now. */
  readonly asOf: string | undefined;
}

/** What a load needs of its surroundings. */
export interface IngestContext {
  readonly postgres: Postgres;
  readonly duckdb: DuckDBLimits;
  readonly timeZone: string;
  /** ISO 4217. */
  readonly currency: string;
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
  /** Records of a preset's files that no row stands for, by reason; of a batch that was loaded before, none are listed. */
  readonly otherRecords: readonly OtherRecords[];
  /** file -> columns that the contract does not know; kept in staging, otherwise ignored. */
  readonly unknownColumns: Readonly<Record<string, readonly string[]>>;
}

/** The files of a batch, each with what it is in it. */
interface FoundFiles {
  /** What tells the files apart in the batch's identity -> file. */
  readonly byRole: Readonly<Record<string, CsvFile>>;
  readonly ofPreset: readonly PresetCsvFile[];
}

async function findPresetFiles(preset: Preset, input: string): Promise<FoundFiles> {
  const byRole: Record<string, CsvFile> = {};
  const ofPreset: PresetCsvFile[] = [];
  for (const { role, path } of locatePresetFiles(preset, input)) {
    const file = await readCsvFile(path);
    const place = ofPreset.filter((each) => each.role === role).length;
    const name = preset.roles.length === 1 ? 'file' : role.name;
    byRole[place === 0 ? name : `${name} ${place}`] = file;
    ofPreset.push({ role, file });
  }
  return { byRole, ofPreset };
}

async function findFiles(request: CsvRequest, preset: Preset | undefined): Promise<FoundFiles> {
  if (preset) return findPresetFiles(preset, request.input);
  const byRole: Record<string, CsvFile> = {};
  for (const [table, path] of Object.entries(locateFolder(request.input))) byRole[table] = await readCsvFile(path);
  return { byRole, ofPreset: [] };
}

async function readFiles(
  duckdb: DuckDB,
  preset: Preset | undefined,
  files: FoundFiles,
  context: MapContext,
): Promise<PresetReading> {
  if (preset) return readPreset(duckdb, files.ofPreset, preset, context);
  const readings: FileReading[] = [];
  for (const [table, file] of Object.entries(files.byRole)) {
    readings.push(await readTable(duckdb, file, table as TableName));
  }
  return { files: readings, otherRecords: [] };
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
      request.preset && isPresetPath(request.preset) ? resolve(request.preset) : (request.preset ?? null),
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
  await quarantineMalformed(sql, batch);
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
 * Errors: MR-IN-001 to MR-IN-013 but for MR-IN-008, MR-PRE-001 to MR-PRE-005, MR-LED-001.
 */
export async function ingestCsv(request: CsvRequest, context: IngestContext): Promise<IngestResult> {
  const preset = request.preset ? loadPreset(request.preset) : undefined;
  const options = request.kind === 'csv' ? resolveOptions(preset, request.options) : {};
  const files = await findFiles(request, preset);
  const contentHash = contentHashOf(files.byRole, presetIdentity(preset, options));
  const id = `batch_${createHash('sha256').update(`${request.source}\n${contentHash}`).digest('hex').slice(0, 16)}`;
  const { postgres } = context;
  const known = await postgres.rows('SELECT 1 FROM ops.batches WHERE batch_id = $1', [id]);
  const about = { batch: id, source: request.source };
  if (known.length > 0) {
    await registerSource(postgres, request, context.clock());
    const outcome = await readOutcome(postgres, id);
    const tables = outcome.tables.map((each) => ({ ...each, inserted: 0, updated: 0, unchanged: each.loaded }));
    return { ...about, alreadyLoaded: true, otherRecords: [], unknownColumns: {}, ...outcome, tables };
  }
  const recordedAt = context.clock();
  const observed = observation(request.asOf, recordedAt, context.timeZone);
  return withEngines(context.duckdb, async (engines) => {
    const { files: readings, otherRecords } = await readFiles(engines.judge, preset, files, { ...context, options });
    const batch: Batch = {
      id,
      source: request.source,
      preset: preset?.name,
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
        otherRecords,
        unknownColumns: Object.fromEntries(unknown.map(({ file, unknownColumns }) => [file.name, unknownColumns])),
        ...outcome,
      };
    });
  });
}
