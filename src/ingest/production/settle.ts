/** Settles what production has after rows arrived or left, table by table, parents first; books every movement. */
import { type TableName, tableNames } from '../../contracts/tables.ts';
import type { Sql } from '../../stores/postgres/postgres.ts';
import type { Cause, Move, Standing } from './ledger.ts';
import { closeArrived, closeReleased, openQuarantine } from './quarantine-statements.ts';
import * as statement from './settle-statements.ts';

/** What became of the rows of one table. */
export interface Settlement {
  readonly table: TableName;
  readonly moves: readonly Move[];
  /** Rules about parents that arriving rows break. */
  readonly unfit: readonly { readonly rule: string; readonly broken: number; readonly examples: readonly number[] }[];
}

interface StoredMove {
  readonly batch: string;
  readonly was: Standing | null;
  readonly becomes: Standing | null;
  readonly rows: number;
}

/** Makes the tables that arriving and leaving rows are put into; gives what the settlement of a source is about. */
export async function openSettlement(
  sql: Sql,
  given: Omit<statement.SettleScope, 'completeBatches'>,
): Promise<statement.SettleScope> {
  for (const table of tableNames) await sql.run(statement.createSettleTables(table));
  const complete = await sql.rows<{ batch: string }>(
    `SELECT batch_id AS batch FROM ops.batches WHERE source = $1 AND options ->> 'replace_items' = 'true'`,
    [given.source],
  );
  return { ...given, completeBatches: complete.map(({ batch }) => batch) };
}

/** Of the rows that went straight in, those that break rules about their parents arrive as others do; gives their number. */
async function takeBack(sql: Sql, scope: statement.SettleScope, cause: Cause, table: TableName): Promise<number> {
  await sql.run(statement.closeStraight(scope, table, cause.batch));
  return sql.run(statement.takeBack(table));
}

/**
 * Settles one table; its parents are settled already. Rows that arrive are all of `cause.batch`. Quarantine follows: rows
 * that wait for a parent are in it, rows that were let in are no longer open. `straight`: how many rows of the batch stand
 * in production already, by `statement.copyStraight`; undefined when that was not the way.
 */
export async function settleTable(
  sql: Sql,
  scope: statement.SettleScope,
  cause: Cause,
  table: TableName,
  straight?: number,
): Promise<Settlement> {
  const stayed = straight === undefined ? 0 : straight - (await takeBack(sql, scope, cause, table));
  await sql.run(statement.compareStatements(scope, table).join('\n'));
  if (straight !== undefined) await sql.run(statement.addStraight(scope, table, cause.batch));
  const [found = { contested: true, unfit: true }] = await sql.rows<statement.Found>(statement.lookForWork(table));
  if (found.contested) await sql.run(statement.removeLeaving(table));
  const inserted = stayed + (await sql.run(statement.insertUncontested(scope, table, found)));
  if (found.unfit) await sql.run(statement.keepWaiting(scope, table));
  if (found.contested) await sql.run(statement.placeContested(scope, table));
  await sql.run(openQuarantine(table, scope.timeZone));
  await sql.run(closeReleased(table));
  if (cause.operation !== 'load') await sql.run(closeArrived(table));
  const counted = await sql.rows<StoredMove>(statement.countMoves(table));
  const moves = counted.map(({ was, becomes, ...move }) => ({
    ...move,
    was: was ?? undefined,
    becomes: becomes ?? undefined,
  }));
  const straightIn: Move = { batch: cause.batch, was: undefined, becomes: 'inserted', rows: inserted };
  return {
    table,
    moves: inserted > 0 ? [...moves, straightIn] : moves,
    unfit: await sql.rows(statement.countUnfit(table)),
  };
}
