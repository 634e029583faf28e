/** PostgreSQL through one driver: queries, transactions, COPY in and out. Knows nothing about commerce. */
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { MillraceError, problemOf } from '../../kernel/errors.ts';

/** The application name of this process's connections, by which those of others are told apart. */
export const applicationName = `millrace ${process.pid}`;

/** The oldest server version that is supported. */
const oldestVersion = 15;

/** What can be asked of PostgreSQL, inside a transaction or outside. Values go in as $1, $2 and so on. */
export interface Sql {
  /** Runs a query and gives its rows: bigint and counts as numbers, numeric as text, timestamps as Date. */
  rows<T = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<readonly T[]>;
  /** Runs a statement and gives the number of rows it touched. Without values, several statements may stand in it. */
  run(text: string, values?: readonly unknown[]): Promise<number>;
  /** Feeds a COPY ... FROM STDIN with the stream's bytes; gives the number of rows copied. */
  copyIn(statement: string, source: Readable): Promise<number>;
  /** Writes what a COPY ... TO STDOUT gives to the stream. */
  copyOut(statement: string, target: Writable): Promise<void>;
}

/** A database that can be asked, and asked in transactions. */
export interface Postgres extends Sql {
  /** Runs the work in one transaction on one connection: committed when it resolves, rolled back when it rejects. */
  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /**
   * Runs the work while holding the named lock, which no other process then holds. Waits for it at most `seconds`.
   * Errors: MR-RUN-001 when the wait was in vain.
   */
  exclusive<T>(name: string, seconds: number, work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const types: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === pg.types.builtins.INT8) return Number;
    return pg.types.getTypeParser(oid, format as 'text');
  },
};

/**
 * Statements for exclusive work. Its lock goes with the session that took it; where the process was killed, another
 * session may still be committing. Transactions therefore hold a second lock, for whose end the next process waits. Where
 * the session was lost and the process lives on, another process may be at work: a transaction looks whether it was.
 */
const lock = {
  take: 'SELECT pg_advisory_lock(hashtextextended($1, 0))',
  giveBack: 'SELECT pg_advisory_unlock(hashtextextended($1, 0))',
  keepWhileCommitting: 'SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 1))',
  awaitCommit: `WITH taken AS MATERIALIZED (SELECT pg_advisory_lock(hashtextextended($1, 1)))
    SELECT pg_advisory_unlock(hashtextextended($1, 1)) FROM taken`,
  isHeld: `SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND mode = 'ExclusiveLock' AND pid = $2 AND objsubid = 1
    AND classid = (hashtextextended($1, 0) >> 32 & 4294967295)::oid AND objid = (hashtextextended($1, 0) & 4294967295)::oid`,
} as const;

function sqlOn(client: pg.ClientBase): Sql {
  return {
    async rows<T>(text: string, values: readonly unknown[] = []) {
      return (await client.query(text, [...values])).rows as readonly T[];
    },
    async run(text, values) {
      const result = await (values ? client.query(text, [...values]) : client.query(text));
      return Array.isArray(result) ? 0 : (result.rowCount ?? 0);
    },
    async copyIn(statement, source) {
      const copy = client.query(copyFrom(statement));
      await pipeline(source, copy);
      return copy.rowCount ?? 0;
    },
    async copyOut(statement, target) {
      await pipeline(client.query(copyTo(statement)), target);
    },
  };
}

/** The server of a connection URL as it may be shown: host, port and database, no user and no password. */
export function describeTarget(url: string): string {
  try {
    const { hostname, port, pathname } = new URL(url);
    return `${hostname}:${port || 5432}${pathname}`;
  } catch {
    return 'the address in DATABASE_URL';
  }
}

/** Codes with which a server says that it goes away, or that nobody may connect now (classes 08 and 57). */
const goneCodes = /^(08...|57P0[1-5]|53300)$/;

/** True when the server, not the statement, is at fault. */
function isGone(thrown: unknown): boolean {
  if (thrown instanceof pg.DatabaseError) return goneCodes.test(thrown.code ?? '');
  if (!(thrown instanceof Error)) return false;
  const code = 'code' in thrown ? String(thrown.code) : '';
  const lost = /^(Connection terminated|Client has encountered a connection error)/;
  return ['ECONNRESET', 'ECONNREFUSED', 'EPIPE'].includes(code) || lost.test(thrown.message);
}

/** True when a database does not let schemas or tables be made: no right to, or the names are taken. */
export const isSetupRefused = (thrown: unknown): boolean =>
  thrown instanceof pg.DatabaseError && ['42501', '42P06', '42P07'].includes(thrown.code ?? '');

/** True when a statement did not get a lock: it waited for as long as it may, or for one who waited for it. */
export const isLockRefused = (thrown: unknown): boolean =>
  thrown instanceof pg.DatabaseError && ['55P03', '40P01'].includes(thrown.code ?? '');

async function checkVersion(client: pg.ClientBase, target: string): Promise<void> {
  const { rows } = await client.query<{ version: number }>(
    `SELECT current_setting('server_version_num')::integer / 10000 AS version`,
  );
  const version = rows[0]?.version ?? 0;
  if (version < oldestVersion) throw new MillraceError('MR-PG-004', { target, version });
}

function openPool(url: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: 15_000,
    max: 8,
    options: '-c TimeZone=UTC -c client_min_messages=warning',
    types,
  });
  // A pooled connection that breaks while idle is replaced at its next use.
  pool.on('error', () => undefined);
  // One that breaks while it is held and nothing runs on it, such as for a lock, makes the next statement on it fail.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** True when nobody listens at an address. */
const isRefused = (thrown: unknown): boolean =>
  thrown instanceof Error && 'code' in thrown && thrown.code === 'ECONNREFUSED';

/**
 * Connects to the database at the URL, and to the one that `findAgain` gives when nobody listens there any more. Sessions
 * count time in UTC. Errors: MR-PG-001 when it cannot be reached, then or later; MR-PG-004 when it is too old.
 */
export async function openPostgres(url: string, findAgain?: () => Promise<string>): Promise<Postgres> {
  const target = describeTarget(url);
  let pool = openPool(url);
  let reopening: Promise<void> | undefined;

  const reopen = async (find: () => Promise<string>): Promise<void> => {
    const found = await find();
    // Its connections are lost; whoever still holds one gives it back in his own time.
    void pool.end().catch(() => undefined);
    pool = openPool(found);
  };

  const connect = async (): Promise<pg.PoolClient> => {
    try {
      return await pool.connect().catch(async (thrown: unknown) => {
        if (!findAgain || !isRefused(thrown)) throw thrown;
        reopening ??= reopen(findAgain).finally(() => {
          reopening = undefined;
        });
        await reopening;
        return pool.connect();
      });
    } catch (thrown) {
      throw new MillraceError('MR-PG-001', { target, problem: problemOf(thrown) }, thrown);
    }
  };

  const withClient = async <T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> => {
    const client = await connect();
    try {
      const result = await work(client);
      client.release();
      return result;
    } catch (thrown) {
      // A connection that failed half-way, such as in a COPY, is closed rather than used again.
      client.release(true);
      throw isGone(thrown) ? new MillraceError('MR-PG-001', { target, problem: problemOf(thrown) }, thrown) : thrown;
    }
  };

  try {
    await withClient((client) => checkVersion(client, target));
  } catch (thrown) {
    await pool.end();
    throw thrown;
  }

  /** The name under which exclusive work is being done, and the process of the server that has its lock. */
  let worksAs: { readonly name: string; readonly pid: number } | undefined;

  /** Keeps others from exclusive work until the transaction ends. Errors: MR-PG-001 when they may have begun with it. */
  const keepOthersOut = async (client: pg.PoolClient, name: string, pid: number): Promise<void> => {
    await client.query(lock.keepWhileCommitting, [name]);
    if ((await client.query(lock.isHeld, [name, pid])).rowCount === 1) return;
    throw new MillraceError('MR-PG-001', { target, problem: 'the connection that kept other commands out was lost' });
  };

  return {
    rows: (text, values) => withClient((client) => sqlOn(client).rows(text, values)),
    run: (text, values) => withClient((client) => sqlOn(client).run(text, values)),
    copyIn: (statement, source) => withClient((client) => sqlOn(client).copyIn(statement, source)),
    copyOut: (statement, stream) => withClient((client) => sqlOn(client).copyOut(statement, stream)),
    transaction: (work) =>
      withClient(async (client) => {
        await client.query('BEGIN');
        if (worksAs) await keepOthersOut(client, worksAs.name, worksAs.pid);
        const result = await work(sqlOn(client));
        await client.query('COMMIT');
        return result;
      }),
    exclusive: (name, seconds, work) =>
      withClient(async (client) => {
        await client.query(`SET lock_timeout = '${seconds}s'`);
        try {
          await client.query(lock.take, [name]);
          await client.query(lock.awaitCommit, [name]);
        } catch (thrown) {
          if (isLockRefused(thrown)) throw new MillraceError('MR-RUN-001', { seconds }, thrown);
          throw thrown;
        }
        const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
        worksAs = { name, pid: rows[0]?.pid ?? 0 };
        const result = await work().finally(() => {
          worksAs = undefined;
        });
        await client.query(lock.giveBack, [name]);
        await client.query('RESET lock_timeout');
        return result;
      }),
    close: () => pool.end(),
  };
}

/** True when COPY could not take apart what it was fed. */
export const isBadCopyFormat = (thrown: unknown): boolean =>
  thrown instanceof pg.DatabaseError && thrown.code === '22P04';

/** A text as an SQL literal, for statements that take no parameters, such as COPY and COMMENT. */
export const sqlText = (text: string): string => pg.escapeLiteral(text);
