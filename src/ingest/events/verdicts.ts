/** What each judged event of a batch is: new, a duplicate, or a row for quarantine; exact, over all that was ever loaded. */

import type { EventContract } from '../../contracts/events/event-contract.ts';
import { brokenEventRules } from '../../contracts/events/judge-sql.ts';
import type { DuckDB } from '../../stores/duckdb/duckdb.ts';
import * as statement from './verdict-statements.ts';

/** How many events of a batch are what: received = fresh + duplicate + broken + conflicting. */
export interface EventVerdicts {
  readonly fresh: number;
  readonly duplicate: number;
  /** Lines that break a rule about themselves. */
  readonly broken: number;
  /** Lines whose id has come before with other content. */
  readonly conflicting: number;
}

/** What was loaded before, as far as it is needed to know an event again. */
export interface LoadedEvents {
  /** Files of the index of ids: id_hash, event_date. */
  readonly index: readonly string[];
  /** The lake's files of these UTC days. */
  readonly filesOf: (days: readonly string[]) => Promise<readonly string[]>;
}

async function countOf(duckdb: DuckDB, rows: string): Promise<number> {
  const [counted] = await duckdb.rows<{ count: number }>(`SELECT count(*) AS count FROM ${rows}`);
  return counted?.count ?? 0;
}

async function compareWithLoaded(duckdb: DuckDB, loaded: LoadedEvents): Promise<void> {
  if (loaded.index.length === 0) {
    await duckdb.run(statement.compareWithLake([]));
    return;
  }
  await duckdb.run(statement.matchIndex(loaded.index));
  const days = await duckdb.rows<{ day: string }>(statement.matchedDays);
  const files = days.length === 0 ? [] : await loaded.filesOf(days.map(({ day }) => day));
  await duckdb.run(statement.compareWithLake(files));
}

/** Ids that are counted at once: about a hundred megabytes of memory. */
const idsAtOnce = 4_000_000;

/** Finds ids that have come before: in the lake, or in the batch. */
async function findTwins(duckdb: DuckDB, loaded: LoadedEvents): Promise<void> {
  await compareWithLoaded(duckdb, loaded);
  await duckdb.run(statement.makeSuspects);
  const parts = Math.ceil((await countOf(duckdb, 'events')) / idsAtOnce);
  for (let part = 0; part < parts; part += 1) await duckdb.run(statement.findSuspects(part, parts));
  await duckdb.run(statement.findTwins);
  await duckdb.run(statement.findRepeated);
}

/** What knows the lines that the events were read from. */
export interface EventLines {
  /** Gives line_hash to the events whose ids are in the table unhashed. */
  readonly hash: () => Promise<void>;
  /** Makes event_lines of the lines named in wanted_lines. */
  readonly find: () => Promise<void>;
}

/**
 * Decides about the table events (see verdict-statements.ts). Afterwards it has the new ones alone; broken_lines and
 * conflicts have what goes to quarantine.
 */
export async function decideVerdicts(
  duckdb: DuckDB,
  contract: EventContract,
  loaded: LoadedEvents,
  lines: EventLines,
): Promise<EventVerdicts> {
  await findTwins(duckdb, loaded);
  await duckdb.run(statement.findUnhashed);
  if ((await countOf(duckdb, 'unhashed')) > 0) {
    await lines.hash();
    await findTwins(duckdb, loaded);
  }
  await duckdb.run(statement.wantLines);
  if ((await countOf(duckdb, 'wanted_lines')) > 0) await lines.find();
  else await duckdb.run(statement.noLines);
  await duckdb.run(statement.settleContested);
  await duckdb.run(statement.keepFirst);
  await duckdb.run(statement.listConflicts);
  await duckdb.run(statement.listBroken(brokenEventRules(contract)));
  const [counted] = await duckdb.rows<{ count: number }>(statement.countDuplicates);
  await duckdb.run(statement.dropOthers);
  return {
    duplicate: counted?.count ?? 0,
    fresh: await countOf(duckdb, 'events'),
    broken: await countOf(duckdb, 'broken_lines'),
    conflicting: await countOf(duckdb, 'conflicts'),
  };
}
