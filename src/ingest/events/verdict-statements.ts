/**
 * The SQL that decides, in DuckDB, what each judged event of a batch is: new, a duplicate, or in conflict with another
 * content of its id. In: events (row by row what the judge found, without personal data, with id_hash). What is not new
 * leaves the table; counts and places of what is to be quarantined are kept in tables beside it.
 */
import { eventColumns } from '../../contracts/events/event-contract.ts';
import { lineHashType } from '../../contracts/events/line-hash.ts';
import { sqlPath } from '../../stores/duckdb/duckdb.ts';

/** The rule that an event breaks whose id has come before with other content. */
export const conflictRule = 'events.event_id.unique';

/** What tells two events with the same id apart: every column of the contract, of its own type. */
const content = (row: string): string =>
  `struct_pack(${eventColumns.map(({ name, type }) => `${name} := ${row}.${name}::${type}`).join(', ')})`;

/** A compact stand-in for an id, which the index of ids has; another version of DuckDB may give another. */
export const idHash = (id: string): string => `hash(${id})`;

const files = (paths: readonly string[]): string => `[${paths.map(sqlPath).join(', ')}]`;

/** Clean events whose id may have been loaded before, with the day on which it then was: matched (row, event_date). */
export const matchIndex = (index: readonly string[]): string =>
  `CREATE OR REPLACE TABLE matched AS
SELECT events.rowid AS row, event_date FROM events
JOIN read_parquet(${files(index)}) AS known ON known.id_hash = events.id_hash WHERE broken = 0`;

/** The days of the lake that have to be looked at: YYYY-MM-DD. */
export const matchedDays = 'SELECT DISTINCT event_date::VARCHAR AS day FROM matched ORDER BY day';

/** What the lake's files of those days have of these ids settles it: known (row, verdict 'duplicate' or 'conflict'). */
export const compareWithLake = (lake: readonly string[]): string =>
  lake.length === 0
    ? 'CREATE OR REPLACE TABLE known (row BIGINT, verdict VARCHAR)'
    : `CREATE OR REPLACE TABLE known AS
WITH candidates AS (SELECT events.rowid AS row, * FROM events WHERE rowid IN (SELECT row FROM matched)),
stored AS (
  SELECT * FROM read_parquet(${files(lake)}, hive_partitioning = false, union_by_name = true)
  WHERE event_id IN (SELECT event_id FROM candidates)
)
SELECT row, CASE WHEN ${content('candidates')} IS NOT DISTINCT FROM ${content('stored')} THEN 'duplicate' ELSE 'conflict' END AS verdict
FROM candidates JOIN stored USING (event_id)`;

/** The other clean events. */
const open = 'broken = 0 AND rowid NOT IN (SELECT row FROM known)';

/** Stand-ins of ids that several of the other clean events have: suspects (id_hash). */
export const makeSuspects = 'CREATE OR REPLACE TABLE suspects (id_hash UBIGINT)';

/** Looks for them in one of so many parts of the ids: each part is counted in memory. */
export const findSuspects = (part: number, parts: number): string =>
  `INSERT INTO suspects SELECT id_hash FROM events
WHERE id_hash % ${parts} = ${part} AND ${open} GROUP BY id_hash HAVING count(*) > 1`;

/** Their events: twins (row, event_id, file_number, line_hash, content). Few are, and what follows looks at them alone. */
export const findTwins = `CREATE OR REPLACE TABLE twins AS
SELECT rowid AS row, event_id, file_number, line_hash, ${content('events')} AS content FROM events
WHERE id_hash IN (FROM suspects) AND ${open}`;

/** Ids that several of them have: repeated (event_id, kept, copies, contents). */
export const findRepeated = `CREATE OR REPLACE TABLE repeated AS
SELECT event_id, min(row) AS kept, count(*) AS copies, count(DISTINCT content) AS contents
FROM twins GROUP BY event_id HAVING count(*) > 1`;

const contestedTwins = 'FROM twins WHERE event_id IN (SELECT event_id FROM repeated WHERE contents > 1)';

/** Rows whose lines are needed, with their places: what goes to quarantine, and ids with several contents in the batch. */
const wanted = `rowid IN (
  SELECT rowid FROM events WHERE broken <> 0
  UNION ALL SELECT row FROM known WHERE verdict = 'conflict'
  UNION ALL SELECT row ${contestedTwins}
)`;

/** Ids of events whose line is wanted, and of which it has no hash yet: unhashed (event_id). */
export const findUnhashed = `CREATE OR REPLACE TABLE unhashed AS
SELECT DISTINCT event_id FROM events WHERE ${wanted} AND line_hash IS NULL`;

/** The wanted lines: wanted_lines (line_hash). */
export const wantLines = `CREATE OR REPLACE TABLE wanted_lines AS
SELECT DISTINCT line_hash FROM events WHERE ${wanted}`;

/**
 * Of ids with several contents in the batch the first in the order of files and lines stands; another that equals it is a
 * duplicate, the others are conflicts: contested (event_id, file_number, line_number, line_hash, place, verdict).
 */
export const settleContested = `CREATE OR REPLACE TABLE contested AS
WITH contents AS (
  SELECT DISTINCT event_id, file_number, line_hash, content ${contestedTwins}
),
placed AS (
  SELECT contents.*, line_number, row_number() OVER places AS place, first_value(content) OVER places AS first
  FROM contents JOIN event_lines USING (file_number, line_hash)
  WINDOW places AS (PARTITION BY event_id ORDER BY file_number, line_number)
)
SELECT event_id, file_number, line_number, line_hash, place,
  CASE WHEN place = 1 THEN 'first' WHEN content IS NOT DISTINCT FROM first THEN 'duplicate' ELSE 'conflict' END AS verdict
FROM placed`;

/** The row that stands for an id with several contents is one of its first line. */
export const keepFirst = `UPDATE repeated SET kept = first.row FROM (
  SELECT twins.event_id, min(twins.row) AS row FROM twins
  JOIN contested ON contested.event_id = twins.event_id AND contested.file_number = twins.file_number
    AND contested.line_hash = twins.line_hash AND contested.place = 1
  GROUP BY ALL
) AS first WHERE first.event_id = repeated.event_id`;

/** Conflicting lines, each with its place: conflicts (file_number, line_number, line). */
export const listConflicts = `CREATE OR REPLACE TABLE conflicts AS
SELECT file_number, line_number, line FROM event_lines
JOIN (SELECT DISTINCT file_number, line_hash FROM events
  WHERE rowid IN (SELECT row FROM known WHERE verdict = 'conflict')) USING (file_number, line_hash)
UNION ALL
SELECT file_number, line_number, line FROM contested JOIN event_lines USING (file_number, line_number)
WHERE verdict = 'conflict'`;

/** Broken lines, each with its place: broken_lines (file_number, line_number, line, rules). */
export const listBroken = (rules: string): string =>
  `CREATE OR REPLACE TABLE broken_lines AS
SELECT file_number, line_number, line, rules FROM event_lines
JOIN (SELECT DISTINCT file_number, line_hash, ${rules} AS rules FROM events WHERE broken <> 0) USING (file_number, line_hash)`;

/** Only new events stay. */
export const dropOthers = `DELETE FROM events WHERE rowid IN (
  SELECT rowid FROM events WHERE broken <> 0
  UNION ALL SELECT row FROM known
  UNION ALL SELECT row FROM twins JOIN repeated USING (event_id) WHERE row <> kept
)`;

/** No line is wanted. */
export const noLines = `CREATE OR REPLACE TABLE event_lines (file_number SMALLINT, line_number BIGINT, line VARCHAR, line_hash ${lineHashType})`;

/** Events that were there already, in the lake or earlier in the batch. */
export const countDuplicates = `SELECT (SELECT count(*) FROM known WHERE verdict = 'duplicate')
  + (SELECT coalesce(sum(copies - 1), 0) FROM repeated WHERE contents = 1)::BIGINT
  + (SELECT count(*) FROM contested WHERE verdict = 'duplicate') AS count`;
