/** Builds: their order, what a failure stops, and what is told of it. */
import { describe, expect, test } from 'vitest';
import { type Files, memoryDatabase, projectOf } from './fixture.ts';
import { type BuildResult, buildProject, type NodeResult } from './run.ts';

async function build(files: Files): Promise<BuildResult> {
  return buildProject(projectOf(files), await memoryDatabase());
}

const outcomes = ({ nodes }: BuildResult): readonly string[] => nodes.map(({ name, status }) => `${name} ${status}`);
const resultOf = ({ nodes }: BuildResult, name: string): NodeResult | undefined =>
  nodes.find((node) => node.name === name);

const properties = (model: string, column: string, ...tests: string[]): string => `models:
  - name: ${model}
    columns:
      - name: ${column}
        data_tests: [${tests.join(', ')}]
`;

/** seed -> a -> b -> c, and d beside them; a has three rows, of which one has no id. */
const shop: Files = {
  'dbt_project.yml': 'name: shop\nmodels:\n  +materialized: table\n',
  'seeds/seed.csv': 'id,kind\n1,x\n2,y\n,z\n',
  'models/a.sql': `select * from {{ ref('seed') }}`,
  'models/b.sql': `{{ config(materialized='view') }}select * from {{ ref('a') }}`,
  'models/c.sql': `select count(*) as n from {{ ref('b') }}`,
  'models/d.sql': 'select 1 as n',
};

describe('a build', () => {
  test('makes everything in order, with the number of rows of tables', async () => {
    const told: string[] = [];
    const duckdb = await memoryDatabase();
    const result = await buildProject(
      projectOf({ ...shop, 'models/a.yml': properties('a', 'kind', 'unique') }),
      duckdb,
      {
        onNode: ({ name }) => told.push(name),
      },
    );
    expect(
      result.nodes.map(({ name, kind, materialized, status, rows }) => [name, kind, materialized, status, rows]),
    ).toEqual([
      ['seed', 'seed', 'seed', 'success', 3],
      ['a', 'model', 'table', 'success', 3],
      ['unique_a_kind', 'test', 'test', 'pass', undefined],
      ['b', 'model', 'view', 'success', undefined],
      ['c', 'model', 'table', 'success', 1],
      ['d', 'model', 'table', 'success', 1],
    ]);
    expect(told).toEqual(result.nodes.map(({ name }) => name));
    expect(await duckdb.rows('select n from c')).toEqual([{ n: 3 }]);
  });

  test('a second time gives the same', async () => {
    const duckdb = await memoryDatabase();
    const project = projectOf(shop);
    const first = await buildProject(project, duckdb);
    expect(outcomes(await buildProject(project, duckdb))).toEqual(outcomes(first));
    expect(await duckdb.rows('select n from c')).toEqual([{ n: 3 }]);
  });
});

describe('a model that fails', () => {
  test('tells what DuckDB said with the line in the model, and stops all below it and no more', async () => {
    const result = await build({
      ...shop,
      'models/a.sql': `{{ config(tags=['x']) }}\nselect\n  nothing\nfrom {{ ref('seed') }}`,
      'models/a.yml': properties('a', 'kind', 'unique'),
      'models/c.yml': properties('c', 'n', 'not_null'),
    });
    expect(outcomes(result)).toEqual([
      'seed success',
      'a error',
      'unique_a_kind skipped',
      'b skipped',
      'c skipped',
      'not_null_c_n skipped',
      'd success',
    ]);
    expect(resultOf(result, 'a')?.message).toMatch(/Binder Error: .*"nothing" not found[\s\S]*LINE 3:/);
    expect(resultOf(result, 'b')?.message).toBe('a failed or was skipped');
  });
});

describe('a test', () => {
  test('that fails shows rows and stops what is below the tested model', async () => {
    const result = await build({ ...shop, 'models/a.yml': properties('a', 'id', 'not_null', 'unique') });
    expect(outcomes(result)).toEqual([
      'seed success',
      'a success',
      'not_null_a_id fail',
      'unique_a_id pass',
      'b skipped',
      'c skipped',
      'd success',
    ]);
    expect(resultOf(result, 'not_null_a_id')).toMatchObject({ failures: 1, failingRows: [{ id: null, kind: 'z' }] });
    expect(resultOf(result, 'b')?.message).toBe('not_null_a_id failed or was skipped');
  });

  test('shows five rows of many, and counts all', async () => {
    const result = await build({
      'models/m.sql': 'select null as id, range as n from range(1000)',
      'models/m.yml': properties('m', 'id', 'not_null'),
    });
    const failed = resultOf(result, 'not_null_m_id');
    expect(failed).toMatchObject({ status: 'fail', failures: 1000 });
    expect(failed?.failingRows).toHaveLength(5);
  });

  test('of severity warn shows rows and stops nothing', async () => {
    const result = await build({
      ...shop,
      'models/a.yml': properties('a', 'id', '{not_null: {config: {severity: warn}}}'),
    });
    expect(outcomes(result)).toEqual([
      'seed success',
      'a success',
      'not_null_a_id warn',
      'b success',
      'c success',
      'd success',
    ]);
    expect(resultOf(result, 'not_null_a_id')?.failingRows).toEqual([{ id: null, kind: 'z' }]);
  });

  test('whose SQL does not run is an error, stops what is below, and leaves its neighbours their verdict', async () => {
    const result = await build({
      ...shop,
      'models/a.yml': `models:
  - name: a
    columns:
      - {name: kind, data_tests: [unique]}
      - {name: absent, data_tests: [{not_null: {config: {severity: warn}}}]}
      - {name: id, data_tests: [{not_null: {config: {severity: warn}}}]}
`,
    });
    expect(outcomes(result)).toEqual([
      'seed success',
      'a success',
      'unique_a_kind pass',
      'not_null_a_absent error',
      'not_null_a_id warn',
      'b skipped',
      'c skipped',
      'd success',
    ]);
    expect(resultOf(result, 'not_null_a_absent')?.message).toContain('"absent" not found');
  });

  test('of a source runs first and stops what reads the source', async () => {
    const duckdb = await memoryDatabase();
    await duckdb.run('create schema raw; create table raw.orders as select 1 as id union all select 1');
    const project = projectOf({
      'models/sources.yml':
        'sources: [{name: raw, tables: [{name: orders, columns: [{name: id, data_tests: [unique]}]}]}]',
      'models/stg.sql': `select * from {{ source('raw', 'orders') }}`,
      'models/other.sql': 'select 1',
    });
    expect(outcomes(await buildProject(project, duckdb))).toEqual([
      'source_unique_raw_orders_id fail',
      'other success',
      'stg skipped',
    ]);
  });

  test('of two models waits for both, and stops only what is below both', async () => {
    const result = await build({
      'models/child.sql': 'select 7 as parent_id',
      'models/parent.sql': 'select 1 as id',
      'models/below_both.sql': `select * from {{ ref('child') }}, {{ ref('parent') }}`,
      'models/below_child.sql': `select * from {{ ref('child') }}`,
      'models/child.yml': properties(
        'child',
        'parent_id',
        `{relationships: {arguments: {to: ref('parent'), field: id}}}`,
      ),
    });
    expect(outcomes(result)).toEqual([
      'child success',
      'parent success',
      'relationships_child_parent_id__id__ref_parent_ fail',
      'below_both skipped',
      'below_child success',
    ]);
  });

  test('in a file of its own fails by the rows that it selects', async () => {
    const result = await build({
      ...shop,
      'tests/few_rows.sql': `select n from {{ ref('c') }} where n > 2`,
    });
    expect(resultOf(result, 'few_rows')).toMatchObject({ status: 'fail', failures: 1, failingRows: [{ n: 3 }] });
  });
});
