/** Unit tests run a model over given rows, and say what differs from the expected ones. */
import { expect, test } from 'vitest';
import { statuses, testProject } from './fixture.ts';

const files = (unitTests: string) => ({
  'models/orders.sql': `select 1 as id, 10::decimal(10, 2) as price, date '2024-01-01' as day`,
  'models/rates.sql': `select 1 as id, 1.5 as rate`,
  'models/sources.yml': 'sources: [{name: raw, schema: main, tables: [{name: people}]}]',
  'models/priced.sql': `select o.id, o.price * r.rate as price, '{{ var("currency", "EUR") }}' as currency, '{{ label() }}' as label
from {{ ref('orders') }} as o left join {{ ref('rates') }} as r using (id)`,
  'macros/label.sql': '{% macro label() %}real{% endmacro %}',
  'models/unit.yml': `unit_tests:\n${unitTests}`,
});

test('rows are given as dicts, CSV and SQL, and left out columns are null', async () => {
  const project = await testProject(
    files(`
  - name: priced_well
    model: priced
    given:
      - input: ref('orders')
        rows: [{id: 1, price: 2}, {id: 2, price: 3.5, day: 2024-05-05}, {id: 3}]
      - input: ref('rates')
        format: csv
        rows: |
          id,rate
          1,2
          2,
    expect:
      rows: [{id: 3, price: null}, {id: 2, price: null}, {id: 1, price: 4}]
  - name: priced_in_sql
    model: priced
    given:
      - {input: ref('orders'), format: sql, rows: 'select 1 as id, 5 as price'}
      - {input: ref('rates'), format: sql, rows: 'select 1 as id, 3 as rate'}
    expect: {format: sql, rows: "select 1 as id, 15 as price, 'EUR' as currency, 'real' as label"}`),
  );
  const results = await project.run();
  expect(statuses(results)).toMatchObject({ priced_well: 'pass', priced_in_sql: 'pass', priced: 'success' });
});

test('a unit test that fails shows the rows that differ, and its model is not built', async () => {
  const project = await testProject(
    files(`
  - name: wrong
    model: priced
    given:
      - {input: ref('orders'), rows: [{id: 1, price: 2}, {id: 2, price: 7}]}
      - {input: ref('rates'), rows: [{id: 1, rate: 2}]}
    expect: {rows: [{id: 1, price: 5}, {id: 9, price: 1}]}`),
  );
  const results = await project.run();
  expect(statuses(results)).toMatchObject({ wrong: 'fail', priced: 'skipped', orders: 'success' });
  expect(results.wrong?.message).toBe(
    `actual differs from expected:

@@  id | price
→   1  | 5.000→4.000
--- 9  | 1.000
+++ 2  | NULL
`,
  );
});

test('macros, variables and the table itself are replaced for a unit test', async () => {
  const project = await testProject({
    ...files(`
  - name: overridden
    model: priced
    overrides: {macros: {label: mine}, vars: {currency: USD}}
    given:
      - {input: ref('orders'), rows: [{id: 1}]}
      - {input: ref('rates'), rows: []}
    expect: {rows: [{id: 1, currency: USD, label: mine}]}
  - name: adds_later_days
    model: daily
    overrides: {macros: {is_incremental: true}}
    given:
      - {input: ref('orders'), rows: [{id: 1, day: 2024-01-01}, {id: 2, day: 2024-01-03}]}
      - {input: this, rows: [{id: 5, day: 2024-01-02}]}
    expect: {rows: [{id: 2, day: 2024-01-03}]}`),
    'models/daily.sql': `{{ config(materialized='incremental') }} select id, day from {{ ref('orders') }}
{% if is_incremental() %} where day > (select max(day) from {{ this }}) {% endif %}`,
  });
  await project.run({ select: ['orders', 'rates', 'daily'], command: 'run' });
  expect(statuses(await project.run())).toMatchObject({
    overridden: 'pass',
    adds_later_days: 'pass',
    daily: 'success',
  });
});

test('a column that the input does not have, and an input that is not given, are errors that name them', async () => {
  const project = await testProject(
    files(`
  - name: misspelt
    model: priced
    given:
      - {input: ref('orders'), rows: [{idd: 1}]}
      - {input: ref('rates'), rows: []}
    expect: {rows: []}
  - name: incomplete
    model: priced
    given: [{input: ref('orders'), rows: [{id: 1}]}]
    expect: {rows: []}`),
  );
  const results = await project.run();
  expect(results.misspelt?.message).toContain(`Invalid column name: 'idd' in unit test fixture for 'orders'.`);
  expect(results.incomplete?.message).toContain(`models/priced.sql:2: the unit test gives no rows for ref('rates')`);
});
