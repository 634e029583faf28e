/** Quarantine as its keeper sees it: what is held, why, what waits for it, and what a fix would set. */

import { type EventContract, eventColumns, eventRules, recordRule } from '../../contracts/events/event-contract.ts';
import { referenceContracts } from '../../contracts/events/reference-data.ts';
import { rules as declared, references } from '../../contracts/rules.ts';
import { type BookedTable, isTableName, tableContracts } from '../../contracts/tables.ts';
import { MillraceError } from '../../kernel/errors.ts';
import type { Sql } from '../../stores/postgres/postgres.ts';

/** What can be set on a held row of a table: its columns; of an event also the record as a whole. */
export const columnsOf = (table: BookedTable): readonly string[] => {
  if (isTableName(table)) return tableContracts[table].columns.map(({ name }) => name);
  if (table === 'events') return ['record', ...eventColumns.map(({ name }) => name)];
  return referenceContracts[table].columns.map(({ name }) => name);
};

const isObject = (record: string | null | undefined): boolean => {
  try {
    const value: unknown = JSON.parse(record ?? '');
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
};

/** A row in quarantine. */
export interface HeldRow {
  readonly id: number;
  readonly batch: string;
  readonly source: string;
  /** Null for a malformed record of a preset's file, which belongs to no table yet. */
  readonly table: BookedTable | null;
  readonly file: string;
  readonly line: number;
  readonly rules: readonly string[];
  /** Column -> text as received; { record } for an event; { record, problem } for a malformed record of a CSV file. */
  readonly content: Readonly<Record<string, string | null>>;
  /** Column -> text that was set since; null when nothing was. */
  readonly fixed: Readonly<Record<string, string>> | null;
  readonly state: 'open' | 'released';
}

/** Whether fields of an event can be set; not where a replay needs the record as a whole, or what was set is no object. */
const hasFields = ({ rules, content, fixed }: HeldRow): boolean =>
  fixed?.record === undefined
    ? isObject(content.record) && ![recordRule.malformed, recordRule.tooLong].some((rule) => rules.includes(rule))
    : isObject(fixed.record);

/** Which rows are asked for; what is left out does not matter. */
export interface HeldFilter {
  readonly ids?: readonly number[];
  readonly batch?: string;
  readonly table?: BookedTable;
  readonly rule?: string;
  /** Only rows on which something was set. */
  readonly fixedOnly?: boolean;
  readonly limit?: number;
}

/** The rows still held that a filter means; its values are $1 to $5. */
const meant = `state = 'open' AND ($1::bigint[] IS NULL OR quarantine_id = ANY($1))
  AND ($2::text IS NULL OR batch_id = $2) AND ($3::text IS NULL OR table_name = $3)
  AND ($4::text IS NULL OR $4 = ANY(rules)) AND ($5 IS NOT TRUE OR fixed IS NOT NULL)`;

const valuesOf = ({ ids, batch, table, rule, fixedOnly }: HeldFilter) => [
  ids ?? null,
  batch ?? null,
  table ?? null,
  rule ?? null,
  fixedOnly ?? null,
];

const selected = `SELECT quarantine_id AS id, batch_id AS batch, source, table_name AS table, file, line_number AS line, rules,
  content, fixed, state FROM ops.quarantine JOIN ops.batches USING (batch_id)`;

/** The rows that are still held, in the order in which they came in. */
export const listQuarantine = (sql: Sql, filter: HeldFilter = {}): Promise<readonly HeldRow[]> =>
  sql.rows<HeldRow>(`${selected} WHERE ${meant} ORDER BY batch_number, file, line_number, quarantine_id LIMIT $6`, [
    ...valuesOf(filter),
    filter.limit ?? null,
  ]);

/** How many rows are held, and by which rules. */
export interface HeldSummary {
  readonly open: number;
  readonly rules: readonly { readonly rule: string; readonly rows: number; readonly message: string }[];
}

/** What every rule asks for that can hold a row. */
function messagesOf(contract: EventContract): ReadonlyMap<string, string> {
  const lake = [...eventRules(contract), ...Object.values(referenceContracts).flatMap(({ rules }) => rules)];
  return new Map([
    ...[...declared, ...lake].map(({ id, message }) => [id, message] as const),
    ['events.event_id.unique', 'another event with this event_id came before, with other content'],
  ]);
}

/** Counts what is held of the rows that a filter means. */
export async function summariseQuarantine(
  sql: Sql,
  contract: EventContract,
  filter: HeldFilter = {},
): Promise<HeldSummary> {
  const values = valuesOf(filter);
  const [counted] = await sql.rows<{ open: number }>(
    `SELECT count(*) AS open FROM ops.quarantine WHERE ${meant}`,
    values,
  );
  const found = await sql.rows<{ rule: string; rows: number }>(
    `SELECT rule, count(*) AS rows FROM ops.quarantine, unnest(rules) AS broken (rule) WHERE ${meant}
     GROUP BY rule ORDER BY rows DESC, rule`,
    values,
  );
  const messages = messagesOf(contract);
  const messageOf = (rule: string): string =>
    messages.get(rule) ?? 'the record cannot be taken apart into the columns of the header';
  return { open: counted?.open ?? 0, rules: found.map((each) => ({ ...each, message: messageOf(each.rule) })) };
}

/**
 * Forgets what was received of, and set on, the rows of batches that were loaded before the moment; gives how many. The rows stay in
 * the books and keep their place and rules; they can only be let in once they were set as a whole.
 */
export const pruneQuarantine = (sql: Sql, before: Date): Promise<number> =>
  sql.run(
    `UPDATE ops.quarantine SET content = '{}', fixed = NULL FROM ops.batches
     WHERE batches.batch_id = quarantine.batch_id AND recorded_at < $1 AND (content <> '{}' OR fixed IS NOT NULL)`,
    [before],
  );

/** A held row with the rows that wait for it. */
export interface HeldDetails extends HeldRow {
  readonly dependents: readonly HeldRow[];
}

/** Errors: MR-QRN-001 when there is no such row. */
async function requireHeld(sql: Sql, id: number): Promise<HeldRow> {
  const [found] = await sql.rows<HeldRow>(`${selected} WHERE quarantine_id = $1`, [id]);
  if (!found) throw new MillraceError('MR-QRN-001', { id });
  return found;
}

/** Errors: MR-QRN-001. */
export async function showQuarantine(sql: Sql, id: number): Promise<HeldDetails> {
  const held = await requireHeld(sql, id);
  const name = isTableName(held.table) ? tableContracts[held.table].key : '';
  const key = held.fixed?.[name] ?? held.content[name];
  const dependents: HeldRow[] = [];
  for (const { table, column, parent } of references) {
    if (parent !== held.table || !key) continue;
    dependents.push(
      ...(await sql.rows<HeldRow>(
        `${selected} WHERE state = 'open' AND table_name = $1 AND source = $2
           AND trim(coalesce(fixed ->> $3, content ->> $3)) = trim($4) ORDER BY batch_number, line_number`,
        [table, held.source, column, key],
      )),
    );
  }
  return { ...held, dependents };
}

/**
 * Sets columns of held rows; the rows are judged again by a replay. An empty text stands for no value. Errors: MR-QRN-001;
 * MR-QRN-002 when the row was let in meanwhile; MR-QRN-003 for a record of no table; MR-QRN-004 for an unknown column;
 * MR-QRN-006 for fields of an event that is no JSON object, or malformed; MR-QRN-007 for a row of catalog or profiles.
 */
export async function fixQuarantine(sql: Sql, id: number, values: Readonly<Record<string, string>>): Promise<HeldRow> {
  const held = await requireHeld(sql, id);
  if (held.state !== 'open') throw new MillraceError('MR-QRN-002', { id });
  if (held.table === 'catalog' || held.table === 'profiles') {
    throw new MillraceError('MR-QRN-007', { id, table: held.table, file: held.file });
  }
  if (held.table === null) throw new MillraceError('MR-QRN-003', { id, file: held.file, line: held.line });
  const columns = columnsOf(held.table);
  for (const column of Object.keys(values)) {
    if (!columns.includes(column)) {
      throw new MillraceError('MR-QRN-004', { column, table: held.table, columns: columns.join(', ') });
    }
  }
  const fixed = { ...held.fixed, ...values };
  const setsFields = Object.keys(fixed).some((name) => name !== 'record');
  if (held.table === 'events' && setsFields && !hasFields({ ...held, fixed })) {
    throw new MillraceError('MR-QRN-006', { id });
  }
  await sql.run('UPDATE ops.quarantine SET fixed = $2::jsonb WHERE quarantine_id = $1', [id, JSON.stringify(fixed)]);
  return requireHeld(sql, id);
}
