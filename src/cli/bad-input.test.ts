/** Bad input through the program itself: one clear error with its remedy and exit code, and nothing lost. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  afterTheLast,
  type Ended,
  makeFolder,
  makeHome,
  mountSmallDisk,
  root,
  runMillrace,
  type ShopFiles,
  smallShop,
  writeFiles,
} from '../../tests/setup/fixtures.ts';
import { smallShopAnd } from '../../tests/setup/pipeline.ts';
import { type ErrorCode, errorCatalogue } from '../kernel/errors.ts';
import { openPostgres, type Postgres } from '../stores/postgres/postgres.ts';

type Settings = Readonly<Record<string, string>>;

/** That the program ended with this error of the catalogue, told once, without a stack, on stdout only as JSON. */
function expectError(
  ended: Ended,
  code: ErrorCode,
  json: boolean,
): { readonly message: string; readonly remedy: string } {
  const lines = ended.stderr.trimEnd().split('\n');
  expect({ code: ended.code, signal: ended.signal, told: lines[0]?.split(':')[0], stderr: ended.stderr }).toMatchObject(
    {
      code: errorCatalogue[code].exitCode,
      signal: null,
      told: code,
    },
  );
  expect(lines).toHaveLength(2);
  expect(`${ended.stderr}${ended.stdout}`).not.toMatch(/^\s+at |node:internal|\{\w+\}/m);
  const [message = '', remedy = ''] = [lines[0]?.slice(code.length + 2), lines[1]];
  if (json) expect(JSON.parse(ended.stdout)).toEqual({ error: { code, message, remedy } });
  else expect(ended.stdout).toBe('');
  return { message, remedy };
}

async function expectFailure(words: readonly string[], code: ErrorCode, settings: Settings) {
  return expectError(await runMillrace(words, settings), code, words.includes('--json'));
}

async function openDatabase(url: string): Promise<Postgres> {
  const postgres = await openPostgres(url);
  onTestFinished(() => postgres.close());
  return postgres;
}

/** A port on which somebody else listens until the test ends. */
async function takenPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise((resolve) => server.close(() => resolve())));
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

const publishedFile = (home: Settings): string => join(home.MILLRACE_HOME ?? '', 'warehouse', 'analytics.duckdb');
const hashOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

/** What a home holds: its rows, its publication, the bytes of its warehouse. */
async function holdings(home: Settings): Promise<unknown> {
  const { production, publication, batches, quarantined } = JSON.parse(
    (await runMillrace(['status', '--json'], home)).stdout,
  );
  return { production, publication, batches, quarantined, warehouse: hashOf(publishedFile(home)) };
}

describe('in a home that has published the small shop', () => {
  const atEnd = afterTheLast();
  let home: Settings;
  let before: unknown;

  beforeAll(async () => {
    home = await makeHome(atEnd);
    const ended = await runMillrace(['run', '--input', writeFiles(smallShop, atEnd)], home);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    before = await holdings(home);
    expect(before).toMatchObject({ batches: 1, production: { transaction_items: 5 } });
  });

  const files = (changes: ShopFiles): string => writeFiles({ ...smallShop, ...changes });

  test.each<readonly [string, ErrorCode, () => readonly string[], string]>([
    ['a path where nothing is', 'MR-IN-001', () => ['--input', '/nowhere/at/all'], '/nowhere/at/all'],
    [
      'a folder without the four files',
      'MR-IN-002',
      () => ['--input', makeFolder()],
      'customers.csv, products.csv, transactions.csv, transaction_items.csv',
    ],
    ['an empty file', 'MR-IN-003', () => ['--input', files({ 'products.csv': '' })], 'products.csv'],
    [
      'a header without a required column',
      'MR-IN-004',
      () => ['--input', files({ 'products.csv': 'product_id,product_name,category\nP1,Kettle,Home\n' })],
      'column price',
    ],
    [
      'a binary file',
      'MR-IN-005',
      () => ['--input', files({ 'customers.csv': Buffer.from('PK\u0003\u0004\u0000\u0000') })],
      'a ZIP archive',
    ],
    ['an unknown preset', 'MR-IN-006', () => ['--input', files({}), '--preset', 'offline-retail'], 'offline-retail'],
    [
      'a file for a preset of several',
      'MR-IN-009',
      () => ['--input', join(files({}), 'products.csv'), '--preset', 'olist'],
      'a folder with the files of the preset olist',
    ],
    ['a file where a folder is needed', 'MR-IN-009', () => ['--input', join(files({}), 'products.csv')], 'is a file'],
    [
      'a folder without the files of a preset',
      'MR-PRE-004',
      () => ['--input', files({}), '--preset', 'olist'],
      'has no file *orders_dataset.csv',
    ],
    [
      'a column that stands twice',
      'MR-IN-011',
      () => ['--input', files({ 'customers.csv': 'customer_id,city,City\nC1,,\n' })],
      'City',
    ],
    [
      'an archive that is cut off',
      'MR-IN-014',
      () => ['--input', files({ 'customers.csv': gzipSync('customer_id\nC1\n').subarray(0, -4) })],
      'customers.csv',
    ],
    [
      'a day that has not come',
      'MR-IN-013',
      () => ['--input', files({ 'customers.csv': 'customer_id\nC1\n' }), '--as-of', '2999-01-01'],
      '2999-01-01',
    ],
    [
      'a header that cannot be taken apart',
      'MR-IN-012',
      () => ['--input', files({ 'customers.csv': 'customer_id,"city\nC1,a\n' })],
      'quotes of its header',
    ],
  ])('%s is told as %s', async (_name, code, words, told) => {
    const { message, remedy } = await expectFailure(['run', ...words(), '--json'], code, home);
    expect(message).toContain(told);
    expect(remedy).toMatch(/\.$/);
  });

  test('ingest tells the same without JSON', async () => {
    await expectFailure(['ingest', 'csv', '--input', '/nowhere'], 'MR-IN-001', home);
    await expectFailure(['ingest', 'csv', '--input', files({ 'transactions.csv': '\n' })], 'MR-IN-003', home);
  });

  test('another one that changes the home is waited for, but not for ever', async () => {
    const postgres = await openDatabase(home.DATABASE_URL ?? '');
    await postgres.exclusive('millrace pipeline', 30, async () => {
      await expectFailure(['run', '--json'], 'MR-RUN-001', { ...home, MILLRACE_LOCK_SECONDS: '1' });
    });
  });

  test('a query that is wrong, or does more than read, is refused', async () => {
    expect((await expectFailure(['query', 'SELECT * FROM fact_sale', '--json'], 'MR-QRY-002', home)).message).toContain(
      'fact_sale',
    );
    for (const sql of ['DROP TABLE fact_sales', 'SELECT 1; SELECT 2', ''])
      await expectFailure(['query', sql], 'MR-QRY-002', home);
  });

  test('a port in use is told', async () => {
    if (!existsSync(join(root, 'web', 'dist', 'index.html'))) {
      await expectFailure(['serve', '--port', '0'], 'MR-CLI-003', home);
      return;
    }
    const port = await takenPort();
    expect((await expectFailure(['serve', '--port', String(port)], 'MR-CLI-002', home)).message).toContain(
      String(port),
    );
    // The run itself is told of first: it went well.
    const ended = await runMillrace(['run', '--serve'], { ...home, MILLRACE_PORT: String(port) });
    expect(ended).toMatchObject({ code: 2, stdout: expect.stringContaining('Nothing has changed') });
    expect(ended.stderr).toMatch(/^MR-CLI-002: .*\n.*\n$/);
  });

  test('settings that are wrong are told before anything is opened', async () => {
    const unreachable = { ...home, DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' };
    await expectFailure(['run', '--json'], 'MR-CFG-001', { ...unreachable, MILLRACE_HOEM: '/tmp' });
    await expectFailure(['status', '--json'], 'MR-CFG-002', { ...unreachable, SHOP_TIMEZONE: 'Mars/Olympus' });
  });

  test('a PostgreSQL that cannot be reached is told without its password', async () => {
    const away = { ...home, DATABASE_URL: `postgres://shop:hunter2@127.0.0.1:${await closedPort()}/sales` };
    for (const words of [['run', '--json'], ['status']]) {
      const { message } = await expectFailure(words, 'MR-PG-001', away);
      expect(message).not.toContain('hunter2');
    }
    // What is published is there to be read all the same.
    expect(await runMillrace(['query', '--csv', 'SELECT count(*) AS n FROM fact_sales'], away)).toMatchObject({
      code: 0,
      stdout: 'n\n4\n',
    });
  });

  test('after all that, nothing is lost, and the next run finds nothing new', async () => {
    expect(await holdings(home)).toEqual(before);
    const again = await runMillrace(['run'], home);
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(again.stdout).toContain('Nothing has changed: no row, no file, no figure.');
    expect(await holdings(home)).toEqual(before);
  });

  test('data that fail the models’ tests leave the published warehouse, and show their rows', async () => {
    const postgres = await openDatabase(home.DATABASE_URL ?? '');
    // Somebody has been at production by hand: a sale has lost its product.
    await postgres.run(
      `ALTER TABLE production.transaction_items DROP CONSTRAINT transaction_items_product_id_source_fkey;
       DELETE FROM production.products WHERE product_id = 'P2'; DELETE FROM ops.lake_files`,
    );
    const ended = await runMillrace(['build', '--json'], home);
    expect(ended.code).toBe(1);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      error: {
        code: 'MR-TRF-006',
        message: expect.stringContaining('relationships_stg_transaction_items_product_natural_key'),
      },
    });
    expect(ended.stderr).toMatch(
      /^FAIL test relationships_stg_transaction_items_product_natural_key\S*: 2 rows \(models\/staging\/stg_transaction_items.yml:\d+\)$/m,
    );
    expect(ended.stderr).toMatch(/^ {2}\{.*csv\|P2.*\}$/m);
    expect(hashOf(publishedFile(home))).toBe((before as { warehouse: string }).warehouse);
    expect(await postgres.rows('SELECT count(*) AS n FROM warehouse.fact_sales WHERE product_key IS NOT NULL')).toEqual(
      [{ n: 4 }],
    );
  });
});

describe('in a new home', () => {
  test('a query finds nothing published', async () => {
    const home = await makeHome();
    expect((await expectFailure(['query', 'SELECT 1', '--json'], 'MR-QRY-001', home)).remedy).toContain('millrace run');
  });

  test('files without a single sale are loaded and published, and say so', async () => {
    const home = await makeHome();
    const headers = Object.entries(smallShop).map(([name, text]) => [name, `${text.split('\n')[0]}\n`]);
    const input = writeFiles(Object.fromEntries(headers));
    const ended = await runMillrace(['run', '--input', input], home);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toMatch(/Published pub_[0-9a-f]+:[\s\S]*No sale and no return/);
    const { code, stdout } = await runMillrace(['run', '--json'], home);
    expect({ code, headline: JSON.parse(stdout).headline }).toEqual({ code: 0, headline: null });
  });

  test.skipIf(!existsSync('/dev/full'))('a result that cannot be written is told, without a stack', async () => {
    const home = await makeHome();
    const script = `"${join(root, 'bin', 'millrace')}" status > /dev/full`;
    const env = { PATH: process.env.PATH ?? '', ...home };
    const { status, stderr } = spawnSync('sh', ['-c', script], { env, encoding: 'utf8' });
    expectError({ code: status, signal: null, stdout: '', stderr }, 'MR-CLI-005', false);
  });

  test('the sample and a user’s own files do not mix', async () => {
    const home = await makeHome();
    expect(await runMillrace(['status'], home)).toMatchObject({ code: 0 });
    const postgres = await openDatabase(home.DATABASE_URL);
    await postgres.run(`INSERT INTO ops.sources VALUES ('sample', 'sample', NULL, '/a/home/sample', '{}', now())`);
    const { remedy } = await expectFailure(['run', '--input', writeFiles(), '--json'], 'MR-IN-008', home);
    expect(remedy).toContain('millrace reset');
    expect(remedy).toContain('MILLRACE_HOME');
    expect(await postgres.rows('SELECT * FROM ops.batches')).toEqual([]);
  });

  test('a home that cannot be made is told', async () => {
    const { DATABASE_URL } = await makeHome();
    const file = join(makeFolder(), 'file');
    writeFileSync(file, '');
    expect(
      (await expectFailure(['status', '--json'], 'MR-DSK-002', { DATABASE_URL, MILLRACE_HOME: join(file, 'home') }))
        .message,
    ).toContain(file);
  });
});

describe('on a disk that is full', () => {
  test('a run says so and loses nothing, and does its work once there is space', async (context) => {
    const disk = mountSmallDisk(24);
    if ('problem' in disk) return context.skip(disk.problem);
    const { DATABASE_URL } = await makeHome();
    const home = { DATABASE_URL, MILLRACE_HOME: join(disk.path, 'home') };
    mkdirSync(home.MILLRACE_HOME);
    expect(await runMillrace(['run', '--input', writeFiles()], home)).toMatchObject({ code: 0, stderr: '' });
    const before = hashOf(publishedFile(home));

    const filler = join(disk.path, 'filler');
    const { bavail, bsize } = statfsSync(disk.path);
    writeFileSync(filler, Buffer.alloc(bavail * bsize - 500_000));
    const more = smallShopAnd({
      'transactions.csv': ['T5,C2,2024-03-07,12:00,UPI,,20.00,sale,completed'],
      'transaction_items.csv': ['I6,T5,P1,1,20.00,0,20.00'],
    });
    const input = writeFiles(more);
    const { message } = await expectFailure(['run', '--input', input, '--json'], 'MR-DSK-001', home);
    expect(message).toContain(home.MILLRACE_HOME);
    expect(hashOf(publishedFile(home))).toBe(before);

    rmSync(filler);
    const again = await runMillrace(['run', '--input', input, '--json'], home);
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(again.stdout)).toMatchObject({ publication: { published: true, rows: { fact_sales: 5 } } });
    return undefined;
  });
});
