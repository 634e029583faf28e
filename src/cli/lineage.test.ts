/** `millrace lineage` as it is called: ways up and down, figures, lineage.json, and names that are none. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openDuckDB } from '../stores/duckdb/duckdb.ts';
import type { App } from './app.ts';
import { runProgram } from './program.ts';

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-lineage-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const models = {
  customers: `SELECT customer_id, upper(country) AS land FROM production.customers WHERE email_domain <> ''`,
  lands: `SELECT land, count(*) AS customers, row_number() OVER (ORDER BY land) AS place FROM customers GROUP BY land`,
};

/** Runs `millrace lineage` with these words over two models; gives what it prints. */
async function lineage(...words: string[]): Promise<string> {
  const duckdb = await openDuckDB(':memory:', { memory: '256MiB', threads: 1, temporaryFolder: makeFolder() });
  onTestFinished(() => duckdb.close());
  await duckdb.run(`CREATE SCHEMA production;
    CREATE TABLE production.customers (customer_id VARCHAR, country VARCHAR, email_domain VARCHAR);
    ${Object.entries(models)
      .map(([name, sql]) => `CREATE TABLE ${name} AS ${sql};`)
      .join('\n')}`);
  const printed: string[] = [];
  const app: Pick<App, 'output' | 'withWarehouse' | 'compiledModels'> = {
    output: {
      print: (text) => printed.push(text),
      progress: () => undefined,
      note: () => undefined,
      settle: () => undefined,
    },
    withWarehouse: (work) => work(duckdb),
    compiledModels: async () =>
      Object.entries(models).map(([name, sql]) => ({ name, sql, relation: { schema: 'main', identifier: name } })),
  };
  await runProgram(['lineage', ...words], '0', () => app as App);
  return printed.join('');
}

test('the way of a column leads from the mart to the file', async () => {
  expect(await lineage('lands.place')).toBe(`lands.place = row_number() OVER (ORDER BY land)
   decided by customers (land)

Rows of lands depend on:
  group: customers (land)
`);
  expect(await lineage('LANDS.land')).toBe(`lands.land
└─ customers.land = upper(country)
   └─ production.customers.country
      └─ postgres:production.customers.country = read_country(country)
         └─ postgres:staging.customers.country
            └─ file:customers.csv.country

Rows of lands depend on:
  group: customers (land)
`);
});

test('the way down leads to all that is made of a column, and to the rows that it decides about', async () => {
  expect(await lineage('--down', 'customers.csv.country')).toContain(`file:customers.csv.country
└─ postgres:staging.customers.country
   ├─ postgres:production.customers.country = read_country(country)
   │  ├─ postgres:production.customer_snapshots.country
   │  │  └─ production.customer_snapshots.country
   │  └─ production.customers.country
   │     └─ customers.land = upper(country)
   │        ├─ lands.land
   │        └─ lands.place = row_number() OVER (ORDER BY land) (decided by it)
   ├─ postgres:production.customers.country_code = country_code(country)
`);
  const domain = `production.customers.email_domain = split_part(email, '@', 2)`;
  expect(await lineage('--down', 'production.customers.email_domain')).toBe(`${domain}

It decides about rows of:
  customers (filter)
`);
});

test('without a column it counts what is resolved, and all of it can be written', async () => {
  const figures = await lineage();
  expect(figures).toContain('5 of 5 columns are resolved (100.0 %).');
  const path = join(makeFolder(), 'lineage.json');
  const document = JSON.parse(await lineage('--json', '--output', path));
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(document);
  expect(document.relations.at(-1)).toEqual({
    id: 'lands',
    name: 'lands',
    kind: 'model',
    columns: [
      { name: 'land', parents: [{ relation: 'customers', column: 'land', use: 'unchanged' }] },
      { name: 'customers', parents: [], expression: 'count_star()' },
      {
        name: 'place',
        parents: [{ relation: 'customers', column: 'land', use: 'conditional' }],
        expression: 'row_number() OVER (ORDER BY land)',
      },
    ],
    rows: [{ relation: 'customers', column: 'land', by: ['group'] }],
    reads: ['customers'],
    problems: [],
  });
  expect(JSON.parse(await lineage('lands.land', '--json'))).toMatchObject({
    relation: 'lands',
    next: [{ relation: 'customers', column: 'land', use: 'unchanged', expression: 'upper(country)' }],
    rows: [{ column: 'land', by: ['group'] }],
  });
});

test('a name that is none, and a file that cannot be written, are told', async () => {
  await expect(lineage('lands.lnd')).rejects.toMatchObject({
    code: 'MR-LIN-002',
    message: expect.stringContaining('There is no column lands.lnd: lands has land'),
    remedy: expect.stringContaining('Did you mean lands.land?'),
  });
  await expect(lineage('lands')).rejects.toMatchObject({ code: 'MR-LIN-002' });
  await expect(lineage('nowhere.at_all')).rejects.toMatchObject({
    code: 'MR-LIN-001',
    remedy: expect.not.stringContaining('Did you mean'),
  });
  const path = join(makeFolder(), 'missing', 'lineage.json');
  await expect(lineage('--output', path)).rejects.toMatchObject({ code: 'MR-DSK-002' });
});
