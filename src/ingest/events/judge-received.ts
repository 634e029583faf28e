/** Received events on their way through the contract: plain ones are read at once, others judged closely, all without personal data. */
import { eventColumns } from '../../contracts/events/event-contract.ts';
import { judgeEventsStatement } from '../../contracts/events/judge-sql.ts';
import { screenedEvents } from '../../contracts/events/screen-sql.ts';
import { personalDataMacros } from '../../contracts/personal-data.ts';
import type { DuckDB } from '../../stores/duckdb/duckdb.ts';
import type { EventsContext } from './context.ts';
import { idHash } from './verdict-statements.ts';

/** The mask of each column that may hold personal data. */
const masks: Readonly<Record<string, string>> = {
  event_id: 'mask_id',
  user_id: 'mask_id',
  session_id: 'mask_id',
  product_id: 'mask_id',
  product_category: 'mask_text',
  properties: 'mask_json',
};

const texts = Object.keys(masks).filter((name) => name !== 'properties');

/** SQL for the rows of a query over judged events, as the table events has them. Personal data is looked for in one pass. */
const asStored = (
  rows: string,
): string => `SELECT file_number, line_hash, broken, ${eventColumns.map(({ name }) => name).join(', ')},
  unknown_fields, ${idHash('event_id')} AS id_hash,
  looks_personal(concat_ws(chr(10), ${texts.join(', ')})) OR coalesce(looks_personal_json(properties), false) AS suspicious, line
FROM (${rows})`;

/** Plain events are read at once; of the others the lines are kept, to be judged closely. */
const screen = (context: EventsContext, receivedAt: Date): string => `CREATE OR REPLACE TABLE events AS
${asStored(`SELECT *, 0::UBIGINT AS broken, NULL::VARCHAR[] AS unknown_fields
  FROM (${screenedEvents(context.eventContract, receivedAt)})`)}`;

const judgeOthers = `INSERT INTO events ${asStored('SELECT *, NULL::VARCHAR AS line FROM judged_events')};
DELETE FROM events WHERE line IS NOT NULL;
DROP TABLE judged_events`;

const mask = `UPDATE events SET ${Object.entries(masks)
  .map(([name, macro]) => `${name} = ${macro}(${name})`)
  .join(', ')}, id_hash = ${idHash('mask_id(event_id)')} WHERE suspicious`;

async function judgeClosely(judge: DuckDB, context: EventsContext, receivedAt: Date): Promise<void> {
  await judge.run('CREATE SCHEMA IF NOT EXISTS others');
  await judge.run(
    'CREATE OR REPLACE VIEW others.received_events AS SELECT file_number, line FROM main.events WHERE line IS NOT NULL',
  );
  await judge.run(`SET search_path = 'others,main'`);
  await judge.run(judgeEventsStatement(context.eventContract, receivedAt));
  await judge.run(`SET search_path = 'main,others'`);
  await judge.run(judgeOthers);
}

/**
 * Judges received_events, masks what looks like personal data, and leaves the result as table events: file_number,
 * line_hash, broken, the contract's columns, unknown_fields, id_hash.
 */
export async function judgeReceived(judge: DuckDB, context: EventsContext, receivedAt: Date): Promise<void> {
  await judge.run(personalDataMacros(context.pseudonymKey));
  await judge.run(screen(context, receivedAt));
  const [others] = await judge.rows<{ rows: number }>('SELECT count(line) AS rows FROM events');
  if (others?.rows) await judgeClosely(judge, context, receivedAt);
  const [found] = await judge.rows<{ rows: number }>('SELECT count(*) FILTER (suspicious) AS rows FROM events');
  if (found?.rows) await judge.run(mask);
}
