/** How many rows of a batch broke each rule, kept for trends. */
import { type Rule, uniqueKeyRule } from '../../contracts/rules.ts';
import type { TableName } from '../../contracts/tables.ts';
import type { DuckDB } from '../../stores/duckdb/duckdb.ts';
import type { Sql } from '../../stores/postgres/postgres.ts';
import type { Settlement } from '../production/settle.ts';
import * as statement from './statements.ts';

/** How many of the rows that a rule looked at broke it. */
export interface RuleResult {
  readonly rule: string;
  readonly table: TableName;
  readonly severity: 'error' | 'warn';
  readonly checked: number;
  readonly broken: number;
  /** The row numbers of the first ten. */
  readonly examples: readonly number[];
}

type Broken = Pick<RuleResult, 'rule' | 'broken' | 'examples'>;

/** Rows that got a verdict, and how many of them break rules about single rows. */
export interface VerdictCount {
  readonly verdict: string;
  readonly count: number;
  readonly breaking: number;
}

/** What the rules about rows and about the batch found in the judged rows of a table; rules that no row broke too. */
export async function judgedResults(
  judge: DuckDB,
  table: TableName,
  rules: readonly Rule[],
  counted: readonly VerdictCount[],
): Promise<readonly RuleResult[]> {
  // Exact copies are not looked at again.
  const checked = counted.reduce((sum, { verdict, count }) => sum + (verdict === 'duplicate' ? 0 : count), 0);
  const breaking = counted.some((each) => each.breaking > 0);
  const broken = breaking ? [...(await judge.rows<Broken>(statement.rowRuleResults(table, rules)))] : [];
  for (const rule of rules) {
    if (rule.scope !== 'batch' || rule.table !== table) continue;
    const [found] = await judge.rows<Omit<Broken, 'rule'>>(statement.batchRuleResult(rule));
    if (found) broken.push({ ...found, rule: rule.id });
  }
  return rules
    .filter((rule) => rule.table === table)
    .map(({ id, severity }) => {
      const found = broken.find(({ rule }) => rule === id);
      return {
        rule: id,
        table,
        severity,
        checked,
        broken: found?.broken ?? 0,
        examples: found?.examples ?? [],
      };
    });
}

/** The results with what a settlement found: rules about parents, and contents that others of their key superseded. */
export const withSettlement = (
  results: readonly RuleResult[],
  { table, unfit, moves }: Settlement,
  batch: string,
): readonly RuleResult[] =>
  results.map((result) => {
    const found = unfit.find(({ rule }) => rule === result.rule);
    if (found) return { ...result, ...found };
    if (result.rule !== uniqueKeyRule(table)) return result;
    const superseded = moves.filter((move) => move.batch === batch && move.becomes === 'superseded');
    return { ...result, broken: superseded.reduce((sum, { rows }) => sum + rows, 0) };
  });

/** Keeps the results of a batch in place of those it had. */
export async function keepResults(sql: Sql, batch: string, results: readonly RuleResult[]): Promise<void> {
  await sql.run('DELETE FROM ops.quality_results WHERE batch_id = $1', [batch]);
  await sql.run(
    `INSERT INTO ops.quality_results (batch_id, rule, table_name, severity, checked, broken, examples)
     SELECT $1, rule, "table", severity, checked, broken,
       ARRAY(SELECT value::integer FROM jsonb_array_elements_text(examples) AS texts (value))
     FROM jsonb_to_recordset($2::jsonb) AS results
       (rule text, "table" text, severity text, checked bigint, broken bigint, examples jsonb)`,
    [batch, JSON.stringify(results)],
  );
}

/** Whether rows that break the rule only wait for a parent to arrive. */
export const isWaiting = (rule: string): boolean => rule.endsWith('.referential');
