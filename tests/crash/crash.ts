/** Homes whose `millrace run` is killed: how they are made and killed, and all that they hold afterwards. */
import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, relative } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { createRandom } from '../../src/generate/random.ts';
import { publishedPath } from '../../src/publish/warehouse.ts';
import { type DuckDB, openDuckDB, sqlName, sqlText } from '../../src/stores/duckdb/duckdb.ts';
import { acquireEmbeddedPostgres } from '../../src/stores/postgres/embedded.ts';
import { openPostgres, type Postgres, type Sql } from '../../src/stores/postgres/postgres.ts';
import { type Ended, type Running, runMillrace, smallLimits, startMillrace } from '../setup/fixtures.ts';

/** A home with an embedded PostgreSQL of its own. */
export interface Home {
  readonly folder: string;
  readonly settings: Readonly<Record<string, string>>;
}

/** Files to load, all true on one day; undefined stands for the sample that a run without words makes. */
export type Shop = { readonly folder: string; readonly asOf: string } | undefined;

/** What a home holds, without what differs from run to run: name of a table or list -> its rows, in order. */
export type Contents = ReadonlyMap<string, readonly string[]>;

/** Decides when the kills come; from TEST_SEED, so that a failure can be repeated. */
export const seed = process.env.TEST_SEED === undefined ? randomInt(2 ** 32) : Number(process.env.TEST_SEED);

const copy = promisify(execFile);

/** Where the home's PostgreSQL lives. */
export const serverFolder = ({ folder }: Home): string => join(folder, 'postgres');

/** The place of a home, which is not made yet. */
export function placeHome(): Home {
  const parent = mkdtempSync(join(tmpdir(), 'millrace-crash-'));
  chmodSync(parent, 0o711);
  const folder = join(parent, 'home');
  return {
    folder,
    settings: {
      PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
      MILLRACE_HOME: folder,
      MILLRACE_PG_PORT: '0',
      // Each home would make a key of its own, and other email tokens with it.
      PSEUDONYM_KEY: 'one key for all homes',
    },
  };
}

/** Takes a home away, with all that still runs in it. */
export async function removeHome(home: Home): Promise<void> {
  await killServer(home);
  rmSync(dirname(home.folder), { recursive: true, force: true });
}

/** Gives the work a home: a new one, or a copy of one in which nothing runs. */
export async function withHome<T>(work: (home: Home) => Promise<T>, original?: Home): Promise<T> {
  const home = placeHome();
  try {
    if (original) await copy('cp', ['-a', original.folder, home.folder]);
    return await work(home);
  } finally {
    await removeHome(home);
  }
}

const runWords = (shop: Shop): readonly string[] =>
  shop ? ['run', '--json', '--input', shop.folder, '--as-of', shop.asOf] : ['run', '--json'];

/** Starts `millrace run`. */
export const startRun = (home: Home, shop: Shop): Running => startMillrace(runWords(shop), home.settings);

/** Runs `millrace run` to its end, which must be a good one. */
export async function runToEnd(home: Home, shop: Shop): Promise<void> {
  const { code, stderr } = await startRun(home, shop).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
}

function belongsTo(folder: string, pid: string): boolean {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return command.includes(folder) || readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
  } catch {
    // It ended meanwhile, or is not ours to look at.
    return false;
  }
}

/** Kills every process of the home's PostgreSQL, initdb and pg_ctl too, and no other: kill -9. */
export async function killServer(home: Home): Promise<void> {
  const folder = serverFolder(home);
  for (;;) {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && belongsTo(folder, name));
    if (pids.length === 0) return;
    for (const pid of pids) {
      try {
        process.kill(Number(pid), 'SIGKILL');
      } catch {
        // It ended by itself in the meantime.
      }
    }
    await wait(2);
  }
}

/** Kills the command with kill -9, and the home's PostgreSQL too if it is to die. */
export async function crash(home: Home, running: Running, serverDies: boolean): Promise<Ended> {
  running.process.kill('SIGKILL');
  if (serverDies) await killServer(home);
  return running.ended;
}

/** Runs the work with a connection to the home's PostgreSQL, which is started for it when it is down. */
export async function withPostgres<T>(home: Home, work: (postgres: Postgres) => Promise<T>): Promise<T> {
  const server = await acquireEmbeddedPostgres(serverFolder(home), 0);
  try {
    const postgres = await openPostgres(server.url);
    try {
      return await work(postgres);
    } finally {
      await postgres.close();
    }
  } finally {
    await server.release();
  }
}

/** Columns that say when, or that count attempts: table, or * for all -> names. */
const varying: Readonly<Record<string, readonly string[]>> = {
  '*': ['first_loaded_at', 'last_changed_at', 'recorded_at', 'registered_at', 'added_at', 'run_at'],
  'ops.batches': ['reverted_at', 'stages', 'observed_at'],
  'ops.ledger': ['entry'],
  'ops.quarantine': ['quarantine_id'],
  'ops.published_tables': ['publication_id', 'structure', 'written_by', 'rewritten'],
  'ops.publications': ['publication_id', 'file', 'input_hash', 'published_at'],
  // Of files that are put together the footers differ by what the days were received.
  'ops.lake_files': ['retired_at', 'bytes'],
  'ops.audit_log': ['subject', 'previous_hash', 'hash'],
};

/** What stays the same of columns that vary: table -> JSON. */
const steady: Readonly<Record<string, string>> = {
  'ops.batches': `jsonb_build_object('reverted', reverted_at IS NOT NULL,
    'observed', CASE WHEN dataset IS NULL THEN observed_at END, 'stages',
    (SELECT jsonb_agg(stage - 'milliseconds' ORDER BY stage ->> 'stage') FROM jsonb_array_elements(stages) AS stage))`,
};

async function readTables(sql: Sql): Promise<Contents> {
  const tables = await sql.rows<{ name: string }>(
    `SELECT schemaname || '.' || tablename AS name FROM pg_tables
     WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND schemaname || '.' || tablename <> 'ops.runs'`,
  );
  const contents = new Map<string, readonly string[]>();
  for (const { name } of tables) {
    const left = [...(varying['*'] ?? []), ...(varying[name] ?? [])];
    const rows = await sql.rows<{ row: string }>(
      `SELECT (to_jsonb(t) - $1::text[] || ${steady[name] ?? `'{}'`})::text COLLATE "C" AS row FROM ${name} AS t ORDER BY 1`,
      [left],
    );
    contents.set(
      `PostgreSQL ${name}`,
      rows.map(({ row }) => row),
    );
  }
  return contents;
}

/** Schemas, indexes and constraints: a load or a switch must not lose one, nor leave one of its own. */
async function readStructure(sql: Sql): Promise<readonly string[]> {
  const rows = await sql.rows<{ thing: string }>(
    `SELECT nspname::text AS thing FROM pg_namespace WHERE nspname !~ '^pg_'
     UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname <> 'pg_catalog'
     UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || convalidated || ' ' || pg_get_constraintdef(oid)
       FROM pg_constraint WHERE conrelid <> 0 AND contype <> 't' AND connamespace <> 'pg_catalog'::regnamespace
       AND connamespace <> 'information_schema'::regnamespace
     ORDER BY 1`,
  );
  return rows.map(({ thing }) => thing);
}

/** The registered files, whether they are retired, and whether they are there and as long as they are registered. */
async function readLake(sql: Sql, home: Home): Promise<readonly string[]> {
  const files = await sql.rows<{ path: string; bytes: number; retired: boolean }>(
    'SELECT path, bytes, retired_at IS NOT NULL AS retired FROM ops.lake_files ORDER BY 1',
  );
  return files.map(({ path, bytes, retired }) => {
    const found = statSync(join(home.folder, 'lake', path), { throwIfNoEntry: false })?.size;
    return `${path}: ${retired ? 'retired' : 'current'}, ${found === bytes ? 'whole' : `${found} of ${bytes} bytes`}`;
  });
}

/** What is compared of tables of the published file that tell when they were written, and by which publication. */
const comparable: Readonly<Record<string, string>> = {
  'ops.publication': '* EXCLUDE (publication_id, published_at)',
  'ops.built_from': '* EXCLUDE (version)',
  'pipeline.changed_keys': `* REPLACE (CASE WHEN dataset <> 'publication' THEN key END AS key)`,
};

async function readDuckDB(duckdb: DuckDB): Promise<Contents> {
  const relations = await duckdb.rows<{ schema: string; name: string }>(
    `SELECT table_schema AS "schema", table_name AS name FROM information_schema.tables
     WHERE table_catalog = current_database()`,
  );
  const contents = new Map<string, readonly string[]>();
  for (const { schema, name } of relations) {
    const columns = await duckdb.rows<{ column: string }>(
      `SELECT column_name || ' ' || data_type AS "column" FROM information_schema.columns
       WHERE table_schema = ${sqlText(schema)} AND table_name = ${sqlText(name)} ORDER BY ordinal_position`,
    );
    const selected = comparable[`${schema}.${name}`] ?? '*';
    const rows = await duckdb.rows<{ row: string }>(
      `SELECT t::VARCHAR AS "row" FROM (SELECT ${selected} FROM ${sqlName(schema)}.${sqlName(name)}) AS t ORDER BY 1`,
    );
    const lines = rows.map(({ row }) => row);
    contents.set(`DuckDB ${schema}.${name}`, [columns.map(({ column }) => column).join(', '), ...lines]);
  }
  return contents;
}

/** Runs the work with the published DuckDB file, opened as readers do. */
export async function withWarehouse<T>(home: Home, work: (duckdb: DuckDB) => Promise<T>): Promise<T> {
  const temporary = mkdtempSync(join(tmpdir(), 'millrace-crash-'));
  const duckdb = await openDuckDB(publishedPath(home.folder), smallLimits(temporary), true);
  try {
    return await work(duckdb);
  } finally {
    duckdb.close();
    rmSync(temporary, { recursive: true });
  }
}

/** Every file and folder of the home except what PostgreSQL keeps in its cluster. */
function listFiles({ folder }: Home): readonly string[] {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) =>
    relative(folder, join(entry.parentPath, entry.name)),
  );
  return paths.filter((path) => !path.startsWith(join('postgres', 'cluster', '/'))).sort();
}

/** The contents as they would be in any other home. */
function inAnyHome(contents: Contents, { folder }: Home): Contents {
  return new Map([...contents].map(([name, rows]) => [name, rows.map((row) => row.replaceAll(folder, '(home)'))]));
}

/** Reads what a home holds but for the published DuckDB file: PostgreSQL's tables and their structure, the files. */
export async function readDatabase(home: Home): Promise<Contents> {
  const files = listFiles(home);
  const contents = await withPostgres(
    home,
    async (sql) =>
      new Map([
        ...(await readTables(sql)),
        ['schemas, indexes, constraints', await readStructure(sql)] as const,
        ['files of the lake', await readLake(sql, home)] as const,
        ['files', files] as const,
      ]),
  );
  return inAnyHome(contents, home);
}

/** Reads all that a home holds, the published DuckDB file too. */
export async function readContents(home: Home): Promise<Contents> {
  const published = await withWarehouse(home, readDuckDB);
  return new Map([...(await readDatabase(home)), ...inAnyHome(published, home)]);
}

/** The rows of `rows` that are not among `others`, each as often as it is missing there. */
function without(rows: readonly string[], others: readonly string[]): readonly string[] {
  const left = new Map<string, number>();
  for (const row of others) left.set(row, (left.get(row) ?? 0) + 1);
  return rows.filter((row) => {
    const count = left.get(row) ?? 0;
    left.set(row, count - 1);
    return count <= 0;
  });
}

/** What the contents lack or have too much, a line per table with the first such rows; none when they are the same. */
export function differences(expected: Contents, found: Contents): readonly string[] {
  return [...new Set([...expected.keys(), ...found.keys()])].flatMap((name) => {
    const lost = without(expected.get(name) ?? [], found.get(name) ?? []);
    const gained = without(found.get(name) ?? [], expected.get(name) ?? []);
    if (lost.length + gained.length === 0 && expected.has(name) === found.has(name)) return [];
    const some = (rows: readonly string[]): string => rows.slice(0, 3).join('\n  ');
    return [`${name}\n  ${lost.length} missing: ${some(lost)}\n  ${gained.length} too many: ${some(gained)}`];
  });
}

/** The findings of `millrace doctor` that are not good, but for those that are expected not to be. */
export async function ailments(home: Home, expected: readonly string[]): Promise<readonly unknown[]> {
  const { stdout } = await runMillrace(['doctor', '--json'], home.settings);
  const checks: readonly { readonly name: string; readonly ok: boolean }[] = JSON.parse(stdout);
  expect(checks.map(({ name }) => name)).toContain('warehouse');
  return checks.filter(({ name, ok }) => !ok && !expected.includes(name));
}

/** Runs the command again: it must end well, and the home then hold what an undisturbed run leaves. */
export async function expectRecovery(home: Home, shop: Shop, undisturbed: Contents): Promise<void> {
  await runToEnd(home, shop);
  expect(differences(undisturbed, await readContents(home))).toEqual([]);
}

/** What an undisturbed run leaves, and the milliseconds it took. */
export interface Undisturbed {
  readonly contents: Contents;
  readonly milliseconds: number;
}

/** Runs the command once in a home of its own. */
export const runUndisturbed = (shop: Shop): Promise<Undisturbed> =>
  withHome(async (home) => {
    const began = performance.now();
    await runToEnd(home, shop);
    const milliseconds = performance.now() - began;
    return { contents: await readContents(home), milliseconds };
  });

/** When a round's kill comes, as a fraction of an undisturbed run, and whether it takes PostgreSQL along. */
export interface Round {
  readonly fraction: number;
  readonly serverDies: boolean;
}

/** One round: a run is killed at its moment, and run again. */
export const crashAndRecover = (
  { fraction, serverDies }: Round,
  shop: Shop,
  { contents, milliseconds }: Undisturbed,
): Promise<void> =>
  withHome(async (home) => {
    const running = startRun(home, shop);
    await Promise.race([wait(fraction * milliseconds), running.ended]);
    await crash(home, running, serverDies);
    await expectRecovery(home, shop, contents);
    // Whether the dashboard has been built is not for here.
    expect(await ailments(home, ['dashboard'])).toEqual([]);
  });

/** Rounds at moments drawn uniformly from the whole run; every second one kills PostgreSQL too. */
export function drawRounds(count: number): readonly Round[] {
  const random = createRandom(seed, 0);
  return Array.from({ length: count }, (_, index) => ({ fraction: random.fraction(), serverDies: index % 2 === 1 }));
}

/** What a round does, for the name of its test. */
export const describeRound = ({ fraction, serverDies }: Round): string =>
  `after ${(100 * fraction).toFixed(1)} % of a run, PostgreSQL ${serverDies ? 'killed too' : 'lives on'}`;

/** Makes the files of a sample shop that is the same on every day. */
export async function generateShop(folder: string, transactions: number): Promise<NonNullable<Shop>> {
  const shop = { folder, asOf: '2026-06-30' };
  const counts = [
    '--customers',
    '300',
    '--products',
    '100',
    '--transactions',
    String(transactions),
    '--events',
    '4000',
  ];
  const { code } = await runMillrace(['generate', '--output', folder, '--as-of', shop.asOf, ...counts], {});
  expect(code).toBe(0);
  return shop;
}
