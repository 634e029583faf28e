/** A collector that is killed under load, again and again in the same home, and what its segments then hold. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startCollector, testKey } from '../setup/collector.ts';
import { root } from '../setup/fixtures.ts';

/** Segments are closed often, so that kills fall on every step of one. */
const config = { seconds: 1, events: 200 };
const connections = 8;

/** Sends batches over several connections and kills the server at the n-th acknowledgement; gives the acknowledged ids. */
async function killUnderLoad(folder: string, name: string, killAt: number): Promise<readonly string[]> {
  const program = join(root, 'tests', 'setup', 'collector.ts');
  const server = spawn(process.execPath, [program, folder, JSON.stringify(config)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(server, 'close');
  const [address] = (await once(createInterface(server.stdout), 'line')) as [string];
  const acknowledged: string[] = [];
  let sent = 0;
  let answers = 0;
  const loop = async (): Promise<void> => {
    while (answers < killAt) {
      const ids = Array.from({ length: 1 + (sent % 7) }, (_, place) => `${name}-${sent}-${place}`);
      sent += 1;
      const body = JSON.stringify(ids.map((id) => ({ event_id: id, padding: 'x'.repeat(sent % 300) })));
      const response = await fetch(`${address}/v1/events`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', 'x-write-key': testKey.key },
      });
      if (response.status !== 202) throw new Error(`${response.status}: ${await response.text()}`);
      acknowledged.push(...ids);
      answers += 1;
      if (answers === killAt) server.kill('SIGKILL');
    }
  };
  const loops = await Promise.allSettled(Array.from({ length: connections }, loop));
  await ended;
  // What was on its way when the server died has no answer; anything else that went wrong is told.
  for (const result of loops) {
    if (result.status === 'rejected' && !(result.reason instanceof TypeError)) throw result.reason;
  }
  return acknowledged;
}

/** What became of the events. */
export interface AfterKills {
  readonly acknowledged: readonly string[];
  /** The ids in all segments that the last collector handed over; a line that is no event makes it throw. */
  readonly kept: readonly string[];
}

/** Kills a collector at each of these acknowledgements, then lets one more take over what they left. */
export async function killCollectors(folder: string, killsAt: readonly number[]): Promise<AfterKills> {
  const acknowledged: string[] = [];
  for (const [round, killAt] of killsAt.entries()) {
    acknowledged.push(...(await killUnderLoad(folder, `round-${round}`, killAt)));
  }
  const kept: string[] = [];
  const last = await startCollector(folder, {
    onSegment: async ({ path }) => {
      const lines = readFileSync(path, 'utf8').split('\n');
      if (lines.pop() !== '') throw new Error(`${path} ends within a line`);
      kept.push(...lines.map((line) => (JSON.parse(line) as { readonly event_id: string }).event_id));
      rmSync(path);
    },
  });
  await last.close();
  return { acknowledged, kept };
}
