/** selectors.yml: its forms find what the words of a command line find, and its mistakes name their line. */
import { describe, expect, test } from 'vitest';
import { shopManifest } from './fixture.ts';
import { selectEntries } from './select.ts';
import { readSelectors } from './selectors-file.ts';

const now = new Date('2026-01-01T00:00:00Z');

const text = `selectors:
  - name: word
    definition: 1+totals
  - name: pair
    default: true
    definition: {tag: nightly}
  - name: full
    definition: {method: fqn, value: orders, parents: true, parents_depth: 1, indirect_selection: empty}
  - name: around
    definition: {method: fqn, value: rates, childrens_parents: true}
  - name: both
    definition:
      intersection:
        - {method: selector, value: pair}
        - +totals
        - exclude: [{method: fqn, value: totals}]
  - name: without
    definition: {method: tag, value: nightly, exclude: [totals, {package: other}]}
`;

const selectors = readSelectors(text, 'selectors.yml');

const find = (selector: string | undefined, select: readonly string[] = []) =>
  selectEntries(shopManifest, { ...(selector && { selector }), selectors, select, now }).ids;

const words = (...select: readonly string[]) => selectEntries(shopManifest, { select, now }).ids;

test.each([
  ['word', words('1+totals')],
  ['pair', words('tag:nightly')],
  ['full', ['model.shop.orders', 'model.shop.staging.stg_orders', 'seed.shop.rates']],
  ['around', words('@rates')],
  ['both', words('stg_orders')],
  ['without', words('stg_orders')],
])('%s', (name, expected) => {
  expect(find(name)).toEqual(expected);
});

test('the default stands for a command that selects nothing, and for no other', () => {
  expect(find(undefined)).toEqual(words('tag:nightly'));
  expect(find(undefined, ['orders'])).toEqual(words('orders'));
});

test('a key that nothing reads is told', () => {
  const { warnings } = readSelectors(
    'selectors:\n- name: a\n  definition: {method: tag, value: x,\n    childern: true}\n',
    'selectors.yml',
  );
  expect(warnings).toEqual(["selectors.yml, line 4: the key 'childern' is unknown; did you mean 'children'?"]);
});

describe('mistakes', () => {
  const one = (definition: string) => `selectors:\n  - name: a\n    definition: ${definition}\n`;
  test.each([
    ['nothing: 1', 1, "list 'selectors'"],
    ['selectors: [{definition: a}]', 1, "'name'"],
    ['selectors:\n  - name: a', 2, "no 'definition'"],
    ['selectors:\n  - name: a\n    defintion: b', 3, "did you mean 'definition'?"],
    [one('{tags: x}'), 3, 'Did you mean tag?'],
    [one('tgs:x'), 3, 'Did you mean tag?'],
    [one('{method: tag}\n      value: x'), 4, ''],
    [one('{value: x, method: selector}'), 3, 'no selector above'],
    [one('{union: a}'), 3, 'list of definitions'],
    [one('{union: [], intersection: []}'), 3, 'single'],
    [one('{union: [{exclude: [a]}, {exclude: [b]}]}'), 3, "one 'exclude'"],
    [one('{parents: true, value: a}'), 3, "'method' and 'value'"],
    [one('{method: tag, value: x, indirect_selection: eagre}'), 3, "did you mean 'eager'?"],
    [`${one('a').trimEnd()}\n    default: true\n  - name: b\n    definition: b\n    default: true`, 6, 'cannot both'],
  ])('%j', (mistaken, line, hint) => {
    let thrown: unknown;
    try {
      readSelectors(mistaken, 'selectors.yml');
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'MR-SEL-008', details: { line } });
    expect((thrown as Error).message).toContain(hint);
  });
});
