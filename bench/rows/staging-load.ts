/** A CSV file into staging, beside psql's \copy of the same file into a text table without indexes. */
import { join } from 'node:path';
import type { TableName } from '../../src/contracts/tables.ts';
import { readCsvFile } from '../../src/ingest/csv/files.ts';
import { withEngines } from '../../src/ingest/csv/ingest.ts';
import { type LoadEngines, stageTable } from '../../src/ingest/csv/load.ts';
import { type FileReading, readTable } from '../../src/ingest/csv/read.ts';
import { createStaging } from '../../src/ingest/production/staging.ts';
import { sqlName, sqlText } from '../../src/stores/duckdb/duckdb.ts';
import type { Postgres } from '../../src/stores/postgres/postgres.ts';
import { alternate, type Contender, secondsOf } from '../measure.ts';
import { connectionOf, hasPsql, run } from '../psql.ts';
import type { Measured, Skipped } from '../result.ts';
import type { Bench, Row } from '../row.ts';
import { type Home, makeShop, openHome } from '../shop.ts';

/** The files that are loaded: the largest one, and one with quoted fields. */
const files = [
  { table: 'transaction_items', what: 'staging load, items' },
  { table: 'transactions', what: 'staging load, transactions with quoted addresses' },
] as const;

/** An empty table and nothing left to be written for what came before. */
const makeReady = async (postgres: Postgres, name: string): Promise<void> => {
  await postgres.run(`TRUNCATE ${name}`);
  await postgres.run('CHECKPOINT');
};

async function requireRows(postgres: Postgres, name: string, expected: number): Promise<void> {
  const [counted] = await postgres.rows<{ rows: number }>(`SELECT count(*) AS rows FROM ${name}`);
  if (counted?.rows !== expected) throw new Error(`${name} has ${counted?.rows} rows instead of ${expected}`);
}

/** From the file to the committed transaction. */
const stage =
  (postgres: Postgres, engines: LoadEngines, table: TableName, reading: FileReading): Contender =>
  async () => {
    await makeReady(postgres, `staging.${table}`);
    await postgres.transaction((sql) => createStaging(sql, 1));
    const seconds = await secondsOf(() => postgres.transaction((sql) => stageTable(sql, engines, 1, table, [reading])));
    await requireRows(postgres, `staging.${table}`, reading.records);
    return seconds;
  };

/** The time that psql itself reports for its \copy, so that its start and its connecting do not count. */
const copyWithPsql =
  ({ postgres, postgresUrl }: Home, target: string, { file, records }: FileReading): Contender =>
  async () => {
    await makeReady(postgres, target);
    const copy = `\\copy ${target} FROM ${sqlText(file.path)} WITH (FORMAT csv, HEADER true)`;
    const { stdout } = await run('psql', ['-X', '-v', 'ON_ERROR_STOP=1', '-c', '\\timing on', '-c', copy], {
      env: { ...process.env, ...connectionOf(postgresUrl), LC_ALL: 'C' },
    });
    const milliseconds = /^Time: ([\d.]+) ms/m.exec(stdout)?.[1];
    if (milliseconds === undefined) throw new Error(`psql gave no time: ${stdout}`);
    await requireRows(postgres, target, records);
    return Number(milliseconds) / 1000;
  };

/** A logged table without indexes that has the file's columns as text. */
async function createTextTable(postgres: Postgres, name: string, header: readonly string[]): Promise<void> {
  const columns = header.map((column) => `${sqlName(column)} text`).join(', ');
  await postgres.run(`CREATE SCHEMA IF NOT EXISTS bench; CREATE TABLE ${name} (${columns})`);
}

async function measureFile(
  bench: Bench,
  home: Home,
  folder: string,
  table: TableName,
  what: string,
): Promise<Measured> {
  const file = await readCsvFile(join(folder, `${table}.csv`));
  const target = `bench.${table}`;
  await createTextTable(home.postgres, target, file.header);
  return withEngines(home.duckdb, async (engines) => {
    const [reading] = await readTable(engines.judge, [file], table, engines.temporaryFolder);
    if (!reading) throw new Error(`${file.path} was not read`);
    bench.say(`loading ${reading.records.toLocaleString('en-US')} rows of ${table}, ${bench.rounds} rounds`);
    const { ours, psql } = await alternate(bench.rounds, {
      ours: stage(home.postgres, engines, table, reading),
      psql: copyWithPsql(home, target, reading),
    });
    const reference = { name: 'psql \\copy', values: psql };
    return { what, unit: 's', ours, reference, aim: { kind: 'speed', atLeast: 0.8 } };
  });
}

async function measure(bench: Bench): Promise<readonly (Measured | Skipped)[]> {
  if (!(await hasPsql())) return files.map(({ what }) => ({ what, skipped: 'psql is not in PATH' }));
  const folder = await makeShop(bench, 'large');
  const home = await openHome(bench, 'staging');
  const results: Measured[] = [];
  for (const { table, what } of files) results.push(await measureFile(bench, home, folder, table, what));
  return results;
}

/** The row. */
export const stagingLoad: Row = {
  name: 'staging',
  description: 'CSV files into staging, beside psql \\copy of them into a text table without indexes',
  measure,
};
