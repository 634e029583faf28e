/** The last hundredth of a shop loaded, built and published, beside the run that loaded, built and published the rest. */
import { createReadStream, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { baseContract } from '../../src/contracts/events/event-contract.ts';
import { rules } from '../../src/contracts/rules.ts';
import { eventsPerTransaction, generateSample } from '../../src/generate/sample.ts';
import { randomIds } from '../../src/kernel/ids.ts';
import { systemClock } from '../../src/kernel/time.ts';
import { type PipelineContext, run } from '../../src/pipeline/run.ts';
import { openWarehouse } from '../../src/publish/models.ts';
import { openDuckDB, sqlPath, sqlText } from '../../src/stores/duckdb/duckdb.ts';
import type { Measured } from '../result.ts';
import type { Bench, Row } from '../row.ts';
import { asOf, type Home, openHome, shops } from '../shop.ts';

const root = join(import.meta.dirname, '..', '..');

/** The increment's share of the transactions, and of the customers and products that it changes. */
const share = 0.01;

/** New homes to measure in: each takes a full run first. */
const homes = 3;

/** Two folders of files, the second of what came after the first, which ends with this day. */
interface Files {
  readonly rest: string;
  readonly increment: string;
  /** YYYY-MM-DD. */
  readonly restAsOf: string;
}

/** Divides a file of events: those of after a day go into the second file. Files without events are not made. */
async function divideEvents(path: string, day: string, before: string, after: string): Promise<void> {
  const parts: Readonly<Record<string, string[]>> = { [before]: [], [after]: [] };
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const at = /"event_timestamp": ?"([\d-]{10})/.exec(line)?.[1] ?? '';
    parts[at <= day ? before : after]?.push(`${line}\n`);
  }
  for (const [target, lines] of Object.entries(parts)) if (lines.length > 0) writeFileSync(target, lines.join(''));
}

/** Writes all but the last days of a shop into one folder, and into another those days, with some rows that changed. */
async function divide(bench: Bench, folder: string): Promise<Files> {
  const [rest, increment] = [`${folder}-rest`, `${folder}-increment`];
  for (const each of [rest, increment]) mkdirSync(join(each, 'events'), { recursive: true });
  const limits = { memory: '1GiB', threads: undefined, temporaryFolder: join(bench.folder, 'tmp') };
  const duckdb = await openDuckDB(':memory:', limits);
  try {
    for (const name of ['customers', 'products', 'transactions', 'transaction_items']) {
      const file = sqlPath(join(folder, `${name}.csv`));
      await duckdb.run(`CREATE VIEW ${name} AS FROM read_csv(${file}, all_varchar = true, header = true)`);
    }
    const [last] = await duckdb.rows<{ day: string }>(
      `SELECT quantile_disc(transaction_date, ${1 - share}) AS day FROM transactions`,
    );
    const day = last?.day ?? '';
    const changed = (id: string): string => `hash(${id}) % ${Math.round(1 / share)} = 0`;
    const copy = (select: string, target: string): Promise<void> =>
      duckdb.run(`COPY (${select}) TO ${sqlText(target)} (FORMAT csv, HEADER)`);
    const dealt = {
      customers: [
        `registration_date <= '${day}'`,
        `SELECT * REPLACE (CASE WHEN registration_date <= '${day}' THEN 'Elsewhere' ELSE city END AS city) FROM customers
         WHERE registration_date > '${day}' OR ${changed('customer_id')}`,
      ],
      products: [
        'true',
        `SELECT * REPLACE ((cost::DECIMAL(18,2) + 0.01)::VARCHAR AS cost) FROM products WHERE ${changed('product_id')}`,
      ],
      transactions: [`transaction_date <= '${day}'`, `FROM transactions WHERE transaction_date > '${day}'`],
      transaction_items: [
        `transaction_id IN (SELECT transaction_id FROM transactions WHERE transaction_date <= '${day}')`,
        `FROM transaction_items WHERE transaction_id IN (SELECT transaction_id FROM transactions WHERE transaction_date > '${day}')`,
      ],
    } as const;
    for (const [name, [ofRest, ofIncrement]] of Object.entries(dealt)) {
      await copy(`FROM ${name} WHERE ${ofRest}`, join(rest, `${name}.csv`));
      await copy(ofIncrement, join(increment, `${name}.csv`));
    }
    for (const name of readdirSync(join(folder, 'events')).sort()) {
      await divideEvents(
        join(folder, 'events', name),
        day,
        join(rest, 'events', name),
        join(increment, 'events', name),
      );
    }
    return { rest, increment, restAsOf: day };
  } finally {
    duckdb.close();
  }
}

/** Tells how long each stage of a run took. */
interface Stages {
  readonly progress: PipelineContext['progress'];
  /** Stage -> seconds, of what came since the last call. */
  readonly take: () => ReadonlyMap<string, number>;
}

function watchStages(): Stages {
  let stages = new Map<string, number>();
  let stage = '';
  let since = performance.now();
  let lastNode = since;
  const end = (): void => {
    const now = performance.now();
    // What comes behind the last node of a build is its way to the readers.
    const built = Math.max(since, lastNode);
    if (lastNode > since) stages.set('publishing', (now - built) / 1000);
    stages.set(stage, (stages.get(stage) ?? 0) + ((lastNode > since ? built : now) - since) / 1000);
    since = now;
  };
  return {
    progress: {
      step(text) {
        end();
        stage = text;
      },
      node() {
        lastNode = performance.now();
      },
    },
    take() {
      end();
      const taken = stages;
      [stages, stage] = [new Map(), ''];
      return taken;
    },
  };
}

function pipelineOf(home: Home, progress: PipelineContext['progress']): PipelineContext {
  const folder = home.config.home;
  return {
    ...home.config,
    ...home,
    version: 'bench',
    archive: join(folder, 'raw', 'batches'),
    rawEvents: join(folder, 'raw', 'events'),
    collected: join(folder, 'raw', 'collector'),
    rules,
    rulesHash: 'bench',
    maxErrorRate: 0.2,
    eventContract: baseContract,
    pseudonymKey: 'a key for the bench',
    clock: systemClock,
    ids: randomIds,
    progress,
    loadProject: () =>
      openWarehouse({
        folder: join(root, 'warehouse'),
        home: folder,
        env: (name) => (name === 'SHOP_TIMEZONE' ? home.config.timeZone : undefined),
        threads: 1,
        clock: systemClock,
        invocationId: 'bench',
        warn: () => undefined,
      }),
  };
}

/** Runs the pipeline on the files of a folder; gives the seconds, and tells the stages. */
async function measureRun(
  bench: Bench,
  context: PipelineContext,
  stages: Stages,
  what: string,
  input: { readonly path: string; readonly asOf: string },
): Promise<number> {
  stages.take();
  const { milliseconds, publication } = await run(context, { source: 'bench', preset: undefined, ...input });
  const told = [...stages.take()].filter(([stage]) => stage !== '').map(([stage, s]) => `${stage} ${s.toFixed(2)} s`);
  bench.say(`${what}, ${publication.basis ? 'incremental' : 'anew'}: ${told.join(', ')}`);
  const slowest = publication.nodes.toSorted((one, other) => other.execution_time - one.execution_time).slice(0, 8);
  bench.say(
    `  slowest: ${slowest.map(({ name, execution_time }) => `${name} ${execution_time.toFixed(2)} s`).join(', ')}`,
  );
  return milliseconds / 1000;
}

async function measureShop(bench: Bench, name: keyof typeof shops): Promise<Measured> {
  const folder = join(bench.folder, name);
  const options = { ...shops[name], events: eventsPerTransaction * shops[name].transactions };
  bench.say(`generating ${options.transactions.toLocaleString('en-US')} transactions and their events`);
  await generateSample(folder, { ...options, asOf });
  const { rest, increment, restAsOf } = await divide(bench, folder);
  const [full, incremental]: [number[], number[]] = [[], []];
  for (let round = 0; round < Math.min(bench.rounds, homes); round += 1) {
    const stages = watchStages();
    const context = pipelineOf(await openHome(bench, `increment-${name}-${round}`), stages.progress);
    full.push(await measureRun(bench, context, stages, 'all but the increment', { path: rest, asOf: restAsOf }));
    incremental.push(await measureRun(bench, context, stages, 'the increment', { path: increment, asOf }));
  }
  return {
    what: `increment of 1 %, ${name} shop with events`,
    unit: 's',
    ours: incremental,
    reference: { name: 'the run of the rest', values: full },
    aim: { kind: 'time', atMost: 0.2 },
  };
}

/** The row. */
export const increments: Row = {
  name: 'increment',
  description: 'a hundredth more of a shop and its events: load, build, publish (long: only when asked for)',
  long: true,
  measure: async (bench) => [await measureShop(bench, 'sample'), await measureShop(bench, 'large')],
};
