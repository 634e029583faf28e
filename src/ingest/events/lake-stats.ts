/** What the lake of events holds, and what it keeps as received. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../../kernel/errors.ts';
import type { Sql } from '../../stores/postgres/postgres.ts';
import { eventsDataset } from './day-files.ts';

/** The files of one day. */
export interface DayStats {
  /** UTC, YYYY-MM-DD. */
  readonly day: string;
  readonly files: number;
  readonly rows: number;
  readonly bytes: number;
}

/** The lake's current events by day. */
export const eventsByDay = (sql: Sql): Promise<readonly DayStats[]> =>
  sql.rows(
    `SELECT event_date::text AS day, count(*)::bigint AS files, sum(rows)::bigint AS rows, sum(bytes)::bigint AS bytes
     FROM ops.lake_files WHERE dataset = $1 AND retired_at IS NULL GROUP BY event_date ORDER BY event_date`,
    [eventsDataset],
  );

const folderOfDay = /^received_date=(\d{4}-\d{2}-\d{2})$/;

/** Removes what was received before the day (YYYY-MM-DD) from the folder of raw events; gives the days that went. */
export async function pruneRaw(rawEvents: string, before: string): Promise<readonly string[]> {
  const names = await readdir(rawEvents).catch((thrown: unknown) => {
    if (isMissing(thrown)) return [];
    throw thrown;
  });
  const old = names.flatMap((name) => {
    const day = folderOfDay.exec(name)?.[1];
    return day !== undefined && day < before ? [day] : [];
  });
  for (const day of old) await rm(join(rawEvents, `received_date=${day}`), { recursive: true, force: true });
  return old.sort();
}
