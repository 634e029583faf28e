/** Questions that build nothing: freshness, compiled SQL and the rows of a query. */
import { expect, test } from 'vitest';
import { checkFreshness, showNode } from './ask.ts';
import { statuses, testProject } from './fixture.ts';
import { freshnessStatus } from './freshness.ts';

const source = (more: string) => ({
  'models/sources.yml': `sources:
  - name: raw
    schema: main
    freshness: {warn_after: {count: 1, period: hour}, error_after: {count: 1, period: day}}
    tables: [{name: orders, loaded_at_field: loaded_at${more}}]`,
});

test.each([
  ['now()::timestamp', '', 'pass'],
  [`now()::timestamp - interval 2 hour`, '', 'warn'],
  [`now()::timestamp - interval 2 day`, '', 'error'],
  [`now()::timestamp - interval 2 day`, ', config: {freshness: {filter: "id > 1"}}', 'error'],
])('a source last loaded at %s is judged by its age', async (loaded, more, status) => {
  const project = await testProject(source(more));
  await project.duckdb.run(`create table orders as select 1 as id, ${loaded} as loaded_at`);
  const [result] = (await checkFreshness(await project.request())).sources;
  expect(result).toMatchObject({ name: 'raw.orders', status });
});

test('a source whose table is not there is a runtime error', async () => {
  const [result] = (await checkFreshness(await (await testProject(source(''))).request())).sources;
  expect(result).toMatchObject({ status: 'runtime error', age: null });
  expect(result?.message).toContain('models/sources.yml: Catalog Error');
});

test('an age is beyond what is allowed from the next moment on', () => {
  const criteria = { warn_after: { count: 2, period: 'minute' }, error_after: { count: null, period: null } };
  expect([120, 121, 1e9].map((age) => freshnessStatus(age, criteria))).toEqual(['pass', 'warn', 'warn']);
});

const models = {
  'models/base.sql': `{{ config(materialized='ephemeral') }} select i as id from range(5) t(i)`,
  'models/m.sql': `select * from {{ ref('base') }} order by id desc`,
};

test('compiling builds nothing and gives the SQL with its CTEs', async () => {
  const project = await testProject(models);
  const results = await project.run({ command: 'compile' });
  expect(statuses(results)).toEqual({ base: 'success', m: 'success' });
  expect(results.m?.compiled_code).toBe(
    'with __dbt__cte__base as (\n select i as id from range(5) t(i)\n)\nselect * from __dbt__cte__base order by id desc',
  );
  expect(await project.rows('select table_name from information_schema.tables')).toEqual([]);
});

test('showing a node gives the first rows of its query', async () => {
  const request = await (await testProject(models)).request();
  const node = request.project.manifest.nodes['model.shop.m'];
  const shown = node && (await showNode(request, node, 2));
  expect(shown?.result.rows).toEqual([{ id: 4 }, { id: 3 }]);
});
