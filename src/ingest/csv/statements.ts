/** The SQL of a load that only a load has: what DuckDB found in the rows of the batch, and the check of what was staged. */
import { brokenRules } from '../../contracts/judge.ts';
import { type BatchRule, malformedRule, type Rule } from '../../contracts/rules.ts';
import type { TableName } from '../../contracts/tables.ts';
import { sqlText } from '../../stores/duckdb/duckdb.ts';
import { receivedColumns } from '../production/staging.ts';
import type { Layout } from './layout.ts';
import type { FileReading } from './read.ts';

/**
 * DuckDB: the rows as received, for staging: those of one file, where row_number says file and line, or all rows that a
 * preset mapped.
 */
export const stagingRows = (table: TableName, fileNumber: number | undefined): string =>
  fileNumber === undefined
    ? `SELECT row_number, file_number, line_number, ${receivedColumns(table)} FROM received_${table}`
    : `SELECT row_number, NULL, NULL, ${receivedColumns(table)} FROM received_${table} WHERE file_number = ${fileNumber}`;

/**
 * PostgreSQL: how the bytes of a file are read. As for DuckDB, a field without characters is NULL. The text format is the
 * faster one; it knows no quotes, and backslashes mean something to it.
 */
export const copyFormat = (columns: string, layout: Layout): string =>
  layout === 'bare' ? `FORMAT text, DELIMITER ',', NULL ''` : `FORMAT csv, FORCE_NULL (${columns})`;

/** PostgreSQL: takes the rows of `malformedRows`. */
export const copyMalformed =
  'COPY ops.quarantine (batch_id, table_name, row_number, file, line_number, rules, content) FROM STDIN (FORMAT csv)';

/** DuckDB: the malformed records of one file of a batch; those of a preset's file belong to no table yet. */
export const malformedRows = (batch: string, { table, file, fileNumber }: FileReading): string =>
  `SELECT ${sqlText(batch)}, ${table ? `${sqlText(table)}, row_number` : 'NULL, NULL'}, ${sqlText(file.name)}, line_number,
  '{${malformedRule}}', json_object('record', record, 'problem', problem)
FROM malformed_${table ?? 'records'} WHERE file_number = ${fileNumber} ORDER BY line_number`;

/** DuckDB: how many rows got which verdict, and how many of them break rules about single rows. */
export const countVerdicts = (table: TableName): string =>
  `SELECT verdict, count(*) AS count, count(*) FILTER (broken_errors <> 0 OR broken_warnings <> 0) AS breaking
FROM judged_${table} GROUP BY verdict`;

/**
 * DuckDB: the rules about single rows that rows break: rule, broken, and the first ten row numbers. A warning is about
 * rows that are kept: it is not counted for those that break a rule of severity error as well.
 */
export function rowRuleResults(table: TableName, rules: readonly Rule[]): string {
  const broken = [
    { severity: 'error', rows: `verdict = 'broken'` },
    { severity: 'warn', rows: `verdict = 'clean' AND broken_warnings <> 0` },
  ] as const;
  const lists = broken.map(
    ({ severity, rows }) =>
      `SELECT row_number, unnest(${brokenRules(rules, table, severity)}) AS rule FROM judged_${table} WHERE ${rows}`,
  );
  return `SELECT rule, count(*) AS broken, list_slice(list_sort(list(row_number)), 1, 10) AS examples
FROM (${lists.join(' UNION ALL ')}) GROUP BY rule`;
}

/** DuckDB: the rows that break a rule about the batch. */
export const batchRuleResult = ({ failing }: BatchRule): string =>
  `SELECT count(*) AS broken, coalesce(list_slice(list_sort(list(row_number)), 1, 10), []) AS examples FROM (${failing})`;

/** PostgreSQL: verdicts of rows of this batch that were not loaded. $1 batch. */
export const verdicts = (table: TableName): string =>
  `SELECT row_number, CASE verdict WHEN 'broken' THEN 'quarantined' ELSE verdict END AS verdict FROM unclean_${table}
UNION ALL SELECT row_number, becomes FROM moves_${table} WHERE batch_id = $1 AND becomes IN ('superseded', 'quarantined')`;
