/** The collector behind the real server, without warehouse and database; as a program it runs until SIGTERM. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readEventContract } from '../../src/contracts/events/contract-file.ts';
import { eventJudge } from '../../src/contracts/events/judge-one.ts';
import type { CollectorConfig } from '../../src/kernel/config.ts';
import { randomIds } from '../../src/kernel/ids.ts';
import { createLogger } from '../../src/kernel/log.ts';
import { systemClock } from '../../src/kernel/time.ts';
import type { WarehouseReader } from '../../src/publish/warehouse.ts';
import { type CollectorOptions, createCollector } from '../../src/server/collector/collector.ts';
import { createServer, listen } from '../../src/server/server.ts';
import type { Postgres } from '../../src/stores/postgres/postgres.ts';

/** Settings under which a segment stays open, and nothing is refused, during a test. */
const quietConfig: CollectorConfig = {
  origins: [],
  rate: 10_000_000,
  burst: 10_000_000,
  seconds: 3600,
  events: 10_000_000,
  minFreeBytes: 0,
  memoryBytes: 64 * 2 ** 20,
};

/** The write key that the collector of a test knows, and its source. */
export const testKey = { key: 'mrw_a key that only tests have', id: 'key_1', source: 'web' } as const;

/** The lines of a segment that is whole. */
export const linesOf = (path: string): readonly string[] => readFileSync(path, 'utf8').split('\n').slice(0, -1);

/** The lines of all segments that lie in the folder. */
export const kept = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.includes('.ndjson'))
    .sort()
    .flatMap((name) => linesOf(join(folder, name)));

/** A collector that listens on 127.0.0.1. */
export interface RunningCollector {
  readonly address: string;
  /** Ends it as `millrace serve` does. */
  close(): Promise<void>;
}

function makeDashboard(folder: string): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'index.html'), '<!doctype html>');
  return folder;
}

/** Starts a collector over a folder; nothing is taken in of what it collects, unless `changes` say otherwise. */
export async function startCollector(
  folder: string,
  changes: Partial<Omit<CollectorOptions, 'config'>> & { readonly config?: Partial<CollectorConfig> } = {},
  dashboard = makeDashboard(join(dirname(folder), 'dashboard')),
): Promise<RunningCollector> {
  const log = createLogger({ level: 'silent', pretty: false });
  const collector = await createCollector({
    folder,
    pid: process.pid,
    judge: (text) => (text.includes('"bad"') ? ['events.record.malformed'] : []),
    schema: { $id: 'the schema of the tests' },
    findKey: async (key) => (key === testKey.key ? testKey : undefined),
    onSegment: async () => undefined,
    clock: systemClock,
    ids: randomIds,
    log,
    ...changes,
    config: { ...quietConfig, ...changes.config },
  });
  // The routes under test read neither.
  const [warehouse, postgres] = [{} as WarehouseReader, {} as Postgres];
  const server = await createServer({ home: folder, warehouse, postgres, dashboard, log, collector }, '127.0.0.1');
  const address = await listen(server, '127.0.0.1', 0);
  return {
    address,
    async close() {
      await collector.drain();
      await server.close();
      await collector.close();
    },
  };
}

/** `collector.ts FOLDER CONFIG`: judges by the contract and prints its address; segments that are handed over stay where they are. */
if (import.meta.main) {
  const [folder = '', config = '{}'] = process.argv.slice(2);
  const running = await startCollector(folder, {
    judge: eventJudge(readEventContract(folder)),
    config: JSON.parse(config) as Partial<CollectorConfig>,
  });
  process.stdout.write(`${running.address}\n`);
  process.once('SIGTERM', () => {
    void running.close();
  });
}
