/** What a shop sets for itself about the rules: their severities and the rates at which a batch is stopped. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { isMissing, MillraceError, problemOf } from '../kernel/errors.ts';
import { nearest } from '../kernel/nearest.ts';
import { judgeStatement } from './judge.ts';
import { rules as declared, malformedRule, type Rule } from './rules.ts';
import { tableNames } from './tables.ts';

const severities = ['error', 'warn', 'off'] as const;

const ruleSetting = z.strictObject({
  severity: z.enum(severities).optional(),
  max_rate: z.number().min(0).max(1).optional(),
});
type RuleSetting = z.infer<typeof ruleSetting>;

const rulesFile = z.record(z.string(), ruleSetting).nullable();

/** The rules as they are in force. */
export interface EffectiveRules {
  /** Without those that are off. */
  readonly rules: readonly Rule[];
  /** The same for rules that decide the same about every row; thresholds, which stop batches, do not count. */
  readonly rulesHash: string;
}

function hashOf(rules: readonly Rule[]): string {
  const beyondRows = rules
    .filter(({ scope }) => scope !== 'row')
    .map((rule) => [rule.id, rule.severity, 'broken' in rule ? rule.broken : 'failing' in rule ? rule.failing : '']);
  const parts = [tableNames.map((table) => judgeStatement(table, rules)), beyondRows];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}

function readSettings(path: string, text: string): Readonly<Record<string, RuleSetting>> {
  let content: unknown;
  try {
    content = parse(text);
  } catch (thrown) {
    throw new MillraceError('MR-CFG-006', { path, problem: problemOf(thrown) }, thrown);
  }
  const parsed = rulesFile.safeParse(content);
  if (parsed.success) return parsed.data ?? {};
  const issue = parsed.error.issues[0];
  const place = issue?.path.length ? `${issue.path.join(': ')}: ` : '';
  throw new MillraceError('MR-CFG-006', { path, problem: `${place}${issue?.message ?? 'not as expected'}` });
}

/** What a rule can be set to. */
export type SeveritySetting = NonNullable<RuleSetting['severity']>;

/** Why a rule cannot be set to this severity; undefined when it can. */
function objection(rule: Rule, severity: SeveritySetting): string | undefined {
  if (severity === rule.severity) return undefined;
  if (rule.guards) return 'tables and figures rest on it';
  if (severity === 'error' && (rule.scope === 'batch' || rule.scope === 'key'))
    return 'whether a row is kept cannot depend on what else its batch holds';
  return undefined;
}

/** What a rule can be set to, its own severity included. */
export const severitiesOf = (rule: Rule): readonly SeveritySetting[] =>
  severities.filter((severity) => objection(rule, severity) === undefined);

function refuse(path: string, settings: Readonly<Record<string, RuleSetting>>): void {
  const known = new Map(declared.map((rule) => [rule.id, rule]));
  for (const [id, { severity }] of Object.entries(settings)) {
    if (id === malformedRule)
      throw new MillraceError('MR-CFG-005', { path, rule: id, problem: 'such a record has no row to keep' });
    const rule = known.get(id);
    if (!rule) throw new MillraceError('MR-CFG-004', { path, rule: id, nearest: nearest(id, known.keys()) });
    const problem = severity && objection(rule, severity);
    if (problem) throw new MillraceError('MR-CFG-005', { path, rule: id, problem });
  }
}

function inForce(rule: Rule, setting: RuleSetting | undefined): readonly Rule[] {
  const severity = setting?.severity ?? rule.severity;
  if (severity === 'off') return [];
  const maxRate = setting?.max_rate;
  const about = maxRate === undefined ? {} : { maxRate };
  // Of the other two scopes `objection` has let no other severity pass.
  return [rule.scope === 'row' || rule.scope === 'parents' ? { ...rule, severity, ...about } : { ...rule, ...about }];
}

/**
 * The rules under the text of a rules file, YAML: `rule-id: { severity: warn | error | off, max_rate: 0.05 }`, both
 * optional. `path` is for messages. Errors: MR-CFG-004 for an unknown rule, MR-CFG-005 for a severity that a rule cannot
 * have, MR-CFG-006 for a text of another shape.
 */
export function resolveRules(path: string, text: string): EffectiveRules {
  const settings = readSettings(path, text);
  refuse(path, settings);
  const setting = new Map(Object.entries(settings));
  const rules = declared.flatMap((rule) => inForce(rule, setting.get(rule.id)));
  return { rules, rulesHash: hashOf(rules) };
}

/**
 * The rules under the file that the settings name or, when they name none, under rules.yml in the home if it is there.
 * Errors: as for `resolveRules`; MR-CFG-006 also when the file cannot be read.
 */
export function readRules(named: string | undefined, home: string): EffectiveRules {
  const path = named ?? join(home, 'rules.yml');
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch (thrown) {
    if (named !== undefined || !isMissing(thrown))
      throw new MillraceError('MR-CFG-006', { path, problem: problemOf(thrown) }, thrown);
  }
  return resolveRules(path, text);
}
