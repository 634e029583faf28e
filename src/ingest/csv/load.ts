/** One batch into PostgreSQL: staged as received, judged in DuckDB meanwhile, settled in production, booked, checked. */
import { createReadStream } from 'node:fs';
import { type JudgeContext, judgeMacros, judgeStatement } from '../../contracts/judge.ts';
import type { Rule } from '../../contracts/rules.ts';
import { prepareStandards } from '../../contracts/standards.ts';
import { type TableName, tableNames } from '../../contracts/tables.ts';
import { requireWithinThresholds } from '../../contracts/thresholds.ts';
import { MillraceError } from '../../kernel/errors.ts';
import { allEnded } from '../../kernel/promises.ts';
import type { DuckDB } from '../../stores/duckdb/duckdb.ts';
import type { RowPipes } from '../../stores/duckdb/stream-rows.ts';
import { isBadCopyFormat, type Sql } from '../../stores/postgres/postgres.ts';
import { requireUnchanged } from '../files/inspect.ts';
import { relaxConstraints, restoreConstraints } from '../production/constraints.ts';
import { book, type Cause, type Move, requireBalance } from '../production/ledger.ts';
import { copyUnclean, createUnclean, quarantineUnclean, uncleanRows } from '../production/quarantine-statements.ts';
import { openSettlement, type Settlement, settleTable } from '../production/settle.ts';
import * as settling from '../production/settle-statements.ts';
import type { Stopwatch } from '../production/stages.ts';
import * as staging from '../production/staging.ts';
import {
  isWaiting,
  judgedResults,
  keepResults,
  type RuleResult,
  type VerdictCount,
  withSettlement,
} from './quality.ts';
import { type FileReading, requireAllRead } from './read.ts';
import * as statement from './statements.ts';

/** A batch that has been read and is about to be judged and loaded. */
export interface Batch {
  readonly id: string;
  readonly source: string;
  readonly preset: string | undefined;
  /** The options of the preset. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly contentHash: string;
  /** When the content was true. */
  readonly observedAt: Date;
  /** When it is loaded. */
  readonly recordedAt: Date;
  readonly readings: readonly FileReading[];
  /** sha256 of a file -> the name of its copy in the archive. */
  readonly archived: ReadonlyMap<string, string>;
}

/** What a load works with: the DuckDB in which its rows are judged, a folder for what is on its way, and ways out of DuckDB. */
export interface LoadEngines {
  readonly judge: DuckDB;
  readonly temporaryFolder: string;
  readonly pipes: RowPipes;
}

/** How rows are judged, and what stops a batch. */
export interface Judgement extends JudgeContext {
  readonly rules: readonly Rule[];
  /** The greatest share of rows that may be refused, 0 to 1. */
  readonly maxErrorRate: number;
  /** Told of what would stop the batch, which then goes on: for a dry run. Without it the batch is stopped. */
  readonly tellStopped?: (reason: MillraceError) => void;
  /** Tells sets of rules apart. */
  readonly rulesHash: string;
}

const sum = <T>(items: Iterable<T>, of: (item: T) => number): number => {
  let total = 0;
  for (const item of items) total += of(item);
  return total;
};

/** Records the batch and its files; gives its number. A batch that was reverted is recorded anew. */
async function registerBatch(sql: Sql, batch: Batch, rulesHash: string): Promise<number> {
  const [registered] = await sql.rows<{ batch_number: number }>(
    `INSERT INTO ops.batches (batch_id, batch_number, source, preset, options, content_hash, observed_at, recorded_at, rules_hash)
     SELECT $1, coalesce(max(batch_number), 0) + 1, $2, $3, $4, $5, $6, $7, $8 FROM ops.batches
     ON CONFLICT (batch_id) DO UPDATE SET batch_number = EXCLUDED.batch_number, options = $4, observed_at = $6,
       recorded_at = $7, rules_hash = $8, reverted_at = NULL, revertible = true
     RETURNING batch_number`,
    [
      batch.id,
      batch.source,
      batch.preset ?? null,
      JSON.stringify(batch.options),
      batch.contentHash,
      batch.observedAt,
      batch.recordedAt,
      rulesHash,
    ],
  );
  await sql.run('DELETE FROM ops.batch_files WHERE batch_id = $1', [batch.id]);
  for (const { file, fileNumber, table, records, malformed, lineOffset } of batch.readings) {
    await sql.run(
      `INSERT INTO ops.batch_files (batch_id, file, path, sha256, bytes, records, mapped, malformed, file_number, role,
         line_offset, encoding, compression, archived_as)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
      [
        batch.id,
        file.name,
        file.path,
        file.sha256,
        file.bytes,
        records,
        records - malformed,
        malformed,
        fileNumber,
        table ?? 'file',
        lineOffset,
        file.encoding,
        file.compression,
        batch.archived.get(file.sha256) ?? null,
      ],
    );
  }
  return registered?.batch_number ?? 0;
}

/** Copies the bytes of a file; undefined, with nothing copied, when PostgreSQL objects to what DuckDB has accepted. */
async function copyBytes(
  sql: Sql,
  batchNumber: number,
  table: TableName,
  reading: FileReading,
  columns: string,
): Promise<number | undefined> {
  await sql.run(`SAVEPOINT before_copy; ${staging.numberRowsFrom(reading.lineOffset + 2)}`);
  const format = statement.copyFormat(columns, reading.file.layout);
  try {
    return await sql.copyIn(
      staging.copyBytes(table, batchNumber, columns, format),
      createReadStream(reading.file.path, { highWaterMark: 1 << 20 }),
    );
  } catch (thrown) {
    if (!isBadCopyFormat(thrown)) throw thrown;
    await sql.run('ROLLBACK TO SAVEPOINT before_copy');
    return undefined;
  }
}

async function streamToStaging(
  sql: Sql,
  engines: LoadEngines,
  batchNumber: number,
  table: TableName,
  fileNumber: number | undefined,
): Promise<number> {
  // A connection of its own, so that the rows can be judged at the same time.
  const duckdb = await engines.judge.fork();
  try {
    const rows = statement.stagingRows(table, fileNumber);
    return await engines.pipes.stream(duckdb, rows, (stream) =>
      sql.copyIn(staging.copyRows(table, batchNumber), stream),
    );
  } finally {
    duckdb.close();
  }
}

/**
 * Puts the rows as received into staging; gives their number. The bytes of a file that PostgreSQL reads as DuckDB did go
 * there straight from the disk; of other files, and of what a preset mapped, the rows that were read are streamed.
 */
export async function stageTable(
  sql: Sql,
  engines: LoadEngines,
  batchNumber: number,
  table: TableName,
  readings: readonly FileReading[],
): Promise<number> {
  if (readings.length === 0) return streamToStaging(sql, engines, batchNumber, table, undefined);
  let staged = 0;
  for (const reading of readings) {
    const columns = reading.copyColumns?.join(', ');
    const copied = columns === undefined ? undefined : await copyBytes(sql, batchNumber, table, reading, columns);
    staged += copied ?? (await streamToStaging(sql, engines, batchNumber, table, reading.fileNumber));
  }
  return staged;
}

/** Asked also after a failure, for which a file that changed meanwhile is the reason to tell. Errors: MR-IN-010. */
const requireAllUnchanged = (batch: Batch): void => {
  for (const { file } of batch.readings) requireUnchanged(file);
};

/** Stages all tables of the batch, one after the other; gives the rows staged of each. */
export async function stageAll(
  sql: Sql,
  engines: LoadEngines,
  batch: Batch,
  batchNumber: number,
  stopwatch: Stopwatch,
): Promise<ReadonlyMap<TableName, number>> {
  const staged = new Map<TableName, number>();
  try {
    for (const table of tableNames) {
      const readings = batch.readings.filter((each) => each.table === table);
      const rows = await stopwatch.time(`stage ${table}`, () =>
        stageTable(sql, engines, batchNumber, table, readings).then((count) => ({ rows: count, result: count })),
      );
      staged.set(table, rows);
    }
  } finally {
    requireAllUnchanged(batch);
  }
  return staged;
}

/** Judges the received_ tables of a batch; all that the readings tell of must be among them. */
export async function judgeAll(
  engines: LoadEngines,
  judgement: Judgement,
  stopwatch: Stopwatch,
  readings: readonly FileReading[] = [],
): Promise<void> {
  await engines.judge.run(judgeMacros(judgement));
  await prepareStandards(engines.judge);
  for (const table of tableNames) {
    await stopwatch.time(`judge ${table}`, async () => {
      await engines.judge.run(judgeStatement(table, judgement.rules));
      const own = readings.filter((each) => each.table === table);
      await requireAllRead(engines.judge, `judged_${table}`, own);
      return { result: undefined };
    });
  }
}

/** Malformed records are no rows yet: they go to quarantine as they were found. */
async function quarantineMalformed(sql: Sql, engines: LoadEngines, batch: Batch): Promise<void> {
  for (const reading of batch.readings) {
    if (reading.malformed === 0) continue;
    await engines.pipes.stream(engines.judge, statement.malformedRows(batch.id, reading), (rows) =>
      sql.copyIn(statement.copyMalformed, rows),
    );
  }
}

/** The malformed records of the files of a table, or of those that a preset maps. */
export const malformedOf = (readings: readonly FileReading[], table: TableName | undefined): number =>
  sum(readings, (reading) => (reading.table === table ? reading.malformed : 0));

/** What the judge found in the rows of a table. */
export interface Judged {
  readonly received: number;
  readonly malformed: number;
  readonly clean: number;
  readonly duplicate: number;
  readonly broken: number;
  readonly results: readonly RuleResult[];
}

/** Counts what the judge found in the rows of a table, and the malformed records that it was not given. */
export async function judgedRows(
  engines: LoadEngines,
  table: TableName,
  malformed: number,
  rules: readonly Rule[],
): Promise<Judged> {
  const counted = await engines.judge.rows<VerdictCount>(statement.countVerdicts(table));
  const count = (verdict: string): number => counted.find((each) => each.verdict === verdict)?.count ?? 0;
  return {
    received: sum(counted, ({ count: rows }) => rows) + malformed,
    malformed,
    clean: count('clean'),
    duplicate: count('duplicate'),
    broken: count('broken'),
    results: await judgedResults(engines.judge, table, rules, counted),
  };
}

/** Copies rows straight into production where nothing can contest them; gives their number, undefined where it can. */
async function sendStraight(
  sql: Sql,
  { judge, pipes }: LoadEngines,
  batch: Pick<Batch, 'id' | 'observedAt'>,
  scope: settling.SettleScope,
  table: TableName,
): Promise<number | undefined> {
  const [found] = await sql.rows<{ stored: boolean; known: boolean }>(settling.lookForRows(scope, table));
  if (!found || found.known) return undefined;
  await sql.run(settling.openStraight(scope, table, batch.id, batch.observedAt, !found.stored));
  return pipes.stream(judge, settling.straightRows(table), (rows) => sql.copyIn(settling.copyStraight(table), rows));
}

/**
 * Hands the judged rows of a table to PostgreSQL: clean ones to be settled, the others with what is wrong with them. Gives
 * the number of rows that went straight into production, if that was the way: it is where keys and indexes are relaxed.
 */
export async function sendJudged(
  sql: Sql,
  engines: LoadEngines,
  batch: Pick<Batch, 'id' | 'observedAt'>,
  scope: settling.SettleScope,
  table: TableName,
  judged: Judged,
  relaxed = false,
): Promise<number | undefined> {
  await sql.run(settling.arriveFrom(table, batch.id, batch.observedAt));
  const straight = relaxed ? await sendStraight(sql, engines, batch, scope, table) : undefined;
  if (judged.clean > (straight ?? 0)) {
    const rows = settling.cleanRows(table, straight === undefined ? 'true' : 'contested');
    await engines.pipes.stream(engines.judge, rows, (stream) => sql.copyIn(settling.copyArriving(table), stream));
  }
  await sendUnclean(sql, engines, batch, table, judged, scope.rules);
  return straight;
}

async function sendUnclean(
  sql: Sql,
  engines: LoadEngines,
  batch: Pick<Batch, 'id' | 'observedAt'>,
  table: TableName,
  judged: Judged,
  rules: readonly Rule[],
): Promise<void> {
  await sql.run(createUnclean(table));
  if (judged.broken + judged.duplicate === 0) return;
  await engines.pipes.stream(engines.judge, uncleanRows(table, rules), (stream) =>
    sql.copyIn(copyUnclean(table), stream),
  );
  await sql.run(`ANALYZE unclean_${table}`);
  await sql.run(quarantineUnclean(table, batch.id));
}

/** What the judge alone decided, as moves for the books. */
export const judgedMoves = (batch: string, { duplicate, broken, malformed }: Judged): readonly Move[] =>
  [
    { batch, was: undefined, becomes: 'duplicate' as const, rows: duplicate },
    { batch, was: undefined, becomes: 'quarantined' as const, rows: broken + malformed },
  ].filter(({ rows }) => rows > 0);

/** Errors: MR-LED-001 when staging's verdicts are not what is booked. */
async function requireStagedAsBooked(
  sql: Sql,
  batch: Batch,
  batchNumber: number,
  table: TableName,
  judged: Judged,
  moves: readonly Move[],
): Promise<void> {
  const staged = await sql.rows<{ verdict: string; rows: number }>(staging.countStaged(table, batchNumber));
  const found = (verdict: string): number => staged.find((each) => each.verdict === verdict)?.rows ?? 0;
  const own = moves.filter((move) => move.batch === batch.id && move.was === undefined);
  const moved = (...standings: readonly string[]): number =>
    own.filter(({ becomes }) => standings.includes(String(becomes))).reduce((sum, { rows }) => sum + rows, 0);
  const claims: readonly (readonly [string, number, number])[] = [
    ['loaded', moved('inserted', 'updated', 'unchanged'), found('loaded')],
    ['superseded', moved('superseded'), found('superseded')],
    ['duplicate', judged.duplicate, found('duplicate')],
    ['quarantined', judged.broken + moved('quarantined'), found('quarantined')],
  ];
  for (const [claim, booked, rows] of claims) {
    if (booked === rows) continue;
    const problem = `${table}: ${claim} is booked as ${booked}, staging has ${rows}`;
    throw new MillraceError('MR-LED-001', { batch: batch.id, problem });
  }
}

async function settleAndBook(
  sql: Sql,
  batch: Batch,
  batchNumber: number,
  scope: settling.SettleScope,
  table: TableName,
  judged: Judged,
  straight: number | undefined,
): Promise<Settlement> {
  const cause: Cause = { operation: 'load', batch: batch.id, at: batch.recordedAt };
  const settlement = await settleTable(sql, scope, cause, table, straight);
  const turnedDown = settlement.moves.some(
    (move) => move.batch === batch.id && (move.becomes === 'superseded' || move.becomes === 'quarantined'),
  );
  if (judged.broken + judged.duplicate > 0 || turnedDown)
    await sql.run(staging.writeVerdicts(table, batchNumber, statement.verdicts(table)), [batch.id]);
  await book(sql, cause, table, [...judgedMoves(batch.id, judged), ...settlement.moves]);
  await requireStagedAsBooked(sql, batch, batchNumber, table, judged, settlement.moves);
  return settlement;
}

/**
 * A load joins and sorts all rows of a batch: it is given more memory than the server's defaults, while it lasts. Where few
 * rows meet the many of production they are looked up by their keys: on today's disks that costs less than the default says.
 */
const loadSettings = `SET LOCAL work_mem = '64MB'; SET LOCAL maintenance_work_mem = '256MB'; SET LOCAL random_page_cost = 1.1`;

/**
 * Loads the batch; the transaction is the caller's. Errors: MR-IN-010 when a file changed meanwhile, MR-QUA-001 and
 * MR-QUA-002 when too many rows break rules, MR-LED-001 when the books do not agree with the tables.
 */
export async function loadBatch(
  sql: Sql,
  engines: LoadEngines,
  batch: Batch,
  judgement: Judgement,
  stopwatch: Stopwatch,
): Promise<void> {
  await sql.run(loadSettings);
  const batchNumber = await registerBatch(sql, batch, judgement.rulesHash);
  await staging.createStaging(sql, batchNumber);
  // Staging streams through PostgreSQL while DuckDB judges: neither waits for the other.
  await allEnded([
    stageAll(sql, engines, batch, batchNumber, stopwatch),
    judgeAll(engines, judgement, stopwatch, batch.readings),
  ]).finally(() => requireAllUnchanged(batch));
  const judged = new Map<TableName, Judged>();
  for (const table of tableNames) {
    judged.set(table, await judgedRows(engines, table, malformedOf(batch.readings, table), judgement.rules));
  }
  // A preset's malformed records are of no table yet.
  const unmapped = malformedOf(batch.readings, undefined);
  const received = sum(judged.values(), (each) => each.received) + unmapped;
  const faulty = sum(judged.values(), (each) => each.broken + each.malformed) + unmapped;
  const results = [...judged.values()].flatMap((each) => each.results);
  const requireFew = (refused: number, counts: readonly RuleResult[]): void => {
    try {
      requireWithinThresholds({ batch: batch.id, received, refused, counts }, judgement.rules, judgement.maxErrorRate);
    } catch (thrown) {
      if (!judgement.tellStopped || !(thrown instanceof MillraceError)) throw thrown;
      judgement.tellStopped(thrown);
    }
  };
  requireFew(faulty, results);

  await quarantineMalformed(sql, engines, batch);
  const relaxed = await relaxConstraints(sql, new Map([...judged].map(([table, { clean }]) => [table, clean])));
  const scope = await openSettlement(sql, { ...judgement, source: batch.source, recordedAt: batch.recordedAt });
  const settled: Settlement[] = [];
  for (const [table, each] of judged) {
    const straight = await stopwatch.time(`send ${table}`, () =>
      sendJudged(sql, engines, batch, scope, table, each, relaxed.tables.includes(table)).then((result) => ({
        rows: each.clean,
        result,
      })),
    );
    const settlement = await stopwatch.time(`settle ${table}`, () =>
      settleAndBook(sql, batch, batchNumber, scope, table, each, straight).then((result) => ({
        rows: each.clean,
        result,
      })),
    );
    settled.push(settlement);
  }
  // The text of refused rows was read from the files once more.
  requireAllUnchanged(batch);
  await stopwatch.time('keys and indexes', () => restoreConstraints(sql, relaxed).then(() => ({ result: undefined })));
  const final = settled.flatMap((settlement) =>
    withSettlement(judged.get(settlement.table)?.results ?? [], settlement, batch.id),
  );
  const misfits = sum(settled, ({ unfit }) =>
    sum(unfit, ({ rule, broken }) => (isWaiting(rule) || !isError(judgement.rules, rule) ? 0 : broken)),
  );
  requireFew(faulty + misfits, final);
  await keepResults(sql, batch.id, final);
  await requireBalance(sql, batch.id);
  await staging.trimStaging(sql);
}

const isError = (rules: readonly Rule[], rule: string): boolean =>
  rules.some(({ id, severity }) => id === rule && severity === 'error');
