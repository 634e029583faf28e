/** YAML as dbt reads it. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { readYaml } from './yaml.ts';

const read = (text: string): unknown => readYaml({ path: 'a.yml', text }, z.unknown()).value;

test.each([
  ['yes', true],
  ['Off', false],
  ['TRUE', true],
  ['y', 'y'],
  ['n', 'n'],
  ['"yes"', 'yes'],
  ['2026-01-31', '2026-01-31'],
  ['2026-01-31 10:00:00', '2026-01-31 10:00:00'],
  ['1.50', 1.5],
  ['~', null],
  ['a b', 'a b'],
])('%s is %j', (text, value) => {
  expect(read(`key: ${text}\n`)).toEqual({ key: value });
  expect(read(`- [${text}]\n`)).toEqual([[value]]);
});

test('an empty file has no keys', () => {
  expect(read('')).toEqual({});
  expect(read('# nothing yet\n')).toEqual({});
});

test('anchors are followed', () => {
  expect(read('a: &x {b: 1}\nc:\n  <<: *x\n  d: 2\n')).toEqual({ a: { b: 1 }, c: { b: 1, d: 2 } });
});
