/** Judges held events again, with what was set on them or by a contract that was extended; the ledger follows them. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { appendAudit } from '../../audit/audit.ts';
import { eventColumns } from '../../contracts/events/event-contract.ts';
import { lineHash } from '../../contracts/events/line-hash.ts';
import { copiedRows, type DuckDB } from '../../stores/duckdb/duckdb.ts';
import { streamRows } from '../../stores/duckdb/stream-rows.ts';
import type { Sql } from '../../stores/postgres/postgres.ts';
import { withJudge } from '../judge.ts';
import { book, requireLakeBalance } from '../production/ledger.ts';
import type { HeldFilter } from '../production/quarantine.ts';
import { bookWritten } from './batch-books.ts';
import type { EventsContext } from './context.ts';
import { loadedEvents } from './event-index.ts';
import { writeEvents } from './event-lake.ts';
import { hashLines, judgeReceived } from './judge-received.ts';
import { conflictRule } from './verdict-statements.ts';
import { decideVerdicts } from './verdicts.ts';

/** What came of a replay of events: replayed = released + held. */
export interface ReplayedEvents {
  readonly replayed: number;
  readonly released: number;
  readonly held: number;
}

interface ReplayedBatch {
  readonly id: string;
  readonly source: string;
  readonly receivedAt: Date;
}

/** What could not be kept as text was altered: such a record takes part only once it was set as a whole. */
const replayable = `SELECT quarantine_id FROM ops.quarantine
WHERE state = 'open' AND table_name = 'events'
  AND (fixed ? 'record' OR content ? 'record' AND NOT rules && '{events.record.malformed,events.record.too_long}')
  AND ($1::bigint[] IS NULL OR quarantine_id = ANY($1)) AND ($2::text IS NULL OR batch_id = $2)
  AND ($3::text IS NULL OR $3 = ANY(rules)) AND ($4 IS NOT TRUE OR fixed IS NOT NULL)`;

const batchesOf = `SELECT DISTINCT batch_id AS id, source, observed_at AS "receivedAt", batch_number
FROM ops.quarantine JOIN ops.batches USING (batch_id) WHERE quarantine_id = ANY($1) ORDER BY batch_number`;

/** Fields whose value is JSON and no text. */
const jsonFields: ReadonlySet<string> = new Set(
  eventColumns.filter(({ name, type }) => type !== 'VARCHAR' && name !== 'event_timestamp').map(({ name }) => name),
).add('properties');

function jsonOf(field: string, text: string): unknown {
  if (!jsonFields.has(field)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A record with fields set by hand; an empty text takes a field away. Only what a person has set passes here. */
function withFixes(record: string, fixed: Readonly<Record<string, string>>): string {
  const { record: whole, ...fields } = fixed;
  const event = JSON.parse(whole ?? record) as Record<string, unknown>;
  for (const [field, text] of Object.entries(fields)) {
    if (text === '') delete event[field];
    else event[field] = jsonOf(field, text);
  }
  return JSON.stringify(event);
}

interface FixedRow {
  readonly row: number;
  readonly record: string;
  readonly fixed: Readonly<Record<string, string>>;
}

/** Makes held (row_number, line) of what a batch has in quarantine, with what was set on it. */
async function fetchHeld(
  sql: Sql,
  judge: DuckDB,
  folder: string,
  batch: string,
  ids: readonly number[],
): Promise<void> {
  const path = join(folder, 'held.csv');
  const chosen = `batch_id = '${batch}' AND quarantine_id = ANY('{${ids.join(',')}}'::bigint[])`;
  await sql.copyOut(
    `COPY (SELECT row_number, CASE WHEN fixed - 'record' = '{}' THEN fixed ->> 'record' ELSE content ->> 'record' END
       FROM ops.quarantine WHERE ${chosen} ORDER BY row_number) TO STDOUT (FORMAT csv)`,
    createWriteStream(path, { mode: 0o600 }),
  );
  await judge.run(
    `CREATE OR REPLACE TABLE held AS FROM ${copiedRows(path, { row_number: 'INTEGER', line: 'VARCHAR' })}`,
  );
  const fixed = await sql.rows<FixedRow>(
    `SELECT row_number AS row, content ->> 'record' AS record, fixed FROM ops.quarantine
     WHERE ${chosen} AND fixed - 'record' <> '{}'`,
  );
  const mended = fixed.map(({ row, record, fixed: values }) => ({ row, line: withFixes(record, values) }));
  await judge.run(
    `UPDATE held SET line = mended.line FROM (SELECT unnest(from_json($1::JSON, '[{"row": "INTEGER", "line": "VARCHAR"}]'),
       recursive := true)) AS mended WHERE mended.row = held.row_number`,
    [JSON.stringify(mended)],
  );
}

const received = `CREATE OR REPLACE VIEW received_events AS SELECT 0::SMALLINT AS file_number, line FROM held`;

/** Held rows stand for the lines of a file: they are in the order in which they came. */
const heldLines = `CREATE OR REPLACE TABLE event_lines AS
SELECT 0::SMALLINT AS file_number, row_number::BIGINT AS line_number, line, ${lineHash('line')} AS line_hash FROM held
WHERE ${lineHash('line')} IN (SELECT line_hash FROM wanted_lines)`;

const stillHeld = `SELECT line_number, '{' || array_to_string(rules, ',') || '}' FROM broken_lines
UNION ALL SELECT line_number, '{${conflictRule}}' FROM conflicts`;

async function closeReleased(sql: Sql, judge: DuckDB, folder: string, batch: string): Promise<void> {
  await sql.run('CREATE TEMP TABLE replayed_events (row_number integer PRIMARY KEY, rules text[]) ON COMMIT DROP');
  const outcome = `SELECT row_number, rules FROM (SELECT row_number FROM held) LEFT JOIN (${stillHeld}) AS still (row_number, rules)
    USING (row_number)`;
  await streamRows(judge, outcome, folder, (rows) => sql.copyIn('COPY replayed_events FROM STDIN (FORMAT csv)', rows));
  await sql.run(
    `UPDATE ops.quarantine AS held SET rules = coalesce(replayed.rules, held.rules),
       state = CASE WHEN replayed.rules IS NULL THEN 'released' ELSE 'open' END
     FROM replayed_events AS replayed
     WHERE held.batch_id = $1 AND held.table_name = 'events' AND held.row_number = replayed.row_number`,
    [batch],
  );
  await sql.run('DROP TABLE replayed_events');
}

/** Names the held rows. A row is let in once: no other replay is of the same rows and writes a file. */
async function hashOfRows(judge: DuckDB): Promise<string> {
  const rows = await judge.rows<{ row: number }>('SELECT row_number AS row FROM held ORDER BY row_number');
  const text = rows.map(({ row }) => row).join('\n');
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

async function replayBatch(
  context: EventsContext,
  batch: ReplayedBatch,
  ids: readonly number[],
  at: Date,
): Promise<ReplayedEvents> {
  return withJudge(context.duckdb, async (judge, folder) => {
    await fetchHeld(context.postgres, judge, folder, batch.id, ids);
    await judge.run(received);
    await judgeReceived(judge, context, batch.receivedAt);
    const verdicts = await decideVerdicts(judge, context.eventContract, await loadedEvents(context, judge), {
      hash: () => hashLines(judge, context, batch.receivedAt),
      find: () => judge.run(heldLines),
    });
    const origin = {
      source: batch.source,
      batch: batch.id,
      receivedAt: batch.receivedAt,
      contractVersion: context.eventContract.version,
    };
    const name = `${batch.id}_${await hashOfRows(judge)}`;
    const written = verdicts.fresh === 0 ? [] : await writeEvents(judge, context.lake, origin, name);
    await context.postgres.transaction(async (sql) => {
      await closeReleased(sql, judge, folder, batch.id);
      await book(sql, { operation: 'replay', batch: batch.id, at }, 'events', [
        { batch: batch.id, was: 'quarantined', becomes: 'inserted', rows: verdicts.fresh },
        { batch: batch.id, was: 'quarantined', becomes: 'duplicate', rows: verdicts.duplicate },
      ]);
      await bookWritten(sql, batch.id, written, at);
      await requireLakeBalance(sql, { batch: batch.id, table: 'events' });
      const details = { events: verdicts.fresh + verdicts.duplicate };
      await appendAudit(sql, { action: 'replay', subject: batch.id, details }, context.clock);
    });
    const released = verdicts.fresh + verdicts.duplicate;
    const held = verdicts.broken + verdicts.conflicting;
    return { replayed: released + held, released, held };
  });
}

/**
 * Judges held events again as of when they were received. Those that are clean now enter the lake as if they had come so,
 * or are duplicates of what is there. Each batch is a transaction of its own. Errors: MR-LED-001.
 */
export async function replayEvents(context: EventsContext, filter: HeldFilter = {}): Promise<ReplayedEvents> {
  const at = context.clock();
  const selected = await context.postgres.rows<{ quarantine_id: number }>(replayable, [
    filter.ids ?? null,
    filter.batch ?? null,
    filter.rule ?? null,
    filter.fixedOnly ?? null,
  ]);
  const ids = selected.map(({ quarantine_id }) => quarantine_id);
  let [replayed, released, held] = [0, 0, 0];
  for (const batch of await context.postgres.rows<ReplayedBatch>(batchesOf, [ids])) {
    const result = await replayBatch(context, batch, ids, at);
    replayed += result.replayed;
    released += result.released;
    held += result.held;
  }
  return { replayed, released, held };
}
