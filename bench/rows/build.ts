/** The models and their tests built in DuckDB, beside the SQL that they compile to run straight in DuckDB. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { LakeFile } from '../../src/ingest/lake-files.ts';
import { systemClock } from '../../src/kernel/time.ts';
import { openWarehouse } from '../../src/publish/models.ts';
import { buildWarehouse } from '../../src/publish/publish.ts';
import { sourceViews } from '../../src/publish/sources.ts';
import { type DuckDB, openDuckDB, sqlName, sqlPath } from '../../src/stores/duckdb/duckdb.ts';
import type { NodeResult, RunResult } from '../../src/transform/run/results.ts';
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

async function build(home: Home, files: readonly LakeFile[], duckdb: DuckDB): Promise<RunResult> {
  const project = await openWarehouse({
    folder: models,
    home: home.config.home,
    env: (name: string) => (name === 'SHOP_TIMEZONE' ? home.config.timeZone : undefined),
    threads: 1,
    clock: systemClock,
    invocationId: 'bench',
    warn: () => undefined,
  });
  const result = await buildWarehouse(duckdb, project, await sourceViews(duckdb, home.lake, files));
  if (!result.success) throw new Error(result.results.find(({ status }) => status !== 'success')?.name);
  return result;
}

/** The one statement that a node comes to; undefined for what has no SQL of its own. */
function statementOf({ resource_type, materialized, name, path, compiled_code, relation_name }: NodeResult) {
  if (resource_type === 'seed') return `CREATE TABLE ${sqlName(name)} AS FROM read_csv(${sqlPath(join(models, path))})`;
  if (compiled_code === null) return undefined;
  if (resource_type !== 'model') return `SELECT count(*) FROM (${compiled_code}\n)`;
  return `CREATE ${materialized === 'view' ? 'VIEW' : 'TABLE'} ${relation_name} AS (${compiled_code}\n)`;
}

/** The statements of a build in its order: the sources' views, seeds and models, tests. */
async function statementsOf(home: Home, files: readonly LakeFile[]): Promise<readonly string[]> {
  const statements: string[] = [];
  await inNewFile(home, async (duckdb) => {
    statements.push(await sourceViews(duckdb, home.lake, files));
    const { results } = await build(home, files, duckdb);
    statements.push(...results.flatMap((result) => statementOf(result) ?? []));
  });
  return statements;
}

/** A shop by its size, and how many events it has. */
interface Size {
  readonly name: keyof typeof shops;
  readonly events: number;
}

async function measureShop(bench: Bench, { name, events }: Size, rounds: number): Promise<Measured> {
  const folder = await makeShop(bench, name, events);
  const home = await openHome(bench, `build-${name}`);
  const files = await fillLake(bench, home, folder);
  const statements = await statementsOf(home, files);
  bench.say(`building the ${name} shop's warehouse, ${statements.length} statements, ${rounds} rounds`);
  const { ours, raw } = await alternate(rounds, {
    ours: () => inNewFile(home, (duckdb) => build(home, files, duckdb)),
    raw: () =>
      inNewFile(home, async (duckdb) => {
        for (const statement of statements) await duckdb.run(statement);
      }),
  });
  const reference = { name: 'the SQL alone', values: raw };
  const what = `build, ${name} shop with ${events.toLocaleString('en-US')} events`;
  return { what, unit: 's', ours, reference, aim: { kind: 'time', atMost: 1.15, free: 0.1 } };
}

/** The row. */
export const warehouseBuild: Row = {
  name: 'build',
  description: 'the models and their tests in DuckDB, beside the SQL that they compile to, run one by one',
  measure: async (bench) => [
    await measureShop(bench, { name: 'sample', events: 200_000 }, Math.min(bench.rounds, 5)),
    await measureShop(bench, { name: 'large', events: 1_000_000 }, Math.min(bench.rounds, 3)),
  ],
};

/** The row of the largest shop. */
export const hugeBuild: Row = {
  name: 'build-huge',
  description: 'the same for a shop of a million transactions and 10 million events (long: only when asked for)',
  long: true,
  measure: async (bench) => [await measureShop(bench, { name: 'huge', events: 10_000_000 }, Math.min(bench.rounds, 3))],
};
