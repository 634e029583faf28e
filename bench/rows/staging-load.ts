/** A CSV file into staging, beside psql's \copy of the same file into a text table without indexes. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readCsvFile } from '../../src/ingest/csv/files.ts';
import { withEngines } from '../../src/ingest/csv/ingest.ts';
import { type LoadEngines, stageTable } from '../../src/ingest/csv/load.ts';
import { readTable } from '../../src/ingest/csv/read.ts';
import { isMissing } from '../../src/kernel/errors.ts';
import { sqlName, sqlText } from '../../src/stores/duckdb/duckdb.ts';
import type { Postgres } from '../../src/stores/postgres/postgres.ts';
import { alternate, type Contender, secondsOf } from '../measure.ts';
import type { Measured, Skipped } from '../result.ts';
import type { Bench, Row } from '../row.ts';
import { type Home, makeShop, openHome } from '../shop.ts';

const run = promisify(execFile);

const table = 'transaction_items';

async function hasPsql(): Promise<boolean> {
  try {
    await run('psql', ['--version']);
    return true;
  } catch (thrown) {
    if (isMissing(thrown)) return false;
    throw thrown;
  }
}

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
  (postgres: Postgres, engines: LoadEngines, direct: string, records: number): Contender =>
  async () => {
    await makeReady(postgres, `staging.${table}`);
    const seconds = await secondsOf(() => postgres.transaction((sql) => stageTable(sql, engines, 1, table, direct)));
    await requireRows(postgres, `staging.${table}`, records);
    return seconds;
  };

const connectionOf = (url: string): NodeJS.ProcessEnv => {
  const { hostname, port, username, password, pathname } = new URL(url);
  return {
    PGHOST: hostname,
    PGPORT: port,
    PGUSER: username,
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: pathname.slice(1),
  };
};

/** The time that psql itself reports for its \copy, so that its start and its connecting do not count. */
const copyWithPsql =
  ({ postgres, postgresUrl }: Home, path: string, records: number): Contender =>
  async () => {
    await makeReady(postgres, 'bench.copied');
    const copy = `\\copy bench.copied FROM ${sqlText(path)} WITH (FORMAT csv, HEADER true)`;
    const { stdout } = await run('psql', ['-X', '-v', 'ON_ERROR_STOP=1', '-c', '\\timing on', '-c', copy], {
      env: { ...process.env, ...connectionOf(postgresUrl), LC_ALL: 'C' },
    });
    const milliseconds = /^Time: ([\d.]+) ms/m.exec(stdout)?.[1];
    if (milliseconds === undefined) throw new Error(`psql gave no time: ${stdout}`);
    await requireRows(postgres, 'bench.copied', records);
    return Number(milliseconds) / 1000;
  };

async function measure(bench: Bench): Promise<readonly (Measured | Skipped)[]> {
  const what = 'staging load';
  if (!(await hasPsql())) return [{ what, skipped: 'psql is not in PATH' }];
  const folder = await makeShop(bench, 'large');
  const home = await openHome(bench, 'staging');
  const file = await readCsvFile(join(folder, `${table}.csv`));
  const columns = file.header.map((name) => `${sqlName(name)} text`).join(', ');
  await home.postgres.run(`CREATE SCHEMA bench; CREATE TABLE bench.copied (${columns})`);
  return withEngines(home.duckdb, async (engines) => {
    const { direct, records } = await readTable(engines.judge, file, table);
    if (direct === undefined) throw new Error(`${file.path} is not a plain file`);
    bench.say(`loading ${records.toLocaleString('en-US')} items, ${bench.rounds} rounds`);
    const { ours, psql } = await alternate(bench.rounds, {
      ours: stage(home.postgres, engines, direct, records),
      psql: copyWithPsql(home, file.path, records),
    });
    const reference = { name: 'psql \\copy', values: psql };
    return [{ what, unit: 's', ours, reference, aim: { kind: 'speed', atLeast: 0.8 } }];
  });
}

/** The row. */
export const stagingLoad: Row = {
  name: 'staging',
  description: 'a CSV file into staging, beside psql \\copy of it into a text table without indexes',
  measure,
};
