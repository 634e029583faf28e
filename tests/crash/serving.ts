/** A home whose `millrace serve` is killed while events come in and are loaded, and where those events are in the end. */
import { mkdirSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'vitest';
import { ensureDashboard } from '../../scripts/dashboard.mjs';
import { type Running, runMillrace, startMillrace } from '../setup/fixtures.ts';
import { ailments, crash, type Home, type Round, withHome, withPostgres } from './crash.ts';
import { readEventIds } from './events.ts';
import { ageLock } from './steps.ts';

/** Segments are closed often, so that they are loaded all the time. */
const settings = {
  MILLRACE_COLLECT_SECONDS: '1',
  MILLRACE_COLLECT_EVENTS: '400',
  MILLRACE_COLLECT_RATE: '1000000',
  MILLRACE_COLLECT_BURST: '1000000',
  MILLRACE_LOG_LEVEL: 'error',
};

const connections = 4;

/** A home with a write key for events of the source web. */
export interface CollectingHome {
  readonly home: Home;
  readonly key: string;
}

/** A running `millrace serve`. */
export interface Serving {
  readonly address: string;
  readonly running: Running;
}

/** Runs work with a new home that can collect events. */
export const withCollectingHome = (work: (place: CollectingHome) => Promise<void>): Promise<void> =>
  withHome(async ({ folder, settings: own }) => {
    await ensureDashboard(() => undefined);
    const home = { folder, settings: { ...own, ...settings } };
    mkdirSync(folder, { mode: 0o711 });
    const { code, stdout } = await runMillrace(['keys', 'add', 'web', '--json'], home.settings);
    expect(code).toBe(0);
    await work({ home, key: (JSON.parse(stdout) as { readonly key: string }).key });
  });

/** Starts `millrace serve` on a free port. */
export function startServing({ home }: CollectingHome): Promise<Serving> {
  const running = startMillrace(['serve', '--port', '0'], home.settings);
  return new Promise((resolve, reject) => {
    running.ended.then(({ stderr }) => reject(new Error(`the server ended: ${stderr}`)), reject);
    let said = '';
    running.process.stderr?.on('data', (text: string) => {
      said += text;
      const address = /The dashboard is at (\S+)/.exec(said)?.[1];
      if (address !== undefined) resolve({ address, running });
    });
  });
}

/** Ends the server as `kill` does: it must close what is open, load what waits, and say nothing. */
export async function stopServing({ running }: Serving): Promise<void> {
  running.process.kill('SIGTERM');
  const { code, stderr } = await running.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/^The dashboard is at \S+ .*\n$/) });
}

/** A request's events, which it sends again after a lost answer, as the tracker does. */
interface Batch {
  readonly good: readonly string[];
  readonly bad: string | undefined;
  readonly body: string;
}

/** Events that were sent, by what became of them. */
export class Sender {
  readonly accepted: string[] = [];
  readonly rejected: string[] = [];
  /** Without an answer. */
  private open: Batch[] = [];
  private count = 0;
  private readonly pause: number;

  /** `pause`: milliseconds between the requests of one connection. */
  constructor(pause = 0) {
    this.pause = pause;
  }

  private next(): Batch {
    const number = this.count;
    this.count += 1;
    const id = (place: number): string => `EVT_${String(number).padStart(10, '0')}_${place}`;
    const event = (event_id: string, event_type: string): unknown => ({
      event_id,
      event_type,
      user_id: `U${number % 97}`,
      session_id: `S${number % 211}`,
      event_timestamp: new Date(Date.UTC(2026, 0, 1 + (number % 5), number % 24)).toISOString(),
      device_type: 'mobile',
      traffic_source: 'direct',
    });
    const good = Array.from({ length: 1 + (number % 9) }, (_, place) => id(place));
    const bad = number % 7 === 0 ? id(10) : undefined;
    const events = [...good.map((each) => event(each, 'page_view')), ...(bad ? [event(bad, 'no_such_type')] : [])];
    return { good, bad, body: JSON.stringify(events) };
  }

  /** Sends one batch. Rejects with a TypeError where the answer is lost; the batch is then sent again by a later call. */
  private async send(address: string, key: string, batch: Batch): Promise<void> {
    this.open.push(batch);
    const response = await fetch(`${address}/v1/events`, {
      method: 'POST',
      body: batch.body,
      headers: { 'content-type': 'application/json', 'x-write-key': key },
    });
    const text = await response.text();
    if (response.status !== 202) throw new Error(`${response.status}: ${text}`);
    this.open = this.open.filter((each) => each !== batch);
    this.accepted.push(...batch.good);
    if (batch.bad) this.rejected.push(batch.bad);
    expect(JSON.parse(text)).toMatchObject({ accepted: batch.good.length, rejected: batch.bad ? 1 : 0 });
  }

  /** Sends again what had no answer, then new batches over several connections, until told to stop or the server is gone. */
  async sendUntil(address: string, key: string, isOver: () => boolean): Promise<void> {
    const again = this.open;
    this.open = [];
    const loop = async (): Promise<void> => {
      while (again.length > 0 || !isOver()) {
        await this.send(address, key, again.pop() ?? this.next());
        await wait(this.pause);
      }
    };
    const loops = await Promise.allSettled(Array.from({ length: connections }, loop));
    this.open.push(...again);
    for (const result of loops) {
      if (result.status === 'rejected' && !(result.reason instanceof TypeError)) throw result.reason;
    }
  }
}

/** Serves, sends, and kills the server so long after it listens, in milliseconds. */
async function killUnderLoad(place: CollectingHome, sender: Sender, after: number, serverDies: boolean): Promise<void> {
  const { address, running } = await startServing(place);
  let killed = false;
  const sending = sender.sendUntil(address, place.key, () => killed);
  await wait(after);
  killed = true;
  const { signal } = await crash(place.home, running, serverDies);
  await sending;
  expect(signal).toBe('SIGKILL');
  ageLock(place.home);
}

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));

/** The segments that lie in the home. */
export const segmentsOf = ({ home }: CollectingHome): readonly string[] =>
  filesBelow(join(home.folder, 'raw', 'collector'));

/** Every event that was acknowledged is where it belongs, and there once; nothing is left over; the books balance. */
export async function expectExactlyOnce(place: CollectingHome, sender: Sender): Promise<void> {
  const { home } = place;
  const found = await readEventIds(home);
  expect([...found].sort()).toEqual([...sender.accepted].sort());
  const { held, registered } = await withPostgres(home, async (sql) => ({
    held: await sql.rows<{ id: string }>(
      `SELECT (content ->> 'record')::jsonb ->> 'event_id' AS id FROM ops.quarantine
       WHERE state = 'open' AND rules = '{events.event_type.known}'`,
    ),
    registered: await sql.rows<{ path: string }>('SELECT path FROM ops.lake_files'),
  }));
  // An answer that was lost makes its sender send the same once more.
  expect(new Set(held.map(({ id }) => id))).toEqual(new Set(sender.rejected));
  expect(filesBelow(join(home.folder, 'lake')).toSorted()).toEqual(registered.map(({ path }) => path).toSorted());
  expect(segmentsOf(place)).toEqual([]);
  // Nothing has been published here.
  expect(await ailments(home, ['warehouse'])).toEqual([]);
}

/** Milliseconds after it listens within which a server is killed: segments are closed, loaded and removed in them. */
const longestRound = 2_500;

/** Kills a server at each of these moments, then lets one more end in peace. */
export const crashServing = (rounds: readonly Round[]): Promise<void> =>
  withCollectingHome(async (place) => {
    const sender = new Sender();
    for (const { fraction, serverDies } of rounds) {
      await killUnderLoad(place, sender, fraction * longestRound, serverDies);
    }
    const last = await startServing(place);
    await sender.sendUntil(last.address, place.key, () => true);
    await stopServing(last);
    await expectExactlyOnce(place, sender);
  });
