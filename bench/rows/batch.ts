/** The batch path, from CSV files to committed production and its Parquet files, beside the least that PostgreSQL needs. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sqlText } from '../../src/stores/postgres/postgres.ts';
import type { BatchFigures } from '../load-batch.ts';
import { secondsOf } from '../measure.ts';
import { connectionOf, hasPsql, run } from '../psql.ts';
import type { Measured, Skipped } from '../result.ts';
import type { Bench, Row } from '../row.ts';
import { makeShop, openHome, type shops } from '../shop.ts';

const bench = join(import.meta.dirname, '..');
const peakReporter = new URL('../report-peak.ts', import.meta.url).href;

interface FloorTable {
  readonly name: string;
  /** Column -> type; what is cast on the way. */
  readonly columns: Readonly<Record<string, string>>;
}

const floorTables: readonly FloorTable[] = [
  {
    name: 'customers',
    columns: {
      customer_id: 'text PRIMARY KEY',
      first_name: 'text',
      last_name: 'text',
      email: 'text',
      phone: 'text',
      registration_date: 'date',
      city: 'text',
      state: 'text',
      country: 'text',
      age_group: 'text',
    },
  },
  {
    name: 'products',
    columns: {
      product_id: 'text PRIMARY KEY',
      product_name: 'text',
      category: 'text',
      sub_category: 'text',
      price: 'numeric(18,4)',
      cost: 'numeric(18,4)',
      brand: 'text',
      stock_quantity: 'bigint',
      supplier_id: 'text',
    },
  },
  {
    name: 'transactions',
    columns: {
      transaction_id: 'text PRIMARY KEY',
      customer_id: 'text',
      transaction_date: 'date',
      transaction_time: 'time',
      payment_method: 'text',
      shipping_address: 'text',
      total_amount: 'numeric(18,2)',
      transaction_type: 'text',
      status: 'text',
      country: 'text',
      updated_at: 'timestamptz',
    },
  },
  {
    name: 'transaction_items',
    columns: {
      item_id: 'text PRIMARY KEY',
      transaction_id: 'text',
      product_id: 'text',
      quantity: 'bigint',
      unit_price: 'numeric(18,4)',
      discount_percentage: 'numeric(7,4)',
      line_total: 'numeric(18,2)',
    },
  },
];

/** Text tables by \copy, keyed tables by INSERT ... SELECT with casts, files by \copy. */
function floorScript(folder: string, target: string): string {
  const lines = ['DROP SCHEMA IF EXISTS floor CASCADE;', 'CREATE SCHEMA floor;', 'SET search_path = floor;'];
  for (const { name, columns } of floorTables) {
    const names = Object.keys(columns);
    const casts = Object.entries(columns).map(([column, type]) => `${column}::${type.replace(' PRIMARY KEY', '')}`);
    lines.push(
      `CREATE TABLE text_${name} (${names.map((column) => `${column} text`).join(', ')});`,
      `CREATE TABLE ${name} (${Object.entries(columns)
        .map((each) => each.join(' '))
        .join(', ')});`,
      `\\copy text_${name} FROM ${sqlText(join(folder, `${name}.csv`))} WITH (FORMAT csv, HEADER true)`,
      `INSERT INTO ${name} SELECT ${casts.join(', ')} FROM text_${name};`,
      `\\copy ${name} TO ${sqlText(join(target, `${name}.csv`))} WITH (FORMAT csv)`,
    );
  }
  return lines.join('\n');
}

async function measureFloor(folder: string, target: string, url: string): Promise<number> {
  mkdirSync(target, { recursive: true });
  const env = { ...process.env, ...connectionOf(url), PGOPTIONS: '-c client_min_messages=warning' };
  return secondsOf(async () => {
    const psql = run('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1'], { env });
    psql.child.stdin?.end(floorScript(folder, target));
    await psql;
  });
}

interface Round {
  readonly figures: BatchFigures;
  readonly mebibytes: number;
  readonly floor: number;
}

const totalOf = ({ figures }: Round): number => figures.ingest + figures.extract;

/** Loads a shop into a new home, and then does the least that can be done with its files on the same server. */
async function measureRound(context: Bench, shop: keyof typeof shops, folder: string, round: number): Promise<Round> {
  const name = `batch-${shop}-${round}`;
  const { config, postgres, postgresUrl } = await openHome(context, name);
  const [figuresFile, peakFile] = [join(context.folder, `${name}.json`), join(context.folder, `${name}.peak`)];
  await postgres.run('CHECKPOINT');
  await run(
    process.execPath,
    ['--import', peakReporter, join(bench, 'load-batch.ts'), folder, config.home, postgresUrl, figuresFile],
    { env: { PATH: process.env.PATH, HOME: process.env.HOME, BENCH_PEAK_FILE: peakFile } },
  );
  await postgres.run('CHECKPOINT');
  const floor = await measureFloor(folder, join(context.folder, 'floor'), postgresUrl);
  const figures = JSON.parse(readFileSync(figuresFile, 'utf8')) as BatchFigures;
  context.say(
    `${shop}: load ${figures.ingest.toFixed(1)} s, extract ${figures.extract.toFixed(1)} s, floor ${floor.toFixed(1)} s`,
  );
  return { figures, floor, mebibytes: Number(readFileSync(peakFile, 'utf8')) / 2 ** 20 };
}

async function measureShop(context: Bench, shop: keyof typeof shops, rounds: number): Promise<readonly Round[]> {
  const folder = await makeShop(context, shop);
  const measured: Round[] = [];
  for (let round = 0; round < rounds; round += 1) measured.push(await measureRound(context, shop, folder, round));
  return measured;
}

/** Tells each stage's rows per second. */
function tellStages(context: Bench, { stages }: BatchFigures): void {
  for (const { stage, rows, milliseconds } of stages) {
    const speed =
      rows === undefined ? '' : `, ${Math.round((rows / milliseconds) * 1000).toLocaleString('en-US')} rows/s`;
    context.say(`${stage}: ${(milliseconds / 1000).toFixed(1)} s${speed}`);
  }
}

/** Seconds that a million rows took. */
const perMillionRows = (round: Round): number => (totalOf(round) / round.figures.rows) * 1e6;

/** A Python with pandas, SQLAlchemy and psycopg2; named by BENCH_PYTHON. */
async function measurePandas(context: Bench, rounds: number, ours: readonly Round[]): Promise<Measured | Skipped> {
  const what = 'batch path, 100 thousand transactions, beside pandas';
  const python = process.env.BENCH_PYTHON;
  if (!python) return { what, skipped: 'BENCH_PYTHON names no Python with pandas, SQLAlchemy and psycopg2' };
  const { postgresUrl } = await openHome(context, 'batch-pandas');
  const target = join(context.folder, 'pandas');
  mkdirSync(target);
  const values: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    context.say('the same with pandas and SQLAlchemy');
    const script = join(bench, 'peers', 'pandas_pipeline.py');
    const { stdout } = await run(python, [script, join(context.folder, 'files-large'), target, postgresUrl]);
    values.push(Number(stdout));
  }
  const reference = { name: 'pandas, SQLAlchemy', values };
  return { what, unit: 's', ours: ours.map(totalOf), reference, aim: { kind: 'speed', atLeast: 7 } };
}

async function measure(context: Bench): Promise<readonly (Measured | Skipped)[]> {
  if (!(await hasPsql())) return [{ what: 'batch path', skipped: 'psql is not in PATH' }];
  const rounds = Math.min(context.rounds, 3);
  const small = await measureShop(context, 'sample', rounds);
  const large = await measureShop(context, 'large', rounds);
  const pandas = await measurePandas(context, rounds, large);
  const huge = await measureShop(context, 'huge', rounds);
  for (const { figures } of huge.slice(0, 1)) tellStages(context, figures);
  const floor = (of: readonly Round[]) => ({ name: 'psql: in, cast, out', values: of.map((round) => round.floor) });
  const linear = (what: string, of: readonly Round[], than: readonly Round[], name: string): Measured => ({
    what,
    unit: 's',
    ours: of.map(perMillionRows),
    reference: { name, values: than.map(perMillionRows) },
    aim: { kind: 'time', atMost: 1.2 },
  });
  return [
    {
      what: 'batch path, 1 million transactions',
      unit: 's',
      ours: huge.map(totalOf),
      reference: floor(huge),
      aim: { kind: 'time', atMost: 2 },
    },
    {
      what: 'batch path, 1 million transactions: peak memory',
      unit: 'MiB',
      ours: huge.map(({ mebibytes }) => mebibytes),
      aim: { kind: 'limit', atMost: 1024 },
    },
    linear('a million rows of 1 million transactions', huge, large, 'of 100 thousand'),
    linear('a million rows of 100 thousand transactions', large, small, 'of 10 thousand'),
    {
      what: 'the same files again, 1 million transactions, hashing aside',
      unit: 's',
      ours: huge.map(({ figures }) => Math.max(0, figures.again - figures.hash)),
      aim: { kind: 'limit', atMost: 1 },
    },
    pandas,
  ];
}

/** The row. */
export const batchPath: Row = {
  name: 'batch',
  description: 'CSV files to production and Parquet, 10 thousand to 1 million transactions (long: only when asked for)',
  long: true,
  measure,
};
