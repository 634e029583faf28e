/** Commands that change a home, one after the other, each killed at moments and given again until it ends. */
import { mkdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'vitest';
import { isMissing } from '../../src/kernel/errors.ts';
import { acquireEmbeddedPostgres, type EmbeddedPostgres } from '../../src/stores/postgres/embedded.ts';
import { openPostgres, type Sql } from '../../src/stores/postgres/postgres.ts';
import { type Ended, runMillrace, startMillrace } from '../setup/fixtures.ts';
import {
  ailments,
  type Contents,
  crash,
  differences,
  type Home,
  type Round,
  readDatabase,
  serverFolder,
  withHome,
} from './crash.ts';

const settingsOf = (home: Home): Readonly<Record<string, string>> => ({
  ...home.settings,
  MILLRACE_MAX_ERROR_RATE: '1',
});

/** Runs work with a connection to a home's PostgreSQL. */
export type Connect = <T>(work: (sql: Sql) => Promise<T>) => Promise<T>;

/** A command that changes a home. */
export interface Step {
  readonly words: (connect: Connect) => Promise<readonly string[]>;
  /** The error that says that the step has been done before; without one, doing it again changes nothing. */
  readonly doneBefore?: string;
}

/** The first value that a query gives. */
export const ask = (connect: Connect, query: string, values: readonly unknown[]): Promise<string> =>
  connect(async (sql) => {
    const [found] = await sql.rows<{ value: string }>(query, values);
    if (!found) throw new Error(`nothing is found for ${values.join(', ')}`);
    return found.value;
  });

function requireDone({ code, signal, stderr }: Ended, doneBefore: string | undefined): void {
  if (doneBefore !== undefined && stderr.startsWith(doneBefore)) return;
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
}

/** A lock that a killed command left behind counts as such after ten seconds: they pass at once. */
export function ageLock(home: Home): void {
  try {
    utimesSync(join(serverFolder(home), 'start.lock'), 0, 0);
  } catch (thrown) {
    if (!isMissing(thrown)) throw thrown;
  }
}

/** A PostgreSQL that is kept up, so that commands neither start nor stop it. */
interface KeptServer {
  readonly connect: Connect;
  /** Starts it again after it was killed. */
  readonly revive: () => Promise<void>;
}

async function withServer<T>(home: Home, work: (server: KeptServer) => Promise<T>): Promise<T> {
  const acquire = (): Promise<EmbeddedPostgres> => acquireEmbeddedPostgres(serverFolder(home), 0);
  let server = await acquire();
  try {
    return await work({
      connect: async (ask) => {
        const postgres = await openPostgres(server.url);
        try {
          return await ask(postgres);
        } finally {
          await postgres.close();
        }
      },
      revive: async () => {
        server = await acquire();
      },
    });
  } finally {
    await server.release();
  }
}

/** When a command is killed, in milliseconds since its start. */
interface Kill {
  readonly after: number;
  readonly serverDies: boolean;
}

/**
 * Kills a command under way. When it ends before its moment, it is given again, to be killed in half the time. `doneBefore`
 * is what it says when it was done already: in an earlier turn, also in one that was killed after it had sent its COMMIT.
 */
async function killUnderWay(
  home: Home,
  words: readonly string[],
  kill: Kill,
  doneBefore: string | undefined,
  killedBefore: boolean,
): Promise<void> {
  for (let after = kill.after, again = killedBefore; ; after /= 2, again = true) {
    const running = startMillrace(words, settingsOf(home));
    await Promise.race([wait(after), running.ended]);
    const ended = running.process.exitCode === null ? await crash(home, running, kill.serverDies) : await running.ended;
    if (ended.signal === 'SIGKILL') return;
    requireDone(ended, again ? doneBefore : undefined);
  }
}

/** Takes a home through all steps, each killed as often as `killsOf` says before it may end; gives the time each took. */
async function takeSteps(
  home: Home,
  steps: readonly Step[],
  killsOf: (step: number) => readonly Kill[],
): Promise<readonly number[]> {
  mkdirSync(home.folder, { mode: 0o711 });
  return withServer(home, async ({ connect, revive }) => {
    const milliseconds: number[] = [];
    for (const [place, { words, doneBefore }] of steps.entries()) {
      const given = await words(connect);
      const kills = killsOf(place);
      for (const [time, kill] of kills.entries()) {
        await killUnderWay(home, given, kill, doneBefore, time > 0);
        ageLock(home);
        if (kill.serverDies) await revive();
      }
      const began = performance.now();
      requireDone(await runMillrace(given, settingsOf(home)), kills.length > 0 ? doneBefore : undefined);
      milliseconds.push(performance.now() - began);
    }
    return milliseconds;
  });
}

/** What the steps leave when nothing is killed, and the milliseconds that they take. */
export interface UndisturbedSteps {
  readonly contents: Contents;
  /** That each takes. */
  readonly milliseconds: readonly number[];
  /** That pass in each before it touches the home. */
  readonly startup: number;
}

async function measureStartup(home: Home): Promise<number> {
  const began = performance.now();
  requireDone(await runMillrace(['--version'], settingsOf(home)), undefined);
  return performance.now() - began;
}

/** What a home must hold beside being like the undisturbed one. */
export type Expectation = (home: Home) => Promise<void>;

/** All that a home holds, for comparison. */
export type Reading = (home: Home) => Promise<Contents>;

/** Takes a home of its own through all steps. */
export const stepUndisturbed = (
  steps: readonly Step[],
  expectation: Expectation,
  read: Reading = readDatabase,
): Promise<UndisturbedSteps> =>
  withHome(async (home) => {
    const milliseconds = await takeSteps(home, steps, () => []);
    await expectation(home);
    return { contents: await read(home), milliseconds, startup: await measureStartup(home) };
  });

/** Deals moments of the work of all steps out to the steps. */
function killsByStep(
  rounds: readonly Round[],
  { milliseconds, startup }: UndisturbedSteps,
): readonly (readonly Kill[])[] {
  const work = milliseconds.map((each) => Math.max(each - startup, 1));
  const total = work.reduce((sum, each) => sum + each, 0);
  let end = 0;
  return work.map((length) => {
    const begin = end;
    end += length;
    return rounds
      .map(({ fraction, serverDies }) => ({ moment: fraction * total, serverDies }))
      .filter(({ moment }) => moment >= begin && moment < end)
      .map(({ moment, serverDies }) => ({ after: startup + moment - begin, serverDies }));
  });
}

/** Takes a home through all steps and kills it at these moments: it must then hold what an undisturbed one does. */
export const crashSteps = (
  rounds: readonly Round[],
  steps: readonly Step[],
  undisturbed: UndisturbedSteps,
  expectation: Expectation,
  read: Reading = readDatabase,
): Promise<void> =>
  withHome(async (home) => {
    const kills = killsByStep(rounds, undisturbed);
    await takeSteps(home, steps, (step) => kills[step] ?? []);
    expect(differences(undisturbed.contents, await read(home))).toEqual([]);
    await expectation(home);
    // Nothing has been published here.
    expect(await ailments(home, ['warehouse', 'dashboard'])).toEqual([]);
  });
