/** What tests of several rooms need: a database, a home, a folder of CSV files, the program itself. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, inject, onTestFinished } from 'vitest';
import { type DuckDB, type DuckDBLimits, openDuckDB } from '../../src/stores/duckdb/duckdb.ts';
import { migrate } from '../../src/stores/postgres/migrate.ts';
import { openPostgres, type Postgres } from '../../src/stores/postgres/postgres.ts';

/** The clone. */
export const root = join(import.meta.dirname, '..', '..');

/** Takes work that is done when something is over: here when the test ends, unless another time is given. */
export type AtEnd = (work: () => void | Promise<void>) => void;

/** For what several tests share: work that is done after the last test of the file or `describe` that asks for it. */
export function afterTheLast(): AtEnd {
  const works: (() => void | Promise<void>)[] = [];
  afterAll(async () => {
    for (const work of works.reverse()) await work();
  });
  return (work) => works.push(work);
}

/** A new folder, removed at the end; passable for other users, as homes are. */
export function makeFolder(atEnd: AtEnd = onTestFinished): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  chmodSync(folder, 0o711);
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The URL of a new, empty database on the test run's server, dropped at the end. */
export async function makeDatabase(atEnd: AtEnd = onTestFinished): Promise<string> {
  const url = new URL(inject('postgresUrl'));
  const name = `test_${randomBytes(6).toString('hex')}`;
  const server = await openPostgres(url.href);
  await server.run(`CREATE DATABASE ${name}`);
  atEnd(async () => {
    await server.run(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await server.close();
  });
  url.pathname = `/${name}`;
  return url.href;
}

/** A connection to a new database that has Millrace's schema. */
export async function makePostgres(atEnd: AtEnd = onTestFinished): Promise<Postgres> {
  const postgres = await openPostgres(await makeDatabase(atEnd));
  atEnd(() => postgres.close());
  await migrate(postgres);
  return postgres;
}

/** Small limits for DuckDB, spilling into the folder. */
export const smallLimits = (folder: string): DuckDBLimits => ({
  memory: '256MiB',
  threads: 2,
  temporaryFolder: join(folder, 'tmp'),
});

/** A small shop whose rows are all good: two customers, two products, a sale, a guest's sale, a return. */
export const smallShop = {
  'customers.csv': `customer_id,first_name,last_name,email,phone,registration_date,city,state,country,age_group
C1,Ada,Berg, Ada@Example.com ,+44 20 7946 0000,2024-01-02,London,,United Kingdom,25-34
C2,Bo,Chen,bo@example.com,,2024-02-03,Austin,Texas,United States,35-44
`,
  'products.csv': `product_id,product_name,category,sub_category,price,cost,brand,stock_quantity,supplier_id
P1,Kettle,Home & Kitchen,Cooking,20.00,12.50,Northfire,10,S1
P2,"Desk lamp, small",Home & Kitchen,Lighting,35.50,,Lumo,5,S1
`,
  'transactions.csv': `transaction_id,customer_id,transaction_date,transaction_time,payment_method,shipping_address,total_amount,transaction_type,status
T1,C1,2024-03-01,09:30:00,Credit Card,"1 High Street, London",75.50,sale,completed
T2,,2024-03-02,,paypal,,20.00,sale,completed
T3,C1,2024-03-05,10:00,Credit Card,,-20.00,return,completed
T4,C2,2024-03-05,11:00,UPI,,35.50,sale,cancelled
`,
  'transaction_items.csv': `item_id,transaction_id,product_id,quantity,unit_price,discount_percentage,line_total
I1,T1,P1,2,20.00,0,40.00
I2,T1,P2,1,35.50,0,35.50
I3,T2,P1,1,20.00,,
I4,T3,P1,-1,20.00,0,-20.00
I5,T4,P2,1,35.50,0,35.50
`,
} as const;

/** The files of a shop, by name. */
export type ShopFiles = Readonly<Record<string, string | Buffer>>;

/** Writes files into a new folder, removed at the end, below which names may have folders; gives the folder. */
export function writeFiles(files: ShopFiles = smallShop, atEnd: AtEnd = onTestFinished): string {
  const folder = makeFolder(atEnd);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

/** A small disk of its own, or why there is none. */
export function mountSmallDisk(megabytes: number): { readonly path: string } | { readonly problem: string } {
  const path = makeFolder();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0711`, 'tmpfs', path], { stdio: 'pipe' });
  } catch (thrown) {
    return { problem: `a small disk cannot be mounted here: ${String(thrown).split('\n')[0]}` };
  }
  onTestFinished(() => void execFileSync('umount', ['--lazy', path]));
  return { path };
}

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command under way. */
export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Starts `millrace` with these words; settings come from `env` alone. */
export function startMillrace(words: readonly string[], env: Readonly<Record<string, string>>, cwd = root): Running {
  const child = spawn(join(root, 'bin', 'millrace'), words, {
    cwd,
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, ...output }));
  });
  return { process: child, ended };
}

/** Runs `millrace` to its end. */
export const runMillrace = (
  words: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd?: string,
): Promise<Ended> => startMillrace(words, env, cwd).ended;

/** The settings of a new home on a database of its own, on the test run's server. */
export async function makeHome(
  atEnd: AtEnd = onTestFinished,
): Promise<{ readonly MILLRACE_HOME: string; readonly DATABASE_URL: string }> {
  const home = join(makeFolder(atEnd), 'home');
  mkdirSync(home);
  return { MILLRACE_HOME: home, DATABASE_URL: await makeDatabase(atEnd) };
}

/** An empty DuckDB database in memory, closed with the test. */
export async function memoryDatabase(): Promise<DuckDB> {
  const duckdb = await openDuckDB(':memory:', smallLimits(makeFolder()));
  onTestFinished(() => duckdb.close());
  return duckdb;
}
