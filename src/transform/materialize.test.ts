/** Views, tables and seeds as DuckDB makes them. */
import { describe, expect, test } from 'vitest';
import { memoryDatabase, projectOf } from './fixture.ts';
import { buildProject } from './run.ts';

const seed = (csv: string, yaml = '') => projectOf({ 'seeds/s.csv': csv, ...(yaml ? { 'seeds/s.yml': yaml } : {}) });

describe('a seed', () => {
  test('has the types that its file shows', async () => {
    const duckdb = await memoryDatabase();
    const csv = `id,big,price,day,moment,flag,code,word,none
1,3000000000,1.5,2026-01-31,2026-01-31 10:00:00,true,007,"a ""b"", c",
2,1,2,2026-02-01,2026-02-01 00:00:00,false,x,,
`;
    const { nodes } = await buildProject(seed(csv), duckdb);
    expect(nodes).toMatchObject([{ name: 's', kind: 'seed', status: 'success', rows: 2 }]);
    const { columns, rows } = await duckdb.query('select * from s');
    expect(columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'id INTEGER',
      'big BIGINT',
      'price DOUBLE',
      'day DATE',
      'moment TIMESTAMP',
      'flag BOOLEAN',
      'code VARCHAR',
      'word VARCHAR',
      'none VARCHAR',
    ]);
    expect(rows[0]).toMatchObject({ day: '2026-01-31', code: '007', word: 'a "b", c', none: null });
    expect(rows[1]).toMatchObject({ word: null });
  });

  test('has the types that its config gives', async () => {
    const duckdb = await memoryDatabase();
    const yaml = `seeds: [{name: s, config: {column_types: {id: varchar, price: 'decimal(18,4)'}, delimiter: '|'}}]`;
    await buildProject(seed('id|price|n\n001|2.50|1\n', yaml), duckdb);
    const { columns, rows } = await duckdb.query('select * from s');
    expect(columns.map(({ type }) => type)).toEqual(['VARCHAR', 'DECIMAL(18,4)', 'INTEGER']);
    expect(rows).toEqual([{ id: '001', price: 2.5, n: 1 }]);
  });

  test('that does not fit its types fails with its line', async () => {
    const duckdb = await memoryDatabase();
    const yaml = `seeds: [{name: s, config: {column_types: {id: integer}}}]`;
    const { nodes } = await buildProject(seed('id,n\n1,x\ny,x\n', yaml), duckdb);
    expect(nodes[0]).toMatchObject({ status: 'error', message: expect.stringContaining('Line: 3') });
  });
});

describe('a model', () => {
  test('changes from table to view and back over what was built before', async () => {
    const duckdb = await memoryDatabase();
    const kind = async (materialized: string) => {
      const project = projectOf({ 'models/m.sql': `{{ config(materialized='${materialized}') }}select 1 as a -- end` });
      expect((await buildProject(project, duckdb)).nodes).toMatchObject([{ status: 'success' }]);
      return (await duckdb.rows(`select table_type as type from information_schema.tables`)).map(({ type }) => type);
    };
    expect(await kind('view')).toEqual(['VIEW']);
    expect(await kind('table')).toEqual(['BASE TABLE']);
    expect(await kind('table')).toEqual(['BASE TABLE']);
    expect(await kind('view')).toEqual(['VIEW']);
  });

  test('keeps its descriptions as comments when its config says so', async () => {
    const duckdb = await memoryDatabase();
    const properties = (persist: string) => `models:
  - name: m
    description: The shop's "m".
    config: {persist_docs: ${persist}}
    columns: [{name: a, description: "An a; or two."}, {name: b}]
`;
    const comments = async (materialized: string, persist: string) => {
      const files = { 'models/m.sql': 'select 1 as a, 2 as b', 'models/m.yml': properties(persist) };
      const config = `name: shop\nmodels: {+materialized: ${materialized}}\n`;
      const { nodes } = await buildProject(projectOf({ ...files, 'dbt_project.yml': config }), duckdb);
      expect(nodes).toMatchObject([{ status: 'success' }]);
      const source = materialized === 'view' ? 'duckdb_views() where not internal' : 'duckdb_tables()';
      const [relation] = await duckdb.rows(`select comment from ${source}`);
      const columns = await duckdb.rows(`select comment from duckdb_columns() where table_name = 'm' order by 1`);
      return [relation?.comment, ...columns.map(({ comment }) => comment)];
    };
    const all = [`The shop's "m".`, 'An a; or two.', null];
    expect(await comments('table', '{relation: true, columns: true}')).toEqual(all);
    expect(await comments('view', '{relation: true, columns: true}')).toEqual(all);
    expect(await comments('table', '{columns: false}')).toEqual([null, null, null]);
  });
});
