/** Load on the collector: a server on one core, and a closed loop of connections that send batches from this process. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { testKey } from '../tests/setup/collector.ts';

const program = join(import.meta.dirname, '..', 'tests', 'setup', 'collector.ts');

/** How much is sent, and how. */
export interface Load {
  readonly connections: number;
  readonly batches: number;
  /** Events in a batch. */
  readonly size: number;
}

/** What the load met; times in seconds. */
export interface Measurement {
  readonly eventsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly fsyncs: number;
}

const types = ['page_view', 'product_view', 'search', 'add_to_cart', 'login'];

/** An event of the usual size, about 370 bytes. */
function eventText(number: number): string {
  const type = types[number % types.length] ?? '';
  const product = ['product_view', 'add_to_cart'].includes(type)
    ? { product_id: `PROD${number % 1000}`, product_category: 'Home & Kitchen' }
    : {};
  return JSON.stringify({
    event_id: `EVT_${String(number).padStart(16, '0')}`,
    event_type: type,
    user_id: `CUST${String(number % 5000).padStart(5, '0')}`,
    session_id: `SES_${String(number >> 4).padStart(16, '0')}`,
    event_timestamp: '2026-03-01T12:34:56.789Z',
    device_type: 'mobile',
    country_code: 'DE',
    traffic_source: 'paid_search',
    ...product,
    properties: { page: '/home-and-kitchen/kettles', position: number % 40, list: 'best sellers' },
  });
}

const batchText = (first: number, size: number): string =>
  `[${Array.from({ length: size }, (_, place) => eventText(first + place)).join()}]`;

/** Sends one batch; gives the seconds to its acknowledgement. */
function send(agent: Agent, address: string, body: string, size: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'x-write-key': testKey.key,
    };
    const start = performance.now();
    const asked = request(`${address}/v1/events`, { method: 'POST', agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => {
        const seconds = (performance.now() - start) / 1000;
        if (response.statusCode === 202 && text.startsWith(`{"accepted":${size},`)) resolve(seconds);
        else reject(new Error(`the collector answered ${response.statusCode}: ${text.slice(0, 300)}`));
      });
    });
    asked.on('error', reject).end(body);
  });
}

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;

/** Sends the load to a collector that runs; every batch must be accepted whole. */
async function sendLoad(address: string, { connections, batches, size }: Load): Promise<Omit<Measurement, 'fsyncs'>> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const seconds: number[] = [];
  let next = 0;
  const start = performance.now();
  const loop = async (): Promise<void> => {
    while (next < batches) {
      const body = batchText(next++ * size, size);
      seconds.push(await send(agent, address, body, size));
    }
  };
  await Promise.all(Array.from({ length: connections }, loop));
  const total = (performance.now() - start) / 1000;
  agent.destroy();
  seconds.sort((left, right) => left - right);
  return { eventsPerSecond: (batches * size) / total, p50: quantile(seconds, 0.5), p99: quantile(seconds, 0.99) };
}

/** True where a process can be bound to a core. */
export const canPin = (): boolean => spawnSync('taskset', ['--version'], { stdio: 'ignore' }).status === 0;

/** Starts a collector on the machine's first core, over a new folder. */
async function startServer(folder: string): Promise<{ readonly server: ChildProcess; readonly address: string }> {
  const server = spawn('taskset', ['-c', '0', process.execPath, program, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [address] = (await once(createInterface(server.stdout), 'line')) as [string];
  return { server, address };
}

/** The lines of all segments below a folder. */
const countLines = (folder: string): number =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.includes('.ndjson'))
    .map((name) => readFileSync(join(folder, name)).filter((byte) => byte === 0x0a).length)
    .reduce((sum, lines) => sum + lines, 0);

/** Puts the load on a new collector, warms it up with a tenth of it, and checks that what it acknowledged is on disk. */
export async function measureCollector(folder: string, load: Load): Promise<Measurement> {
  const { server, address } = await startServer(folder);
  const ended = once(server, 'close');
  try {
    const warmUp = { ...load, batches: Math.ceil(load.batches / 10) };
    await sendLoad(address, warmUp);
    const flushes = async (): Promise<number> =>
      ((await (await fetch(`${address}/api/collector`)).json()) as { readonly flushes: number }).flushes;
    const before = await flushes();
    const measured = await sendLoad(address, load);
    const fsyncs = (await flushes()) - before;
    const sent = (warmUp.batches + load.batches) * load.size;
    if (countLines(folder) !== sent) throw new Error(`${countLines(folder)} of ${sent} events are on disk`);
    return { ...measured, fsyncs };
  } finally {
    server.kill('SIGTERM');
    await ended;
  }
}
