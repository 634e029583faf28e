/** A project is run as dbt runs it: order, skipping, tests, hooks, and errors that name the author's line. */
import { expect, test } from 'vitest';
import { MillraceError } from '../../kernel/errors.ts';
import { statuses, testProject } from './fixture.ts';
import { runProject } from './run.ts';

const numbers = `select * from (values (1, 'a'), (2, 'b'), (3, null)) as t(id, name)`;

test('views, tables and ephemeral models are built in their order', async () => {
  const project = await testProject({
    'models/base.sql': numbers,
    'models/doubled.sql': `{{ config(materialized='ephemeral') }}\nselect id * 2 as id from {{ ref('base') }}`,
    'models/total.sql': `{{ config(materialized='table') }}\n-- of all\nwith one as (select 1) select sum(id) as total from {{ ref('doubled') }}`,
  });
  const results = await project.run();
  expect(statuses(results)).toEqual({ base: 'success', total: 'success' });
  expect(await project.rows('select total from total')).toEqual([[12]]);
  expect(await project.rows(`select table_name, table_type from information_schema.tables order by 1`)).toEqual([
    ['base', 'VIEW'],
    ['total', 'BASE TABLE'],
  ]);
  expect(results.total?.adapter_response).toEqual({ _message: 'OK', rows_affected: 1 });
});

test('a model that was a view becomes a table, also when it reads itself', async () => {
  const project = await testProject({ 'models/m.sql': 'select 1 as a' });
  await project.run();
  project.write({ 'models/m.sql': `{{ config(materialized='table') }} select a + 1 as a from {{ this }}` });
  expect(statuses(await project.run())).toEqual({ m: 'success' });
  expect(statuses(await project.run())).toEqual({ m: 'success' });
  expect(await project.rows('select a from m')).toEqual([[3]]);
});

test('what is below a failed model is skipped, and what is beside it is not', async () => {
  const project = await testProject({
    'models/bad.sql': 'select\n  1 as a,\n  nothing as b\nfrom (select 1 as c)',
    'models/below.sql': `select * from {{ ref('bad') }}`,
    'models/beside.sql': 'select 1 as a',
  });
  const results = await project.run();
  expect(statuses(results)).toEqual({ bad: 'error', below: 'skipped', beside: 'success' });
  expect(results.bad?.message).toContain('models/bad.sql:3: Binder Error');
  expect(results.below?.message).toBe('bad failed or was skipped');
});

test('a test of an ephemeral model is skipped below a failed test of what the model reads', async () => {
  const project = await testProject({
    'models/base.sql': numbers,
    'models/between.sql': `{{ config(materialized='ephemeral') }} select * from {{ ref('base') }}`,
    'models/models.yml': `models:
  - { name: base, columns: [{ name: name, data_tests: [not_null] }] }
  - { name: between, columns: [{ name: id, data_tests: [unique] }] }`,
  });
  expect(statuses(await project.run())).toEqual({
    base: 'success',
    not_null_base_name: 'fail',
    unique_between_id: 'skipped',
  });
});

test('variables may be None by default, and templates that are rendered where they are asked for', async () => {
  const project = await testProject({
    'dbt_project.yml': `name: shop
profile: shop
vars: { folder: "{{ target.schema }}/{{ var('part') }}", part: "{{ 1 + 1 }}" }
models: { shop: { +schema: "{{ var('own_schema', none) }}" } }`,
    'models/m.sql': `select '{{ var('folder') }}' as folder, {{ var('since', none) is none }} as is_none`,
    'models/models.yml': `models: [{ name: m, description: "in {{ var('folder') }}" }]`,
  });
  expect(statuses(await project.run())).toEqual({ m: 'success' });
  expect(await project.rows('select * from m')).toEqual([['main/2', true]]);
  const { project: read } = await project.request();
  expect(read.manifest.nodes['model.shop.m']?.description).toBe('in main/2');
});

test('a variable that reads itself is an error of the model', async () => {
  const project = await testProject({
    'dbt_project.yml': `name: shop\nprofile: shop\nvars: { a: "{{ var('b') }}", b: "{{ var('a') }}" }`,
    'models/m.sql': `select\n  '{{ var('a') }}' as a`,
  });
  const thrown = await project.run().catch((error: unknown) => error);
  expect(String(thrown)).toMatch(/within more than 20 others/);
});

test.each([
  ['{{ target.nope.deeper }}', `'dict object' has no attribute 'nope'`],
  ['{{ model.nope.deeper }}', `'dict object' has no attribute 'nope'`],
  ['{{ nope.deeper }}', `'nope' is undefined`],
  ['{{ adapter.nope() }}', `has no attribute 'nope'`],
  ["{{ 'a' if nope else 'b' }}{{ nope }}{% for one in nope %}{% endfor %}", undefined],
])('%s is an error of the model when it is run, where it is one', async (expression, problem) => {
  const project = await testProject({ 'models/m.sql': `select\n  $$${expression}$$ as a` });
  const { m } = await project.run();
  expect(m?.status).toBe(problem === undefined ? 'success' : 'error');
  if (problem !== undefined) expect(m?.message).toMatch(/^models\/m\.sql:2: /);
  if (problem !== undefined) expect(m?.message).toContain(problem);
});

test('types of columns that a seed does not have are told of', async () => {
  const project = await testProject({
    'dbt_project.yml': `name: shop\nprofile: shop\nseeds: { shop: { +column_types: { cod: varchar, id: integer } } }`,
    'seeds/codes.csv': 'id,code\n1,007\n',
  });
  expect(statuses(await project.run())).toEqual({ codes: 'success' });
  expect(project.logged).toEqual([
    `seeds/codes.csv: column_types has a type for cod, which is no column of the seed, did you mean 'code'?`,
  ]);
});

test('an unknown on_schema_change is told of and taken for ignore', async () => {
  const project = await testProject({
    'models/m.sql': `{{ config(materialized='incremental', on_schema_change='sync') }} select 1 as a`,
  });
  await project.run();
  expect(statuses(await project.run())).toEqual({ m: 'success' });
  expect(project.logged.at(-1)).toBe(
    `models/m.sql: on_schema_change 'sync' is none of sync_all_columns, append_new_columns, fail, ignore; it is taken for ignore`,
  );
});

test('an error in SQL names the line of the template, not of what it became', async () => {
  const project = await testProject({
    'models/m.sql': `{% set columns = ['a', 'b', 'c'] %}
select
  {% for column in columns %}
  1 as {{ column }},
  {% endfor %}
  {{ 'x' }} as missing
from (select 1)`,
  });
  expect((await project.run()).m?.message).toMatch(/^models\/m\.sql:6: Binder Error/);
});

const endless = `{% macro first() %}\n  {{ second() }}\n{% endmacro %}\n{% macro second() %}{{ first() }}{% endmacro %}`;

test('macros that call each other without end are an error of the project when it is parsed', async () => {
  const project = await testProject({ 'macros/endless.sql': endless, 'models/m.sql': 'select\n{{ first() }} as a' });
  const thrown = await project.run().catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(MillraceError);
  expect(String(thrown)).toMatch(/macros\/endless\.sql:[24]\b.* is within more than 500 macro calls/);
  expect(String(thrown)).toMatch(/, in the macro first called at models\/m\.sql:2\.?/);
});

test.each([
  ['each other', endless, 'more than 500 macro calls'],
  [
    'themselves by way of render()',
    `{% macro first() %}\n  {{ render('{{ first() }}') }}\n{% endmacro %}`,
    'more than 100 calls',
  ],
  [
    'themselves by way of try_or_compiler_error()',
    `{% macro first() %}\n{{ try_or_compiler_error('no date', first) }}{% endmacro %}`,
    'no date',
  ],
  [
    'themselves by way of the adapter',
    `{% macro first() %}\n  {{ adapter.get_columns_in_relation(this) }}\n{% endmacro %}\n` +
      `{% macro get_columns_in_relation(relation) %}{{ first() }}{% endmacro %}`,
    'more than 100 calls',
  ],
])('macros that call %s without end fail the node that is run', async (_, macros, problem) => {
  const project = await testProject({
    'macros/endless.sql': macros,
    'models/m.sql': 'select\n{% if execute %}{{ first() }}{% endif %} as a',
  });
  const { m } = await project.run();
  expect(m?.status).toBe('error');
  expect(m?.message).toMatch(/^macros\/endless\.sql:[245]: /);
  expect(m?.message).toContain(problem);
  expect(m?.message).toMatch(/in macro first, called from models\/m\.sql:2$/);
});

test('an error of a macro names the macro and where it was called', async () => {
  const project = await testProject({
    'macros/refuse.sql': `{% macro refuse() %}\n  {{ exceptions.raise_compiler_error('no ' ~ 'way') }}\n{% endmacro %}`,
    'models/m.sql': `select 1\n{% if execute %}{{ refuse() }}{% endif %}`,
  });
  expect((await project.run()).m?.message).toBe(
    'macros/refuse.sql:2: no way\n  in macro refuse, called from models/m.sql:2',
  );
});

test('a variable that is not set is an error of the model that asks for it', async () => {
  const project = await testProject({ 'models/m.sql': "select\n  {{ var('nope') }} as a" });
  expect((await project.run()).m?.message).toBe(
    'models/m.sql:2: the variable nope is not set (MR-TRF-116). Set it under vars in dbt_project.yml or with --vars, or give var() a default.',
  );
});

test('a null in a file leaves the config of its folder, but not its schema', async () => {
  const project = await testProject({
    'dbt_project.yml': `name: shop
profile: shop
models: {+materialized: incremental, +unique_key: id, +schema: other}`,
    'models/m.sql': `{{ config(unique_key=none, schema=none) }} select 1 as id`,
  });
  await project.run();
  await project.run();
  expect(await project.rows('select id from main.m')).toEqual([[1]]);
});

test('with --empty models are built without rows, whatever they read', async () => {
  const project = await testProject({
    'models/base.sql': numbers,
    'models/eph.sql': `{{ config(materialized='ephemeral') }} select id from {{ ref('base') }}`,
    'models/m.sql': `{{ config(materialized='table') }} select count(*) as n from {{ ref('eph') }} join {{ ref('base') }} using (id)`,
  });
  expect(statuses(await project.run({ flags: { EMPTY: true } }))).toEqual({ base: 'success', m: 'success' });
  expect(await project.rows('select n from m')).toEqual([[0]]);
});

test('with --warn-error a warning of a macro is an error', async () => {
  const project = await testProject({ 'models/m.sql': `{{ exceptions.warn('careful') if execute }} select 1 as a` });
  expect(statuses(await project.run())).toEqual({ m: 'success' });
  expect((await project.run({ flags: { WARN_ERROR: true } })).m).toMatchObject({
    status: 'error',
    message: 'models/m.sql:1: careful',
  });
});

test('an error of a test of YAML names the line on which it is declared', async () => {
  const project = await testProject({
    'models/m.sql': 'select 1 as a',
    'models/m.yml': `models:
  - name: m
    columns:
      - name: a
        data_tests: [not_null]
      - name: b
        data_tests:
          - not_null
          - accepted_values: { arguments: { values: [1] } }
          - accepted_values:
              arguments: { values: [2] }`,
    'macros/tests.sql': `{% test refused(model) %}{{ exceptions.raise_compiler_error('no') if execute }}{% endtest %}`,
    'models/other.yml': `models: [{name: o, data_tests: [
  refused]}]`,
    'models/o.sql': 'select 1 as a',
  });
  const results = await project.run();
  const places = ['not_null_m_b', 'accepted_values_m_b__1', 'accepted_values_m_b__2', 'refused_o_'].map(
    (name) => results[name]?.message?.split(': ')[0],
  );
  expect(places).toEqual(['models/m.yml:8', 'models/m.yml:9', 'models/m.yml:10', 'macros/tests.sql:1']);
});

test('a macro of another package is found by its full name alone', async () => {
  const project = await testProject({
    'dbt_packages/coins/dbt_project.yml': 'name: coins\n',
    'dbt_packages/coins/macros/m.sql': '{% macro cents() %}100{% endmacro %}',
    'models/m.sql': 'select {{ coins.cents() }} as a',
  });
  expect(statuses(await project.run())).toEqual({ m: 'success' });
  project.write({ 'models/m.sql': 'select\n{{ cents() }} as a' });
  await expect(project.run()).rejects.toMatchObject({
    message: 'models/m.sql:2: the model m calls the macro cents, which does not exist.',
    remedy: 'Did you mean coins.cents? Correct the name, or add the macro.',
  });
});

const guarded = (config: string) => ({
  'models/base.sql': numbers,
  'models/below.sql': `select * from {{ ref('base') }}`,
  'models/schema.yml': `models:
  - name: base
    columns: [{name: name, data_tests: [{not_null: {name: named, config: ${config}}}]}]`,
});

test.each([
  ['{severity: error}', 'fail', 'skipped', 'Got 1 result, configured to fail if != 0'],
  ['{severity: warn}', 'warn', 'success', 'Got 1 result, configured to warn if != 0'],
  [`{error_if: '> 1'}`, 'warn', 'success', 'Got 1 result, configured to warn if != 0'],
  [`{error_if: '> 1', warn_if: '> 1'}`, 'pass', 'success', null],
  [`{where: 'id < 3'}`, 'pass', 'success', null],
  [`{fail_calc: 'count(*) + 10', limit: 1}`, 'fail', 'skipped', 'Got 11 results, configured to fail if != 0'],
])('a test with %s ends with %s, and the model below with %s', async (config, status, below, message) => {
  const project = await testProject(guarded(config));
  const results = await project.run();
  expect(statuses(results)).toEqual({ base: 'success', named: status, below });
  expect(results.named?.message).toBe(message);
});

test('a test shows the first rows that it found, and how many there are', async () => {
  const project = await testProject({
    'models/m.sql': 'select i as id from range(20) t(i)',
    'tests/large.sql': `select * from {{ ref('m') }} where id >= 10`,
  });
  const { large } = await project.run();
  expect(large).toMatchObject({ status: 'fail', failures: 10 });
  expect(large?.failing_rows).toEqual([{ id: 10 }, { id: 11 }, { id: 12 }, { id: 13 }, { id: 14 }]);
});

test('of tests judged together only the one at fault ends in error', async () => {
  const project = await testProject({
    'models/m.sql': 'select 1 as id',
    'tests/good.sql': `select * from {{ ref('m') }} where id > 1`,
    'tests/bad.sql': `select * from {{ ref('m') }} where nothing > 1`,
  });
  const results = await project.run();
  expect(statuses(results)).toEqual({ m: 'success', good: 'pass', bad: 'error' });
  expect(results.bad?.message).toMatch(/^tests\/bad\.sql:1: Binder Error/);
});

test('failures are stored in a table of their own, with their number from there', async () => {
  const project = await testProject(guarded('{store_failures: true, severity: warn}'));
  const { named } = await project.run();
  expect(named).toMatchObject({ status: 'warn', failures: 1 });
  expect(await project.rows('select id, name from main_dbt_test__audit.named')).toEqual([[3, null]]);
});

test('a custom generic test runs with its arguments rendered', async () => {
  const project = await testProject({
    'models/m.sql': numbers,
    'macros/tests.sql': `{% test at_most(model, column_name, most) %}select * from {{ model }} where {{ column_name }} > {{ most }}{% endtest %}`,
    'models/schema.yml': `models: [{name: m, columns: [{name: id, data_tests: [{at_most: {name: small, arguments: {most: "{{ var('top') }}"}}}]}]}]`,
  });
  expect((await project.run({ vars: { top: 2 } })).small).toMatchObject({ status: 'fail', failures: 1 });
});

test('hooks run around their model and around the run, and see its results', async () => {
  const project = await testProject({
    'dbt_project.yml': `name: shop
profile: shop
on-run-start: create table audit (what varchar)
on-run-end: "insert into audit select '{{ results | map(attribute='node') | map(attribute='name') | join('+') }} in {{ schemas | join }}'"`,
    'models/m.sql': `{{ config(materialized='table', pre_hook="insert into audit values ('before')", post_hook="insert into audit select 'rows ' || count(*) from {{ this }}") }} select 1 as a`,
  });
  await project.run();
  expect(await project.rows('select what from audit')).toEqual([['before'], ['rows 1'], ['m in main']]);
});

test('a model whose hook fails leaves nothing behind', async () => {
  const project = await testProject({
    'models/m.sql': `{{ config(materialized='table', post_hook='insert into nowhere values (1)') }} select 1 as a`,
  });
  const { m } = await project.run();
  expect(m?.status).toBe('error');
  expect(await project.rows('select table_name from information_schema.tables')).toEqual([]);
});

test('a hook that fails at the start ends the run before it begins, where the project wants that', async () => {
  const project = await testProject({
    'dbt_project.yml':
      'name: shop\nprofile: shop\nflags: {skip_nodes_if_on_run_start_fails: true}\non-run-start: select nothing\n',
    'models/m.sql': 'select 1 as a',
  });
  expect(statuses(await project.run())).toEqual({ 'shop-on-run-start-0': 'error', m: 'skipped' });
});

test('a hook that fails is seen by those at the end, and skips those after it alone', async () => {
  const project = await testProject({
    'dbt_project.yml': `name: shop
profile: shop
on-run-start: [create table audit (what varchar), select nothing, select 1]
on-run-end: "insert into audit select '{{ results | map(attribute='status') | join('+') }}'"`,
    'models/m.sql': 'select 1 as a',
  });
  expect(statuses(await project.run())).toEqual({
    'shop-on-run-start-0': 'success',
    'shop-on-run-start-1': 'error',
    'shop-on-run-start-2': 'skipped',
    m: 'success',
    'shop-on-run-end-0': 'success',
  });
  expect(await project.rows('select what from audit')).toEqual([['error+success']]);
});

test('several threads build each node once, after what it reads', async () => {
  const names = Array.from({ length: 12 }, (_, index) => `m${index}`);
  const text = (index: number): string =>
    index < 3 ? 'select 1 as n' : `select sum(n) + 1 as n from {{ ref('m${index - 3}') }}`;
  const project = await testProject(
    Object.fromEntries(
      names.map((name, index) => [`models/${name}.sql`, `{{ config(materialized='table') }} ${text(index)}`]),
    ),
  );
  const results = await project.run({ threads: 3 });
  expect(new Set(Object.values(statuses(results)))).toEqual(new Set(['success']));
  expect(await project.rows('select n from m11')).toEqual([[4]]);
});

test('fail fast skips what is left after the first failure', async () => {
  const project = await testProject({ 'models/a.sql': 'select nothing', 'models/b.sql': 'select 1 as a' });
  expect(statuses(await project.run({ failFast: true }))).toEqual({ a: 'error', b: 'skipped' });
});

test('a run that is cancelled interrupts what runs and skips the rest', async () => {
  const project = await testProject({
    'models/long.sql': `{{ config(materialized='table') }} select count(*) as n from range(1000000000) a, range(1000) b where a.range % 7 = b.range`,
    'models/next.sql': `select * from {{ ref('long') }}`,
    'models/quick.sql': 'select 1 as a',
  });
  const abort = new AbortController();
  const running = project.run({
    signal: abort.signal,
    select: ['long', 'next', 'quick'],
    threads: 2,
    onResult: ({ name }) => name === 'quick' && abort.abort(),
  });
  expect(statuses(await running)).toEqual({ quick: 'success', long: 'skipped', next: 'skipped' });
  expect(await project.rows('select 1')).toEqual([[1]]);
});

test('a project overrides macros of the engine, by name and by dispatch', async () => {
  const project = await testProject({
    'macros/own.sql': `{% macro default__test_not_null(model, column_name) %}select 1 as mine{% endmacro %}
{% macro generate_schema_name(custom_schema_name, node) %}{{ custom_schema_name or 'plain' }}{% endmacro %}`,
    'models/m.sql': `{{ config(schema='chosen') }} select 1 as id`,
    'models/schema.yml': 'models: [{name: m, columns: [{name: id, data_tests: [{not_null: {name: mine}}]}]}]',
  });
  expect(statuses(await project.run())).toEqual({ m: 'success', mine: 'fail' });
  expect(await project.rows('select id from chosen.m')).toEqual([[1]]);
});

test('a materialization of the project builds its models', async () => {
  const project = await testProject({
    'macros/twice.sql': `{% materialization twice, default %}
{% call statement('main') %}create table {{ this }} as select * from ({{ sql }}) union all select * from ({{ sql }}){% endcall %}
{{ return({'relations': [this.incorporate(type='table')]}) }}{% endmaterialization %}`,
    'models/m.sql': `{{ config(materialized='twice') }} select 1 as a`,
  });
  expect(statuses(await project.run())).toEqual({ m: 'success' });
  expect(await project.rows('select a from m')).toEqual([[1], [1]]);
});

test('templates query the database while they are compiled', async () => {
  const project = await testProject({
    'models/base.sql': numbers,
    'models/wide.sql': `-- depends_on: {{ ref('base') }}
{% set found = run_query("select id, 1.50 as price, date '2024-02-29' as day from " ~ ref('base') ~ " order by id") %}
select {% for row in found %}'{{ row.id }} {{ row['price'] }} {{ row[2] }}' as c{{ loop.index }}{{ ',' if not loop.last }}{% endfor %}
{% if not execute %}, 0{% endif %}`,
  });
  await project.run();
  expect(await project.rows('select * from wide')).toEqual([
    ['1 1.50 2024-02-29', '2 1.50 2024-02-29', '3 1.50 2024-02-29'],
  ]);
});

test('what this run does not build is taken from another manifest, unless the database has it', async () => {
  const project = await testProject({
    'models/base.sql': 'select 1 as id',
    'models/m.sql': `select * from {{ ref('base') }}`,
  });
  await project.duckdb.run('create schema prod; create table prod.base as select 7 as id');
  const request = await project.request({ select: ['m'] });
  const { manifest } = request.project;
  const base = manifest.nodes['model.shop.base'];
  if (!base) throw new Error('the model is not in the manifest');
  const other = { ...manifest, nodes: { [base.unique_id]: { ...base, schema: 'prod' } } };
  const defer = { manifest: other, favorState: false };
  expect((await runProject({ ...request, defer })).success).toBe(true);
  expect(await project.rows('select id from m')).toEqual([[7]]);
  await project.duckdb.run('create table base as select 8 as id');
  await runProject({ ...request, defer });
  expect(await project.rows('select id from m')).toEqual([[8]]);
  await runProject({ ...request, defer: { ...defer, favorState: true } });
  expect(await project.rows('select id from m')).toEqual([[7]]);
});

test('the order of a test and of what reads its model is kept with one thread and with several', async () => {
  const project = await testProject({ ...guarded('{severity: error}'), 'models/beside.sql': 'select 1 as a' });
  for (const threads of [1, 4]) {
    const ended: string[] = [];
    await project.run({ threads, onResult: ({ name }) => ended.push(name) });
    expect(ended.indexOf('named')).toBeGreaterThan(ended.indexOf('base'));
    expect(ended.indexOf('below')).toBeGreaterThan(ended.indexOf('named'));
  }
});

test('packages have macros and variables of their own, which the project overrides', async () => {
  const project = await testProject({
    'packages.yml': 'packages: [{local: tools}]',
    'dbt_project.yml':
      'name: shop\nprofile: shop\nvars: {tools: {unit: km}}\ndispatch: [{macro_namespace: tools, search_order: [shop, tools]}]',
    'tools/dbt_project.yml': 'name: tools\nvars: {unit: m}\n',
    'tools/macros/tools.sql': `{% macro far() %}{{ return(adapter.dispatch('far', 'tools')()) }}{% endmacro %}
{% macro default__far() %}{{ return(tools.near() ~ ' far') }}{% endmacro %}
{% macro near() %}{{ return('near') }}{% endmacro %}`,
    'tools/models/inner.sql': `select '{{ var("unit") }}' as unit, '{{ near() }}' as place`,
    'macros/own.sql': `{% macro shop__far() %}x{% endmacro %}{% macro duckdb__far() %}{{ return('very ' ~ tools.near()) }}{% endmacro %}`,
    'models/m.sql': `select '{{ tools.far() }}' as place, unit from {{ ref('tools', 'inner') }}`,
  });
  expect(statuses(await project.run())).toEqual({ inner: 'success', m: 'success' });
  expect(await project.rows('select * from m')).toEqual([['very near', 'km']]);
});

test('every thread has the settings of the connection that it was given', async () => {
  const names = ['a', 'b', 'c'];
  const sql = `{{ config(materialized='table') }} select current_setting('TimeZone') as zone, count(*) as n from range(200000)`;
  const project = await testProject(Object.fromEntries(names.map((name) => [`models/${name}.sql`, sql])));
  await project.duckdb.run(`set TimeZone = 'Asia/Tokyo'`);
  const results = await project.run({ threads: 3 });
  expect(new Set(names.map((name) => results[name]?.thread_id)).size).toBe(3);
  for (const name of names) expect(await project.rows(`select zone from ${name}`)).toEqual([['Asia/Tokyo']]);
});

test('each command runs what is its own', async () => {
  const project = await testProject({
    ...guarded('{severity: warn}'),
    'seeds/s.csv': 'a\n1\n',
    'snapshots/kept.sql': `{% snapshot kept %}{{ config(unique_key='id', strategy='check', check_cols='all') }}select * from {{ ref('base') }}{% endsnapshot %}`,
  });
  const ran = async (command: 'seed' | 'run' | 'snapshot' | 'test') =>
    Object.keys(await project.run({ command })).sort();
  expect([await ran('seed'), await ran('run'), await ran('snapshot'), await ran('test')]).toEqual([
    ['s'],
    ['base', 'below'],
    ['kept'],
    ['named'],
  ]);
});

test('results tell what was run, where, and for how long', async () => {
  const project = await testProject({ 'models/m.sql': `{{ config(materialized='table') }} select 1 as a` });
  const { m } = await project.run();
  expect(m).toMatchObject({
    unique_id: 'model.shop.m',
    resource_type: 'model',
    materialized: 'table',
    path: 'models/m.sql',
    message: 'OK',
    thread_id: 'Thread-1 (worker)',
    compiled: true,
    compiled_code: ' select 1 as a',
    relation_name: '"memory"."main"."m"',
  });
  expect(m?.timing.map(({ name }) => name)).toEqual(['compile', 'execute']);
  expect(m?.execution_time).toBeGreaterThan(0);
});

test('a printed result reaches whoever watches', async () => {
  const project = await testProject({
    'models/m.sql': `{% do run_query("select 1 as id, 'a' as name").print_table() if execute %} select 1 as a`,
  });
  await project.run();
  expect(project.logged).toEqual(['| id | name |\n| 1  | a    |']);
});

test('grants are left out with a note, once', async () => {
  const project = await testProject({
    'models/a.sql': `{{ config(grants={'select': ['reader']}) }} select 1 as a`,
    'models/b.sql': `{{ config(grants={'select': ['reader']}) }} select 1 as a`,
  });
  expect(statuses(await project.run())).toEqual({ a: 'success', b: 'success' });
  expect(project.logged).toEqual(['DuckDB has no grants: those of the configs are left out']);
});
