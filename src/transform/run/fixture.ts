/** Small projects in temporary folders, run in databases in memory, for the tests of this folder. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type DuckDB, openDuckDB } from '../../stores/duckdb/duckdb.ts';
import type { JsonMap } from '../manifest/types.ts';
import { openProject } from './open-project.ts';
import type { NodeResult } from './results.ts';
import { type RunRequest, runProject } from './run.ts';

/** Path -> text. */
export type Files = Readonly<Record<string, string>>;

/** How a project is run; what is left out is as for a plain build with one thread at the hour of noon, 2024-06-15. */
export interface RunOptions
  extends Partial<
    Pick<RunRequest, 'command' | 'threads' | 'failFast' | 'signal' | 'onResult' | 'eventTime' | 'again'>
  > {
  readonly flags?: JsonMap;
  readonly vars?: JsonMap;
  /** Names of the nodes to run; all when left out. */
  readonly select?: readonly string[];
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-run-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function writeFiles(folder: string, files: Files): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/** An empty database in memory, closed with the test. */
async function memoryDatabase(): Promise<DuckDB> {
  const duckdb = await openDuckDB(':memory:', { memory: '256MiB', threads: 2, temporaryFolder: temporaryFolder() });
  onTestFinished(() => duckdb.close());
  return duckdb;
}

const noon = (): Date => new Date('2024-06-15T12:00:00Z');

/** A project and its database, which can be run again after its files were changed. */
export interface TestProject {
  readonly duckdb: DuckDB;
  /** What templates logged with info=true. */
  readonly logged: readonly string[];
  readonly write: (files: Files) => void;
  /** Runs it; gives the results by the nodes' names. */
  readonly run: (options?: RunOptions) => Promise<Readonly<Record<string, NodeResult>>>;
  /** What a run or a question is given, for those that `run` does not ask. */
  readonly request: (options?: RunOptions) => Promise<RunRequest>;
  /** The rows of a query, without the names of their columns. */
  readonly rows: (sql: string) => Promise<readonly (readonly unknown[])[]>;
}

/** Writes a project named shop. */
export async function testProject(files: Files): Promise<TestProject> {
  const folder = temporaryFolder();
  const write = (more: Files): void => writeFiles(folder, more);
  write({ 'dbt_project.yml': 'name: shop\nprofile: shop\n', ...files });
  const duckdb = await memoryDatabase();
  const logged: string[] = [];
  const target = { name: 'dev', profile_name: 'shop', database: 'memory', schema: 'main', threads: 1 };

  const request: TestProject['request'] = async ({
    flags = {},
    vars = {},
    select,
    command = 'build',
    threads = 1,
    ...others
  } = {}) => {
    const { project, base } = await openProject(folder, {
      target,
      vars,
      env: () => undefined,
      cacheFolder: null,
      flags: { FULL_REFRESH: false, STORE_FAILURES: false, ...flags },
      clock: noon,
      startedAt: noon(),
      invocationId: 'test',
      log: (message, info) => {
        if (info) logged.push(message);
      },
      warn: (message) => {
        logged.push(message);
      },
    });
    const { nodes, unit_tests: unitTests, sources } = project.manifest;
    const entries = [nodes, unitTests, sources].flatMap((part) => Object.values(part));
    const selected = entries
      .filter(({ name }) => select === undefined || select.includes(name))
      .map(({ unique_id }) => unique_id);
    return { project, duckdb, command, selected, base, threads, ...others };
  };

  const run: TestProject['run'] = async (options) => {
    const { results } = await runProject(await request(options));
    return Object.fromEntries(results.map((result) => [result.name, result]));
  };

  const rows: TestProject['rows'] = async (sql) => (await duckdb.rows(sql)).map((row) => Object.values(row));
  return { duckdb, logged, write, request, run, rows };
}

/** name -> status. */
export const statuses = (results: Readonly<Record<string, NodeResult>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(results).map(([name, { status }]) => [name, status]));
