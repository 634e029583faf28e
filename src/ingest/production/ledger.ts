/** The ledger: an entry for each movement of a batch's rows, and the check that the books agree with the tables. */
import { type BookedTable, type LakeTable, lakeTables, type TableName, tableNames } from '../../contracts/tables.ts';
import { MillraceError } from '../../kernel/errors.ts';
import type { Sql } from '../../stores/postgres/postgres.ts';

/** What moved rows. */
export type Operation = 'load' | 'replay' | 'revert' | 'recheck';

/** Where a row stands in the books. */
export type Standing = 'inserted' | 'updated' | 'unchanged' | 'superseded' | 'quarantined' | 'duplicate';

/** An operation as the ledger names it. */
export interface Cause {
  readonly operation: Operation;
  /** The batch that was loaded, reverted or judged again. */
  readonly batch: string;
  readonly at: Date;
}

/** Rows of a batch that went from one standing to another; undefined is outside the books. */
export interface Move {
  readonly batch: string;
  readonly was: Standing | undefined;
  readonly becomes: Standing | undefined;
  readonly rows: number;
}

/** A signed change: received = inserted + updated + unchanged + duplicate + superseded + quarantined. */
export type Counts = Readonly<Record<Standing | 'received', number>>;

const nothing: Counts = {
  received: 0,
  duplicate: 0,
  superseded: 0,
  quarantined: 0,
  inserted: 0,
  updated: 0,
  unchanged: 0,
};

const names = Object.keys(nothing) as readonly (keyof Counts)[];

function addMove(counts: Counts, { was, becomes, rows }: Move): Counts {
  const changed = { ...counts };
  if (was) changed[was] -= rows;
  else changed.received += rows;
  if (becomes) changed[becomes] += rows;
  else changed.received -= rows;
  return changed;
}

/** The sums of moves, by batch. */
function sumMoves(moves: readonly Move[]): ReadonlyMap<string, Counts> {
  const sums = new Map<string, Counts>();
  for (const move of moves) sums.set(move.batch, addMove(sums.get(move.batch) ?? nothing, move));
  return sums;
}

const insertEntry = `INSERT INTO ops.ledger (batch_id, table_name, operation, caused_by, recorded_at, ${names.join(', ')})
VALUES ($1, $2, $3, $4, $5, ${names.map((_, place) => `$${place + 6}`).join(', ')})`;

/** Writes an entry for each batch whose rows moved. A load is booked for its own batch even when it brought no row. */
export async function book(sql: Sql, cause: Cause, table: BookedTable, moves: readonly Move[]): Promise<void> {
  const sums = new Map(sumMoves(moves));
  if (cause.operation === 'load' && !sums.has(cause.batch)) sums.set(cause.batch, nothing);
  for (const [batch, counts] of sums) {
    const isLoad = cause.operation === 'load' && batch === cause.batch;
    if (!isLoad && names.every((name) => counts[name] === 0)) continue;
    await sql.run(insertEntry, [
      batch,
      table,
      cause.operation,
      cause.batch,
      cause.at,
      ...names.map((name) => counts[name]),
    ]);
  }
}

/** Takes all that is booked for a batch, of one table or of all, out of the books. */
export const bookRevert = (sql: Sql, cause: Cause, table?: TableName): Promise<number> =>
  sql.run(
    `INSERT INTO ops.ledger (batch_id, table_name, operation, caused_by, recorded_at, ${names.join(', ')})
     SELECT batch_id, table_name, $2, $1, $3, ${names.map((name) => `-${name}`).join(', ')}
     FROM ops.ledger_balance WHERE batch_id = $1 AND ($4::text IS NULL OR table_name = $4)`,
    [cause.batch, cause.operation, cause.at, table ?? null],
  );

/**
 * Compares what is booked with what is there, over the whole of production: the rows of a source and table with the sum
 * of inserted, and the open quarantine of each batch with the sum of quarantined. A row comes back for each difference.
 */
const differences = `
WITH booked AS (
  SELECT source, table_name, sum(inserted) AS rows FROM ops.ledger JOIN ops.batches USING (batch_id)
  WHERE table_name = ANY('{${tableNames.join(',')}}') GROUP BY 1, 2
),
found AS (${tableNames
  .map((table) => `SELECT source, '${table}' AS table_name, count(*) AS rows FROM production.${table} GROUP BY 1`)
  .join(' UNION ALL ')}),
held AS (
  SELECT batch_id, table_name, count(*) AS rows FROM ops.quarantine
  WHERE state = 'open' AND table_name IS NOT NULL GROUP BY 1, 2
)
SELECT format('%s %s: inserted is booked as %s, production has %s rows', source, table_name, coalesce(booked.rows, 0),
  coalesce(found.rows, 0)) AS problem
FROM booked FULL JOIN found USING (source, table_name) WHERE coalesce(booked.rows, 0) <> coalesce(found.rows, 0)
UNION ALL
SELECT format('%s of %s: quarantined is booked as %s, %s rows are there', table_name, batch_id, coalesce(quarantined, 0),
  coalesce(held.rows, 0))
FROM ops.ledger_balance AS balance FULL JOIN held USING (batch_id, table_name)
WHERE coalesce(quarantined, 0) <> coalesce(held.rows, 0)`;

/** The same for what lives in the lake: its registered files say how many rows they have. */
const lakeDifferences = `
WITH booked AS (
  SELECT table_name, sum(inserted) AS rows FROM ops.ledger WHERE table_name = ANY('{${lakeTables.join(',')}}') GROUP BY 1
),
found AS (
  SELECT substr(dataset, 6) AS table_name, sum(rows) AS rows FROM ops.lake_files
  WHERE starts_with(dataset, 'lake.') AND retired_at IS NULL GROUP BY 1
)
SELECT format('%s: inserted is booked as %s, the lake has %s rows', table_name, coalesce(booked.rows, 0), coalesce(found.rows, 0))
  AS problem
FROM booked FULL JOIN found USING (table_name) WHERE coalesce(booked.rows, 0) <> coalesce(found.rows, 0)
UNION ALL
SELECT format('events: the lake has %s rows, the index of their ids %s', events.rows, ids.rows)
FROM (SELECT coalesce(sum(rows), 0) AS rows FROM ops.lake_files WHERE dataset = 'lake.events' AND retired_at IS NULL) AS events,
  (SELECT coalesce(sum(rows), 0) AS rows FROM ops.lake_files WHERE dataset = 'index.event_ids' AND retired_at IS NULL) AS ids
WHERE events.rows <> ids.rows`;

/** What is wrong with the books; empty when they agree with production, the lake and quarantine. */
export async function findDifferences(sql: Sql): Promise<readonly string[]> {
  const found = [
    ...(await sql.rows<{ problem: string }>(differences)),
    ...(await sql.rows<{ problem: string }>(lakeDifferences)),
  ];
  return found.map(({ problem }) => problem);
}

/** A batch of rows that live in the lake, as its load saw it. */
export interface LakeBatch {
  readonly batch: string;
  readonly table: LakeTable;
  /** Records of its files, when they have been counted. */
  readonly received?: number;
}

/** PostgreSQL: a row for each thing that is wrong with the books of one batch. $1 batch, $2 table, $3 received. */
const batchDifferences = `
SELECT format('%s records were received, %s are booked', $3::bigint, received) AS problem FROM ops.ledger_balance
WHERE batch_id = $1 AND table_name = $2 AND received <> $3
UNION ALL
SELECT format('quarantined is booked as %s, %s rows are there', quarantined, held.rows)
FROM ops.ledger_balance, (SELECT count(*) AS rows FROM ops.quarantine
  WHERE batch_id = $1 AND table_name = $2 AND state = 'open') AS held
WHERE batch_id = $1 AND table_name = $2 AND quarantined <> held.rows`;

/** Errors: MR-LED-001 when the books do not agree with the lake or with a batch of it; the transaction must then end. */
export async function requireLakeBalance(sql: Sql, load?: LakeBatch): Promise<void> {
  const ofBatch = load
    ? await sql.rows<{ problem: string }>(batchDifferences, [load.batch, load.table, load.received ?? null])
    : [];
  const [found] = [...ofBatch, ...(await sql.rows<{ problem: string }>(lakeDifferences))];
  if (found) throw new MillraceError('MR-LED-001', { batch: load?.batch ?? 'lake', problem: found.problem });
}

/** Errors: MR-LED-001 when the books do not agree with the tables; the transaction must then end. */
export async function requireBalance(sql: Sql, batch: string): Promise<void> {
  const [problem] = await findDifferences(sql);
  if (problem !== undefined) throw new MillraceError('MR-LED-001', { batch, problem });
}
