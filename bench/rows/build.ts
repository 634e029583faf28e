/** The models and their tests built in DuckDB, beside the SQL that they compile to run straight in DuckDB. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { LakeFile } from '../../src/ingest/lake-files.ts';
import { systemClock } from '../../src/kernel/time.ts';
import { buildWarehouse, sourceViews } from '../../src/publish/publish.ts';
import { type DuckDB, openDuckDB } from '../../src/stores/duckdb/duckdb.ts';
import { loadProject } from '../../src/transform/project.ts';
import type { BuildResult } from '../../src/transform/run.ts';
import { alternate, secondsOf } from '../measure.ts';
import type { Measured } from '../result.ts';
import type { Bench, Row } from '../row.ts';
import { fillLake, type Home, makeShop, openHome, type shops } from '../shop.ts';

const models = join(import.meta.dirname, '..', '..', 'warehouse');

/** Does the work in a new database file; opening and closing it do not count. */
async function inNewFile(home: Home, work: (duckdb: DuckDB) => Promise<unknown>): Promise<number> {
  const path = join(home.config.home, 'bench.duckdb');
  const duckdb = await openDuckDB(path, home.duckdb);
  try {
    return await secondsOf(() => work(duckdb));
  } finally {
    duckdb.close();
    for (const file of [path, `${path}.wal`]) rmSync(file, { force: true });
  }
}

async function build(home: Home, files: readonly LakeFile[], duckdb: DuckDB): Promise<BuildResult> {
  const settings = { env: (name: string) => (name === 'SHOP_TIMEZONE' ? home.config.timeZone : undefined) };
  const result = await buildWarehouse(duckdb, loadProject(models, settings), home.lake, files, systemClock);
  const bad = result.nodes.find(({ status }) => status !== 'success' && status !== 'pass');
  if (bad) throw new Error(`${bad.kind} ${bad.name}: ${bad.status}`);
  return result;
}

/** The statements of a build in its order: the sources' views, seeds and models, tests. */
async function statementsOf(home: Home, files: readonly LakeFile[]): Promise<readonly string[]> {
  const statements = [sourceViews(home.lake, files)];
  await inNewFile(home, async (duckdb) => {
    for (const { sql } of (await build(home, files, duckdb)).nodes) statements.push(sql);
  });
  return statements;
}

async function measureShop(bench: Bench, name: keyof typeof shops): Promise<Measured> {
  const folder = await makeShop(bench, name);
  const home = await openHome(bench, `build-${name}`);
  const files = await fillLake(bench, home, folder);
  const statements = await statementsOf(home, files);
  bench.say(`building the ${name} shop's warehouse, ${statements.length} statements, ${bench.rounds} rounds`);
  const { ours, raw } = await alternate(bench.rounds, {
    ours: () => inNewFile(home, (duckdb) => build(home, files, duckdb)),
    raw: () =>
      inNewFile(home, async (duckdb) => {
        for (const statement of statements) await duckdb.run(statement);
      }),
  });
  const reference = { name: 'the SQL alone', values: raw };
  return { what: `build, ${name} shop`, unit: 's', ours, reference, aim: { kind: 'time', atMost: 1.3 } };
}

/** The row. */
export const warehouseBuild: Row = {
  name: 'build',
  description: 'the models and their tests in DuckDB, beside the SQL that they compile to, run one by one',
  measure: async (bench) => [await measureShop(bench, 'sample'), await measureShop(bench, 'large')],
};
