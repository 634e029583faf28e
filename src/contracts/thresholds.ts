/** Whether so much of a batch breaks the rules that it must not be loaded. */
import { MillraceError } from '../kernel/errors.ts';
import type { Rule } from './rules.ts';

/** How many of the rows that a rule looked at broke it. */
export interface RuleCount {
  readonly rule: string;
  readonly checked: number;
  readonly broken: number;
}

/** What is known of a batch before it is loaded. */
export interface BatchFindings {
  readonly batch: string;
  readonly received: number;
  /** Rows that go to quarantine for what they are themselves, not for want of a parent. */
  readonly refused: number;
  /** One entry per rule. */
  readonly counts: readonly RuleCount[];
}

const namedInMessage = 3;

const percent = (rate: number): string => `${Number((100 * rate).toFixed(2))} %`;

/** The rules of severity error that most rows broke, with their counts. */
function mostBroken(rules: readonly Rule[], counts: readonly RuleCount[]): string {
  const errors = new Set(rules.filter(({ severity }) => severity === 'error').map(({ id }) => id));
  return counts
    .filter(({ rule, broken }) => broken > 0 && (errors.has(rule) || !rules.some(({ id }) => id === rule)))
    .toSorted((one, other) => other.broken - one.broken || (one.rule < other.rule ? -1 : 1))
    .slice(0, namedInMessage)
    .map(({ rule, broken }) => `${rule} (${broken})`)
    .join(', ');
}

/**
 * Stops a batch whose share of refused rows is above `maxErrorRate`, or of which more rows break a rule than its maxRate
 * allows. Errors: MR-QUA-001 and MR-QUA-002.
 */
export function requireWithinThresholds(findings: BatchFindings, rules: readonly Rule[], maxErrorRate: number): void {
  const { batch, received, refused, counts } = findings;
  if (received > 0 && refused / received > maxErrorRate) {
    throw new MillraceError('MR-QUA-001', {
      batch,
      refused,
      received,
      rate: percent(refused / received),
      limit: percent(maxErrorRate),
      rules: mostBroken(rules, counts),
    });
  }
  const limits = new Map(rules.map(({ id, maxRate }) => [id, maxRate]));
  for (const { rule, checked, broken } of counts) {
    const limit = limits.get(rule);
    if (limit === undefined || checked === 0 || broken / checked <= limit) continue;
    throw new MillraceError('MR-QUA-002', {
      batch,
      rule,
      broken,
      checked,
      rate: percent(broken / checked),
      limit: percent(limit),
    });
  }
}
