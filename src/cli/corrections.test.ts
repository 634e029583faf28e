/** Batches, quarantine and quality on the command line: what is told, what is changed, and what is refused. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { afterTheLast, makeFolder, makeHome, runMillrace, smallShop, writeFiles } from '../../tests/setup/fixtures.ts';
import { smallShopAnd } from '../../tests/setup/pipeline.ts';

const files = smallShopAnd({
  'customers.csv': ['C3,Cy,Dahl,,,not a day,Oslo,,Norway,'],
  'products.csv': ['P3,,Toys,,5.00,,,,'],
  'transactions.csv': ['T5,C3,2024-03-06,,UPI,,25.00,sale,completed'],
  'transaction_items.csv': ['I6,T5,P3,1,5.00,0,5.00'],
});

interface Held {
  readonly id: number;
  readonly table: string;
  readonly file: string;
  readonly line: number;
  readonly rules: readonly string[];
  readonly content: Readonly<Record<string, string>>;
}

describe('a home with rows in quarantine', () => {
  const atEnd = afterTheLast();
  let home: Readonly<Record<string, string>>;
  let batch: string;

  const json = async <T>(...words: readonly string[]): Promise<T> => {
    const { code, stdout, stderr } = await runMillrace([...words, '--json'], home);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    return JSON.parse(stdout) as T;
  };

  beforeAll(async () => {
    home = await makeHome(atEnd);
    const loaded = await json<{ batch: string; tables: readonly object[]; released: number }>(
      'ingest',
      'csv',
      '--input',
      writeFiles(files, atEnd),
      '--as-of',
      '2024-05-01',
    );
    batch = loaded.batch;
    expect(loaded).toMatchObject({ released: 0, reverted: false });
    expect(loaded.tables[0]).toEqual({
      table: 'customers',
      received: 3,
      loaded: 2,
      duplicate: 0,
      superseded: 0,
      quarantined: 1,
      inserted: 2,
      updated: 0,
      unchanged: 0,
    });
  });

  test('shows them, takes what is set, and lets them in', async () => {
    const held = await json<readonly Held[]>('quarantine', 'list');
    expect(held.map(({ table, file, line }) => `${table} ${file} ${line}`)).toEqual([
      'customers customers.csv 4',
      'products products.csv 4',
      'transaction_items transaction_items.csv 7',
      'transactions transactions.csv 6',
    ]);
    const [customer] = held;
    expect(customer).toMatchObject({
      rules: ['customers.registration_date.typed'],
      content: { customer_id: 'C3', registration_date: 'not a day' },
    });
    const shown = await runMillrace(['quarantine', 'show', String(customer?.id)], home);
    expect(shown.stdout).toMatch(/registration_date +│ not a day/);
    expect(shown.stdout).toContain('Waiting for it: 1.');
    const fixed = await json<Held>('quarantine', 'fix', String(customer?.id), '--set', 'registration_date=2024-02-01');
    expect(fixed).toMatchObject({ fixed: { registration_date: '2024-02-01' } });
    expect(await json('quarantine', 'replay')).toMatchObject({
      tables: [{ table: 'customers', replayed: 1, released: 1, held: 0 }, {}, {}, {}, { table: 'events' }],
      followed: 1,
    });
  });

  test('takes an edited list of them', async () => {
    const listed = await runMillrace(['quarantine', 'list', '--table', 'products', '--csv'], home);
    expect(listed.stdout.split('\n')[0]).toBe(
      'id,file,line,rules,product_id,product_name,category,sub_category,price,cost,brand,stock_quantity,supplier_id,metadata',
    );
    const edited = join(makeFolder(), 'held.csv');
    writeFileSync(edited, listed.stdout.replace(',P3,,', ',P3,Top,'));
    expect(await json('quarantine', 'replay', '--from', edited)).toMatchObject({
      tables: [{}, { table: 'products', released: 1 }, {}, {}, { table: 'events' }],
      followed: 1,
    });
    expect(await json('quarantine', 'list')).toEqual([]);
    expect((await runMillrace(['quarantine', 'list'], home)).stdout).toBe('Quarantine is empty.\n');
    writeFileSync(edited, 'id,price\n99,1\n');
    expect(await runMillrace(['quarantine', 'replay', '--from', edited], home)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('MR-QRN-005'),
    });
  });

  test('tells of its batches and undoes one; a run does not bring it back by itself', async () => {
    const moved = smallShop['customers.csv'].replace('London', 'Paris');
    const second = writeFiles({ ...smallShop, 'customers.csv': moved }, atEnd);
    const wrong = await json<{ batch: string }>('ingest', 'csv', '--input', second, '--as-of', '2024-05-02');
    expect(await json('batch', 'list')).toMatchObject([
      { batch, received: 17, loaded: 17, quarantined: 0 },
      { batch: wrong.batch, source: 'csv' },
    ]);
    const { stdout } = await runMillrace(['batch', 'show', batch], home);
    expect(stdout).toMatch(/replay +│ customers +│ +0 │ +1 │/);
    expect(await json('explain-batch', batch)).toMatchObject({ batch, stages: expect.arrayContaining([]) });
    expect(await json('batch', 'revert', wrong.batch)).toMatchObject({ batch: wrong.batch });
    expect(await runMillrace(['batch', 'revert', wrong.batch], home)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('MR-BAT-002'),
    });
    expect(await json('run')).toMatchObject({
      batches: [{ batch: wrong.batch, reverted: true, alreadyLoaded: false }],
    });
    expect(await json('query', `SELECT city FROM dim_customers WHERE customer_id = 'C1'`)).toEqual([
      { city: 'London' },
    ]);
    expect(await json('ingest', 'csv', '--input', second, '--as-of', '2024-05-02')).toMatchObject({
      batch: wrong.batch,
      alreadyLoaded: false,
      reverted: false,
    });
  });

  test('judges again by the rules that a file sets, and shows their course', async () => {
    expect(await json('quality', 'recheck')).toMatchObject([{ outcome: 'current' }, { outcome: 'current' }]);
    writeFileSync(
      join(home.MILLRACE_HOME ?? '', 'rules.yml'),
      'transactions.total_amount.is_the_sum: { severity: off }\n',
    );
    expect(await json('quality', 'recheck')).toMatchObject([{ outcome: 'judged' }, { outcome: 'judged' }]);
    expect(await json('quality', 'list', '--rule', 'customers.email.syntax')).toMatchObject([
      { batch, checked: 3, broken: 0, rate: 0 },
      {},
    ]);
  });

  test.each([
    [['batch', 'show', 'batch_none'], 'MR-BAT-001'],
    [['explain-batch', 'batch_none'], 'MR-BAT-001'],
    [['quarantine', 'show', '4711'], 'MR-QRN-001'],
    [['quarantine', 'show', 'x'], 'MR-CLI-001'],
    [['quarantine', 'fix', '1'], 'MR-CLI-001'],
    [['quarantine', 'fix', '1', '--set', 'price'], 'MR-CLI-001'],
    [['quarantine', 'list', '--csv'], 'MR-CLI-001'],
    [['quality', 'recheck', '--batch', 'batch_none'], 'MR-BAT-001'],
  ])('%j is refused with %s', async (words, code) => {
    expect(await runMillrace(words, home)).toMatchObject({ code: 2, stderr: expect.stringContaining(code) });
  });
});

test('what was received does not act on the terminal', async () => {
  const home = await makeHome();
  const input = writeFiles(smallShopAnd({ 'customers.csv': ['C3,\u001b[2J\u0007Cy,"Da\nhl",,,not a day,,,,'] }));
  await runMillrace(['ingest', 'csv', '--input', input], home);
  for (const words of [['list'], ['show', '1'], ['fix', '1', '--set', 'city=\u001b[31mOslo'], ['show', '1']]) {
    const { code, stdout } = await runMillrace(['quarantine', ...words], home);
    expect(code).toBe(0);
    expect(stdout).toContain(' [2J Cy');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  }
});
