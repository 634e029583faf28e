/**
 * Judges rows again: held ones after they were fixed (replay), and whole batches from their archived files after rules
 * changed (recheck). Either way rows arrive and leave, and production is settled anew.
 */
import { createWriteStream, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { appendAudit } from '../../audit/audit.ts';
import { type BookedTable, type TableName, tableContracts, tableNames } from '../../contracts/tables.ts';
import { MillraceError } from '../../kernel/errors.ts';
import { dayIn } from '../../kernel/time.ts';
import { copiedRows } from '../../stores/duckdb/duckdb.ts';
import type { Sql } from '../../stores/postgres/postgres.ts';
import { restoreCopy } from '../files/copies.ts';
import { book, bookRevert, type Cause, type Move, requireBalance } from '../production/ledger.ts';
import type { HeldFilter } from '../production/quarantine.ts';
import { closeCopies } from '../production/quarantine-statements.ts';
import { openSettlement, settleTable } from '../production/settle.ts';
import { leaveWithBatch, type SettleScope } from '../production/settle-statements.ts';
import { createStopwatch } from '../production/stages.ts';
import { receivedColumns } from '../production/staging.ts';
import { findFiles, readFiles } from './batch-files.ts';
import { contentHashOf } from './files.ts';
import { type IngestContext, withEngines } from './ingest.ts';
import {
  type Judgement,
  judgeAll,
  judgedMoves,
  judgedRows,
  type LoadEngines,
  malformedOf,
  sendJudged,
} from './load.ts';
import { loadPreset, type OptionValue, presetIdentity } from './presets.ts';
import { keepResults, type RuleResult, withSettlement } from './quality.ts';
import type { FileReading } from './read.ts';

/** Held rows that were judged again, of one table. */
export interface ReplayedTable {
  readonly table: BookedTable;
  /** Rows that were judged again. */
  readonly replayed: number;
  /** Those that were let in: loaded, or superseded by a greater content of their key. */
  readonly released: number;
  /** Those that still break a rule, or wait for a parent. */
  readonly held: number;
}

/** What came of a replay. */
export interface ReplayResult {
  readonly tables: readonly ReplayedTable[];
  /** Rows of any batch that waited for the replayed ones and were let in with them. */
  readonly followed: number;
}

interface RejudgedBatch {
  readonly id: string;
  readonly source: string;
  readonly observedAt: Date;
}

const selectedRows = `SELECT quarantine_id FROM ops.quarantine
WHERE state = 'open' AND row_number IS NOT NULL AND (fixed IS NOT NULL OR NOT content ? 'record')
  AND table_name = ANY('{${tableNames.join(',')}}')
  AND ($1::bigint[] IS NULL OR quarantine_id = ANY($1)) AND ($2::text IS NULL OR batch_id = $2)
  AND ($3::text IS NULL OR table_name = $3) AND ($4::text IS NULL OR $4 = ANY(rules))
  AND ($5 IS NOT TRUE OR fixed IS NOT NULL)`;

const batchesOf = `SELECT DISTINCT batch_id AS id, source, observed_at AS "observedAt", batch_number
FROM ops.quarantine JOIN ops.batches USING (batch_id) WHERE quarantine_id = ANY($1) ORDER BY batch_number`;

/** PostgreSQL: rows that were let in with the rows of a batch before theirs are judged already. */
const forgetReleased = `DELETE FROM replaying USING ops.quarantine AS held
WHERE held.quarantine_id = replaying.quarantine_id AND held.state <> 'open'`;

/** PostgreSQL: held rows as they would be received with what was set on them. */
function heldAsReceived(table: TableName, condition: string): string {
  const columns = tableContracts[table].columns.map(
    ({ name }) => `CASE WHEN fixed ? '${name}' THEN fixed ->> '${name}' ELSE content ->> '${name}' END`,
  );
  return `COPY (SELECT row_number, coalesce(file_number, 0), line_number, ${columns.join(', ')}, content ->> 'other_columns'
    FROM ops.quarantine AS held LEFT JOIN ops.batch_files AS files USING (batch_id, file)
    WHERE table_name = '${table}' AND row_number IS NOT NULL AND ${condition} ORDER BY row_number) TO STDOUT (FORMAT csv)`;
}

/** Makes a table of DuckDB, shaped like received_<table>, from held rows. */
async function fetchHeld(
  sql: Sql,
  { judge, temporaryFolder }: LoadEngines,
  table: TableName,
  target: string,
  condition: string,
): Promise<void> {
  const path = join(temporaryFolder, `held-${table}.csv`);
  await sql.copyOut(heldAsReceived(table, condition), createWriteStream(path, { mode: 0o600 }));
  const texts = tableContracts[table].columns.map(({ name }) => [name, 'VARCHAR']);
  const shape = Object.fromEntries([
    ['row_number', 'INTEGER'],
    ['file_number', 'SMALLINT'],
    ['line_number', 'INTEGER'],
    ...texts,
    ['other_columns', 'VARCHAR'],
  ]);
  await judge.run(`CREATE OR REPLACE TABLE ${target} AS FROM ${copiedRows(path, shape)}`);
}

const judgementOf = (context: IngestContext, { observedAt }: RejudgedBatch): Judgement => ({
  ...context,
  asOf: dayIn(observedAt, context.timeZone),
});

/** A held row that arrives was booked as quarantined; that its waiting self leaves history moves nothing in the books. */
const outOfQuarantine = (batch: string, moves: readonly Move[]): readonly Move[] =>
  moves.flatMap((move) => {
    if (move.batch !== batch || (move.was !== undefined && move.becomes !== undefined)) return [move];
    return move.becomes === undefined ? [] : [{ ...move, was: 'quarantined' as const }];
  });

const rowsOf = (moves: readonly Move[], of: (move: Move) => boolean): number =>
  moves.filter(of).reduce((sum, { rows }) => sum + rows, 0);

async function replayTable(
  sql: Sql,
  engines: LoadEngines,
  batch: RejudgedBatch,
  judgement: Judgement,
  scope: SettleScope,
  cause: Cause,
  table: TableName,
): Promise<{ readonly outcome: ReplayedTable; readonly followed: number }> {
  const judged = await judgedRows(engines, table, 0, judgement.rules);
  await sql.run(
    `INSERT INTO leaving_${table} SELECT kept.batch_id, kept.row_number FROM history.${table} AS kept
     JOIN replaying USING (batch_id, row_number) WHERE replaying.table_name = '${table}' AND batch_id = $1`,
    [batch.id],
  );
  await sendJudged(sql, engines, batch, scope, table, judged);
  const { moves } = await settleTable(sql, scope, cause, table);
  const copies: Move = { batch: batch.id, was: 'quarantined', becomes: 'duplicate', rows: judged.duplicate };
  await sql.run(closeCopies(table, batch.id));
  const booked = [...outOfQuarantine(batch.id, moves), ...(judged.duplicate > 0 ? [copies] : [])];
  await book(sql, cause, table, booked);
  const isOwn = (move: Move): boolean => move.batch === batch.id && move.was === undefined;
  const waiting = rowsOf(moves, (move) => isOwn(move) && move.becomes === 'quarantined');
  const held = judged.broken + waiting;
  const followed = rowsOf(
    moves,
    (move) => move.was === 'quarantined' && move.becomes !== undefined && move.becomes !== 'quarantined',
  );
  return { outcome: { table, replayed: judged.received, released: judged.received - held, held }, followed };
}

const addTables = (sums: readonly ReplayedTable[], more: readonly ReplayedTable[]): readonly ReplayedTable[] =>
  more.map((each, place) => ({
    table: each.table,
    replayed: each.replayed + (sums[place]?.replayed ?? 0),
    released: each.released + (sums[place]?.released ?? 0),
    held: each.held + (sums[place]?.held ?? 0),
  }));

/**
 * Judges held rows again, with what was set on them, in one transaction: each by the day its batch was observed. Rows that
 * are clean now enter production as if they had come so; the ledger follows them. Malformed records take part once
 * columns are set on them. Errors: MR-LED-001.
 */
export async function replayQuarantine(context: IngestContext, filter: HeldFilter = {}): Promise<ReplayResult> {
  const at = context.clock();
  return withEngines(context.duckdb, (engines) =>
    context.postgres.transaction(async (sql) => {
      const selected = await sql.rows<{ quarantine_id: number }>(selectedRows, [
        filter.ids ?? null,
        filter.batch ?? null,
        filter.table ?? null,
        filter.rule ?? null,
        filter.fixedOnly ?? null,
      ]);
      const ids = selected.map(({ quarantine_id }) => quarantine_id);
      await sql.run(
        'CREATE TEMP TABLE replaying ON COMMIT DROP AS SELECT * FROM ops.quarantine WHERE quarantine_id = ANY($1)',
        [ids],
      );
      let tables: readonly ReplayedTable[] = tableNames.map((table) => ({ table, replayed: 0, released: 0, held: 0 }));
      let followed = 0;
      for (const batch of await sql.rows<RejudgedBatch>(batchesOf, [ids])) {
        await sql.run(forgetReleased);
        const cause: Cause = { operation: 'replay', batch: batch.id, at };
        const judgement = judgementOf(context, batch);
        for (const table of tableNames) {
          const condition = `batch_id = '${batch.id}' AND quarantine_id IN (SELECT quarantine_id FROM replaying)`;
          await fetchHeld(sql, engines, table, `received_${table}`, condition);
        }
        await judgeAll(engines, judgement, createStopwatch(context.clock));
        const scope = await openSettlement(sql, { ...context, source: batch.source, recordedAt: at });
        const outcomes: ReplayedTable[] = [];
        for (const table of tableNames) {
          const replayed = await replayTable(sql, engines, batch, judgement, scope, cause, table);
          outcomes.push(replayed.outcome);
          followed += replayed.followed;
        }
        tables = addTables(tables, outcomes);
        await requireBalance(sql, batch.id);
      }
      if (ids.length > 0) {
        const details = Object.fromEntries(tables.map(({ table, released }) => [table, released]));
        await appendAudit(sql, { action: 'replay', subject: 'quarantine', details }, context.clock);
      }
      return { tables, followed };
    }),
  );
}

/** What a recheck found in one batch. */
export interface RecheckedBatch {
  readonly batch: string;
  readonly source: string;
  /** judged: by the rules in force; current: they had judged it already; skipped: it was not archived when it was loaded. */
  readonly outcome: 'judged' | 'current' | 'skipped';
  /** Rows in quarantine before and now. */
  readonly quarantinedBefore: number;
  readonly quarantined: number;
}

interface StoredBatch extends RejudgedBatch {
  readonly preset: string | null;
  readonly contentHash: string;
  readonly options: Readonly<Record<string, OptionValue>>;
  readonly rulesHash: string | null;
  readonly revertible: boolean;
}

interface ArchivedFile {
  readonly file: string;
  readonly sha256: string;
  readonly compression: string;
  readonly archivedAs: string | null;
}

/** Brings a batch's files back from the archive under their own names. Errors: MR-BAT-004. */
async function restoreFiles(
  context: IngestContext,
  batch: string,
  folder: string,
): Promise<readonly (ArchivedFile & { readonly path: string })[]> {
  const files = await context.postgres.rows<ArchivedFile>(
    `SELECT file, sha256, compression, archived_as AS "archivedAs" FROM ops.batch_files WHERE batch_id = $1
     ORDER BY file_number`,
    [batch],
  );
  const restored: (ArchivedFile & { readonly path: string })[] = [];
  for (const each of files) {
    const { file, compression, archivedAs } = each;
    const archived = join(context.archive, archivedAs ?? 'missing');
    if (!existsSync(archived)) throw new MillraceError('MR-BAT-004', { batch, file, path: archived });
    const path = join(folder, file);
    mkdirSync(dirname(path), { recursive: true });
    try {
      await restoreCopy(archived, compression === 'none', path);
    } catch (thrown) {
      throw new MillraceError('MR-BAT-004', { batch, file, path: archived }, thrown);
    }
    restored.push({ ...each, path });
  }
  return restored;
}

/** Reads a batch again from the archive into received_<table>. Errors: MR-BAT-004, MR-BAT-005. */
async function readArchived(
  context: IngestContext,
  engines: LoadEngines,
  batch: StoredBatch,
): Promise<readonly FileReading[]> {
  const folder = join(engines.temporaryFolder, 'archived');
  mkdirSync(folder, { recursive: true });
  const restored = await restoreFiles(context, batch.id, folder);
  const preset = batch.preset === null ? undefined : loadPreset(batch.preset);
  const [only] = restored;
  const input = preset?.roles.length === 1 && restored.length === 1 && only ? only.path : folder;
  const files = await findFiles(input, preset);
  const found = new Map(Object.values(files.byRole).flatMap((some) => some.map((each) => [each.path, each.sha256])));
  for (const { file, path, sha256, archivedAs } of restored) {
    if (found.get(path) === sha256) continue;
    throw new MillraceError('MR-BAT-004', { batch: batch.id, file, path: join(context.archive, archivedAs ?? '') });
  }
  // Fixes belong to the rows that the preset made then.
  const identity = preset && presetIdentity(preset, batch.options);
  if (preset && contentHashOf(files.byRole, identity) !== batch.contentHash) {
    throw new MillraceError('MR-BAT-005', { batch: batch.id, preset: preset.name });
  }
  return (await readFiles(engines, preset, files, { ...context, options: batch.options })).files;
}

/**
 * DuckDB: the received rows with the fixed ones in their places, and in those of their exact copies: those were counted as
 * duplicates of what was fixed.
 */
function overlay(table: TableName): string {
  const place = 'row_number, file_number, line_number';
  return `CREATE TABLE again.received_${table} AS
WITH copies AS (
  SELECT ${place}, min(row_number) OVER (PARTITION BY ${receivedColumns(table)}) AS first FROM main.received_${table}
),
overlaid AS (
  SELECT copies.* EXCLUDE (first), CASE WHEN own.row_number IS NULL THEN first ELSE own.row_number END AS fix
  FROM copies LEFT JOIN again.fixed_${table} AS own ON own.row_number = copies.row_number
)
SELECT * FROM main.received_${table} WHERE row_number NOT IN (
  SELECT row_number FROM overlaid WHERE fix IN (SELECT row_number FROM again.fixed_${table}))
UNION ALL BY NAME SELECT overlaid.* EXCLUDE (fix), fixed.* EXCLUDE (${place})
FROM overlaid JOIN again.fixed_${table} AS fixed ON fixed.row_number = overlaid.fix
UNION ALL BY NAME FROM again.fixed_${table} WHERE row_number NOT IN (SELECT row_number FROM main.received_${table})`;
}

/** Lets rows that were set by hand stand in place of those in the files; gives how many were malformed, by table. */
async function overlayFixes(sql: Sql, engines: LoadEngines, batch: string): Promise<ReadonlyMap<TableName, number>> {
  const { judge } = engines;
  const mended = new Map<TableName, number>();
  await judge.run('CREATE SCHEMA again');
  for (const table of tableNames) {
    await fetchHeld(sql, engines, table, `again.fixed_${table}`, `batch_id = '${batch}' AND fixed IS NOT NULL`);
    const [counted] = await judge.rows<{ fixed: number; malformed: number }>(
      `SELECT count(*) AS fixed, count(*) FILTER (row_number NOT IN (SELECT row_number FROM main.received_${table}))
         AS malformed FROM again.fixed_${table}`,
    );
    await judge.run(
      counted?.fixed ? overlay(table) : `CREATE VIEW again.received_${table} AS FROM main.received_${table}`,
    );
    mended.set(table, counted?.malformed ?? 0);
  }
  await judge.run(`SET search_path = 'again,main'`);
  return mended;
}

async function recheckTable(
  sql: Sql,
  engines: LoadEngines,
  batch: StoredBatch,
  judgement: Judgement,
  scope: SettleScope,
  cause: Cause,
  table: TableName,
  malformed: number,
): Promise<readonly RuleResult[]> {
  const judged = await judgedRows(engines, table, malformed, judgement.rules);
  await sql.run(leaveWithBatch(table, batch.id));
  await sendJudged(sql, engines, batch, scope, table, judged);
  const settlement = await settleTable(sql, scope, cause, table);
  await sql.run(closeCopies(table, batch.id));
  // The batch leaves the books as it was and enters them as it is found now; rows of other batches move as they moved.
  await bookRevert(sql, cause, table);
  const isPast = (move: Move): boolean => move.batch === batch.id && move.becomes === undefined;
  await book(sql, cause, table, [
    ...judgedMoves(batch.id, judged),
    ...settlement.moves.filter((move) => !isPast(move)),
  ]);
  return withSettlement(judged.results, settlement, batch.id);
}

async function recheckBatch(context: IngestContext, batch: StoredBatch): Promise<void> {
  const at = context.clock();
  const cause: Cause = { operation: 'recheck', batch: batch.id, at };
  const judgement = judgementOf(context, batch);
  await withEngines(context.duckdb, async (engines) => {
    const readings = await readArchived(context, engines, batch);
    await context.postgres.transaction(async (sql) => {
      const mended = await overlayFixes(sql, engines, batch.id);
      await judgeAll(engines, judgement, createStopwatch(context.clock));
      const scope = await openSettlement(sql, { ...context, source: batch.source, recordedAt: at });
      const results: RuleResult[] = [];
      for (const table of tableNames) {
        const malformed = malformedOf(readings, table) - (mended.get(table) ?? 0);
        results.push(...(await recheckTable(sql, engines, batch, judgement, scope, cause, table, malformed)));
      }
      await keepResults(sql, batch.id, results);
      await sql.run('UPDATE ops.batches SET rules_hash = $2 WHERE batch_id = $1', [batch.id, context.rulesHash]);
      await requireBalance(sql, batch.id);
      await appendAudit(
        sql,
        { action: 'recheck', subject: batch.id, details: { rules: context.rulesHash } },
        context.clock,
      );
    });
  });
}

const heldRows = `SELECT count(*) AS rows FROM ops.quarantine WHERE batch_id = $1 AND state = 'open'`;

/**
 * Judges batches again by the rules in force, from their archived files: all that other rules had judged, or the one that
 * is named. Each batch is a transaction of its own. Errors: MR-BAT-001, MR-BAT-004, MR-BAT-005, MR-LED-001.
 */
export async function recheckBatches(
  context: IngestContext,
  options: { readonly batch?: string; readonly always?: boolean } = {},
): Promise<readonly RecheckedBatch[]> {
  const { postgres } = context;
  const batches = await postgres.rows<StoredBatch>(
    `SELECT batch_id AS id, source, observed_at AS "observedAt", preset, options,
       content_hash AS "contentHash", rules_hash AS "rulesHash", revertible
     FROM ops.batches WHERE reverted_at IS NULL AND dataset IS NULL AND ($1::text IS NULL OR batch_id = $1) ORDER BY batch_number`,
    [options.batch ?? null],
  );
  if (options.batch !== undefined && batches.length === 0)
    throw new MillraceError('MR-BAT-001', { batch: options.batch });
  const rechecked: RecheckedBatch[] = [];
  for (const batch of batches) {
    const [before] = await postgres.rows<{ rows: number }>(heldRows, [batch.id]);
    const current = batch.rulesHash === context.rulesHash && !options.always;
    const outcome = current ? 'current' : batch.revertible ? 'judged' : 'skipped';
    if (outcome === 'judged') await recheckBatch(context, batch);
    const [now] = await postgres.rows<{ rows: number }>(heldRows, [batch.id]);
    rechecked.push({
      batch: batch.id,
      source: batch.source,
      outcome,
      quarantinedBefore: before?.rows ?? 0,
      quarantined: now?.rows ?? 0,
    });
  }
  return rechecked;
}
