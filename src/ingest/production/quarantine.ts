/** Quarantine as its keeper sees it: what is held, why, what waits for it, and what a fix would set. */

import { rules as declared, references } from '../../contracts/rules.ts';
import { type TableName, tableContracts } from '../../contracts/tables.ts';
import { MillraceError } from '../../kernel/errors.ts';
import type { Sql } from '../../stores/postgres/postgres.ts';

/** A row in quarantine. */
export interface HeldRow {
  readonly id: number;
  readonly batch: string;
  readonly source: string;
  /** Null for a malformed record of a preset's file, which belongs to no table yet. */
  readonly table: TableName | null;
  readonly file: string;
  readonly line: number;
  readonly rules: readonly string[];
  /** Column -> text as received; { record, problem } for a malformed record. */
  readonly content: Readonly<Record<string, string | null>>;
  /** Column -> text that was set since; null when nothing was. */
  readonly fixed: Readonly<Record<string, string>> | null;
  readonly state: 'open' | 'released';
}

/** Which rows are asked for; what is left out does not matter. */
export interface HeldFilter {
  readonly ids?: readonly number[];
  readonly batch?: string;
  readonly table?: TableName;
  readonly rule?: string;
  /** Only rows on which something was set. */
  readonly fixedOnly?: boolean;
  readonly limit?: number;
}

const selected = `SELECT quarantine_id AS id, batch_id AS batch, source, table_name AS table, file, line_number AS line, rules,
  content, fixed, state FROM ops.quarantine JOIN ops.batches USING (batch_id)`;

/** The rows that are still held, in the order in which they came in. */
export const listQuarantine = (sql: Sql, filter: HeldFilter = {}): Promise<readonly HeldRow[]> =>
  sql.rows<HeldRow>(
    `${selected} WHERE state = 'open' AND ($1::bigint[] IS NULL OR quarantine_id = ANY($1))
       AND ($2::text IS NULL OR batch_id = $2) AND ($3::text IS NULL OR table_name = $3)
       AND ($4::text IS NULL OR $4 = ANY(rules)) AND ($5 IS NOT TRUE OR fixed IS NOT NULL)
     ORDER BY batch_number, file, line_number, quarantine_id LIMIT $6`,
    [
      filter.ids ?? null,
      filter.batch ?? null,
      filter.table ?? null,
      filter.rule ?? null,
      filter.fixedOnly ?? null,
      filter.limit ?? null,
    ],
  );

/** How many rows are held, and by which rules. */
export interface HeldSummary {
  readonly open: number;
  readonly rules: readonly { readonly rule: string; readonly rows: number; readonly message: string }[];
}

/** Counts what is held. */
export async function summariseQuarantine(sql: Sql): Promise<HeldSummary> {
  const [counted] = await sql.rows<{ open: number }>(
    `SELECT count(*) AS open FROM ops.quarantine WHERE state = 'open'`,
  );
  const found = await sql.rows<{ rule: string; rows: number }>(
    `SELECT rule, count(*) AS rows FROM ops.quarantine, unnest(rules) AS broken (rule) WHERE state = 'open'
     GROUP BY rule ORDER BY rows DESC, rule`,
  );
  const messageOf = (rule: string): string =>
    declared.find(({ id }) => id === rule)?.message ??
    'the record cannot be taken apart into the columns of the header';
  return { open: counted?.open ?? 0, rules: found.map((each) => ({ ...each, message: messageOf(each.rule) })) };
}

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
  const key =
    held.table && (held.fixed?.[tableContracts[held.table].key] ?? held.content[tableContracts[held.table].key]);
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
 * MR-QRN-002 when the row was let in meanwhile; MR-QRN-003 for a record of no table; MR-QRN-004 for an unknown column.
 */
export async function fixQuarantine(sql: Sql, id: number, values: Readonly<Record<string, string>>): Promise<HeldRow> {
  const held = await requireHeld(sql, id);
  if (held.state !== 'open') throw new MillraceError('MR-QRN-002', { id });
  if (held.table === null) throw new MillraceError('MR-QRN-003', { id, file: held.file, line: held.line });
  const columns = tableContracts[held.table].columns.map(({ name }) => name);
  for (const column of Object.keys(values)) {
    if (!columns.includes(column)) {
      throw new MillraceError('MR-QRN-004', { column, table: held.table, columns: columns.join(', ') });
    }
  }
  await sql.run(`UPDATE ops.quarantine SET fixed = coalesce(fixed, '{}') || $2::jsonb WHERE quarantine_id = $1`, [
    id,
    JSON.stringify(values),
  ]);
  return requireHeld(sql, id);
}
