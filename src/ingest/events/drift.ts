/** Drift: fields and words of events that the contract does not know, each reported once, when it is first seen. */
import { personalDataMacros } from '../../contracts/personal-data.ts';
import { type DuckDB, sqlText } from '../../stores/duckdb/duckdb.ts';
import type { Sql } from '../../stores/postgres/postgres.ts';

/** A field beyond the contract, or a value that is none of a field's known words. */
export interface Drift {
  readonly kind: 'field' | 'value';
  readonly field: string;
  /** Of an unknown value; empty for a field. */
  readonly value: string;
  /** The first event's value, without personal data, cut at 200 characters. */
  readonly example: string;
  /** Events of the batch that have it. */
  readonly rows: number;
  /** Share of the batch's events, 0 to 1. */
  readonly rate: number;
}

/** Reported at most, of each batch and kind: whoever sends random words must not fill the report. */
const reported = 50;

const shortest = (text: string): string => `left(${text}, 200)`;

/** SQL for a text of which it is known whether any like it looks personal. */
const shown = (text: string, personal: boolean): string => (personal ? `mask_text(${text})` : text);

/**
 * Fields in properties that came from beside the contract's fields; what is personal data in a name is masked there too.
 * The example is the same in whatever order rows are read.
 */
const newFields = (
  personal: boolean,
): string => `SELECT 'field' AS kind, ${shown('field', personal)} AS field, '' AS value, count(*) AS rows,
  ${shortest('arg_min(example, row(event_timestamp, event_id, example))')} AS example
FROM (SELECT field, event_timestamp, event_id,
    json_extract_string(properties, '/' || replace(replace(field, '~', '~0'), '/', '~1')) AS example
  FROM (SELECT unnest(unknown_fields) AS field, event_timestamp, event_id, properties FROM events WHERE unknown_fields IS NOT NULL))
GROUP BY ALL ORDER BY rows DESC, 2 LIMIT ${reported}`;

const wordFields = ['event_type', 'device_type', 'country_code', 'traffic_source'] as const;

/** What broken lines have where one of a list of words is expected: the place of the field in `wordFields`, value. */
const unknownWords = wordFields
  .map(
    (field, place) =>
      `SELECT ${place} AS place, line ->> '$.${field}' AS value FROM broken_lines WHERE list_contains(rules, 'events.${field}.known')`,
  )
  .join('\nUNION ALL ');

const newWords = (personal: boolean): string => `SELECT 'value' AS kind, field, value, rows, value AS example
FROM (SELECT place, ([${wordFields.map(sqlText).join(', ')}])[place + 1] AS field, value, count(*) AS rows
  FROM (SELECT place, ${shortest(shown('value', personal))} AS value FROM (${unknownWords}) WHERE value IS NOT NULL) GROUP BY place, value
  QUALIFY row_number() OVER (PARTITION BY place ORDER BY count(*) DESC, value) <= ${reported})
ORDER BY place, rows DESC, value`;

type Found = Omit<Drift, 'rate'>;

/** Asks for what there is among texts, masked where any of them looks personal; nothing where there are none. */
async function findAmong(
  judge: DuckDB,
  key: string,
  texts: string,
  find: (personal: boolean) => string,
): Promise<readonly Found[]> {
  const [seen] = await judge.rows<{ texts: number; personal: number }>(
    `SELECT count(text) AS texts, count(*) FILTER (looks_personal(text)) AS personal FROM (${texts}) AS texts (text)`,
  );
  if (!seen?.texts) return [];
  if (seen.personal > 0) await judge.run(personalDataMacros(key));
  return judge.rows<Found>(find(seen.personal > 0));
}

/** The fields of the judged events of a batch that the contract does not know; to be asked before events leave the table. */
export const findNewFields = (judge: DuckDB, key: string): Promise<readonly Found[]> =>
  findAmong(judge, key, 'SELECT unnest(unknown_fields) FROM events WHERE unknown_fields IS NOT NULL', newFields);

/** The unknown words of the broken lines of a batch. */
export const findNewWords = (judge: DuckDB, key: string): Promise<readonly Found[]> =>
  findAmong(judge, key, `SELECT value FROM (${unknownWords})`, newWords);

/** Keeps what was not seen before from this source, and gives it. */
export async function keepDrift(
  sql: Sql,
  found: readonly Found[],
  batch: { readonly id: string; readonly source: string; readonly received: number; readonly at: Date },
): Promise<readonly Drift[]> {
  if (found.length === 0) return [];
  return sql.rows<Drift>(
    `INSERT INTO ops.drift (source, kind, field, value, example, rows, received, batch_id, recorded_at)
     SELECT $1, kind, field, value, coalesce(example, ''), rows, $2, $3, $4
     FROM jsonb_to_recordset($5::jsonb) AS found (kind text, field text, value text, example text, rows bigint)
     ON CONFLICT (source, kind, field, value) DO NOTHING
     RETURNING kind, field, value, example, rows, rows::double precision / $2 AS rate`,
    [batch.source, batch.received, batch.id, batch.at, JSON.stringify(found)],
  );
}
