/** A CSV of held rows that somebody edited: what differs from the rows as they are held is what is to be set. */
import { MillraceError, problemOf } from '../../kernel/errors.ts';
import { type DuckDBLimits, openDuckDB, sqlPath } from '../../stores/duckdb/duckdb.ts';
import type { Postgres } from '../../stores/postgres/postgres.ts';
import { columnsOf, type HeldRow, listQuarantine } from './quarantine.ts';

/** What a spreadsheet may have been kept from taking for a formula. */
const plainText = (text: string): string => text.replace(/^'(?=[=+\-@\t\r])/, '');

async function readRows(
  limits: DuckDBLimits,
  path: string,
): Promise<readonly Readonly<Record<string, string | null>>[]> {
  const duckdb = await openDuckDB(':memory:', limits);
  try {
    return await duckdb.rows<Record<string, string | null>>(
      `FROM read_csv(${sqlPath(path)}, header = true, all_varchar = true, delim = ',', quote = '"', escape = '"')`,
    );
  } catch (thrown) {
    throw new MillraceError('MR-QRN-005', { path, problem: problemOf(thrown) }, thrown);
  } finally {
    duckdb.close();
  }
}

function changesOf(held: HeldRow, edited: Readonly<Record<string, string | null>>): Readonly<Record<string, string>> {
  const columns = held.table === null ? [] : columnsOf(held.table);
  const changed = columns.flatMap((name) => {
    if (!(name in edited)) return [];
    const [given, now] = [edited[name] ?? '', held.fixed?.[name] ?? held.content[name] ?? ''];
    const text = plainText(given);
    return given === now || text === now ? [] : [[name, text] as const];
  });
  return Object.fromEntries(changed);
}

/**
 * The changes that an edited file makes: id -> column -> text; rows without a change are left out. A file that people
 * edit is small: its rows are compared here one by one. Errors: MR-QRN-005.
 */
export async function readEditedRows(
  { postgres, duckdb }: { readonly postgres: Postgres; readonly duckdb: DuckDBLimits },
  path: string,
): Promise<ReadonlyMap<number, Readonly<Record<string, string>>>> {
  const rows = await readRows(duckdb, path);
  const fixes = new Map<number, Readonly<Record<string, string>>>();
  const ids = rows.map((row) => Number(row.id ?? Number.NaN));
  if (ids.some((id) => !Number.isSafeInteger(id) || id < 1)) {
    throw new MillraceError('MR-QRN-005', { path, problem: 'a row has no id of a row in quarantine' });
  }
  const held = new Map((await listQuarantine(postgres, { ids })).map((row) => [row.id, row]));
  rows.forEach((row, place) => {
    const id = ids[place] ?? 0;
    const found = held.get(id);
    if (!found) throw new MillraceError('MR-QRN-005', { path, problem: `row ${id} is not held` });
    const changes = changesOf(found, row);
    if (Object.keys(changes).length > 0) fixes.set(id, changes);
  });
  return fixes;
}
