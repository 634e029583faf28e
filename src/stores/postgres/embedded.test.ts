/** The embedded server: shared, adopted, recovered, stopped by the last one, in processes of their own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { afterTheLast, makeFolder, root } from '../../../tests/setup/fixtures.ts';
import { acquireEmbeddedPostgres } from './embedded.ts';

const script = `
import { acquireEmbeddedPostgres } from ${JSON.stringify(join(import.meta.dirname, 'embedded.ts'))};
const [folder, port] = process.argv.slice(1);
try {
  const server = await acquireEmbeddedPostgres(folder, Number(port));
  console.log(JSON.stringify({ url: server.url }));
  process.stdin.once('data', () => server.release().then(() => process.exit(0)));
} catch (thrown) {
  console.log(JSON.stringify({ code: thrown.code, message: thrown.message, remedy: thrown.remedy }));
}`;

/** A process that has a share in the server of a folder. */
interface Holder {
  readonly url: string;
  /** Gives the share back and ends. */
  release(): Promise<void>;
  /** Ends without a word. */
  kill(): Promise<void>;
}

/** What a process says that asks for a share: a URL or an error. */
async function ask(folder: string, port = 0): Promise<Record<string, string> & Omit<Holder, 'url'>> {
  const child = spawn(
    join(root, 'node_modules', '.bin', 'node'),
    ['--input-type=module', '-e', script, folder, String(port)],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const ended = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const said = JSON.parse(line) as Record<string, string>;
  return Object.assign(said, {
    async release() {
      child.stdin.write('release\n');
      await ended;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  });
}

async function hold(folder: string, port = 0): Promise<Holder> {
  const { url, message, ...holder } = await ask(folder, port);
  if (!url) throw new Error(message);
  return { url, ...holder };
}

async function query(url: string, text: string): Promise<readonly unknown[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

const pidFile = (folder: string): string => join(folder, 'cluster', 'postmaster.pid');
const serverPid = (folder: string): number => Number(readFileSync(pidFile(folder), 'utf8').split('\n')[0]);

/** True when the process runs, and is not just waiting for its end to be noticed. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/.test(existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : '');
  } catch {
    return false;
  }
}

async function occupyPort(): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { port: typeof address === 'object' && address ? address.port : 0, server };
}

const close = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

describe('the embedded server', () => {
  const atEnd = afterTheLast();
  let folder: string;

  beforeAll(async () => {
    // Below a folder that only its owner may enter, as root's home is: the server's user is another one where root runs it.
    const closed = makeFolder(atEnd);
    chmodSync(closed, 0o700);
    folder = join(closed, 'home', 'postgres');
    const server = await acquireEmbeddedPostgres(folder, 0);
    await server.release();
  });

  test('is stopped when the only one gives it back', () => {
    expect(existsSync(pidFile(folder))).toBe(false);
  });

  test('is one for all who ask at once and have its password, and stops with the last of them', async () => {
    const [first, second, third] = await Promise.all([hold(folder), hold(folder), hold(folder)]);
    expect([second.url, third.url]).toEqual([first.url, first.url]);
    const guess = new URL(first.url);
    guess.password = 'guess';
    await expect(query(guess.href, 'SELECT 1')).rejects.toThrow('password');
    const pid = serverPid(folder);
    await first.release();
    await third.release();
    expect(await query(second.url, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
    await second.release();
    expect([runs(pid), existsSync(pidFile(folder))]).toEqual([false, false]);
  });

  test('is adopted when whoever started it was killed', async () => {
    const starter = await hold(folder);
    const pid = serverPid(folder);
    await starter.kill();
    const heir = await hold(folder);
    expect([heir.url, serverPid(folder)]).toEqual([starter.url, pid]);
    await heir.release();
    expect(runs(pid)).toBe(false);
  });

  test('is started again when it was killed, with all that was committed', async () => {
    const first = await hold(folder);
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS n');
    const pid = serverPid(folder);
    process.kill(pid, 'SIGKILL');
    const second = await hold(folder);
    expect(serverPid(folder)).not.toBe(pid);
    expect(await query(second.url, 'SELECT n FROM kept')).toEqual([{ n: 42 }]);
    // The first has lost its share with the killed server; the new one is not its to stop.
    await first.release();
    expect(await query(second.url, 'SELECT n FROM kept')).toEqual([{ n: 42 }]);
    await second.release();
    expect(existsSync(pidFile(folder))).toBe(false);
  });

  test('is started again only when what a killed one was still doing is over', async () => {
    const first = await hold(folder);
    const busy = new pg.Client(first.url);
    busy.on('error', () => undefined);
    await busy.connect();
    const { rows } = await busy.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const orphan = rows[0]?.pid ?? 0;
    await busy.query('CREATE TABLE half (n bigint)');
    await busy.query('BEGIN');
    const working = busy.query('INSERT INTO half SELECT generate_series(1, 1000000)').catch(() => undefined);
    const active = `SELECT 1 FROM pg_stat_activity WHERE pid = ${orphan} AND query LIKE 'INSERT%' AND state = 'active'`;
    while ((await query(first.url, active)).length === 0);
    process.kill(serverPid(folder), 'SIGKILL');
    await first.kill();
    const second = await hold(folder);
    expect(runs(orphan)).toBe(false);
    expect(await query(second.url, 'SELECT count(*)::integer AS n FROM half')).toEqual([{ n: 0 }]);
    await working;
    await second.release();
  });

  test.each([
    ['a living process of somebody else', process.pid],
    ['a process that is no more', 4_194_303],
  ])('is started although a pid file names %s', async (_name, pid) => {
    writeFileSync(
      pidFile(folder),
      [pid, join(folder, 'cluster'), 1700000000, 54600, '', '127.0.0.1', '', 'ready', ''].join('\n'),
    );
    const server = await hold(folder);
    expect(await query(server.url, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
    expect(serverPid(folder)).not.toBe(pid);
    await server.release();
  });

  test('takes the port that it is asked to, and another one when that is taken', async () => {
    const { port, server } = await occupyPort();
    const other = await hold(folder, port);
    expect(new URL(other.url).port).not.toBe(String(port));
    expect(await query(other.url, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
    await other.release();
    await close(server);
    const wished = await hold(folder, port);
    expect(new URL(wished.url).port).toBe(String(port));
    await wished.release();
  });

  test('that cannot start is told of with its log, and starts once it can', async () => {
    const settings = join(folder, 'cluster', 'postgresql.auto.conf');
    const before = readFileSync(settings);
    writeFileSync(settings, 'shared_buffers = nonsense\n');
    const { code, remedy } = await ask(folder);
    expect(code).toBe('MR-PG-002');
    expect(remedy).toContain(join(folder, 'server.log'));
    writeFileSync(settings, before);
    const server = await hold(folder);
    await server.release();
  });
});
