/** DuckDB as a store: values as JSON, questions that only read, rows streamed to whoever takes them. */
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeFolder, smallLimits } from '../../../tests/setup/fixtures.ts';
import { attachDraft, type DuckDB, databaseNameOf, openDuckDB, sqlName, sqlText } from './duckdb.ts';
import { streamRows, withRowPipes } from './stream-rows.ts';

async function memory(folder = makeFolder()): Promise<DuckDB> {
  const duckdb = await openDuckDB(':memory:', smallLimits(folder));
  onTestFinished(() => duckdb.close());
  return duckdb;
}

test('parameters are bound by place or by name, and never read as SQL', async () => {
  const duckdb = await memory();
  expect(await duckdb.rows('SELECT $2 AS two, $1 AS one', [`'; --`, 2])).toEqual([{ two: 2, one: `'; --` }]);
  expect(await duckdb.rows('SELECT $to AS "to", $from AS "from"', { from: `'; --`, to: 2 })).toEqual([
    { to: 2, from: `'; --` },
  ]);
});

test.each(['shop', 'shop.2024-01', 'my shop', '.hidden', 'main', 'temp', 'system', 'select', '12'])(
  'the database of the file %s.duckdb has the name that is known without opening it',
  async (name) => {
    const folder = makeFolder();
    const path = join(folder, `${name}.duckdb`);
    const duckdb = await openDuckDB(path, smallLimits(folder));
    onTestFinished(() => duckdb.close());
    expect(await duckdb.rows('SELECT current_database() AS name')).toEqual([{ name: databaseNameOf(path) }]);
  },
);

test('a draft keeps what was there at its last checkpoint, and writes nothing beside it', async () => {
  const folder = makeFolder();
  const path = join(folder, 'build-1.draft.duckdb');
  for (const round of [1, 2]) {
    const draft = await attachDraft(await memory(folder), path);
    expect(await draft.rows('SELECT current_database() AS name')).toEqual([{ name: databaseNameOf(path) }]);
    await draft.run(`CREATE TABLE kept_${round} AS SELECT range AS n FROM range(${round}); CHECKPOINT`);
    await draft.run('CREATE OR REPLACE TABLE later AS SELECT 1 AS n');
    expect(readdirSync(folder).filter((name) => name.startsWith('build-'))).toEqual(['build-1.draft.duckdb']);
    draft.close();
  }
  const duckdb = await openDuckDB(path, smallLimits(folder), true);
  onTestFinished(() => duckdb.close());
  const tables = await duckdb.rows<{ name: string }>('SELECT table_name AS name FROM duckdb_tables() ORDER BY 1');
  expect(tables.map(({ name }) => name)).toEqual(expect.arrayContaining(['kept_1', 'kept_2']));
  expect(await duckdb.rows('SELECT count(*) AS rows FROM kept_2')).toEqual([{ rows: 2 }]);
});

describe('results', () => {
  test('are plain JSON values with the names and types of their columns', async () => {
    const result = await (await memory()).query(
      `SELECT 12.50::DECIMAL(18,2) AS amount, 3::BIGINT AS n, 9007199254740993::BIGINT AS wide, DATE '2024-02-29' AS day,
         TIMESTAMPTZ '2024-02-29 12:00:00+02' AS at, NULL AS nothing, [1, 2] AS list, true AS yes, 'ü' AS n`,
    );
    expect(result.columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'amount DECIMAL(18,2)',
      'n BIGINT',
      'wide BIGINT',
      'day DATE',
      'at TIMESTAMP WITH TIME ZONE',
      'nothing INTEGER',
      'list INTEGER[]',
      'yes BOOLEAN',
      'n:1 VARCHAR',
    ]);
    expect(result.rows).toEqual([
      {
        amount: 12.5,
        n: 3,
        wide: '9007199254740993',
        day: '2024-02-29',
        at: '2024-02-29 10:00:00+00',
        nothing: null,
        list: [1, 2],
        yes: true,
        'n:1': 'ü',
      },
    ]);
  });

  test('names and texts survive quoting', async () => {
    const [row] = await (await memory()).rows(`SELECT ${sqlText(`it's`)} AS ${sqlName('a "b"')}`);
    expect(row).toEqual({ 'a "b"': `it's` });
  });
});

describe('a question', () => {
  test.each([
    'SELECT 1 AS n',
    'SHOW TABLES',
    'DESCRIBE t',
    'SUMMARIZE t',
    'EXPLAIN SELECT 1',
    'FROM t',
    'WITH x AS (SELECT 1) FROM x',
  ])('%s is answered', async (sql) => {
    const duckdb = await memory();
    await duckdb.run('CREATE TABLE t (n INTEGER)');
    await expect(duckdb.ask(sql)).resolves.toHaveProperty('rows');
  });

  test.each([
    'CREATE TABLE u (n INTEGER)',
    'INSERT INTO t VALUES (1)',
    'DROP TABLE t',
    `COPY t TO '/tmp/millrace-never-written.csv'`,
    `ATTACH ':memory:' AS other`,
    'SELECT 1; DROP TABLE t',
    '',
    '/* nothing */',
  ])('%s is refused', async (sql) => {
    const duckdb = await memory();
    await duckdb.run('CREATE TABLE t (n INTEGER)');
    await expect(duckdb.ask(sql)).rejects.toThrow(/statement/);
    expect(await duckdb.rows('SELECT count(*) AS n FROM t')).toEqual([{ n: 0 }]);
  });
});

describe('rows are streamed', () => {
  test('as CSV in their order, with NULL and the empty text told apart', async () => {
    const folder = makeFolder();
    const duckdb = await memory(folder);
    const csv = await streamRows(duckdb, `SELECT 1, NULL, '' UNION ALL SELECT 2, 'a,b', 'c' ORDER BY 1`, folder, text);
    expect(csv).toBe('1,,""\n2,"a,b",c\n');
    const large = await streamRows(duckdb, 'SELECT range, range % 7 FROM range(100000)', folder, text);
    expect(
      large
        .trimEnd()
        .split('\n')
        .map((line) => Number(line.split(',')[0])),
    ).toEqual([...Array(100000).keys()]);
  });

  test('to a consumer that learns of a query that fails, before its first row and later', async () => {
    const folder = makeFolder();
    const duckdb = await memory(folder);
    await expect(streamRows(duckdb, 'SELECT * FROM missing', folder, text)).rejects.toThrow('missing');
    await expect(
      streamRows(
        duckdb,
        `SELECT CASE WHEN range < 99999 THEN 1 ELSE error('too far') END FROM range(100000)`,
        folder,
        text,
      ),
    ).rejects.toThrow('too far');
    expect(readdirSync(folder).filter((name) => name.startsWith('rows-'))).toEqual([]);
  });

  test('through pipes that are used again, several at once, also after one that failed', async () => {
    const folder = makeFolder();
    const [one, other] = [await memory(folder), await memory(folder)];
    await withRowPipes(folder, async (pipes) => {
      for (const round of [1, 2, 3]) {
        const [few, many, failed] = await Promise.allSettled([
          pipes.stream(one, `SELECT ${round}`, text),
          pipes.stream(other, `SELECT ${round} FROM range(20000)`, text),
          pipes.stream(await one.fork(), 'SELECT * FROM missing', text),
        ]);
        expect(few).toMatchObject({ value: `${round}\n` });
        expect(many).toMatchObject({ value: `${round}\n`.repeat(20000) });
        expect(failed.status).toBe('rejected');
      }
      const [made = ''] = readdirSync(folder).filter((name) => name.startsWith('rows-'));
      // Two were free again and again, and each failure took one.
      expect(readdirSync(join(folder, made))).toHaveLength(2 + 3);
    });
    expect(readdirSync(folder).filter((name) => name.startsWith('rows-'))).toEqual([]);
  });

  test('and a consumer that fails is the one that is told of', async () => {
    const folder = makeFolder();
    const duckdb = await memory(folder);
    const failing = (rows: Readable): Promise<void> =>
      pipeline(rows, async function* (chunks) {
        for await (const _ of chunks) throw new Error('the other side is gone');
        yield '';
      });
    await expect(streamRows(duckdb, 'SELECT range FROM range(1000000)', folder, failing)).rejects.toThrow(
      'the other side',
    );
  });

  test.each([
    ['while rows come', 'SELECT range FROM range(1000000)', 'for await (const _ of rows) throw new Error("gone")'],
    ['before it read', 'SELECT range FROM range(1000000)', 'throw new Error("gone")'],
    ['as the query does', 'SELECT * FROM missing', 'throw new Error("gone")'],
  ])('and a consumer that fails %s keeps no process from ending', async (_when, query, consume) => {
    const script = `
      import { openDuckDB } from ${JSON.stringify(join(import.meta.dirname, 'duckdb.ts'))};
      import { streamRows } from ${JSON.stringify(join(import.meta.dirname, 'stream-rows.ts'))};
      const folder = ${JSON.stringify(makeFolder())};
      const duckdb = await openDuckDB(':memory:', { memory: '256MiB', threads: 1, temporaryFolder: folder });
      for (let round = 0; round < 10; round += 1) {
        await streamRows(duckdb, ${JSON.stringify(query)}, folder, async (rows) => { ${consume} }).catch((thrown) => console.log(thrown.message));
      }
      duckdb.close();`;
    const ended = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      timeout: 30_000,
    });
    expect(ended.stdout).toBe('gone\n'.repeat(10));
  });
});

test.each([
  ['SELECT 1 AS n; SELECT 2 AS n', 2],
  ['SELECT 3 AS n;', 3],
  ["SELECT length('a;b') AS n", 3],
])('%s gives its last result', async (sql, n) => {
  expect(await (await memory()).rows(sql)).toEqual([{ n }]);
});

test('each connection counts time in UTC, wherever the process runs', async () => {
  const script = `
    import { openDuckDB } from ${JSON.stringify(join(import.meta.dirname, 'duckdb.ts'))};
    const duckdb = await openDuckDB(':memory:', { memory: '256MiB', threads: 1, temporaryFolder: ${JSON.stringify(makeFolder())} });
    for (const each of [duckdb, await duckdb.fork()]) {
      console.log(JSON.stringify(await each.rows("SELECT TIMESTAMPTZ '2024-07-01 00:30:00+00'::DATE::VARCHAR AS day")));
      each.close();
    }`;
  const ended = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, TZ: 'America/New_York' },
  });
  expect(ended.stdout).toBe('[{"day":"2024-07-01"}]\n'.repeat(2));
});

test('a read-only file may be open several times, and is not written', async () => {
  const folder = makeFolder();
  const path = join(folder, 'shop.duckdb');
  const writer = await openDuckDB(path, smallLimits(folder));
  await writer.run('CREATE TABLE t AS SELECT 1 AS n');
  writer.close();
  writer.close();
  const readers = [
    await openDuckDB(path, smallLimits(folder), true),
    await openDuckDB(path, smallLimits(folder), true),
  ];
  for (const reader of readers) {
    expect(await reader.rows('FROM t')).toEqual([{ n: 1 }]);
    await expect(reader.run('INSERT INTO t VALUES (2)')).rejects.toThrow('read-only');
    reader.close();
  }
});

test('a statement that is interrupted fails, and the connection goes on', async () => {
  const duckdb = await memory();
  let ended = false;
  const running = duckdb
    .rows('SELECT count(*) FROM range(1000000000) a, range(1000) b WHERE a.range % 7 = b.range')
    .finally(() => {
      ended = true;
    });
  const failure = expect(running).rejects.toThrow('INTERRUPT');
  while (!ended) {
    duckdb.interrupt();
    await new Promise(setImmediate);
  }
  await failure;
  expect(await duckdb.rows('SELECT 1 AS n')).toEqual([{ n: 1 }]);
});
