/** Lineage of queries: what it says, that their names are those of DuckDB, and that it holds when values change. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc, { type Arbitrary } from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { memoryDatabase } from '../../../tests/setup/fixtures.ts';
import { type DuckDB, openDuckDB } from '../../stores/duckdb/duckdb.ts';
import { readCatalog } from './catalog.ts';
import { makeTables, observeInfluence } from './influence.fixture.ts';
import { type CompiledModel, type RelationLineage, resolveLineage } from './lineage.ts';

const model = (sql: string, identifier = 'model'): CompiledModel => ({
  name: identifier,
  relation: { schema: 'main', identifier },
  sql,
});

async function fillShop(duckdb: DuckDB): Promise<void> {
  await makeTables(duckdb);
  await duckdb.run(`CREATE TABLE nested AS SELECT 1 AS id, [1, 2] AS list, {'f': 1, 'g': {'h': 2}} AS struct, '{"k": 1}' AS json;
    CREATE TABLE months AS SELECT 1 AS id, 10 AS jan, 20 AS feb, 30 AS mar;
    CREATE SCHEMA other; CREATE TABLE other.v AS SELECT 1 AS p, 2 AS q`);
}

/** The tables in a database of the test's own. */
async function shop(): Promise<DuckDB> {
  const duckdb = await memoryDatabase();
  await fillShop(duckdb);
  return duckdb;
}

/** The tables for tests that leave them as they were. */
let shared: DuckDB;
const folder = mkdtempSync(join(tmpdir(), 'millrace-lineage-'));
beforeAll(async () => {
  shared = await openDuckDB(':memory:', { memory: '256MiB', threads: 2, temporaryFolder: folder });
  await fillShop(shared);
});
afterAll(() => {
  shared.close();
  rmSync(folder, { recursive: true, force: true });
});

async function lineageOf(duckdb: DuckDB, sql: string): Promise<RelationLineage> {
  const [lineage] = await resolveLineage(duckdb, await readCatalog(duckdb), [model(sql)]);
  if (!lineage) throw new Error('there is no lineage');
  return lineage;
}

const marks = { unchanged: '', transformed: '~', conditional: '?' } as const;

/** `x <- t.a ~t.b ?t.c` for each column: unchanged, transformed, conditional; !reason where it is unresolved. */
const written = ({ columns }: RelationLineage): readonly string[] =>
  columns.map(({ name, parents, unresolved }) => {
    const from = parents.map(({ relation, column, use }) => `${marks[use]}${relation}.${column}`);
    return [name, '<-', ...from, ...(unresolved ? [`!${unresolved}`] : [])].join(' ');
  });

const rowsOf = ({ rows }: RelationLineage): readonly string[] =>
  rows.map(({ relation, column, by }) => `${relation}.${column} ${by.join('+')}`);

/** Statement, columns, and where there are some what decides about rows. */
type Case = readonly [sql: string, columns: readonly string[], rows?: readonly string[]];

const cases: Readonly<Record<string, readonly Case[]>> = {
  expressions: [
    ['select a, b + c as x from t', ['a <- t.a', 'x <- ~t.b ~t.c']],
    ['select case when a > 1 then b else c end as x from t', ['x <- ?t.a ~t.b ~t.c']],
    [
      'select a::varchar as x, coalesce(b, 0) as y, a between b and c as z from t',
      ['x <- ~t.a', 'y <- ~t.b', 'z <- ~t.a ~t.b ~t.c'],
    ],
    [
      'select a as z, z + 1 as y, y * b as x from t where y > 2',
      ['z <- t.a', 'y <- ~t.a', 'x <- ~t.a ~t.b'],
      ['t.a filter'],
    ],
    ['select a + 1 as a, a as old from t', ['a <- ~t.a', 'old <- t.a']],
    ['select current_date as d, 1 as one', ['d <-', 'one <-']],
    ['select t as x from t', ['x <- ~t.a ~t.b ~t.c']],
    ['select #2 as x from t', ['x <- t.b']],
  ],
  'nested values': [
    [
      "select struct.f, nested.struct.g as g, struct.g.h, struct['f'] as e, list[1] as i from nested",
      ['f <- ~nested.struct', 'g <- ~nested.struct', 'h <- ~nested.struct', 'e <- ~nested.struct', 'i <- ~nested.list'],
    ],
    ['select struct.* from nested', ['f <- ~nested.struct', 'g <- ~nested.struct']],
    [
      'select unnest(struct), id from nested',
      ['f <- ~nested.struct', 'g <- ~nested.struct', 'id <- nested.id'],
      ['nested.struct unnest'],
    ],
    ['select unnest(list) as x, id from nested', ['x <- ~nested.list', 'id <- nested.id'], ['nested.list unnest']],
    [
      'select q.x, id from nested, unnest(list) as q(x)',
      ['x <- ~nested.list', 'id <- nested.id'],
      ['nested.list unnest'],
    ],
    [
      'select list_transform(list, lambda x: x + id) as m, [x for x in list if x > id] as n from nested',
      ['m <- ~nested.id ~nested.list', 'n <- ~nested.id ~nested.list'],
    ],
    ["select json -> 'k' as x, json ->> '$.k' as y from nested", ['x <- ~nested.json', 'y <- ~nested.json']],
  ],
  'aggregates and windows': [
    ['select c, sum(a) filter (where b > 1) as s from t group by all', ['c <- t.c', 's <- ~t.a ?t.b'], ['t.c group']],
    [
      "select string_agg(a::varchar, ',' order by b) as x, mode() within group (order by c) as m from t",
      ['x <- ~t.a ?t.b', 'm <- ~t.c'],
    ],
    [
      'select a, count(*) as n from t group by 1, b having sum(c) > 1',
      ['a <- t.a', 'n <-'],
      ['t.a group', 't.b group', 't.c filter'],
    ],
    ['select a from t group by rollup (a, b)', ['a <- t.a'], ['t.a group', 't.b group']],
    ['select lag(a, 1, b) over (partition by c order by a + b) as x from t', ['x <- ~t.a ~t.b ?t.c']],
    [
      'select row_number() over w as n from t window w as (partition by a order by b) qualify n < 3',
      ['n <- ?t.a ?t.b'],
      ['t.a filter', 't.b filter'],
    ],
    ['select distinct on (a) b from t order by a, c', ['b <- t.b'], ['t.a distinct+order', 't.c order']],
    ['select a from t using sample 50%', ['a <- t.a']],
  ],
  subqueries: [
    ['select (select max(d) from u where u.a = t.a) as x from t', ['x <- ?t.a ?u.a ~u.d']],
    [
      'select exists (select 1 from u where u.e = t.b) as x, b in (select d from u where e > 1) as y from t',
      ['x <- ?t.b ?u.e', 'y <- ~t.b ~u.d ?u.e'],
    ],
    [
      'select t.b, q.z from t, lateral (select d + t.c as z from u where u.a = t.a) q',
      ['b <- t.b', 'z <- ~t.c ~u.d'],
      ['t.a filter', 'u.a filter'],
    ],
    ['select a from t where b in (select d from u)', ['a <- t.a'], ['t.b filter', 'u.d filter']],
    ['select array(select d from u where u.a = t.a) as x from t', ['x <- ?t.a ?u.a ~u.d']],
    ['select "sum(a)" + 1 as y from (select sum(a) from t)', ['y <- ~t.a']],
    ['select a_1 from (select a, b as a from t)', ['a_1 <- t.b']],
  ],
  'common tables': [
    [
      'with c as (select a, b as x from t where c > 1) select *, x + 1 as y from c',
      ['a <- t.a', 'x <- t.b', 'y <- ~t.b'],
      ['t.c filter'],
    ],
    ['with t as (select a + 1 as a from t) select a from t', ['a <- ~t.a']],
    [
      'with x as (select a from t), y as (with x as (select d as a from u) select * from x) select x.a, y.a as b from x, y',
      ['a <- t.a', 'b <- u.d'],
    ],
    [
      'with recursive r(n, k) as materialized (select 1, a from t union all select n + 1, k + u.d from r join u on u.a = r.k where n < 3) select * from r',
      ['n <-', 'k <- ~t.a ~u.d'],
      ['t.a join', 'u.a join', 'u.d join'],
    ],
  ],
  joins: [
    [
      'select * from t join u using (a)',
      ['a <- t.a', 'b <- t.b', 'c <- t.c', 'd <- u.d', 'e <- u.e'],
      ['t.a join', 'u.a join'],
    ],
    [
      'select a, t.a as x, u.a as y from t right join u using (a)',
      ['a <- u.a', 'x <- t.a', 'y <- u.a'],
      ['t.a join', 'u.a join'],
    ],
    ['select a, d from t natural full join u', ['a <- ~t.a ~u.a', 'd <- u.d'], ['t.a join', 'u.a join']],
    ['select * from u semi join t on t.b = u.d', ['a <- u.a', 'd <- u.d', 'e <- u.e'], ['t.b join', 'u.d join']],
    [
      'select d, b from u asof join t on t.b = u.e and u.a >= t.a',
      ['d <- u.d', 'b <- t.b'],
      ['t.a join', 't.b join', 'u.a join', 'u.e join'],
    ],
    ['select x.d, y.d as z from u x positional join u y', ['d <- u.d', 'z <- u.d']],
    [
      'select t.b, q from t join u on t.a = u.a join other.v on v.p = u.e',
      ['b <- t.b', 'q <- other.v.q'],
      ['other.v.p join', 't.a join', 'u.a join', 'u.e join'],
    ],
    [
      'select v.p, other.v.q, memory.other.v.q as r from other.v',
      ['p <- other.v.p', 'q <- other.v.q', 'r <- other.v.q'],
    ],
  ],
  'set operations': [
    [
      'select a from t union select d from u order by a limit 3',
      ['a <- t.a u.d'],
      ['t.a distinct+order', 'u.d distinct+order'],
    ],
    ['select a, b from t union all by name select d as b, e as z from u', ['a <- t.a', 'b <- t.b u.d', 'z <- u.e']],
    ['select a from t intersect select d from u', ['a <- t.a'], ['t.a set operation', 'u.d set operation']],
    ['values (1, 2), (3, (select max(a) from t))', ['col0 <-', 'col1 <- ~t.a']],
    ["select n, b from t join (values (1, 'x')) v(i, n) on t.a = v.i", ['n <-', 'b <- t.b'], ['t.a join']],
  ],
  stars: [
    [
      'select t.* exclude (b), u.* exclude (a) replace (d + 1 as d) rename (e as ee) from t, u',
      ['a <- t.a', 'c <- t.c', 'd <- ~u.d', 'ee <- u.e'],
    ],
    ['select * exclude (t.a) from t, u', ['b <- t.b', 'c <- t.c', 'a <- u.a', 'd <- u.d', 'e <- u.e']],
    ["select columns('^[ab]$') + 1, columns(['c']) from t", ['a <- ~t.a', 'b <- ~t.b', 'c <- t.c']],
    ["select min(columns('a|b')) as 'min_\\0' from t", ['min_a <- ~t.a', 'min_b <- ~t.b']],
    ["select columns(x -> x like 'a%'), columns(* exclude (a, b)) from t", ['a <- t.a', 'c <- t.c']],
    ["select * like 'a%' from t", ['a <- t.a']],
    ["select list_value(*columns('a|b')) as x from t", ['x <- ~t.a ~t.b']],
    ['select a from t where columns(*) > 1', ['a <- t.a'], ['t.a filter', 't.b filter', 't.c filter']],
    ['select x.a, x.k from t as x(a, k)', ['a <- t.a', 'k <- t.b']],
  ],
  'pivot and unpivot': [
    [
      'pivot t on b in (1, 2) using sum(c) group by a',
      ['a <- t.a', '1 <- ?t.b ~t.c', '2 <- ?t.b ~t.c'],
      ['t.a group', 't.b group'],
    ],
    [
      'select * from t pivot (sum(c) as s, max(c) for b in (1 as one, 2))',
      ['a <- t.a', 'one_s <- ?t.b ~t.c', 'one_max(c) <- ?t.b ~t.c', '2_s <- ?t.b ~t.c', '2_max(c) <- ?t.b ~t.c'],
      ['t.a group', 't.b group'],
    ],
    [
      'unpivot months on jan, feb into name month value sales',
      ['id <- months.id', 'mar <- months.mar', 'month <-', 'sales <- months.feb months.jan'],
      ['months.feb filter', 'months.jan filter'],
    ],
    [
      'select * from months unpivot include nulls (v for n in (columns(* exclude (id))))',
      ['id <- months.id', 'n <-', 'v <- months.feb months.jan months.mar'],
    ],
  ],
  'table functions': [
    ['select i, range from generate_series(1, 3) g(i), range(2)', ['i <-', 'range <-']],
    ["select * from query_table('u')", ['a <- u.a', 'd <- u.d', 'e <- u.e']],
  ],
};

describe.each(Object.entries(cases))('%s', (_, listed) => {
  test.each(listed.map((each) => [each[0], each] as const))('%s', async (sql, [, columns, rows = []]) => {
    const lineage = await lineageOf(shared, sql);
    expect({ columns: written(lineage), rows: rowsOf(lineage) }).toEqual({ columns, rows });
    expect(lineage.problems).toEqual([]);
    const described = await shared.rows<{ column_name: string }>(`DESCRIBE ${sql}`);
    expect(lineage.columns.map(({ name }) => name)).toEqual(described.map(({ column_name: name }) => name));
  });
});

test('files that SQL reads are named, whatever columns they have', async () => {
  const duckdb = await shop();
  const files = await lineageOf(
    duckdb,
    `with f as (select * exclude (k) from read_parquet(['a.parquet', 'b.parquet'], hive_partitioning = false))
     select n, f.m + 1 as m, x.z from f join 'c.csv' x on x.i = f.i`,
  );
  expect(written(files)).toEqual([
    'n <- file:a.parquet.n file:b.parquet.n file:c.csv.n !n may be a column of f or of x',
    'm <- ~file:a.parquet.m ~file:b.parquet.m',
    'z <- file:c.csv.z',
  ]);
  expect(files.reads).toEqual(['file:a.parquet', 'file:b.parquet', 'file:c.csv']);
});

test('the built relation tells the names of columns that the SQL alone does not', async () => {
  const duckdb = await shop();
  await duckdb.run('CREATE TABLE model (first INTEGER, x INTEGER, y INTEGER, last INTEGER)');
  const lineage = await lineageOf(duckdb, "select a as first, f.*, b as last from t, read_csv('f.csv') f");
  expect(written(lineage)).toEqual(['first <- t.a', 'x <- file:f.csv.x', 'y <- file:f.csv.y', 'last <- t.b']);
});

test.each([
  ['select nosuch from t', 'x <- !no table of the query has a column nosuch'],
  ['select a from missing', 'x <- !there is no relation missing'],
  ['select a, b from t', 'x <- !the relation was built of other columns than its SQL has now'],
  ['pivot t on b using sum(c)', 'x <- !it is no plain SELECT: DuckDB has no tree of it'],
  ['select', 'x <- !SELECT clause without selection list'],
  ["select * from query('select 1 as x')", 'x <- !query() runs SQL that is made when it runs'],
])('%s: says why it cannot be resolved', async (sql, column) => {
  const duckdb = await shop();
  await duckdb.run('CREATE TABLE model (x INTEGER)');
  expect(written(await lineageOf(duckdb, sql))).toEqual([column]);
});

test('macros of the database, and table functions that read what is not known, are not followed', async () => {
  const duckdb = await shop();
  await duckdb.run(`CREATE MACRO plus(x) AS x + (SELECT max(d) FROM u); CREATE MACRO reading() AS TABLE SELECT * FROM u;
    CREATE TABLE model (x INTEGER, d INTEGER, k VARCHAR)`);
  const lineage = await lineageOf(
    duckdb,
    `SELECT plus(t.a) AS x, r.d, j.key AS k FROM t, reading() r, json_each('{}') j`,
  );
  expect(written(lineage)).toEqual([
    'x <- ~t.a !the macro plus is not followed',
    'd <- !what the table function reading reads is not known',
    'k <-',
  ]);
});

test('a model that is not built yet has the columns of its SQL, for those that read it', async () => {
  const duckdb = await shop();
  const models = [model('select a as x, b + 1 as y from t', 'first'), model('select * from first', 'second')];
  const [, second] = await resolveLineage(duckdb, await readCatalog(duckdb), models);
  expect(second && written(second)).toEqual(['x <- first.x', 'y <- first.y']);
});

test('the expression that last changed a value is told, through all that takes it as it is', async () => {
  const duckdb = await shop();
  const lineage = await lineageOf(
    duckdb,
    `with p as (select a, abs(b) as x from t), q as (select * from p)
     select x, a, 7 as seven from q union all select null, a, 8 from u`,
  );
  expect(lineage.columns.map(({ expression }) => expression)).toEqual(['abs(b)', undefined, undefined]);
});

/** Queries over t and u that give two columns of integers, x0 and x1, whose rows do not depend on their order. */
const { query } = fc.letrec<{ query: string; source: string }>((tie) => {
  const column = fc.constantFrom('r.x0', 'r.x1');
  const value = fc.oneof(
    column,
    fc.tuple(column, column).map(([left, right]) => `${left} + 2 * ${right}`),
    fc.tuple(column, column).map(([when, then]) => `CASE WHEN ${when} > 2 THEN ${then} ELSE 0 END`),
    fc.tuple(column, column).map(([first, then]) => `coalesce(${first}, ${then}, 1)`),
    column.map((key) => `(SELECT max(k.d) FROM u AS k WHERE k.a = ${key})`),
    column.map((key) => `CAST(${key} IN (SELECT e FROM u) AS INTEGER)`),
    fc.tuple(column, column).map(([sum, by]) => `sum(${sum}) OVER (PARTITION BY ${by})`),
    fc.tuple(column, column).map(([list, more]) => `list_sum(list_transform([${list}, 1], lambda x: x + ${more}))`),
  );
  const source: Arbitrary<string> = fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(
      'SELECT a AS x0, b AS x1 FROM t',
      'SELECT c AS x0, a AS x1 FROM t',
      'SELECT a AS x0, d AS x1 FROM u',
      'SELECT * EXCLUDE (a) RENAME (d AS x0, e AS x1) FROM u',
      'SELECT a AS x0, e AS x1 FROM t NATURAL FULL JOIN u',
      'SELECT b AS x0, d AS x1 FROM t LEFT JOIN u USING (a)',
    ),
    tie('query'),
  );
  const query: Arbitrary<string> = fc.oneof(
    fc
      .tuple(value, value, source, column)
      .map(
        ([x0, x1, from, key]) =>
          `SELECT ${x0} AS x0, ${x1} AS x1 FROM (${from}) AS r WHERE ${key} IS NULL OR ${key} <> 3`,
      ),
    fc
      .tuple(source, column, column)
      .map(
        ([from, key, sum]) =>
          `SELECT ${key} AS x0, sum(${sum}) FILTER (WHERE ${key} > 1) AS x1 FROM (${from}) AS r GROUP BY ALL`,
      ),
    fc.tuple(source, source).map(([left, right]) => `(${left}) UNION ALL (${right})`),
    fc.tuple(source, source).map(([left, right]) => `(${left}) EXCEPT (${right})`),
    fc
      .tuple(source, source)
      .map(([left, right]) => `SELECT l.x1 AS x0, r.x1 FROM (${left}) AS l JOIN (${right}) AS r USING (x0)`),
    fc
      .tuple(source, source)
      .map(([left, right]) => `SELECT l.* FROM (${left}) AS l ANTI JOIN (${right}) AS r ON l.x0 = r.x1`),
    source.map((from) => `SELECT DISTINCT * FROM (${from}) AS r`),
    source.map((from) => `WITH r AS (${from}) SELECT x1 AS x0, x0 AS x1 FROM r ORDER BY ALL LIMIT 4`),
    source.map((from) => `SELECT * FROM (${from}) AS r QUALIFY row_number() OVER (PARTITION BY x0 ORDER BY x1) = 1`),
    source
      .map((from) => `UNPIVOT (SELECT x0 AS k, x0 AS x1, x1 AS y FROM (${from})) ON x1, y INTO NAME n VALUE v`)
      .map((sql) => `SELECT k AS x0, v AS x1 FROM (${sql})`),
  );
  return { query, source };
});

test('what is claimed to have no part in a column never changes it', async () => {
  const duckdb = await shop();
  // With it DuckDB 1.5.5 now and then loses or adds rows of a LIMIT that is joined: results have to repeat here.
  await duckdb.run(`SET disabled_optimizers = 'join_filter_pushdown'`);
  const catalog = await readCatalog(duckdb);
  await fc.assert(
    fc.asyncProperty(query, async (sql) => {
      const [lineage] = await resolveLineage(duckdb, catalog, [model(sql)]);
      const influences = await observeInfluence(duckdb, sql);
      const rows = lineage?.rows.map(({ relation, column }) => `${relation}.${column}`) ?? [];
      influences.forEach((seen, place) => {
        const column = lineage?.columns[place];
        expect(column?.unresolved).toBeUndefined();
        const claimed = [
          ...rows,
          ...(column?.parents.map(({ relation, column: name }) => `${relation}.${name}`) ?? []),
        ];
        expect(claimed).toEqual(expect.arrayContaining([...seen]));
      });
    }),
    { numRuns: 25 },
  );
});

test.each([
  'select a, b + c as x, case when c > 1 then b end as y from t',
  'select (select max(d) from u where u.a = t.b) as x from t',
  'select c, sum(a) filter (where b > 1) as x from t group by c',
  'select sum(a) over (partition by c order by b) as x from t',
  'select a, d + e as x from t full join u using (a)',
  'select a from t union all select d from u',
  'with p as (select a, b as x from t) select list_sum([x, a]) as x from p',
  'select k, v from (unpivot (select a as k, b, c from t) on b, c into name n value v)',
])('%s: what is claimed to have part in a column is seen to change it', async (sql) => {
  const { columns } = await lineageOf(shared, sql);
  const influences = await observeInfluence(shared, sql);
  columns.forEach(({ parents }, place) => {
    const claimed = parents.map(({ relation, column }) => `${relation}.${column}`);
    expect([...(influences[place] ?? [])]).toEqual(expect.arrayContaining(claimed));
  });
});
