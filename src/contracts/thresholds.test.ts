/** When a batch is stopped, and what is told of it. */
import { expect, test } from 'vitest';
import { malformedRule } from './rules.ts';
import { resolveRules } from './severity.ts';
import { requireWithinThresholds } from './thresholds.ts';

const { rules } = resolveRules('rules.yml', 'products.price.covers_cost: { max_rate: 0.1 }');

const findings = {
  batch: 'batch_1',
  received: 1000,
  refused: 200,
  counts: [
    { rule: 'products.price.required', checked: 100, broken: 3 },
    { rule: 'customers.email.syntax', checked: 500, broken: 400 },
    { rule: 'products.price.positive', checked: 100, broken: 90 },
    { rule: 'products.price.typed', checked: 100, broken: 0 },
    { rule: 'transactions.transaction_date.in_range', checked: 400, broken: 90 },
    { rule: 'products.price.covers_cost', checked: 100, broken: 10 },
    { rule: malformedRule, checked: 1000, broken: 7 },
  ],
};

test('a batch within its limits passes, and so does an empty one', () => {
  requireWithinThresholds(findings, rules, 0.2);
  requireWithinThresholds({ batch: 'batch_0', received: 0, refused: 0, counts: [] }, rules, 0);
});

test('a batch with too many refused rows is stopped with the rules that most rows broke', () => {
  expect(() => requireWithinThresholds({ ...findings, refused: 201 }, rules, 0.2)).toThrow(
    expect.objectContaining({
      code: 'MR-QUA-001',
      exitCode: 1,
      message:
        'Batch batch_1 is stopped: 201 of its 1000 rows break rules (20.1 %, at most 20 % may). Most often: products.price.positive (90), transactions.transaction_date.in_range (90), file.record.malformed (7).',
    }),
  );
});

test('a batch of which too many rows break one rule is stopped', () => {
  const counts = [{ rule: 'products.price.covers_cost', checked: 100, broken: 11 }];
  expect(() => requireWithinThresholds({ ...findings, counts }, rules, 0.2)).toThrow(
    expect.objectContaining({
      code: 'MR-QUA-002',
      message:
        'Batch batch_1 is stopped: 11 of 100 rows break the rule products.price.covers_cost (11 %, at most 10 % may).',
    }),
  );
});
