/** The commands over a dbt project that is not this program's own: what they do, print, exit with and leave behind. */
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { afterTheLast, makeFolder, root, runMillrace, smallLimits, startMillrace } from '../../tests/setup/fixtures.ts';
import { openDuckDB } from '../stores/duckdb/duckdb.ts';

const sample = join(root, 'tests', 'parity', 'cafe', 'project');

const atEnd = afterTheLast();
let built: string;

/** A folder with the sample project, and what was built of it. */
function copy(): string {
  const folder = makeFolder();
  cpSync(built, folder, { recursive: true });
  return folder;
}

const place = ['--project-dir', 'cafe', '--duckdb', 'cafe.duckdb'];

const start = (folder: string, words: readonly string[]) =>
  startMillrace(words, { MILLRACE_HOME: join(folder, 'home') }, folder);
const run = (folder: string, ...words: readonly string[]) => start(folder, [...words, ...place]).ended;

const model = (folder: string, name: string, text: string): void =>
  writeFileSync(join(folder, 'cafe', 'models', 'marts', `${name}.sql`), text);

async function tablesOf(folder: string): Promise<readonly string[]> {
  const duckdb = await openDuckDB(join(folder, 'cafe.duckdb'), smallLimits(folder));
  const tables = await duckdb.rows<{ name: string }>(`SELECT table_name AS name FROM duckdb_tables() ORDER BY 1`);
  duckdb.close();
  return tables.map(({ name }) => name);
}

const artifact = (folder: string, name: string) =>
  JSON.parse(readFileSync(join(folder, 'cafe', 'target', name), 'utf8'));

beforeAll(async () => {
  built = makeFolder(atEnd);
  cpSync(sample, join(built, 'cafe'), { recursive: true });
  const { code, stdout } = await run(built, 'build');
  expect(stdout).toMatch(/^Done in .* s: 22 success, 30 pass, 1 no-op\.$/m);
  expect(code).toBe(0);
});

describe('a foreign project', () => {
  test('is built without a home or a database server', () => {
    expect(existsSync(join(built, 'home', 'postgres'))).toBe(false);
    expect(artifact(built, 'run_results.json').results).toHaveLength(53);
  });

  test('is built in parts, one command after the other', async () => {
    const folder = copy();
    rmSync(join(folder, 'cafe.duckdb'));
    const ended = [];
    for (const words of [['seed'], ['models', 'run'], ['snapshot'], ['test']]) ended.push(await run(folder, ...words));
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(
      ended.map(({ stdout }) =>
        stdout
          .trim()
          .split('\n')
          .at(-1)
          ?.replace(/ in \S+ s/, ''),
      ),
    ).toEqual(['Done: 7 success.', 'Done: 15 success.', 'Done: 2 success.', 'Done: 1 success, 30 pass.']);
  });

  test('is listed, compiled and shown', async () => {
    const listed = await runMillrace(['list', '--project-dir', join(built, 'cafe'), '--select', '+stores,tag:daily'], {
      MILLRACE_HOME: join(built, 'home'),
    });
    expect(listed.stdout.split('\n')).toContain('cafe.marts.stores');
    const all = (await run(built, 'list')).stdout;
    expect(all).not.toMatch(/on-run-start|best_day/);
    expect((await run(built, 'list', '--resource-type', 'analysis')).stdout).toBe('cafe.analysis.best_day\n');
    const compiled = await run(built, 'compile', '--select', 'customers');
    expect(compiled.stdout).toContain('from "cafe"."main"."stg_customers" as customers');
    expect(existsSync(join(built, 'cafe', 'target', 'compiled', 'cafe', 'models', 'marts', 'customers.sql'))).toBe(
      true,
    );
    const compile = async (...more: readonly string[]): Promise<string> =>
      (await run(built, 'compile', '--select', 'daily_revenue', ...more)).stdout;
    expect(await compile()).toContain('"cafe"."main"."daily_revenue"');
    expect(await compile('--full-refresh')).not.toContain('"cafe"."main"."daily_revenue"');
    const shown = await run(built, 'show', '--select', 'stores', '--limit', '2', '--json');
    expect(JSON.parse(shown.stdout)).toHaveLength(2);
  });

  test('is asked in SQL, read-only', async () => {
    const ask = (file: string, sql: string) =>
      runMillrace(['query', '--json', '--duckdb', join(built, file), sql], { MILLRACE_HOME: join(built, 'home') });
    const { stdout } = await ask('cafe.duckdb', 'SELECT count(*) AS stores FROM stores');
    expect(JSON.parse(stdout)).toEqual([{ stores: 3 }]);
    expect((await ask('cafe.duckdb', 'DROP TABLE stores')).stderr).toContain('MR-QRY-002');
    const absent = await ask('nothing.duckdb', 'SELECT 1');
    expect(absent.stderr).toContain('MR-TRF-205');
    expect(existsSync(join(built, 'nothing.duckdb'))).toBe(false);
  });

  test('takes variables, exclusions and a full refresh', async () => {
    const folder = copy();
    const words = [
      'models',
      'run',
      '--select',
      'customers+',
      'daily_revenue',
      '--exclude',
      'tag:none',
      '--full-refresh',
    ];
    const { code, stdout } = await run(
      folder,
      ...words,
      '--vars',
      '{regular_from: 1000, written: 2024-01-01, truth: yes}',
      '--threads',
      '1',
      '--json',
    );
    const { nodes } = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(nodes.map(({ name }: { name: string }) => name)).toEqual([
      'cafe-on-run-start-0',
      'customers',
      'daily_revenue',
    ]);
    const { stdout: rows } = await run(folder, 'show', '--select', 'customers', '--limit', '-1', '--json');
    expect(rows).toContain('"regular"');
    expect(artifact(folder, 'run_results.json').args).toMatchObject({
      which: 'run',
      full_refresh: true,
      vars: { regular_from: 1000, written: '2024-01-01', truth: true },
    });
  });

  test('is documented, and its sources are asked for their age', async () => {
    expect(await run(built, 'docs', 'generate')).toMatchObject({ code: 0, stderr: '' });
    expect(Object.keys(artifact(built, 'catalog.json').sources)).toEqual(['source.cafe.web.visits']);
    expect(artifact(built, 'manifest.json').nodes['model.cafe.orders'].compiled_path).toBe(
      join('target', 'compiled', 'cafe', 'models', 'marts', 'orders.sql'),
    );
    const { code, stdout } = await run(built, 'freshness');
    expect(code).toBe(0);
    expect(stdout).toMatch(/web\.visits +│ warn +│ 2024-12-01T08:00:00\.000Z │ \d+ d \d+ h/);
  });

  test('defers to another file for what is not built', async () => {
    const folder = copy();
    cpSync(join(folder, 'cafe', 'target'), join(folder, 'before'), { recursive: true });
    model(folder, 'stores', `select 1 as store_id from {{ ref('stg_stores') }} limit 1`);
    const { stdout } = await run(folder, 'list', '--state', 'before', '--select', 'state:modified');
    expect(stdout).toContain('cafe.marts.stores\n');
    expect(stdout).not.toContain('cafe.marts.orders');
    const words = ['models', 'run', '--select', 'stores', '--state', 'before', '--defer', '--schema', 'mine'];
    expect(await run(folder, ...words)).toMatchObject({ code: 0 });
    const compiled = artifact(folder, 'run_results.json').results.at(-1);
    expect(compiled).toMatchObject({ relation_name: '"cafe"."mine"."stores"', status: 'success' });
    expect(compiled.compiled_code).toContain('"cafe"."main"."stg_stores"');
  });
});

describe('what goes wrong', () => {
  test('a failed node is told with its line, ends the rest with --fail-fast, and retry repeats it', async () => {
    const folder = copy();
    model(folder, 'supplies', `select nothing\nfrom {{ ref('stg_supplies') }}`);
    const words = ['build', '--select', 'supplies', 'stores', '--fail-fast', '--threads', '1', '--vars', '{a: 1}'];
    const failed = await run(folder, ...words);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('models/marts/supplies.sql:1: Binder Error: Referenced column "nothing" not found');
    expect(failed.stderr).toContain('MR-TRF-201: 1 of 5 nodes failed: supplies.');
    model(folder, 'supplies', `select 1 as supply from {{ ref('stg_supplies') }}`);
    const repeated = await run(folder, 'retry');
    expect(repeated.code).toBe(0);
    expect(artifact(folder, 'run_results.json').args.vars).toEqual({ a: 1 });
    const again = await run(folder, 'retry');
    expect(again).toMatchObject({ code: 0, stdout: 'Nothing failed or was skipped the last time.\n' });
  });

  test('a failed test shows its SQL and its rows', async () => {
    const folder = copy();
    writeFileSync(
      join(folder, 'cafe', 'tests', 'none.sql'),
      `select store_id from {{ ref('stores') }} where store_id = 'S1'`,
    );
    const { code, stderr } = await run(folder, 'test', '--select', 'none');
    expect(code).toBe(1);
    expect(stderr).toContain('select store_id from "cafe"."main"."stores"');
    expect(stderr).toContain('{"store_id":"S1"}');
  });

  test('an unknown key is a warning with file, line and the nearest', async () => {
    const folder = copy();
    const path = join(folder, 'cafe', 'models', 'marts', 'marts.yml');
    writeFileSync(path, readFileSync(path, 'utf8').replace('- name: stores', '- name: stores\n    descripton: x'));
    const { code, stderr } = await run(folder, 'models', 'run', '--select', 'stores');
    expect(code).toBe(0);
    expect(stderr).toBe(
      'warning: models/marts/marts.yml:30: the key descripton of a model is unknown; did you mean description?\n',
    );
  });

  test.each([
    [['build', '--project-dir', 'nowhere', '--duckdb', 'x.duckdb'], 2, 'MR-TRF-124: There is no dbt project in'],
    [['build', '--project-dir', 'cafe'], 2, 'MR-CLI-001: --project-dir needs --duckdb'],
    [['seed', '--select', 'orders'], 2, 'MR-CLI-001: Name the file to build in with --duckdb'],
    [['build', '--select', 'orders'], 2, 'MR-CLI-001: --select needs --duckdb'],
    [['build', ...place, '--defer'], 2, 'MR-CLI-001: --defer needs'],
    [['build', ...place, '--vars', '[1]'], 2, 'Give a mapping in YAML'],
    [['build', ...place, '--select', 'tagg:daily'], 2, 'MR-SEL-001'],
    [['build', ...place, '--select', 'order'], 0, 'Did you mean orders?'],
    [['build', '--project-dir', 'cafe', '--duckdb', 'no/x.duckdb'], 3, 'MR-TRF-204'],
    [['test', '--project-dir', 'cafe', '--duckdb', 'x.duckdb'], 2, 'MR-TRF-205'],
    [['show', ...place, '--select', 'tag:daily'], 2, 'Select one node to show.'],
    [['retry', ...place, '--target-path', 'nowhere'], 2, 'MR-TRF-202'],
    [['build', '--project-dir', 'cafe', '--duckdb', ':memory:'], 2, 'MR-CLI-001: --duckdb needs a file'],
    [['build', ...place, '--schema', ''], 2, 'Give a name, without quotes in it.'],
    [['snapshot', ...place, '--full-refresh'], 2, `MR-CLI-001: Unknown option '--full-refresh'`],
    [['test', ...place, '--empty'], 2, `MR-CLI-001: Unknown option '--empty'`],
  ])('%j', async (words, exitCode, message) => {
    const { code, stderr } = await start(built, words).ended;
    expect({ code, stderr }).toEqual({ code: exitCode, stderr: expect.stringContaining(message) });
  });

  test.each([
    ['retry', 'run_results.json', '{"results": [', /is no artifact of a run: .*JSON/],
    ['retry', 'run_results.json', '{"results": []}', /is no artifact of a run: it has no metadata\./],
    ['list', 'manifest.json', '{"nodes": 5}', /is no artifact of a run: it has no nodes\./],
  ])('%s with a broken %s of an earlier run names it', async (command, name, text, problem) => {
    const folder = copy();
    writeFileSync(join(folder, 'cafe', 'target', name), text);
    const state = command === 'list' ? ['--select', 'state:new', '--state', join('cafe', 'target')] : [];
    const { code, stderr } = await run(folder, command, ...state);
    expect(code).toBe(2);
    expect(stderr).toMatch(problem);
    expect(stderr).toContain(join('cafe', 'target', name));
  });

  test('nothing is built where its results could not be written', async () => {
    const folder = copy();
    const words = ['build', '--target-path', join('cafe', 'dbt_project.yml')];
    const { code, stdout, stderr } = await run(folder, ...words);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toContain('MR-DSK-002: The folder');
  });

  test('Ctrl-C ends the run and leaves no half table', async () => {
    const folder = copy();
    const before = await tablesOf(folder);
    model(
      folder,
      'endless',
      `-- depends_on: {{ ref('stores') }}\nselect count(*) as n from range(10000000) as a, range(10000000) as b where a.range <> b.range`,
    );
    model(folder, 'after_it', `select * from {{ ref('endless') }}`);
    const running = start(folder, ['models', 'run', '--select', 'stores', 'endless+', '--threads', '1', ...place]);
    let said = '';
    running.process.stdout?.on('data', (text) => {
      said += text;
    });
    await vi.waitFor(() => expect(said).toContain('stores'), 30_000);
    running.process.kill('SIGINT');
    const { code, stderr } = await running.ended;
    expect(stderr).toMatch(/^MR-TRF-206: The run was cancelled: of 4 nodes \d had ended/);
    expect(code).toBe(130);
    expect(await tablesOf(folder)).toEqual(before);
    expect(await run(folder, 'models', 'run', '--select', 'stores')).toMatchObject({ code: 0 });
  });
});
