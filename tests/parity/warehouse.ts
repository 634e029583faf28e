/** dbt-core with dbt-duckdb runs warehouse/ as it is, beside what was published and what the engine makes of the same sources. */
import { execFile } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import type { PublishResult } from '../../src/publish/publish.ts';
import { publishedPath } from '../../src/publish/warehouse.ts';
import { type DuckDB, openDuckDB, type Row, sqlName, sqlText } from '../../src/stores/duckdb/duckdb.ts';
import { openFolderLake } from '../../src/stores/lake/lake.ts';
import { openPostgres } from '../../src/stores/postgres/postgres.ts';
import { makeFolder, makeHome, root, runMillrace, smallLimits } from '../setup/fixtures.ts';
import { addToLake, eventRows, smallCatalog, smallProfiles } from '../setup/lake.ts';
import { findTool, whyLeftOut } from '../setup/tools.ts';
import { readStatuses } from './outcome.ts';

const run = promisify(execFile);
const dbt = findTool('dbt');

/** Why such a test is left out, for its name; empty where dbt is there. */
export const withoutDbt = whyLeftOut('dbt', dbt);

/** Name of a model, seed or test -> how it ended. */
type Outcomes = Readonly<Record<string, string>>;

/** Clicks of a month by thirty users on four products, many at one instant, a purchase of two lines in every fifteenth. */
const manyClicks: readonly Row[] = eventRows(
  Array.from({ length: 900 }, (_, index) => {
    const types = ['page_view', 'product_view', 'search', 'add_to_cart', 'begin_checkout', 'purchase', 'purchase'];
    const type = types[index % 15 < 7 ? index % 15 : index % 3] ?? '';
    const purchase = { revenue_amount: `${index}.05`, properties: `{"order_id":"T${Math.floor(index / 15)}"}` };
    const at = new Date(Date.UTC(2024, 2, 1) + Math.floor(index / 3) * 2.4 * 3_600_000).toISOString();
    const product = ['product_view', 'add_to_cart', 'purchase'].includes(type) ? { product_id: `P${index % 4}` } : {};
    const country = { country_code: ['GB', 'US', null][index % 3] ?? null };
    const more = { ...country, ...product, ...(type === 'purchase' && purchase) };
    return [type, `U${Math.floor(index / 15) % 30}`, `S${Math.floor(index / 15)}`, at, more] as const;
  }),
);

type Settings = Awaited<ReturnType<typeof makeHome>> & { readonly SHOP_TIMEZONE: string };

/** Puts clicks, a catalog and profiles into the lake of a home. */
async function addClicks({ MILLRACE_HOME: home, DATABASE_URL: url }: Settings): Promise<void> {
  const context = {
    lake: openFolderLake(join(home, 'lake')),
    postgres: await openPostgres(url),
    duckdb: smallLimits(makeFolder()),
  };
  await addToLake(context, 'events', manyClicks);
  await addToLake(context, 'catalog', smallCatalog);
  await addToLake(context, 'profiles', smallProfiles);
  await context.postgres.close();
}

async function runJson(words: readonly string[], settings: Settings): Promise<unknown> {
  const { code, stdout, stderr } = await runMillrace([...words, '--json'], settings);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

/** Loads files, adds what comes of events, and publishes. */
async function publishWarehouse(words: readonly string[], settings: Settings): Promise<Outcomes> {
  await runJson(['run', ...words], settings);
  await addClicks(settings);
  const { nodes } = (await runJson(['build'], settings)) as PublishResult;
  return Object.fromEntries(nodes.map(({ name, status }) => [name, status]));
}

interface RunResults {
  /** A unique_id ends with the name: the third part, of unit tests, which have their model before it, the fourth. */
  readonly results: readonly { readonly unique_id: string; readonly status: string }[];
}

/** Runs dbt over the project and a file that has the sources; all that dbt writes otherwise goes to the folder. */
async function callDbt(first: string, file: string, folder: string, timeZone: string): Promise<string> {
  const project = join(root, 'warehouse');
  const words = [first, '--quiet', '--project-dir', project, '--profiles-dir', project, '--no-use-colors'];
  const { stdout } = await run(dbt ?? '', words, {
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      DBT_DUCKDB_FILE: file,
      DBT_TARGET_PATH: join(folder, 'target'),
      DBT_LOG_PATH: join(folder, 'logs'),
      SHOP_TIMEZONE: timeZone,
    },
  });
  return stdout;
}

const nameIn = (uniqueId: string): string => uniqueId.split('.')[uniqueId.startsWith('unit_test.') ? 3 : 2] ?? '';

async function buildWithDbt(file: string, folder: string, timeZone: string): Promise<Outcomes> {
  await callDbt('build', file, folder, timeZone);
  const { results }: RunResults = JSON.parse(readFileSync(join(folder, 'target', 'run_results.json'), 'utf8'));
  return Object.fromEntries(results.map(({ unique_id, status }) => [nameIn(unique_id), status]));
}

/** Relation -> its columns in order with their types. */
async function readShapes(duckdb: DuckDB, database: string): Promise<Readonly<Record<string, string>>> {
  const shapes = await duckdb.rows<{ relation: string; columns: string }>(
    `SELECT table_name AS relation, string_agg(column_name || ' ' || data_type, ', ' ORDER BY ordinal_position) AS columns
     FROM information_schema.columns WHERE table_catalog = ${sqlText(database)} AND table_schema = 'main'
     GROUP BY 1 ORDER BY 1`,
  );
  return Object.fromEntries(shapes.map(({ relation, columns }) => [relation, columns]));
}

/** The rows that only one of the two has, and how many there are at all. */
async function compareRows(duckdb: DuckDB, relation: string) {
  const [left, right] = ['millrace', 'shop'].map((database) => `${database}.main.${sqlName(relation)}`);
  const only = (one: string | undefined, other: string | undefined): Promise<readonly unknown[]> =>
    duckdb.rows(`FROM ${one} EXCEPT ALL FROM ${other} LIMIT 3`);
  const [counted] = await duckdb.rows<{ rows: number }>(`SELECT count(*) AS rows FROM ${left}`);
  return {
    relation,
    empty: counted?.rows === 0,
    onlyMillrace: await only(left, right),
    onlyDbt: await only(right, left),
  };
}

/** Attaches both files; dbt's as 'shop', by which name dbt's views call it. */
async function withBoth<T>(home: string, file: string, work: (duckdb: DuckDB) => Promise<T>): Promise<T> {
  const duckdb = await openDuckDB(':memory:', smallLimits(makeFolder()));
  try {
    await duckdb.run(`ATTACH ${sqlText(publishedPath(home))} AS millrace (READ_ONLY);
      ATTACH ${sqlText(file)} AS shop (READ_ONLY)`);
    return await work(duckdb);
  } finally {
    duckdb.close();
  }
}

/** The words for the project as any other that is built in a file. */
const asProject = (file: string): readonly string[] => [
  ...['--project-dir', join(root, 'warehouse'), '--duckdb', file],
  ...['--target', 'duckdb', '--target-path', dirname(file)],
];

async function buildAsProject(file: string, settings: Settings): Promise<void> {
  expect(await runMillrace(['build', ...asProject(file)], settings)).toMatchObject({ code: 0 });
}

const sortedLines = (text: string): readonly string[] => text.trim().split('\n').sort();

async function listAsProject(file: string, settings: Settings): Promise<readonly string[]> {
  const { code, stdout } = await runMillrace(['list', ...asProject(file)], settings);
  expect(code).toBe(0);
  return sortedLines(stdout);
}

/** Relation -> how many rows it has, and a number that all of them make whatever their order. */
async function digests(file: string): Promise<Readonly<Record<string, unknown>>> {
  const duckdb = await openDuckDB(file, smallLimits(makeFolder()));
  try {
    const relations = await duckdb.rows<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'main' ORDER BY 1`,
    );
    const found: [string, unknown][] = [];
    for (const { name } of relations) {
      const sql = `SELECT count(*) AS rows, sum(hash(t)::hugeint)::varchar AS content FROM main.${sqlName(name)} AS t`;
      found.push([name, await duckdb.rows(sql)]);
    }
    return Object.fromEntries(found);
  } finally {
    duckdb.close();
  }
}

/** Loads files into a home, publishes, and expects of dbt the same relations, outcomes and lists. The words are those of `run`. */
export async function expectSameAsDbt(words: readonly string[], timeZone: string): Promise<void> {
  const home = await makeHome();
  const settings = { ...home, SHOP_TIMEZONE: timeZone };
  const published = await publishWarehouse(words, settings);
  const folder = makeFolder();
  const file = join(folder, 'shop.duckdb');
  expect(await runMillrace(['sources', '--duckdb', file], settings)).toMatchObject({ code: 0 });
  const own = join(makeFolder(), 'shop.duckdb');
  cpSync(file, own);
  const built = await buildWithDbt(file, folder, timeZone);

  expect(built).toEqual(published);
  expect(new Set(Object.values(built))).toEqual(new Set(['success', 'pass']));
  await withBoth(home.MILLRACE_HOME, file, async (duckdb) => {
    const shapes = await readShapes(duckdb, 'millrace');
    expect(await readShapes(duckdb, 'shop')).toEqual(shapes);
    const models = Object.keys(built).filter((name) => built[name] === 'success');
    expect(Object.keys(shapes)).toEqual(models.sort());
    for (const relation of models) {
      const same = { relation, empty: false, onlyMillrace: [], onlyDbt: [] };
      expect(await compareRows(duckdb, relation)).toEqual(same);
    }
  });
  await buildAsProject(own, settings);
  expect(readStatuses(dirname(own), 'run_results.json')).toEqual(readStatuses(join(folder, 'target'), 'run_results.json'));
  expect(await digests(own)).toEqual(await digests(file));
  expect(await listAsProject(own, settings)).toEqual(sortedLines(await callDbt('list', file, folder, timeZone)));
}
