/**
 * The SQL that settles rows of reference data in DuckDB: what each received row is, and what the dataset then holds. In:
 * judged_rows (what the judge found), stored (the dataset so far), both with the contract's columns.
 */
import { brokenReferenceRules, type ReferenceContract } from '../../contracts/events/reference-data.ts';
import { sqlName, sqlText } from '../../stores/duckdb/duckdb.ts';

/** The rule that a row breaks which has the key of an earlier row of its file, and other content. */
const uniqueRule = ({ name, key }: ReferenceContract): string => `${name}.${key}.unique`;

const names = ({ columns }: ReferenceContract, row: string): string =>
  columns.map(({ name }) => `${row}.${name}`).join(', ');

const textsOf = ({ columns }: ReferenceContract): readonly string[] =>
  columns.filter(({ kind }) => kind === 'text').map(({ name }) => name);

const looksPersonal = (contract: ReferenceContract): string =>
  `looks_personal(concat_ws(chr(10), ${textsOf(contract).join(', ')}))`;

/** How many of judged_rows have what looks like personal data. */
export const countPersonal = (contract: ReferenceContract): string =>
  `SELECT count(*) AS rows FROM judged_rows WHERE ${looksPersonal(contract)}`;

/** Masks what looks like personal data in the texts of judged_rows; ids as those of events are. */
export function maskRows(contract: ReferenceContract): string {
  const masked = textsOf(contract).map(
    (name) => `${name} = ${name === contract.key ? 'mask_id' : 'mask_text'}(${name})`,
  );
  return `UPDATE judged_rows SET ${masked.join(', ')} WHERE ${looksPersonal(contract)}`;
}

/** One value for all columns, by which contents are compared and put in order. */
const content = ({ columns }: ReferenceContract, row: string): string =>
  `struct_pack(${columns.map(({ name }) => `${name} := ${row}.${name}`).join(', ')})`;

/**
 * What each received row is: settled (file_number, row_number, standing, rules). Within a file the first row of a key
 * stands; of several files the last one's counts; beside what is stored the later day's counts, of one day the greater.
 */
export const settleRows = (contract: ReferenceContract, source: string, observedAt: Date): string => {
  const { key } = contract;
  const stored = `stored.source = ${sqlText(source)} AND stored.${key} = winners.${key}`;
  const observed = `TIMESTAMPTZ ${sqlText(observedAt.toISOString())}`;
  return `CREATE OR REPLACE TABLE settled AS
WITH clean AS (
  SELECT *, ${content(contract, 'judged_rows')} AS content,
    first_value(content) OVER (PARTITION BY ${key}, file_number ORDER BY row_number) AS first,
    row_number() OVER (PARTITION BY ${key}, file_number ORDER BY row_number) AS place,
    max(file_number) OVER (PARTITION BY ${key}) AS last_file
  FROM judged_rows WHERE broken = 0
),
winners AS (SELECT * FROM clean WHERE place = 1 AND file_number = last_file),
beside AS (
  SELECT winners.file_number, winners.row_number, CASE
    WHEN stored.${key} IS NULL THEN 'inserted'
    WHEN winners.content IS NOT DISTINCT FROM ${content(contract, 'stored')} THEN 'unchanged'
    WHEN (${observed}, winners.content) > (stored.observed_at, ${content(contract, 'stored')}) THEN 'updated'
    ELSE 'superseded' END AS standing
  FROM winners LEFT JOIN stored ON ${stored}
)
SELECT file_number, row_number, 'quarantined' AS standing, ${brokenReferenceRules(contract)} AS rules FROM judged_rows WHERE broken <> 0
UNION ALL
SELECT file_number, row_number, CASE WHEN content IS NOT DISTINCT FROM first THEN 'duplicate' ELSE 'quarantined' END,
  CASE WHEN content IS DISTINCT FROM first THEN [${sqlText(uniqueRule(contract))}] ELSE [] END FROM clean WHERE place > 1
UNION ALL
SELECT file_number, row_number, 'superseded', [] FROM clean WHERE place = 1 AND file_number < last_file
UNION ALL
SELECT file_number, row_number, standing, [] FROM beside`;
};

/** The dataset as it is now: rows that came, and those of other keys as they were. */
export const settledDataset = (contract: ReferenceContract, source: string, observedAt: Date): string => {
  const { key } = contract;
  return `SELECT ${sqlText(source)} AS source, ${names(contract, 'judged_rows')},
  CASE WHEN standing = 'unchanged' THEN greatest(stored.observed_at, came_at) ELSE came_at END AS observed_at
FROM settled JOIN judged_rows USING (file_number, row_number)
CROSS JOIN (SELECT TIMESTAMPTZ ${sqlText(observedAt.toISOString())} AS came_at)
LEFT JOIN stored ON stored.source = ${sqlText(source)} AND stored.${key} = judged_rows.${key}
WHERE standing IN ('inserted', 'updated', 'unchanged')
UNION ALL BY NAME
SELECT stored.* FROM stored WHERE NOT (stored.source = ${sqlText(source)} AND stored.${key} IN (
  SELECT judged_rows.${key} FROM settled JOIN judged_rows USING (file_number, row_number)
  WHERE standing IN ('inserted', 'updated', 'unchanged')))
ORDER BY source, ${key}`;
};

/** Rows for quarantine with what was received: batch, table, row_number, file, line, rules, content. */
export const quarantinedRows = ({ name }: ReferenceContract, batch: string, found: readonly string[]): string =>
  `SELECT ${sqlText(batch)}, ${sqlText(name)}, row_number() OVER (ORDER BY file_number, row_number), names.file, row_number,
  '{' || array_to_string(rules, ',') || '}', json_object(${found.map((column) => `'${column}', received.${sqlName(column)}`).join(', ')})
FROM settled JOIN names USING (file_number)
JOIN received_rows AS received USING (file_number, row_number)
WHERE standing = 'quarantined'`;

/** The ids that have other content now. */
export const changedKeys = ({ key }: ReferenceContract): string =>
  `SELECT DISTINCT judged_rows.${key} AS key FROM settled JOIN judged_rows USING (file_number, row_number)
WHERE standing IN ('inserted', 'updated')`;
