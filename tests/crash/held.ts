/**
 * Commands that are killed at one exact step: in PostgreSQL a trigger that waits for a lock holds a command there;
 * elsewhere a file that appears says that the step has begun.
 */
import { join } from 'node:path';
import pg from 'pg';
import { expect, vi } from 'vitest';
import { acquireEmbeddedPostgres } from '../../src/stores/postgres/embedded.ts';
import type { Running } from '../setup/fixtures.ts';
import { crash, type Home } from './crash.ts';

/** A command that waits for a lock of ours. */
export interface Held {
  readonly running: Running;
  /** Lets the server go on with what the command has asked of it. */
  readonly letGo: () => Promise<void>;
  /** Waits until so many connections meet the condition. */
  readonly untilConnected: (count: number, condition: string) => Promise<void>;
}

/** Starts a command, holds it where the trigger waits for a lock, and does the work meanwhile. */
export async function whenHeld(
  home: Home,
  trigger: string,
  start: () => Running,
  work: (held: Held) => Promise<void>,
): Promise<void> {
  const server = await acquireEmbeddedPostgres(join(home.folder, 'postgres'), 0);
  const session = new pg.Client(server.url);
  session.on('error', () => undefined);
  const untilConnected = async (count: number, condition: string): Promise<void> => {
    const query = `SELECT 1 FROM pg_stat_activity WHERE ${condition}`;
    const options = { timeout: 90_000, interval: 5 };
    await vi.waitUntil(async () => (await session.query(query)).rows.length === count, options);
  };
  try {
    await session.connect();
    await session.query(`CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NEW; END $$;
      ${trigger} EXECUTE FUNCTION hold(); SELECT pg_advisory_lock(1)`);
    const running = start();
    const ended = running.ended.then(({ stderr }) => Promise.reject(new Error(`the command was not held: ${stderr}`)));
    await Promise.race([untilConnected(1, `wait_event = 'advisory'`), ended]);
    ended.catch(() => undefined);
    const letGo = async (): Promise<void> => {
      await session.query('SELECT pg_advisory_unlock(1)');
    };
    await work({ running, letGo, untilConnected });
  } finally {
    await session.end();
    await server.release();
  }
}

/** PostgreSQL: the connections of a command. */
export const connectionsOf = ({ process }: Running): string => `application_name = 'millrace ${process.pid}'`;

/** Kills a command where the trigger holds it. Where the server lives it ends what the command has asked of it. */
export const killWhenHeld = (home: Home, trigger: string, start: () => Running, serverDies: boolean): Promise<void> =>
  whenHeld(home, trigger, start, async ({ running, letGo, untilConnected }) => {
    await crash(home, running, serverDies);
    if (serverDies) return;
    await letGo();
    await untilConnected(0, connectionsOf(running));
  });

/** A trigger that fires when the transaction commits. */
export const atCommit = (event: string): string =>
  `CREATE CONSTRAINT TRIGGER held AFTER ${event} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW`;

/** Kills a command as soon as what it makes is there. */
export async function killWhenMade(
  home: Home,
  running: Running,
  isThere: () => boolean,
  serverDies: boolean,
): Promise<void> {
  await vi.waitUntil(isThere, { timeout: 30_000, interval: 1 });
  const { signal } = await crash(home, running, serverDies);
  expect(signal).toBe('SIGKILL');
}
