/** `millrace run` of the sample shop from a new home to the published warehouse, and once more: seconds and memory. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { acquireEmbeddedPostgres } from '../../src/stores/postgres/embedded.ts';
import { secondsOf } from '../measure.ts';
import type { Measured } from '../result.ts';
import type { Bench, Row } from '../row.ts';

const root = join(import.meta.dirname, '..', '..');
const peakReporter = new URL('../report-peak.ts', import.meta.url).href;

interface Usage {
  readonly seconds: number;
  readonly mebibytes: number;
}

/** Stops a server that a run left behind when it was interrupted. */
async function stopServer(folder: string): Promise<void> {
  if (!existsSync(join(folder, 'cluster', 'postmaster.pid'))) return;
  const server = await acquireEmbeddedPostgres(folder, 0);
  await server.release();
}

/** Runs the pipeline in a process of its own, which ends with this one. */
async function runPipeline(bench: Bench, home: string): Promise<Usage> {
  const peakFile = join(bench.folder, 'peak-bytes');
  const words = ['--import', peakReporter, join(root, 'bin', 'millrace'), 'run', '--json'];
  const settings = { MILLRACE_HOME: home, MILLRACE_PG_PORT: '0', MILLRACE_DUCKDB_MEMORY: '256MiB' };
  const seconds = await secondsOf(() => {
    const child = spawn(process.execPath, words, {
      cwd: bench.folder,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, BENCH_PEAK_FILE: peakFile, ...settings },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const ended = new Promise<void>((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code, signal) => {
        if (code === 0) resolve();
        else reject(new Error(`millrace run ended with ${signal ?? code}`));
      });
    });
    bench.onEnd(async () => {
      child.kill();
      await ended.catch(() => undefined);
      await stopServer(join(home, 'postgres'));
    });
    return ended;
  });
  return { seconds, mebibytes: Number(readFileSync(peakFile, 'utf8')) / 2 ** 20 };
}

function measured(what: string, usages: readonly Usage[]): readonly Measured[] {
  const seconds = usages.map((usage) => usage.seconds);
  const mebibytes = usages.map((usage) => usage.mebibytes);
  return [
    { what: `${what}: time`, unit: 's', ours: seconds, aim: { kind: 'limit', atMost: 10 } },
    { what: `${what}: peak memory`, unit: 'MiB', ours: mebibytes, aim: { kind: 'limit', atMost: 500 } },
  ];
}

/** New homes to measure: fewer than rounds elsewhere, for the limits are absolute and each takes seconds. */
const homes = 3;

async function measure(bench: Bench): Promise<readonly Measured[]> {
  const first: Usage[] = [];
  const again: Usage[] = [];
  for (let round = 0; round < homes; round += 1) {
    const home = join(bench.folder, `home-${round}`);
    mkdirSync(home);
    bench.say(`running the pipeline in new home ${round + 1} of ${homes}, then again`);
    first.push(await runPipeline(bench, home));
    again.push(await runPipeline(bench, home));
  }
  return [...measured('first run of the sample', first), ...measured('second run of the sample', again)];
}

/** The row. */
export const pipelineRun: Row = {
  name: 'pipeline',
  description: 'millrace run of the sample shop in a new home, then once more: seconds and peak memory',
  measure,
};
