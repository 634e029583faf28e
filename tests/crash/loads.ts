/**
 * Homes with history, made by commands that are killed and given again: exports out of their order, a wrong batch and its
 * revert, quarantined rows that are fixed and replayed.
 */
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
  withPostgres,
} from './crash.ts';

/** A folder of files, and the day on which they were true. */
interface Export {
  readonly folder: string;
  readonly asOf: string;
}

/** What the commands load. */
export interface Exports {
  /** In the order of their days. */
  readonly inOrder: readonly [Export, Export, Export];
  /** Files that should not have been loaded: another shop's, with the same ids. */
  readonly wrong: Export;
  /** Path of a file -> its rows, as its maker counts them. */
  readonly rows: ReadonlyMap<string, number>;
}

interface Generated {
  readonly files: readonly { readonly path: string; readonly rows: number }[];
  readonly batches: readonly { readonly folder: string; readonly asOf: string }[];
}

const settingsOf = (home: Home): Readonly<Record<string, string>> => ({
  ...home.settings,
  MILLRACE_MAX_ERROR_RATE: '1',
});

async function generate(output: string, ...words: readonly string[]): Promise<Generated> {
  const sizes = ['--customers', '40', '--products', '30', '--transactions', '150', '--dirty', '0.05'];
  const common = ['generate', '--json', '--output', output, '--as-of', '2026-06-30'];
  const { code, stdout } = await runMillrace([...common, ...sizes, ...words], {});
  expect(code).toBe(0);
  return JSON.parse(stdout) as Generated;
}

/** Makes the files: the same ones each time. */
export async function generateExports(folder: string): Promise<Exports> {
  const [right, wrong] = await Promise.all([
    generate(join(folder, 'right'), '--batches', '3', '--seed', '7'),
    generate(join(folder, 'wrong'), '--seed', '8'),
  ]);
  const [first, second, third] = right.batches.map((each) => ({ ...each, folder: join(folder, 'right', each.folder) }));
  if (!first || !second || !third) throw new Error('three exports were asked for');
  return {
    inOrder: [first, second, third],
    wrong: { folder: join(folder, 'wrong'), asOf: '2026-06-30' },
    rows: new Map([...right.files, ...wrong.files].map(({ path, rows }) => [path, rows])),
  };
}

/** Runs work with a connection to a home's PostgreSQL. */
type Connect = <T>(work: (sql: Sql) => Promise<T>) => Promise<T>;

/** A command that changes a home. */
interface Step {
  readonly words: (connect: Connect) => Promise<readonly string[]>;
  /** The error that says that the step has been done before; without one, doing it again changes nothing. */
  readonly doneBefore?: string;
}

const load = ({ folder, asOf }: Export): Step => ({
  words: async () => ['ingest', 'csv', '--json', '--input', folder, '--as-of', asOf],
});

/** The first value that a query gives, which is asked of files in this folder. */
const ask = (connect: Connect, { folder }: Export, query: string): Promise<string> =>
  connect(async (sql) => {
    const [found] = await sql.rows<{ value: string }>(query, [folder]);
    if (!found) throw new Error(`nothing of ${folder} is there`);
    return found.value;
  });

const revert = (batch: Export): Step => ({
  words: async (connect) => {
    const id = await ask(
      connect,
      batch,
      'SELECT batch_id AS value FROM ops.batch_files WHERE starts_with(path, $1) LIMIT 1',
    );
    return ['batch', 'revert', id, '--json'];
  },
  doneBefore: 'MR-BAT-002',
});

/** Mends the first row of an export that breaks the rule. */
const fix = (batch: Export, rule: string, set: string): Step => ({
  words: async (connect) => {
    const id = await ask(
      connect,
      batch,
      `SELECT quarantine_id::text AS value FROM ops.quarantine WHERE '${rule}' = ANY(rules)
         AND batch_id IN (SELECT batch_id FROM ops.batch_files WHERE starts_with(path, $1))
       ORDER BY table_name, row_number LIMIT 1`,
    );
    return ['quarantine', 'fix', id, '--set', set, '--json'];
  },
});

const replay: Step = { words: async () => ['quarantine', 'replay', '--json'] };

/** A product and an order are mended on whom items wait; the wrong batch takes the places of many rows, and leaves again. */
const stepsOf = ({ inOrder: [first, second, third], wrong }: Exports): readonly Step[] => [
  load(third),
  load(first),
  load(wrong),
  fix(first, 'products.cost.not_negative', 'cost=1'),
  revert(wrong),
  load(second),
  fix(second, 'transactions.updated_at.typed', 'updated_at='),
  replay,
];

function requireDone({ code, signal, stderr }: Ended, doneBefore: string | undefined): void {
  if (doneBefore !== undefined && stderr.startsWith(doneBefore)) return;
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
}

/** A lock that a killed command left behind counts as such after ten seconds: they pass at once. */
function ageLock(home: Home): void {
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
  exports: Exports,
  killsOf: (step: number) => readonly Kill[],
): Promise<readonly number[]> {
  mkdirSync(home.folder, { mode: 0o711 });
  return withServer(home, async ({ connect, revive }) => {
    const milliseconds: number[] = [];
    for (const [place, { words, doneBefore }] of stepsOf(exports).entries()) {
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

interface Booked {
  readonly path: string;
  readonly reverted: boolean;
  readonly received: number;
  readonly loaded: number;
  readonly others: number;
}

/** Every row that a file has is in the books once, or not at all when its batch was reverted. */
async function expectBalance(home: Home, { rows }: Exports): Promise<void> {
  const booked = await withPostgres(home, (sql) =>
    sql.rows<Booked>(
      `SELECT path, reverted_at IS NOT NULL AS reverted, received, loaded, duplicate + superseded + quarantined AS others
       FROM ops.batch_files AS files JOIN ops.batches USING (batch_id) JOIN ops.ledger_balance AS balance
         ON balance.batch_id = files.batch_id AND balance.table_name = files.role`,
    ),
  );
  const found = booked.map(({ path, received, loaded, others }) => ({ path, received, sum: loaded + others }));
  const counted = booked.map(({ path, reverted }) => (reverted ? 0 : (rows.get(path) ?? Number.NaN)));
  expect(booked).toHaveLength(rows.size);
  expect(found).toEqual(booked.map(({ path }, place) => ({ path, received: counted[place], sum: counted[place] })));
}

/** What the steps leave when nothing is killed, and the milliseconds that they take. */
export interface UndisturbedLoads {
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

/** Takes a home of its own through all steps. */
export const loadUndisturbed = (exports: Exports): Promise<UndisturbedLoads> =>
  withHome(async (home) => {
    const milliseconds = await takeSteps(home, exports, () => []);
    await expectBalance(home, exports);
    return { contents: await readDatabase(home), milliseconds, startup: await measureStartup(home) };
  });

/** Deals moments of the work of all steps out to the steps. */
function killsByStep(
  rounds: readonly Round[],
  { milliseconds, startup }: UndisturbedLoads,
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
export const crashLoads = (rounds: readonly Round[], exports: Exports, undisturbed: UndisturbedLoads): Promise<void> =>
  withHome(async (home) => {
    const kills = killsByStep(rounds, undisturbed);
    await takeSteps(home, exports, (step) => kills[step] ?? []);
    expect(differences(undisturbed.contents, await readDatabase(home))).toEqual([]);
    await expectBalance(home, exports);
    // Nothing has been published here.
    expect(await ailments(home, ['warehouse', 'dashboard'])).toEqual([]);
  });
