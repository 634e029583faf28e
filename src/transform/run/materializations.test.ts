/** Incremental models, seeds, snapshots and contracts leave in the database what dbt leaves there. */
import { expect, test } from 'vitest';
import { statuses, testProject } from './fixture.ts';

const before = `select * from (values (1, 'a', 10), (2, 'b', 20)) as t(id, name, v)`;
const after = `select * from (values (2, 'B', 21), (3, 'c', 30)) as t(id, name, v)`;

/** Runs an incremental model over one select and then over another. */
async function twice(config: string, first: string, second: string, body = `select * from {{ ref('source') }}`) {
  const project = await testProject({
    'models/source.sql': first,
    'models/m.sql': `{{ config(materialized='incremental', ${config}) }}\n${body}`,
  });
  await project.run();
  project.write({ 'models/source.sql': second });
  const results = await project.run();
  return { project, result: results.m, rows: await project.rows('select * from m order by all') };
}

test.each([
  [
    `unique_key='id'`,
    [
      [1, 'a', 10],
      [2, 'B', 21],
      [3, 'c', 30],
    ],
  ],
  [
    `unique_key=['id', 'name']`,
    [
      [1, 'a', 10],
      [2, 'B', 21],
      [2, 'b', 20],
      [3, 'c', 30],
    ],
  ],
  [
    `incremental_strategy='append'`,
    [
      [1, 'a', 10],
      [2, 'B', 21],
      [2, 'b', 20],
      [3, 'c', 30],
    ],
  ],
  [
    `unique_key='id', incremental_strategy='merge'`,
    [
      [1, 'a', 10],
      [2, 'B', 21],
      [3, 'c', 30],
    ],
  ],
  [
    `unique_key='id', incremental_strategy='merge', merge_update_columns=['v']`,
    [
      [1, 'a', 10],
      [2, 'b', 21],
      [3, 'c', 30],
    ],
  ],
  [
    `unique_key='id', incremental_strategy='merge', merge_exclude_columns=['v']`,
    [
      [1, 'a', 10],
      [2, 'B', 20],
      [3, 'c', 30],
    ],
  ],
  [
    `unique_key='id', incremental_predicates=['v > 100']`,
    [
      [1, 'a', 10],
      [2, 'B', 21],
      [2, 'b', 20],
      [3, 'c', 30],
    ],
  ],
])('an incremental model with %s', async (config, expected) => {
  expect((await twice(config, before, after)).rows).toEqual(expected);
});

test('is_incremental() holds from the second run on, and not with a full refresh', async () => {
  const body = `select id, {{ is_incremental() }} as again from {{ ref('source') }}`;
  const { project, rows } = await twice(`unique_key='id'`, before, after, body);
  expect(rows).toEqual([
    [1, false],
    [2, true],
    [3, true],
  ]);
  await project.run({ flags: { FULL_REFRESH: true } });
  expect(await project.rows('select * from m order by id')).toEqual([
    [2, false],
    [3, false],
  ]);
});

const wider = `select 2 as id, 'x' as name, 2.5::double as v, true as extra`;

test.each([
  ['ignore', ['id INTEGER', 'name VARCHAR', 'v INTEGER'], 'success'],
  ['append_new_columns', ['id INTEGER', 'name VARCHAR', 'v INTEGER', 'extra BOOLEAN'], 'success'],
  ['sync_all_columns', ['id INTEGER', 'name VARCHAR', 'v DOUBLE', 'extra BOOLEAN'], 'success'],
  ['fail', ['id INTEGER', 'name VARCHAR', 'v INTEGER'], 'error'],
])('on_schema_change %s', async (change, columns, status) => {
  const { project, result } = await twice(`unique_key='id', on_schema_change='${change}'`, before, wider);
  expect(result?.status).toBe(status);
  const found = await project.rows(
    `select column_name || ' ' || data_type from information_schema.columns where table_name = 'm' order by ordinal_position`,
  );
  expect(found.flat()).toEqual(columns);
});

test('an incremental run that fails leaves the table as it was', async () => {
  const { project, result } = await twice(
    `unique_key='id', post_hook='{{ "insert into nowhere values (1)" if is_incremental() }}'`,
    before,
    after,
  );
  expect(result?.status).toBe('error');
  expect(await project.rows('select id, name from m order by id')).toEqual([
    [1, 'a'],
    [2, 'b'],
  ]);
});

test('a microbatch model is built by days, and later runs replace the last of them', async () => {
  const event = (id: number, at: string): string => `select ${id} as id, timestamp '${at}' as ts`;
  const first = `{{ config(event_time='ts') }} ${[event(1, '2024-06-13 08:00'), event(2, '2024-06-14 08:00'), event(3, '2024-06-01 08:00')].join(' union all ')}`;
  const second = `{{ config(event_time='ts') }} ${[event(4, '2024-06-13 09:00'), event(5, '2024-06-15 08:00')].join(' union all ')}`;
  const { result, rows } = await twice(
    `incremental_strategy='microbatch', event_time='ts', batch_size='day', begin='2024-06-12', lookback=1`,
    first,
    second,
    `select id, ts, '{{ model.batch.id }}' as batch from {{ ref('source') }}`,
  );
  expect(rows.map(([id, , batch]) => [id, batch])).toEqual([
    [1, '20240613'],
    [5, '20240615'],
  ]);
  expect(result?.batch_results?.successful.map(([start]) => start.slice(0, 10))).toEqual(['2024-06-14', '2024-06-15']);
});

test('a microbatch model of which batches fail is a partial success', async () => {
  const project = await testProject({
    'models/m.sql': `{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='ts', batch_size='day', begin='2024-06-13') }}
select timestamp '2024-06-13' as ts {% if model.batch.id == '20240614' %}, nothing{% endif %}`,
    'models/below.sql': `select * from {{ ref('m') }}`,
  });
  const { m, below } = await project.run();
  expect(m?.status).toBe('partial success');
  expect(m?.message).toContain('PARTIAL SUCCESS (2/3): models/m.sql:2: Binder Error');
  expect(below?.status).toBe('skipped');
});

test('only the batches that failed are run again, up to where the first run reached', async () => {
  const model = (failing: string): string =>
    `{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='ts', batch_size='day', begin='2024-06-11') }}
select '{{ model.batch.id }}' as batch, timestamp '{{ model.batch.event_time_start.strftime("%Y-%m-%d") }}' as ts, ${failing}`;
  const project = await testProject({
    'models/m.sql': model(`1 as run {% if model.batch.id == '20240613' %}, nothing{% endif %}`),
  });
  const { m: first } = await project.run();
  project.write({ 'models/m.sql': model('2 as run') });
  const batches = new Map(first?.batch_results ? [[first.unique_id, first.batch_results]] : []);
  const { m: second } = await project.run({ again: { batches, startedAt: new Date('2024-06-15T12:00:00Z') } });
  expect(second?.status).toBe('success');
  expect(second?.batch_results?.successful).toHaveLength(5);
  expect(await project.rows('select batch, run from m order by batch')).toEqual([
    ['20240611', 1],
    ['20240612', 1],
    ['20240613', 2],
    ['20240614', 1],
    ['20240615', 1],
  ]);
});

test.each([
  ['true', 3],
  ['none', 3],
  ['false', 1],
])('with concurrent_batches=%s batches begin on %i connections at once', async (concurrent, threads) => {
  const project = await testProject({
    'models/m.sql': `{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='ts', batch_size='day', begin='2024-06-05', concurrent_batches=${concurrent}) }}
select current_connection_id() as connection, timestamp '{{ model.batch.event_time_start.strftime("%Y-%m-%d") }}' as ts`,
  });
  const { m } = await project.run({ threads: 3 });
  expect(m?.status).toBe('success');
  expect(m?.batch_results?.successful).toHaveLength(11);
  expect(await project.rows('select count(*), count(distinct connection) from m')).toEqual([[11, threads]]);
});

test('the columns of seeds get the types of their values, or those that are set', async () => {
  const project = await testProject({
    'seeds/s.csv':
      'a,b,c,d,e,f,g,h,i\n1,1.5,2024-01-01,2024-01-01 10:00:00,true,x,,007,3000000000\n2,2.0,2024-02-29,2024-01-02 00:00:00,FALSE,"y ""q"", z",,8,1\n',
    'seeds/seeds.yml': 'seeds: [{name: s, config: {column_types: {h: varchar}}}]',
  });
  const { s } = await project.run();
  expect(s).toMatchObject({ status: 'success', message: 'INSERT 2' });
  const types = await project.rows(
    `select data_type from information_schema.columns where table_name = 's' order by ordinal_position`,
  );
  expect(types.flat()).toEqual([
    'INTEGER',
    'DOUBLE',
    'DATE',
    'TIMESTAMP',
    'BOOLEAN',
    'VARCHAR',
    'INTEGER',
    'VARCHAR',
    'BIGINT',
  ]);
  expect(await project.rows('select a, f, g, h from s order by a')).toEqual([
    [1, 'x', null, '007'],
    [2, 'y "q", z', null, '8'],
  ]);
});

test('a seed is loaded again in place, and anew with a full refresh', async () => {
  const project = await testProject({
    'seeds/s.csv': 'A b;c\n1;x\n',
    'seeds/seeds.yml': `seeds: [{name: s, config: {delimiter: ';'}}]`,
  });
  await project.run();
  project.write({ 'seeds/s.csv': 'A b;c\n2;y\n3;z\n' });
  await project.run();
  expect(await project.rows('select "A b", c from s')).toEqual([
    [2, 'y'],
    [3, 'z'],
  ]);
  project.write({ 'seeds/s.csv': 'd\n4\n' });
  await project.run({ flags: { FULL_REFRESH: true } });
  expect(await project.rows('select * from s')).toEqual([[4]]);
});

const state = (rows: string): string => `select * from (values ${rows}) as t(id, name, seen)`;
const first = state(
  `(1, 'a', timestamp '2024-01-01'), (2, 'b', timestamp '2024-01-01'), (3, 'c', timestamp '2024-01-01')`,
);
const second = state(`(1, 'a', timestamp '2024-01-01'), (2, 'B', timestamp '2024-02-01')`);

async function snapshots(config: string) {
  const project = await testProject({
    'models/source.sql': first,
    'snapshots/snap.sql': `{% snapshot snap %}{{ config(unique_key='id', ${config}) }}select * from {{ ref('source') }}{% endsnapshot %}`,
  });
  await project.run();
  project.write({ 'models/source.sql': second });
  expect(statuses(await project.run()).snap).toBe('success');
  return project;
}

const timestamped = `strategy='timestamp', updated_at='seen'`;

test('a snapshot closes the former state of a row and keeps what is gone', async () => {
  const project = await snapshots(timestamped);
  expect(
    await project.rows(
      `select id, name, dbt_valid_from::date::varchar, dbt_valid_to::date::varchar from snap order by all`,
    ),
  ).toEqual([
    [1, 'a', '2024-01-01', null],
    [2, 'B', '2024-02-01', null],
    [2, 'b', '2024-01-01', '2024-02-01'],
    [3, 'c', '2024-01-01', null],
  ]);
});

test('a snapshot by columns sees what changed in them alone', async () => {
  const project = await snapshots(`strategy='check', check_cols=['name']`);
  expect(await project.rows('select id, name, dbt_valid_to is null from snap order by all')).toEqual([
    [1, 'a', true],
    [2, 'B', true],
    [2, 'b', false],
    [3, 'c', true],
  ]);
});

test('hard deletes are closed, or get a record of their own', async () => {
  const invalidated = await snapshots(
    `${timestamped}, hard_deletes='invalidate', dbt_valid_to_current="timestamp '9999-12-31'"`,
  );
  expect(await invalidated.rows(`select id, year(dbt_valid_to) = 9999 from snap order by all`)).toEqual([
    [1, true],
    [2, false],
    [2, true],
    [3, false],
  ]);
  const recorded = await snapshots(`${timestamped}, hard_deletes='new_record'`);
  expect(
    await recorded.rows('select id, dbt_is_deleted, dbt_valid_to is null from snap where id = 3 order by all'),
  ).toEqual([
    [3, 'False', false],
    [3, 'True', true],
  ]);
});

const contract = (columns: string, sql: string) => ({
  'models/m.sql': sql,
  'models/schema.yml': `models:
  - name: m
    description: it's described
    config: {materialized: table, contract: {enforced: true}, persist_docs: {relation: true, columns: true}}
    columns: ${columns}`,
});

test('a contract makes the table with its constraints, and its comments', async () => {
  const project = await testProject(
    contract(
      `[{name: id, data_type: integer, description: the key, constraints: [{type: not_null}, {type: primary_key}]}, {name: name, data_type: varchar}]`,
      `select 'x' as name, 1 as id`,
    ),
  );
  expect(statuses(await project.run())).toEqual({ m: 'success' });
  expect(
    await project.rows(`select constraint_type from duckdb_constraints() where table_name = 'm' order by 1`),
  ).toEqual([['NOT NULL'], ['PRIMARY KEY']]);
  expect(await project.rows(`select comment from duckdb_tables() where table_name = 'm'`)).toEqual([
    [`it's described`],
  ]);
  expect(
    await project.rows(`select column_name, comment from duckdb_columns() where table_name = 'm' order by 1`),
  ).toEqual([
    ['id', 'the key'],
    ['name', ''],
  ]);
});

test('a contract that the query does not keep is an error that says how', async () => {
  const project = await testProject(
    contract(`[{name: id, data_type: varchar}, {name: gone, data_type: integer}]`, 'select 1 as id, 2 as more'),
  );
  const { m } = await project.run();
  expect(m?.status).toBe('error');
  expect(m?.message).toContain('id: the query gives INTEGER, the contract wants VARCHAR (data type mismatch)');
  expect(m?.message).toContain('more: the query gives INTEGER, the contract wants nothing (missing in contract)');
});

test('a contract that the rows do not keep leaves the table as it was', async () => {
  const columns = '[{name: id, data_type: integer, constraints: [{type: not_null}]}]';
  const project = await testProject(contract(columns, 'select 1 as id'));
  await project.run();
  project.write(contract(columns, 'select null::integer as id'));
  expect((await project.run()).m?.message).toContain('models/m.sql: Constraint Error: NOT NULL constraint failed');
  expect(await project.rows('select id from m')).toEqual([[1]]);
});
