/**
 * What is known of the tables that a publication has left in PostgreSQL: enough to tell for certain whether they still hold
 * the rows of that publication, in the shape that it gave them.
 */
import { type Sql, sqlText } from '../stores/postgres/postgres.ts';
import { publishedSchema } from './star-tables.ts';

/** What a publication did to a table. */
export interface PublishedTable {
  readonly name: string;
  readonly rows: number;
  /** Rows that it deleted and inserted. */
  readonly rewritten: number;
}

/** A table as a publication has left it. */
export interface KnownTable extends PublishedTable {
  /** PostgreSQL's array of the transactions that wrote its rows. */
  readonly writtenBy: string;
}

/**
 * Every relation of the published schema with a hash over what it is made of: its columns and comments, and all that depends
 * on it, by the ids that PostgreSQL gave them. Whatever was dropped, altered, added or restored changes it; grants do not.
 */
const structures = `SELECT relname AS name, md5(concat_ws(E'\\n', pg_class.oid, relkind, relowner, relpersistence, relrowsecurity, reloptions,
  (SELECT string_agg(concat_ws(' ', attnum, attname, atttypid, atttypmod, attnotnull, attisdropped), ',' ORDER BY attnum)
   FROM pg_attribute WHERE attrelid = pg_class.oid AND attnum > 0),
  (SELECT string_agg(concat_ws(' ', classid, objid, objsubid, refobjsubid, deptype), ',' ORDER BY classid, objid, objsubid, refobjsubid)
   FROM pg_depend WHERE refclassid = 'pg_class'::regclass AND refobjid = pg_class.oid),
  (SELECT string_agg(concat_ws(' ', objsubid, description), ',' ORDER BY objsubid)
   FROM pg_description WHERE classoid = 'pg_class'::regclass AND objoid = pg_class.oid))) AS structure
FROM pg_class WHERE relnamespace = '${publishedSchema}'::regnamespace AND relkind NOT IN ('i', 't')`;

const rowsAsTable = (tables: readonly PublishedTable[]): string =>
  `jsonb_to_recordset(${sqlText(JSON.stringify(tables))}) AS told (name text, rows bigint, rewritten bigint)`;

/** Notes tables that were copied as a whole, by the transaction that this is part of. */
export async function recordTables(sql: Sql, publication: string, tables: readonly PublishedTable[]): Promise<void> {
  await sql.run(`DELETE FROM ops.published_tables;
INSERT INTO ops.published_tables (table_name, publication_id, structure, rows, written_by, rewritten)
SELECT name, ${sqlText(publication)}, structure, rows, ARRAY[pg_current_xact_id()::xid], rewritten
FROM (${structures}) AS found JOIN ${rowsAsTable(tables)} USING (name)`);
}

/** Notes tables of which this transaction has changed rows. */
export async function recordChanges(sql: Sql, publication: string, tables: readonly PublishedTable[]): Promise<void> {
  await sql.run(`UPDATE ops.published_tables SET publication_id = ${sqlText(publication)}, rows = told.rows,
  written_by = written_by || pg_current_xact_id()::xid, rewritten = published_tables.rewritten + told.rewritten
FROM ${rowsAsTable(tables)} WHERE table_name = told.name`);
}

/**
 * The tables by name, when all are as the publication left them, and nothing else is in their schema; undefined otherwise.
 * Says nothing of their rows.
 */
export async function readKnownTables(
  sql: Sql,
  publication: string,
): Promise<ReadonlyMap<string, KnownTable> | undefined> {
  const rows = await sql.rows<KnownTable & { readonly same: boolean }>(
    `SELECT table_name AS name, rows, rewritten, written_by::text AS "writtenBy",
       known.structure IS NOT DISTINCT FROM found.structure AND publication_id = $1 AS same
     FROM ops.published_tables AS known FULL JOIN (${structures}) AS found ON name = table_name`,
    [publication],
  );
  return rows.every(({ same }) => same) ? new Map(rows.map((table) => [table.name, table])) : undefined;
}

/**
 * Whether a table holds the rows that publications wrote, and no others: as many as there were, all written by them. A row
 * that somebody else has changed was written by somebody else.
 */
export async function holdsItsRows(sql: Sql, table: string, known: KnownTable): Promise<boolean> {
  const [found] = await sql.rows<{ rows: number; ours: number }>(
    `SELECT count(*) AS rows, count(*) FILTER (WHERE xmin = ANY(${sqlText(known.writtenBy)}::xid[])) AS ours FROM ${table}`,
  );
  return found?.rows === known.rows && found.ours === known.rows;
}
