/** The rules file: what it changes, what it may not, and what a wrong one is told. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeFolder } from '../../tests/setup/fixtures.ts';
import { MillraceError } from '../kernel/errors.ts';
import { rules as declared, malformedRule, type Rule } from './rules.ts';
import { readRules, resolveRules } from './severity.ts';

const resolve = (text: string) => resolveRules('rules.yml', text);
const byDefault = resolve('');
const find = (rules: readonly Rule[], id: string): Rule | undefined => rules.find((rule) => rule.id === id);

function failure(text: string): MillraceError {
  try {
    resolve(text);
  } catch (thrown) {
    if (thrown instanceof MillraceError) return thrown;
    throw thrown;
  }
  throw new Error('the file was taken');
}

describe('a rules file', () => {
  test.each(['', '\n# nothing but a comment\n', '{}'])('that says nothing changes nothing: %j', (text) => {
    expect(resolve(text)).toEqual({ rules: declared, rulesHash: byDefault.rulesHash });
  });

  test('sets severities and thresholds, and leaves the other rules as they are', () => {
    const { rules } = resolve(`products.price.covers_cost: { severity: error, max_rate: 0.05 }
customers.email.syntax: { severity: off }
customers.registration_date.typed:
  severity: warn
transactions.transaction_date.after_registration: { severity: error }
transactions.transaction_id.required: { severity: error, max_rate: 0 }
customers.email.shared: { max_rate: 1 }
`);
    const before = new Map(declared.map((rule) => [rule.id, JSON.stringify(rule)]));
    expect(
      rules
        .filter((rule) => JSON.stringify(rule) !== before.get(rule.id))
        .map(({ id, severity, maxRate }) => [id, severity, maxRate]),
    ).toEqual([
      ['customers.registration_date.typed', 'warn', undefined],
      ['customers.email.shared', 'warn', 1],
      ['products.price.covers_cost', 'error', 0.05],
      ['transactions.transaction_id.required', 'error', 0],
      ['transactions.transaction_date.after_registration', 'error', undefined],
    ]);
    expect(declared.filter(({ id }) => !find(rules, id)).map(({ id }) => id)).toEqual(['customers.email.syntax']);
  });

  test.each(declared.filter(({ guards }) => guards).map(({ id }) => id))('cannot lower %s', (id) => {
    for (const severity of ['warn', 'off'])
      expect(failure(`${id}: { severity: ${severity} }`)).toMatchObject({ code: 'MR-CFG-005', exitCode: 2 });
  });

  test.each(declared.filter(({ guards }) => !guards).map(({ id, scope }) => [id, scope] as const))(
    'can lower or switch off %s, and raise it unless it looks beyond the row and its parents',
    (id, scope) => {
      expect(find(resolve(`${id}: { severity: warn }`).rules, id)?.severity).toBe('warn');
      expect(find(resolve(`${id}: { severity: off }`).rules, id)).toBeUndefined();
      const raised = `${id}: { severity: error }`;
      if (scope === 'row' || scope === 'parents') expect(find(resolve(raised).rules, id)?.severity).toBe('error');
      else expect(failure(raised).code).toBe('MR-CFG-005');
    },
  );

  test('cannot let malformed records pass', () => {
    expect(failure(`${malformedRule}: { severity: warn }`).code).toBe('MR-CFG-005');
  });

  test('is told the nearest rule where it names none', () => {
    const error = failure('products.price.cover_cost: { severity: off }');
    expect(error).toMatchObject({ code: 'MR-CFG-004', exitCode: 2 });
    expect(error.remedy).toContain('products.price.covers_cost');
  });

  test.each([
    ['products.price.covers_cost: { severity: fatal }', 'products.price.covers_cost: severity'],
    ['products.price.covers_cost: { max_rate: 5 }', 'products.price.covers_cost: max_rate'],
    ['products.price.covers_cost: { severity: warn, rate: 1 }', 'rate'],
    ['products.price.covers_cost: off', 'products.price.covers_cost'],
    ['- products.price.covers_cost', 'record'],
    ['a: {', 'line 1'],
    ['a: {}\na: {}', 'unique'],
  ])('of another shape is refused: %j', (text, problem) => {
    const error = failure(text);
    expect(error.code).toBe('MR-CFG-006');
    expect(error.message).toContain(problem);
  });

  test('is the one that is named, else that of the home, if there is one', () => {
    const home = makeFolder();
    const named = join(home, 'mine.yml');
    expect(readRules(undefined, home).rules).toEqual(declared);
    writeFileSync(join(home, 'rules.yml'), 'customers.email.syntax: { severity: off }');
    expect(readRules(undefined, home).rules.length).toBe(declared.length - 1);
    expect(() => readRules(named, home)).toThrow(expect.objectContaining({ code: 'MR-CFG-006' }));
    writeFileSync(named, '');
    expect(readRules(named, home).rules).toEqual(declared);
  });
});

describe('the hash of the rules', () => {
  test('changes with what decides about rows, and with nothing else', () => {
    const hash = (text: string): string => resolve(text).rulesHash;
    const deciding = [
      'products.price.covers_cost: { severity: error }',
      'products.price.covers_cost: { severity: off }',
      'transactions.transaction_date.after_registration: { severity: error }',
      'transactions.transaction_date.after_registration: { severity: off }',
      'customers.email.shared: { severity: off }',
    ];
    expect(new Set(['', ...deciding].map(hash)).size).toBe(deciding.length + 1);
    expect(hash('products.price.covers_cost: { severity: warn, max_rate: 0.5 }')).toBe(byDefault.rulesHash);
    expect(byDefault.rulesHash).toMatch(/^[0-9a-f]{16}$/);
  });
});
