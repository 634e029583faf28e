/** Commands that load events killed between two steps that belong together, or interrupted there, then given again. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Running, runMillrace, startMillrace } from '../setup/fixtures.ts';
import {
  type Contents,
  crash,
  differences,
  type Home,
  placeHome,
  removeHome,
  withHome,
  withPostgres,
} from './crash.ts';
import { type EventFiles, makeEventFiles, readAll, readEventIds } from './events.ts';
import { atCommit, killWhenHeld, whenHeld } from './held.ts';
import { segmentsOf, startServing, stopServing, withCollectingHome } from './serving.ts';

const parent = mkdtempSync(join(tmpdir(), 'millrace-events-'));
const compact = ['lake', 'compact', '--json'];
const beforeBooking = 'CREATE TRIGGER held BEFORE INSERT ON ops.batches FOR EACH ROW';

/** Days that files lie in, registered or not. */
const daysIn = ({ folder }: Home): readonly string[] => {
  const days = join(folder, 'lake', 'processed', 'events');
  return readdirSync(days, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.parquet'));
};

/** How many files are registered as current, and how many of events lie there. */
async function readReached(home: Home): Promise<{ readonly batches: number; readonly unregistered: boolean }> {
  const found = await withPostgres(home, async (sql) => ({
    batches: await sql.rows('SELECT FROM ops.batches'),
    registered: await sql.rows(`SELECT FROM ops.lake_files WHERE dataset = 'lake.events'`),
  }));
  return { batches: found.batches.length, unregistered: daysIn(home).length > found.registered.length };
}

describe.runIf(process.platform === 'linux')('a killed command on events', { timeout: 180_000 }, () => {
  const first = placeHome();
  let files: EventFiles;
  let load: readonly string[];
  let afterLoad: Contents;
  let afterCompaction: Contents;

  const toEnd = async (home: Home, words: readonly string[]): Promise<void> => {
    const { code, stderr } = await runMillrace(words, home.settings);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  };
  const undisturbed = (words: readonly string[]): Promise<Contents> => {
    let contents: Contents = new Map();
    return withHome(async (home) => {
      await toEnd(home, words);
      contents = await readAll(home);
    }, first).then(() => contents);
  };

  beforeAll(async () => {
    files = makeEventFiles(join(parent, 'files'));
    load = ['ingest', 'events', join(files.folder, 'third.json'), '--json'];
    await toEnd(first, ['ingest', 'events', join(files.folder, 'first.ndjson'), '--json']);
    await toEnd(first, ['ingest', 'events', join(files.folder, 'second.ndjson.gz'), '--json']);
    afterLoad = await undisturbed(load);
    afterCompaction = await undisturbed(compact);
  });
  afterAll(async () => {
    await removeHome(first);
    rmSync(parent, { recursive: true, force: true });
  });

  const expectSame = async (home: Home, words: readonly string[], expected: Contents): Promise<void> => {
    await toEnd(home, words);
    expect(differences(expected, await readAll(home))).toEqual([]);
  };

  test.for([
    {
      name: 'with its files in the lake and nothing booked',
      trigger: beforeBooking,
      serverDies: false,
      reached: { batches: 2, unregistered: true },
    },
    {
      name: 'before the load is committed',
      trigger: atCommit('INSERT ON ops.ledger'),
      serverDies: true,
      reached: { batches: 2, unregistered: true },
    },
    {
      name: 'after the load was committed, without hearing of it',
      trigger: atCommit('INSERT ON ops.ledger'),
      serverDies: false,
      reached: { batches: 3, unregistered: false },
    },
  ])('a load: $name', ({ trigger, serverDies, reached }) =>
    withHome(async (home) => {
      await killWhenHeld(home, trigger, () => startMillrace(load, home.settings), serverDies);
      expect(await readReached(home)).toEqual(reached);
      await expectSame(home, load, afterLoad);
    }, first),
  );

  test('a load: with some of its files in the lake', () =>
    withHome(async (home) => {
      const before = daysIn(home).length;
      const running = startMillrace(load, home.settings);
      await vi.waitUntil(() => daysIn(home).length > before, { timeout: 30_000, interval: 1 });
      await crash(home, running, false);
      await expectSame(home, load, afterLoad);
    }, first));

  test.for([
    {
      name: 'with the new files in the lake and nothing booked',
      trigger: 'CREATE TRIGGER held BEFORE UPDATE ON ops.lake_files FOR EACH ROW',
      serverDies: false,
      unregistered: true,
    },
    {
      name: 'after it was committed, without hearing of it',
      trigger: atCommit('UPDATE ON ops.lake_files'),
      serverDies: false,
      unregistered: false,
    },
  ])('a compaction: $name', ({ trigger, serverDies, unregistered }) =>
    withHome(async (home) => {
      await killWhenHeld(home, trigger, () => startMillrace(compact, home.settings), serverDies);
      expect(await readReached(home)).toEqual({ batches: 2, unregistered });
      await expectSame(home, compact, afterCompaction);
    }, first),
  );

  /** Interrupts a command as Ctrl-C does; it says nothing and ends as a signal ends a process. */
  const interrupt = async (running: Running): Promise<void> => {
    running.process.kill('SIGINT');
    const { code, stdout, stderr } = await running.ended;
    expect({ code, stdout, stderr }).toEqual({ code: 130, stdout: '', stderr: '' });
  };

  test('a load: interrupted with its files in the lake and nothing booked', () =>
    withHome(async (home) => {
      await whenHeld(
        home,
        beforeBooking,
        () => startMillrace(load, home.settings),
        async ({ running, letGo }) => {
          await interrupt(running);
          await letGo();
        },
      );
      expect((await readReached(home)).batches).toBe(2);
      await expectSame(home, load, afterLoad);
    }, first));

  test('a load: interrupted while its files come to the lake, with the server its own', () =>
    withHome(async (home) => {
      const before = daysIn(home).length;
      const running = startMillrace(load, home.settings);
      await vi.waitUntil(() => daysIn(home).length > before, { timeout: 30_000, interval: 1 });
      await interrupt(running);
      await expectSame(home, load, afterLoad);
    }, first));

  test('a server: with a segment loaded and not yet removed', () =>
    withCollectingHome(async (place) => {
      const { home } = place;
      const folder = join(home.folder, 'raw', 'collector', 'web');
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const lines = readFileSync(join(files.folder, 'first.ndjson'), 'utf8').split('\n').slice(0, 100);
      // No process has this id: Linux gives none beyond 2^22.
      writeFileSync(join(folder, '20260101T000000.000Z-4194305-seg_1.ndjson'), `${lines.join('\n')}\n`);
      await killWhenHeld(
        home,
        atCommit('INSERT ON ops.ledger'),
        () => startMillrace(['serve', '--port', '0'], home.settings),
        false,
      );
      expect(segmentsOf(place)).toHaveLength(1);
      expect(await readEventIds(home)).toHaveLength(100);
      await stopServing(await startServing(place));
      expect(segmentsOf(place)).toEqual([]);
      expect(new Set(await readEventIds(home)).size).toBe(100);
      expect(await readReached(home)).toEqual({ batches: 1, unregistered: false });
    }));
});
