/** The rows that generic tests find. */
import { describe, expect, test } from 'vitest';
import { memoryDatabase, projectOf } from './fixture.ts';
import { buildProject } from './run.ts';
import { pythonText, testName } from './test-sql.ts';

/** What a test declared on column x of a model with these values finds. */
async function findings(values: string, declared: string) {
  const project = projectOf({
    'models/m.sql': `select * from (values ${values}) as t (x)`,
    'models/parent.sql': 'select * from (values (1), (2), (null)) as t (id)',
    'models/m.yml': `models: [{name: m, columns: [{name: x, data_tests: [${declared}]}]}]`,
  });
  const { nodes } = await buildProject(project, await memoryDatabase());
  const result = nodes.find(({ kind }) => kind === 'test');
  return { status: result?.status, failures: result?.failures, rows: result?.failingRows };
}

const passed = { status: 'pass', failures: 0, rows: undefined };
const to = (where = '') => `{relationships: {arguments: {to: ref('parent'), field: id}, config: {${where}}}}`;

describe('a generic test', () => {
  test.each([
    ['unique', '(1), (2), (null), (null)', 'unique', passed],
    [
      'unique',
      '(1), (1), (1), (2)',
      'unique',
      { status: 'fail', failures: 1, rows: [{ unique_field: 1, n_records: 3 }] },
    ],
    ['not_null', '(1)', 'not_null', passed],
    ['not_null', '(1), (null), (null)', 'not_null', { status: 'fail', failures: 2, rows: [{ x: null }, { x: null }] }],
    ['accepted_values', `('a'), (null)`, '{accepted_values: {values: [a, b]}}', passed],
    [
      'accepted_values',
      `('a'), ('c'), ('c')`,
      `{accepted_values: {values: [a, "it's"]}}`,
      { status: 'fail', failures: 1, rows: [{ value_field: 'c', n_records: 2 }] },
    ],
    [
      'accepted_values of numbers',
      '(1), (3)',
      '{accepted_values: {arguments: {values: [1, 2], quote: false}}}',
      { status: 'fail', failures: 1, rows: [{ value_field: 3, n_records: 1 }] },
    ],
    ['accepted_values of booleans', '(true), (false)', '{accepted_values: {values: [true, false]}}', passed],
    ['relationships', '(1), (2), (null)', to(), passed],
    ['relationships', '(1), (7), (7)', to(), { status: 'fail', failures: 2, rows: [{ x: 7 }, { x: 7 }] }],
    ['where', '(1), (7)', to('where: x < 5'), passed],
    ['where', '(1), (7)', to('where: x > 5'), { status: 'fail', failures: 1, rows: [{ x: 7 }] }],
  ])('%s over %s', async (_what, values, declared, found) => {
    expect(await findings(values, declared)).toEqual(found);
  });
});

describe('testName', () => {
  test('takes the arguments in the order of their names, lists item by item', () => {
    expect(testName('accepted_values', 'orders', { values: ['A b', 2, null], column_name: 'kind' })).toBe(
      'accepted_values_orders_kind__A_b__2__None',
    );
  });
});

test.each([
  [true, 'True'],
  [false, 'False'],
  [null, 'None'],
  [1.5, '1.5'],
  ['x', 'x'],
])('pythonText(%j) is %s', (value, text) => {
  expect(pythonText(value)).toBe(text);
});
