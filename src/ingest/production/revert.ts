/** Undoes a batch as if it had never come: its rows leave, and what they had superseded counts again. */
import { appendAudit } from '../../audit/audit.ts';
import type { Rule } from '../../contracts/rules.ts';
import { tableNames } from '../../contracts/tables.ts';
import { MillraceError } from '../../kernel/errors.ts';
import type { Clock } from '../../kernel/time.ts';
import type { Postgres } from '../../stores/postgres/postgres.ts';
import { requireBatch } from './batches.ts';
import { book, bookRevert, type Cause, requireBalance } from './ledger.ts';
import { openSettlement, settleTable } from './settle.ts';
import { leaveWithBatch } from './settle-statements.ts';
import { dropStaged } from './staging.ts';

/** What a revert needs of its surroundings. */
export interface RevertContext {
  readonly postgres: Postgres;
  readonly rules: readonly Rule[];
  /** IANA name. */
  readonly timeZone: string;
  readonly clock: Clock;
}

/** What a revert did to one table. */
export interface RevertedTable {
  readonly table: string;
  /** Rows of the batch that left production. */
  readonly removed: number;
  /** Rows of other batches that went into quarantine, because a parent left with the batch. */
  readonly quarantined: number;
  /** Rows of other batches that production shows again in place of rows that left. */
  readonly restored: number;
}

/** What came of a revert. */
export interface RevertResult {
  readonly batch: string;
  readonly source: string;
  readonly tables: readonly RevertedTable[];
}

/**
 * Undoes a batch in one transaction. The record of the batch, its files and the ledger's entries stay; its content can be
 * loaded again. Errors: MR-BAT-001 to MR-BAT-003, MR-BAT-006, MR-LED-001.
 */
export async function revertBatch(context: RevertContext, batch: string): Promise<RevertResult> {
  const { source, revertedAt } = await requireBatch(context.postgres, batch);
  if (revertedAt) throw new MillraceError('MR-BAT-002', { batch, day: revertedAt.slice(0, 10) });
  const at = context.clock();
  const cause: Cause = { operation: 'revert', batch, at };
  return context.postgres.transaction(async (sql) => {
    const [found] = await sql.rows<{ revertible: boolean; batch_number: number; dataset: string | null }>(
      'SELECT revertible, batch_number, dataset FROM ops.batches WHERE batch_id = $1',
      [batch],
    );
    if (found?.dataset) throw new MillraceError('MR-BAT-006', { batch, dataset: found.dataset });
    if (!found?.revertible) throw new MillraceError('MR-BAT-003', { batch });
    const scope = await openSettlement(sql, { ...context, source, recordedAt: at });
    const tables: RevertedTable[] = [];
    for (const table of tableNames) {
      await sql.run(leaveWithBatch(table, batch));
      const before = await sql.rows<{ rows: number }>(
        `SELECT count(*) AS rows FROM production.${table} WHERE batch_id = $1`,
        [batch],
      );
      const { moves } = await settleTable(sql, scope, cause, table);
      const others = moves.filter((move) => move.batch !== batch);
      await book(sql, cause, table, others);
      const quarantined = others
        .filter(({ becomes }) => becomes === 'quarantined')
        .reduce((total, { rows }) => total + rows, 0);
      const [restored] = await sql.rows<{ rows: number }>(
        `SELECT count(*) AS rows FROM settled_${table} WHERE wins AND place = 'history'`,
      );
      tables.push({ table, removed: before[0]?.rows ?? 0, quarantined, restored: restored?.rows ?? 0 });
    }
    await bookRevert(sql, cause);
    await sql.run('DELETE FROM ops.quarantine WHERE batch_id = $1', [batch]);
    await sql.run('UPDATE ops.batches SET reverted_at = $2 WHERE batch_id = $1', [batch, at]);
    await dropStaged(sql, found.batch_number);
    await requireBalance(sql, batch);
    const removed = Object.fromEntries(tables.map((each) => [each.table, each.removed]));
    await appendAudit(sql, { action: 'revert', subject: batch, details: removed }, context.clock);
    return { batch, source, tables };
  });
}
