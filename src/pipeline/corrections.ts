/** Corrections of what was loaded, each while no other process changes the home: undo a batch, fix and replay, judge again. */
import { type RecheckedBatch, type ReplayResult, recheckBatches, replayQuarantine } from '../ingest/csv/rejudge.ts';
import { replayEvents } from '../ingest/events/replay-events.ts';
import { fixQuarantine, type HeldFilter, type HeldRow } from '../ingest/production/quarantine.ts';
import { type RevertResult, revertBatch } from '../ingest/production/revert.ts';
import { exclusively, type PipelineContext } from './run.ts';

/** Undoes a batch. Errors: MR-BAT-001 to MR-BAT-003, MR-BAT-006, MR-LED-001. */
export const revert = (context: PipelineContext, batch: string): Promise<RevertResult> =>
  exclusively(context, () => revertBatch(context, batch));

/** Values to set on held rows: id -> column -> text. */
export type Fixes = ReadonlyMap<number, Readonly<Record<string, string>>>;

/** Sets columns of held rows, of all or of none. Errors: MR-QRN-001 to MR-QRN-004. */
export const fix = (context: PipelineContext, fixes: Fixes): Promise<readonly HeldRow[]> =>
  exclusively(context, () =>
    context.postgres.transaction(async (sql) => {
      const fixed: HeldRow[] = [];
      for (const [id, values] of fixes) fixed.push(await fixQuarantine(sql, id, values));
      return fixed;
    }),
  );

/** Judges held rows again. Errors: MR-LED-001. */
export const replay = (context: PipelineContext, filter: HeldFilter): Promise<ReplayResult> =>
  exclusively(context, async () => {
    const { tables, followed } = await replayQuarantine(context, filter);
    const isMeant = filter.table === undefined || filter.table === 'events';
    const events = isMeant ? [{ table: 'events', ...(await replayEvents(context, filter)) } as const] : [];
    return { tables: [...tables, ...events], followed };
  });

/** Judges batches again by the rules in force. Errors: MR-BAT-001, MR-BAT-004, MR-BAT-005, MR-LED-001. */
export const recheck = (
  context: PipelineContext,
  options: { readonly batch?: string; readonly always?: boolean },
): Promise<readonly RecheckedBatch[]> => exclusively(context, () => recheckBatches(context, options));
