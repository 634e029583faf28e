/** A server that is killed, or loses its stores, while it collects and loads events: each is in the lake in the end, once. */
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { runMillrace } from '../setup/fixtures.ts';
import { crash, drawRounds, killServer, seed, withPostgres } from './crash.ts';
import {
  type CollectingHome,
  crashServing,
  expectExactlyOnce,
  Sender,
  type Serving,
  segmentsOf,
  startServing,
  stopServing,
  withCollectingHome,
} from './serving.ts';

interface CollectorStatus {
  readonly sources: readonly { readonly source: string; readonly waiting: number }[];
  readonly lastError: { readonly problem: string } | null;
}

const statusOf = async ({ address }: Serving): Promise<CollectorStatus> =>
  (await fetch(`${address}/api/collector`)).json() as Promise<CollectorStatus>;

/** Milliseconds between requests of one connection. */
const unhurried = 20;

const patience = { timeout: 60_000, interval: 50 };

/** Serves and sends while the work goes on, then stops in peace: everything that was sent must have been answered. */
async function serveDuring(place: CollectingHome, work: (serving: Serving) => Promise<unknown>): Promise<void> {
  const sender = new Sender(unhurried);
  const serving = await startServing(place);
  let isOver = false;
  const sending = sender.sendUntil(serving.address, place.key, () => isOver);
  await work(serving);
  isOver = true;
  await sending;
  await stopServing(serving);
  await expectExactlyOnce(place, sender);
}

describe.runIf(process.platform === 'linux')(`a server (TEST_SEED=${seed})`, { timeout: 180_000 }, () => {
  test('is killed four times', () => crashServing(drawRounds(4)));

  test('starts PostgreSQL again when that was killed, and takes events meanwhile', () =>
    withCollectingHome((place) =>
      serveDuring(place, async (serving) => {
        const health = async () =>
          (await fetch(`${serving.address}/api/health`)).json() as Promise<{ readonly postgres: string }>;
        await vi.waitUntil(() => segmentsOf(place).length > 1, patience);
        await killServer(place.home);
        await vi.waitUntil(async () => (await health()).postgres === 'up', patience);
      }),
    ));

  test('waits for a command that changes the home, and takes events meanwhile', () =>
    withCollectingHome(({ home, key }) => {
      const place = { key, home: { ...home, settings: { ...home.settings, MILLRACE_LOCK_SECONDS: '1' } } };
      return serveDuring(place, (serving) =>
        withPostgres(home, async (sql) => {
          await sql.transaction(async (other) => {
            await other.run(`SELECT pg_advisory_xact_lock(hashtextextended('millrace pipeline', 0))`);
            await vi.waitUntil(
              async () => (await statusOf(serving)).lastError?.problem.includes('Another Millrace'),
              patience,
            );
          });
        }),
      );
    }));

  test('that is gone leaves what it collected to the next run', () =>
    withCollectingHome(async (place) => {
      const sender = new Sender(unhurried);
      const serving = await startServing(place);
      let isOver = false;
      const sending = sender.sendUntil(serving.address, place.key, () => isOver);
      await vi.waitUntil(() => segmentsOf(place).length > 0, patience);
      await wait(1_500);
      isOver = true;
      await sending;
      await crash(place.home, serving.running, false);
      const { code, stderr } = await runMillrace(['run', '--json'], place.home.settings);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      await expectExactlyOnce(place, sender);
    }));
});
