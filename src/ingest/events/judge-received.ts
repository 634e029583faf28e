/** Received events on their way through the contract: plain ones are read at once, others judged closely, all without personal data. */
import { type EventContract, eventColumns, eventFields } from '../../contracts/events/event-contract.ts';
import { judgeEventsStatement } from '../../contracts/events/judge-sql.ts';
import { lineHash } from '../../contracts/events/line-hash.ts';
import { screenedEvents, wordType } from '../../contracts/events/screen-sql.ts';
import { personalDataMacros, personalDataSigns } from '../../contracts/personal-data.ts';
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

/** SQL for what of a judged event may hold personal data, beside its properties. */
const joinedTexts = `concat_ws(chr(10), ${Object.keys(masks)
  .filter((name) => name !== 'properties')
  .join(', ')})`;

/** SQL for the contract's columns. The words of a list take a byte each, in the table and while they are sorted. */
function columnsOf(contract: EventContract): string {
  const fields = eventFields(contract).filter(({ within }) => !within);
  const types = new Map(fields.map((field) => [field.name, wordType(field)]));
  const column = (name: string): string => {
    const type = types.get(name);
    return type ? `TRY_CAST(${name} AS ${type}) AS ${name}` : name;
  };
  return eventColumns.map(({ name }) => column(name)).join(', ');
}

/** SQL for rows as the table events has them, of rows with texts. Personal data is looked for in one pass. */
const asStored = ({ eventContract }: EventsContext, lineHashed: string, line: string, rows: string): string =>
  `SELECT file_number, ${lineHashed} AS line_hash, broken, ${columnsOf(eventContract)},
  unknown_fields, ${idHash('event_id')} AS id_hash, suspicious, ${line} AS line
FROM (SELECT *,
  looks_personal(texts) OR coalesce(looks_personal_json(properties), false) AS suspicious
  FROM (${rows}))`;

/** The hash of a plain event's line is found when it is asked for: few are, and it is dear. */
const hashWhereOdd = `CASE WHEN NOT plain OR suspicious THEN ${lineHash('line')} END`;

/** Received events that are plain; of the others the lines alone count. */
const screened = (context: EventsContext, receivedAt: Date, hash: string): string =>
  asStored(
    context,
    hash,
    'CASE WHEN NOT plain THEN line END',
    `SELECT *, 0::UBIGINT AS broken, NULL::VARCHAR[] AS unknown_fields
    FROM (${screenedEvents(context.eventContract, receivedAt)})`,
  );

const judged = (context: EventsContext): string =>
  asStored(context, 'line_hash', 'NULL', `SELECT *, ${joinedTexts} AS texts FROM judged_events`);

const mask = `UPDATE events SET ${Object.entries(masks)
  .map(([name, macro]) => `${name} = ${macro}(${name})`)
  .join(', ')}, id_hash = ${idHash('mask_id(event_id)')} WHERE suspicious`;

/** Runs a statement for which received_events are these rows. */
async function withReceived(judge: DuckDB, rows: string, statement: string): Promise<void> {
  await judge.run(`CREATE SCHEMA IF NOT EXISTS others; CREATE OR REPLACE VIEW others.received_events AS ${rows}`);
  await judge.run(`SET search_path = 'others,main'`);
  await judge.run(statement);
  await judge.run(`SET search_path = 'main,others'`);
}

async function judgeClosely(judge: DuckDB, context: EventsContext, receivedAt: Date): Promise<void> {
  const others = 'SELECT file_number, line FROM main.events WHERE line IS NOT NULL';
  await withReceived(judge, others, judgeEventsStatement(context.eventContract, receivedAt));
  await judge.run(`INSERT INTO events ${judged(context)};
DELETE FROM events WHERE line IS NOT NULL;
DROP TABLE judged_events`);
}

/**
 * Judges received_events, masks what looks like personal data, and leaves the result as table events: file_number,
 * line_hash (NULL of events whose line nobody has asked for, see `hashLines`), broken, the contract's columns,
 * unknown_fields, id_hash.
 */
export async function judgeReceived(judge: DuckDB, context: EventsContext, receivedAt: Date): Promise<void> {
  await judge.run(personalDataSigns);
  await judge.run(`CREATE OR REPLACE TABLE events AS ${screened(context, receivedAt, hashWhereOdd)}`);
  const [others] = await judge.rows<{ rows: number }>('SELECT count(line) AS rows FROM events');
  if (others?.rows) await judgeClosely(judge, context, receivedAt);
  const [found] = await judge.rows<{ rows: number }>('SELECT count(*) FILTER (suspicious) AS rows FROM events');
  if (!found?.rows) return;
  await judge.run(personalDataMacros(context.pseudonymKey));
  await judge.run(mask);
}

/** A plain line begins with its id. */
const linesWithIds = `SELECT file_number, line FROM main.received_events
WHERE starts_with(line, '{"event_id":"') AND split_part(line, '"', 4) IN (SELECT event_id FROM main.unhashed)`;

/** Gives the events of the ids in table unhashed (event_id) that have no line_hash theirs; they get other row ids. */
export async function hashLines(judge: DuckDB, context: EventsContext, receivedAt: Date): Promise<void> {
  const again = screened(context, receivedAt, lineHash('line'));
  await withReceived(judge, linesWithIds, `CREATE OR REPLACE TABLE main.hashed AS ${again}`);
  await judge.run(`DELETE FROM events WHERE line_hash IS NULL AND event_id IN (SELECT event_id FROM unhashed);
INSERT INTO events FROM hashed WHERE line IS NULL AND NOT suspicious;
DROP TABLE hashed`);
}
