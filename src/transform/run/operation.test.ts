/** A macro that is run by itself keeps what it committed, and nothing else. */
import { expect, test } from 'vitest';
import { testProject } from './fixture.ts';
import { runOperation } from './operation.ts';

const macros = `{% macro committed(a, b=2) %}
  {% call statement('x') %}create table kept (n int){% endcall %}
  {% call statement('x') %}insert into kept values ({{ a }}), ({{ b }}){% endcall %}
  {% do adapter.commit() %}
{% endmacro %}
{% macro begun() %}{% call statement('x') %}create table lost (n int){% endcall %}{% endmacro %}
{% macro queried() %}{% do run_query('create table asked as select * from ' ~ ref('m')) %}{{ log(target.schema, info=true) }}{% endmacro %}
{% macro fails() %}
  {% do run_query('select nothing') %}
{% endmacro %}
{% macro reads_ephemeral() %}{{ ref('e') }}{% endmacro %}`;

const files = {
  'macros/operations.sql': macros,
  'models/m.sql': 'select 1 as a',
  'models/e.sql': `{{ config(materialized='ephemeral') }} select 1 as a`,
};

test('statements are kept when they are committed, queries at once', async () => {
  const project = await testProject(files);
  await project.run();
  const request = await project.request();
  expect(await runOperation(request, { macro: 'committed', args: { a: 5 } })).toMatchObject({
    unique_id: 'macro.shop.committed',
    status: 'success',
    failures: 0,
  });
  await runOperation(request, { macro: 'begun', args: {} });
  await runOperation(request, { macro: 'shop.queried', args: {} });
  const tables = `select table_name from information_schema.tables where table_type = 'BASE TABLE' order by 1`;
  expect((await project.rows(tables)).flat()).toEqual(['asked', 'kept']);
  expect(await project.rows('select n from kept')).toEqual([[5], [2]]);
  expect(project.logged).toEqual(['main']);
});

test.each([
  ['fails', {}, 'macros/operations.sql:9: Binder Error'],
  ['committed', { c: 1 }, "'c'"],
  ['reads_ephemeral', {}, 'an operation cannot read the ephemeral model e'],
])('%s with %j is an error', async (macro, args, message) => {
  const project = await testProject(files);
  const result = await runOperation(await project.request(), { macro, args });
  expect(result).toMatchObject({ status: 'error', failures: 1 });
  expect(result.message).toContain(message);
});

test.each([
  ['comitted', 'There is no macro comitted in the project or its packages.', 'Did you mean committed?'],
  ['dbt.committed', 'There is no macro committed in the package dbt.', ''],
])('%s, which there is not, is refused', async (macro, message, remedy) => {
  const project = await testProject(files);
  const refused = runOperation(await project.request(), { macro, args: {} });
  await expect(refused).rejects.toMatchObject({ code: 'MR-TRF-207', message });
  await expect(refused).rejects.toHaveProperty('remedy', expect.stringContaining(remedy));
});
