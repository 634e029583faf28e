/** The way of a batch of CSV files: found, read, judged, and loaded into PostgreSQL in one transaction. */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { appendAudit } from '../../audit/audit.ts';
import type { Rule } from '../../contracts/rules.ts';
import { type TableName, tableContracts, tableNames } from '../../contracts/tables.ts';
import { MillraceError } from '../../kernel/errors.ts';
import { type Clock, dayIn, endOfDay } from '../../kernel/time.ts';
import type { DuckDB, DuckDBLimits, Row } from '../../stores/duckdb/duckdb.ts';
import { withRowPipes } from '../../stores/duckdb/stream-rows.ts';
import type { Postgres, Sql } from '../../stores/postgres/postgres.ts';
import { withJudge } from '../judge.ts';
import { archiveFiles, archiveName } from '../production/archive.ts';
import { createStopwatch, type Stage } from '../production/stages.ts';
import { findFiles, readFiles } from './batch-files.ts';
import { contentHashOf } from './files.ts';
import { type Batch, type Judgement, type LoadEngines, loadBatch } from './load.ts';
import type { OtherRecords } from './map.ts';
import { isPresetPath, loadPreset, presetIdentity, resolveOptions } from './presets.ts';

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
  /** Only say what would happen. */
  readonly dryRun?: boolean;
  /** The source is loaded again without anybody having asked for these files: what was undone stays undone. */
  readonly repeated?: boolean;
  /** Called when the files turn out to be new, before they are loaded. */
  readonly onNew?: () => void;
}

/** What a load needs of its surroundings. */
export interface IngestContext {
  readonly postgres: Postgres;
  readonly duckdb: DuckDBLimits;
  readonly timeZone: string;
  /** ISO 4217. */
  readonly currency: string;
  readonly clock: Clock;
  /** The folder in which received files are kept. */
  readonly archive: string;
  /** The rules in force. */
  readonly rules: readonly Rule[];
  /** Tells sets of rules apart. */
  readonly rulesHash: string;
  /** The greatest share of rows that may be quarantined through their own fault, 0 to 1. */
  readonly maxErrorRate: number;
}

/** What became of the rows of one table: received = loaded + duplicate + superseded + quarantined. */
export interface TableOutcome {
  readonly table: TableName;
  readonly received: number;
  readonly loaded: number;
  readonly duplicate: number;
  readonly superseded: number;
  readonly quarantined: number;
  /** loaded = inserted + updated + unchanged. */
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
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
  /** True when the content was loaded and undone, and nobody asked for it again: nothing was changed. */
  readonly reverted: boolean;
  readonly files: readonly FileOutcome[];
  readonly tables: readonly TableOutcome[];
  /** The rules that at least one row broke. */
  readonly brokenRules: readonly RuleOutcome[];
  /** Rows of earlier batches that waited in quarantine for parents which this batch brought. */
  readonly released: number;
  /** Records of a preset's files that no row stands for, by reason; of a batch that was loaded before, none are listed. */
  readonly otherRecords: readonly OtherRecords[];
  /** file -> columns that the contract does not know; kept in staging, otherwise ignored. */
  readonly unknownColumns: Readonly<Record<string, readonly string[]>>;
  /** Of a dry run: why the batch would be stopped before production; absent where it would not. */
  readonly stopped?: string;
  /** Of a dry run: the first rows of each table as they would be stored, with their verdicts. */
  readonly examples?: Readonly<Record<string, readonly Row[]>>;
}

type Booked = Pick<IngestResult, 'files' | 'tables' | 'brokenRules' | 'released'>;

/** The counts of a batch as its load booked them. */
async function readOutcome(sql: Sql, batch: string): Promise<Booked> {
  const files = await sql.rows<FileOutcome>(
    'SELECT file, records, mapped, malformed FROM ops.batch_files WHERE batch_id = $1 ORDER BY file_number, file',
    [batch],
  );
  const tables = await sql.rows<TableOutcome>(
    `SELECT DISTINCT ON (array_position($2::text[], table_name)) table_name AS table, received, loaded, duplicate,
       superseded, quarantined, inserted, updated, unchanged
     FROM ops.ledger WHERE batch_id = $1 AND caused_by = $1 AND operation = 'load'
     ORDER BY array_position($2::text[], table_name), entry DESC`,
    [batch, tableNames],
  );
  const brokenRules = await sql.rows<RuleOutcome>(
    `SELECT rule, severity, broken FROM ops.quality_results WHERE batch_id = $1 AND broken > 0 ORDER BY severity, rule`,
    [batch],
  );
  const [moved] = await sql.rows<{ released: number }>(
    `SELECT coalesce(sum(-quarantined) FILTER (WHERE quarantined < 0), 0)::bigint AS released FROM ops.ledger
     WHERE caused_by = $1 AND batch_id <> $1 AND operation = 'load'
       AND recorded_at = (SELECT recorded_at FROM ops.batches WHERE batch_id = $1)`,
    [batch],
  );
  return { files, tables, brokenRules, released: moved?.released ?? 0 };
}

/** The source as it was given last: what a run without --input repeats. One that only brought events becomes one of files. */
const registerSource = (sql: Sql, request: CsvRequest, now: Date): Promise<number> =>
  sql.run(
    `INSERT INTO ops.sources (source, kind, preset, input, options, added_at) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (source) DO UPDATE SET kind = $2, preset = $3, input = $4, options = $5`,
    [
      request.source,
      request.kind,
      request.preset && isPresetPath(request.preset) ? resolve(request.preset) : (request.preset ?? null),
      resolve(request.input),
      JSON.stringify(request.options),
      now,
    ],
  );

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
export const withEngines = <T>(limits: DuckDBLimits, work: (engines: LoadEngines) => Promise<T>): Promise<T> =>
  withJudge(limits, (judge, temporaryFolder) =>
    withRowPipes(temporaryFolder, (pipes) => work({ judge, temporaryFolder, pipes })),
  );

interface KnownBatch {
  readonly batch_id: string;
  readonly observed_at: Date;
  readonly reverted: boolean;
}

/** The batch in which this content was loaded, as of this day if one is given. */
async function findKnown(
  { postgres, timeZone }: IngestContext,
  { source, asOf, repeated }: CsvRequest,
  contentHash: string,
): Promise<KnownBatch | undefined> {
  const batches = await postgres.rows<KnownBatch>(
    `SELECT batch_id, observed_at, reverted_at IS NOT NULL AS reverted FROM ops.batches
     WHERE source = $1 AND content_hash = $2 AND (reverted_at IS NULL OR $3) ORDER BY reverted_at IS NOT NULL, batch_number DESC`,
    [source, contentHash, repeated ?? false],
  );
  return batches.find(({ observed_at }) => asOf === undefined || dayIn(observed_at, timeZone) === asOf);
}

async function tellAgain(context: IngestContext, request: CsvRequest, known: KnownBatch): Promise<IngestResult> {
  const { batch_id: batch, reverted } = known;
  if (!request.dryRun) await registerSource(context.postgres, request, context.clock());
  const outcome = await readOutcome(context.postgres, batch);
  const tables = reverted
    ? []
    : outcome.tables.map((each) => ({ ...each, inserted: 0, updated: 0, unchanged: each.loaded }));
  return {
    batch,
    source: request.source,
    alreadyLoaded: !reverted,
    reverted,
    otherRecords: [],
    unknownColumns: {},
    ...outcome,
    released: 0,
    tables,
  };
}

/** How many rows of each table a dry run shows. */
const exampleRows = 10;

async function readExamples(judge: DuckDB): Promise<Readonly<Record<string, readonly Row[]>>> {
  const examples: Record<string, readonly Row[]> = {};
  for (const table of tableNames) {
    const stored = tableContracts[table].stored.map(({ name }) => name).join(', ');
    examples[table] = await judge.rows(
      `SELECT line_number AS line, verdict, ${stored} FROM judged_${table} ORDER BY row_number LIMIT ${exampleRows}`,
    );
  }
  return examples;
}

/** Ends the transaction of a dry run, with what it found. */
class RolledBack extends Error {
  readonly result: IngestResult;
  constructor(result: IngestResult) {
    super('a dry run changes nothing');
    this.result = result;
  }
}

async function keepStages(sql: Sql, batch: string, stages: readonly Stage[]): Promise<void> {
  await sql.run('UPDATE ops.batches SET stages = $2 WHERE batch_id = $1', [batch, JSON.stringify(stages)]);
}

/**
 * Loads one batch of CSV files in one transaction. The same content again changes nothing, unless another day is given as
 * that on which it was true; a failure at any point changes nothing. Errors: MR-IN-001 to MR-IN-014 but for MR-IN-008,
 * MR-PRE-001 to MR-PRE-005, MR-QUA-001, MR-QUA-002, MR-LED-001.
 */
export async function ingestCsv(request: CsvRequest, context: IngestContext): Promise<IngestResult> {
  const preset = request.preset ? loadPreset(request.preset) : undefined;
  const options = request.kind === 'csv' ? resolveOptions(preset, request.options) : {};
  const recordedAt = context.clock();
  const stopwatch = createStopwatch(context.clock);
  const files = await stopwatch.time('read and hash the files', async () => ({
    result: await findFiles(request.input, preset),
  }));
  const contentHash = contentHashOf(files.byRole, presetIdentity(preset, options));
  const known = await findKnown(context, request, contentHash);
  if (known !== undefined) return tellAgain(context, request, known);
  request.onNew?.();
  const identity = [request.source, contentHash, ...(request.asOf === undefined ? [] : [request.asOf])].join('\n');
  const id = `batch_${createHash('sha256').update(identity).digest('hex').slice(0, 16)}`;
  const { postgres } = context;
  const observed = observation(request.asOf, recordedAt, context.timeZone);
  return withEngines(context.duckdb, async (engines) => {
    const { files: readings, otherRecords } = await stopwatch.time('take the records apart', async () => {
      const result = await readFiles(engines, preset, files, { ...context, options });
      return { rows: result.files.reduce((sum, { records }) => sum + records, 0), result };
    });
    const received = Object.values(files.byRole).flat();
    const batch: Batch = {
      id,
      source: request.source,
      preset: preset?.name,
      options,
      contentHash,
      observedAt: observed.at,
      recordedAt,
      readings,
      archived: new Map(received.map((file) => [file.sha256, archiveName(file)])),
    };
    const stopped: MillraceError[] = [];
    const tellStopped = request.dryRun ? { tellStopped: (reason: MillraceError) => stopped.push(reason) } : {};
    const judgement: Judgement = { ...context, asOf: observed.day, ...tellStopped };
    const load = async (sql: Sql): Promise<IngestResult> => {
      await registerSource(sql, request, recordedAt);
      await loadBatch(sql, engines, batch, judgement, stopwatch);
      await keepStages(sql, id, stopwatch.stages);
      const outcome = await readOutcome(sql, id);
      const loaded = Object.fromEntries(outcome.tables.map((each) => [each.table, each.inserted + each.updated]));
      await appendAudit(sql, { action: 'ingest', subject: id, details: loaded }, context.clock);
      const unknown = readings.filter(({ unknownColumns }) => unknownColumns.length > 0);
      return {
        batch: id,
        source: request.source,
        alreadyLoaded: false,
        reverted: false,
        otherRecords,
        unknownColumns: Object.fromEntries(unknown.map(({ file, unknownColumns }) => [file.name, unknownColumns])),
        ...outcome,
        ...(stopped[0] ? { stopped: `${stopped[0].code}: ${stopped[0].message}` } : {}),
      };
    };
    if (request.dryRun) return rehearse(postgres, engines, load);
    const archiving = archiveFiles(context.archive, received);
    // Nobody waits for it until the rows are in; a failure is told then.
    archiving.catch(() => undefined);
    return postgres.transaction(async (sql) => {
      const result = await load(sql);
      await archiving;
      return result;
    });
  });
}

/** Loads, tells what came of it, and takes it back. */
async function rehearse(
  postgres: Postgres,
  { judge }: LoadEngines,
  load: (sql: Sql) => Promise<IngestResult>,
): Promise<IngestResult> {
  try {
    return await postgres.transaction(async (sql) => {
      const result = await load(sql);
      throw new RolledBack({ ...result, examples: await readExamples(judge) });
    });
  } catch (thrown) {
    if (thrown instanceof RolledBack) return thrown.result;
    throw thrown;
  }
}
