/** `npm run bench`: measures rows and shows them as a table, or with --json for programs. A missed aim is no failure. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Judged, judge, renderResults, type Skipped } from './result.ts';
import type { Row } from './row.ts';
import { batchPath } from './rows/batch.ts';
import { hugeBuild, warehouseBuild } from './rows/build.ts';
import { collectorLoad } from './rows/collector.ts';
import { eventPath } from './rows/events.ts';
import { increments } from './rows/increment.ts';
import { pipelineRun } from './rows/pipeline.ts';
import { stagingLoad } from './rows/staging-load.ts';
import { transformEngine } from './rows/transform.ts';

const rows: readonly Row[] = [
  stagingLoad,
  warehouseBuild,
  transformEngine,
  pipelineRun,
  collectorLoad,
  batchPath,
  eventPath,
  hugeBuild,
  increments,
];

const usage = `Usage: npm run bench -- [--json] [--rounds N] [ROW ...]
${rows.map(({ name, description }) => `  ${name.padEnd(10)}${description}`).join('\n')}`;

interface Words {
  readonly json: boolean;
  readonly rounds: number;
  readonly chosen: readonly Row[];
}

/** What was asked for; undefined when it makes no sense. */
function readWords(): Words | undefined {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { json: { type: 'boolean', default: false }, rounds: { type: 'string', default: '15' } },
    });
    const rounds = Number(values.rounds);
    const known = positionals.every((name) => rows.some((row) => row.name === name));
    if (!known || !Number.isInteger(rounds) || rounds < 1) return undefined;
    const chosen = rows.filter(({ name, long }) => (positionals.length === 0 ? !long : positionals.includes(name)));
    return { json: values.json, rounds, chosen };
  } catch {
    return undefined;
  }
}

/** What the row under way has opened. */
const closers: (() => Promise<void> | void)[] = [];
let closing = Promise.resolve();

/** Closes what is open, one after the other, also when it is called twice at once. */
function closeAll(): Promise<void> {
  closing = closing.then(async () => {
    for (let close = closers.pop(); close; close = closers.pop()) await close();
  });
  return closing;
}

async function measureRow(row: Row, rounds: number): Promise<readonly (Judged | Skipped)[]> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  // The embedded PostgreSQL of a bench that runs as root belongs to another user.
  chmodSync(folder, 0o711);
  try {
    const results = await row.measure({
      folder,
      rounds,
      say: (text) => console.error(`${row.name}: ${text}`),
      onEnd: (close) => closers.push(close),
    });
    return results.map((result) => ('skipped' in result ? result : judge(result)));
  } finally {
    await closeAll();
  }
}

/** Interrupted, or left alone by the script that started it: closes what is open and ends as a signal ends a process. */
function closeWhenInterrupted(): void {
  const end = (code: number): void => {
    // What is under way may fail when its surroundings are closed: that is not worth telling.
    process.once('uncaughtException', () => undefined);
    closeAll().finally(() => process.exit(code));
  };
  process.once('SIGINT', () => end(130));
  process.once('SIGTERM', () => end(143));
  process.once('disconnect', () => end(143));
  process.channel?.unref();
}

const words = readWords();
if (!words) {
  console.error(usage);
  process.exitCode = 2;
} else {
  closeWhenInterrupted();
  const results: (Judged | Skipped)[] = [];
  for (const row of words.chosen) results.push(...(await measureRow(row, words.rounds)));
  console.log(words.json ? JSON.stringify({ results }, null, 2) : renderResults(results));
}
