/** PostgreSQL through the one driver: values, transactions, locks, COPY, and what a server that is away is told as. */
import { createServer } from 'node:net';
import { Readable, Writable } from 'node:stream';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { makeDatabase, makePostgres } from '../../../tests/setup/fixtures.ts';
import { migrate } from './migrate.ts';
import { describeTarget, openPostgres, type Postgres, sqlText } from './postgres.ts';

async function empty(): Promise<Postgres> {
  const postgres = await openPostgres(await makeDatabase());
  onTestFinished(() => postgres.close());
  return postgres;
}

function collector(): { readonly stream: Writable; readonly text: () => string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString('utf8') };
}

describe('PostgreSQL', () => {
  test('gives counts as numbers, amounts as text, instants as dates, in UTC', async () => {
    const postgres = await empty();
    const [row] = await postgres.rows(
      `SELECT count(*) AS n, 1.50::numeric(18,2) AS amount, '2024-02-29 12:00+02'::timestamptz AS at,
         current_setting('TimeZone') AS zone, $1::text AS given`,
      [`it's`],
    );
    expect(row).toEqual({ n: 1, amount: '1.50', at: new Date('2024-02-29T10:00:00Z'), zone: 'UTC', given: `it's` });
  });

  test('copies in and out', async () => {
    const postgres = await empty();
    await postgres.run('CREATE TABLE t (a text, b text)');
    expect(await postgres.copyIn('COPY t FROM STDIN (FORMAT csv)', Readable.from(['1,"x,\ny"\n', '2,\n']))).toBe(2);
    const out = collector();
    await postgres.copyOut('COPY (SELECT * FROM t ORDER BY a) TO STDOUT (FORMAT csv)', out.stream);
    expect(out.text()).toBe('1,"x,\ny"\n2,\n');
  });

  test('a transaction that fails leaves nothing, and the connection is as before', async () => {
    const postgres = await empty();
    await postgres.run('CREATE TABLE t (a integer PRIMARY KEY)');
    await expect(
      postgres.transaction(async (sql) => {
        await sql.run('INSERT INTO t VALUES (1)');
        await sql.copyIn('COPY t FROM STDIN (FORMAT csv)', Readable.from(['2\n', 'not a number\n']));
      }),
    ).rejects.toThrow('integer');
    await expect(
      postgres.transaction(async (sql) => {
        await sql.run('INSERT INTO t VALUES (1)');
        throw new Error('changed my mind');
      }),
    ).rejects.toThrow('changed my mind');
    expect(await postgres.rows('SELECT * FROM t')).toEqual([]);
  });

  test('a text is a literal whatever is in it', async () => {
    const value = String.raw`it's \ 100% "sure" $1`;
    expect(await (await empty()).rows(`SELECT ${sqlText(value)} AS value`)).toEqual([{ value }]);
  });
});

describe('an exclusive lock', () => {
  test('lets one after the other work', async () => {
    const postgres = await empty();
    const told: string[] = [];
    const work = (name: string): Promise<void> =>
      postgres.exclusive('a home', 30, async () => {
        told.push(`${name} begins`);
        await postgres.rows('SELECT 1');
        told.push(`${name} ends`);
      });
    await Promise.all([work('a'), work('b')]);
    expect([told.slice(0, 2), told.slice(2)].sort()).toEqual([
      ['a begins', 'a ends'],
      ['b begins', 'b ends'],
    ]);
  });

  test('is waited for no longer than asked, and given back after a failure', async () => {
    const postgres = await empty();
    await postgres.exclusive('a home', 30, async () => {
      await expect(postgres.exclusive('a home', 1, async () => 'never')).rejects.toMatchObject({
        code: 'MR-RUN-001',
        exitCode: 3,
      });
      expect(await postgres.exclusive('another home', 1, async () => 'at once')).toBe('at once');
    });
    await expect(
      postgres.exclusive('a home', 30, async () => {
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(await postgres.exclusive('a home', 1, async () => 'free')).toBe('free');
  });

  const endHolder = `SELECT pg_terminate_backend(pid, 10000) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

  test('that is lost ends the work: no transaction begins, for others may be at work', async () => {
    const postgres = await empty();
    const work = postgres.exclusive('a home', 30, async () => {
      await postgres.transaction((sql) => sql.run('CREATE TABLE before_the_loss ()'));
      await postgres.rows(endHolder);
      await postgres.transaction((sql) => sql.run('CREATE TABLE after_the_loss ()'));
    });
    await expect(work).rejects.toMatchObject({ code: 'MR-PG-001', message: expect.stringContaining('was lost') });
    const tables = await postgres.rows(`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`);
    expect(tables).toEqual([{ tablename: 'before_the_loss' }]);
  });

  test('is not given while a transaction goes on whose holder of the lock is gone', async () => {
    const postgres = await empty();
    const holding = postgres.exclusive('a home', 30, () =>
      postgres.transaction(async (sql) => {
        await sql.rows(endHolder);
        await expect(postgres.exclusive('a home', 1, async () => 'never')).rejects.toMatchObject({
          code: 'MR-RUN-001',
        });
      }),
    );
    await expect(holding).rejects.toMatchObject({ code: 'MR-PG-001' });
    expect(await postgres.exclusive('a home', 1, async () => 'free')).toBe('free');
  });
});

describe('a server that cannot be reached', () => {
  test('is told with its address and without the password', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const address = closed.address();
    await new Promise((resolve) => closed.close(resolve));
    const port = typeof address === 'object' && address ? address.port : 0;
    const opening = openPostgres(`postgres://shop:hunter2@127.0.0.1:${port}/sales`);
    await expect(opening).rejects.toMatchObject({
      code: 'MR-PG-001',
      exitCode: 3,
      message: expect.stringContaining(`127.0.0.1:${port}/sales`),
    });
    await expect(opening).rejects.not.toMatchObject({ message: expect.stringContaining('hunter2') });
  });

  test('is told as such when the password is wrong', async () => {
    const url = new URL(inject('postgresUrl'));
    url.password = 'hunter2';
    await expect(openPostgres(url.href)).rejects.toMatchObject({ code: 'MR-PG-001' });
  });

  test('is told as such when it ends the connection that holds a lock', async () => {
    const postgres = await empty();
    const holding = postgres.exclusive('a home', 30, () =>
      postgres.run(
        `SELECT pg_terminate_backend(pid, 10000) FROM pg_locks
         WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      ),
    );
    await expect(holding).rejects.toMatchObject({ code: 'MR-PG-001' });
  });

  test('is told as such when it goes away in the middle', async () => {
    const postgres = await empty();
    const going = postgres.transaction(async (sql) => {
      const [self] = await sql.rows<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      await postgres.run('SELECT pg_terminate_backend($1)', [self?.pid]);
      await sql.run('SELECT 1');
    });
    await expect(going).rejects.toMatchObject({ code: 'MR-PG-001' });
    expect(await postgres.rows('SELECT 1 AS n')).toEqual([{ n: 1 }]);
  });

  test.each([
    ['postgres://shop:hunter2@db.example.com/sales', 'db.example.com:5432/sales'],
    ['postgres://shop:hun@ter2@[broken', 'the address in DATABASE_URL'],
  ])('%s is shown as %s', (url, shown) => {
    expect(describeTarget(url)).toBe(shown);
  });
});

describe('the schema', () => {
  test('is brought up to date once, also by several at a time', async () => {
    const url = await makeDatabase();
    const all = await Promise.all([openPostgres(url), openPostgres(url), openPostgres(url)]);
    for (const each of all) onTestFinished(() => each.close());
    const versions = await Promise.all(all.map(migrate));
    expect(new Set(versions).size).toBe(1);
    const [first] = all;
    expect(await first?.rows('SELECT max(version) AS version FROM ops.migrations')).toEqual([{ version: versions[0] }]);
  });

  test('is not made among what somebody else has there', async () => {
    const postgres = await empty();
    await postgres.run('CREATE SCHEMA staging; CREATE TABLE staging.customers (their_own text)');
    await expect(migrate(postgres)).rejects.toMatchObject({
      code: 'MR-PG-007',
      exitCode: 2,
      message: expect.stringContaining('staging'),
    });
    expect(await postgres.rows(`SELECT 1 FROM pg_namespace WHERE nspname IN ('ops', 'production')`)).toEqual([]);
  });

  test('of a newer Millrace is left alone', async () => {
    const postgres = await makePostgres();
    await postgres.run(`INSERT INTO ops.migrations (version, name, md5, run_at) VALUES (999, 'later', '', now())`);
    await expect(migrate(postgres)).rejects.toMatchObject({ code: 'MR-PG-006', exitCode: 2 });
  });
});
