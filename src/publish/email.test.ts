/** The way of an email: as received in staging, cleaned in production, a token in DuckDB, the address again in PostgreSQL. */
import { createHmac } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { smallLimits, writeFiles } from '../../tests/setup/fixtures.ts';
import { makePipeline, type Pipeline, runPipeline, smallShopAnd } from '../../tests/setup/pipeline.ts';
import { extractProduction } from '../ingest/extract.ts';
import type { DuckDB } from '../stores/duckdb/duckdb.ts';
import { publish } from './publish.ts';
import { openPublished } from './warehouse.ts';

const tokenOf = ({ pseudonymKey }: Pipeline, address: string): string =>
  createHmac('sha256', pseudonymKey).update(address).digest('hex');

async function warehouseOf({ home }: Pipeline): Promise<DuckDB> {
  const duckdb = await openPublished(home, smallLimits(home));
  onTestFinished(() => duckdb.close());
  return duckdb;
}

const emailsInPostgres = ({ postgres }: Pipeline): Promise<readonly unknown[]> =>
  postgres.rows(
    'SELECT customer_id, version, email_token, email_domain, email FROM warehouse.dim_customers ORDER BY 1, 2',
  );

test('raw, staging, production, dimension', async () => {
  const context = await makePipeline();
  const raw = smallShopAnd({ 'customers.csv': ['C3,,,not an address,,,,,,', 'C4,,,,,,,,,'] });
  expect(raw['customers.csv']).toContain(', Ada@Example.com ,');
  await runPipeline(context, 'csv', writeFiles(raw));

  const { postgres } = context;
  expect(await postgres.rows('SELECT customer_id, email FROM staging.customers ORDER BY 1')).toEqual([
    { customer_id: 'C1', email: ' Ada@Example.com ' },
    { customer_id: 'C2', email: 'bo@example.com' },
    { customer_id: 'C3', email: 'not an address' },
    { customer_id: 'C4', email: null },
  ]);
  expect(await postgres.rows('SELECT customer_id, email FROM production.customers ORDER BY 1')).toEqual([
    { customer_id: 'C1', email: 'ada@example.com' },
    { customer_id: 'C2', email: 'bo@example.com' },
    { customer_id: 'C3', email: null },
    { customer_id: 'C4', email: null },
  ]);

  const none = { email_token: null, email_domain: null };
  const inDuckDB = [
    { customer_id: 'C1', email_token: tokenOf(context, 'ada@example.com'), email_domain: 'example.com' },
    { customer_id: 'C2', email_token: tokenOf(context, 'bo@example.com'), email_domain: 'example.com' },
    { customer_id: 'C3', ...none },
    { customer_id: 'C4', ...none },
    { customer_id: 'GUEST', ...none },
  ];
  const duckdb = await warehouseOf(context);
  expect(await duckdb.rows('SELECT customer_id, email_token, email_domain FROM dim_customers ORDER BY 1')).toEqual(
    inDuckDB,
  );
  const { columns } = await duckdb.query('FROM dim_customers');
  expect(columns.map(({ name }) => name)).not.toContain('email');

  const addresses = ['ada@example.com', 'bo@example.com', null, null, null];
  expect(await emailsInPostgres(context)).toEqual(
    inDuckDB.map((row, place) => ({ ...row, version: 1, email: addresses[place] })),
  );
});

test('each version has the address of its own time', async () => {
  const context = await makePipeline();
  await runPipeline(context, 'csv', writeFiles());
  const { postgres } = context;
  // Snapshots of one customer: an address, the same with another name, another one at an instant that has two, none.
  await postgres.run(`CREATE TABLE production.told AS TABLE production.customer_snapshots;
    DROP VIEW production.customer_snapshots;
    ALTER TABLE production.told RENAME TO customer_snapshots;
    DELETE FROM production.customer_snapshots WHERE customer_id = 'C1';
    INSERT INTO production.customer_snapshots (source, customer_id, first_name, email, observed_at, updated_at, content_hash)
    VALUES ('csv', 'C1', 'Ada', 'old@example.com', '2024-01-01', NULL, '00000000-0000-0000-0000-000000000001'),
      ('csv', 'C1', 'Ida', 'old@example.com', '2024-01-02', NULL, '00000000-0000-0000-0000-000000000002'),
      ('csv', 'C1', 'Ida', 'new@example.com', '2024-01-03', '2024-01-02', '00000000-0000-0000-0000-000000000003'),
      ('csv', 'C1', 'Ida', 'lost@example.com', '2024-01-03', NULL, '00000000-0000-0000-0000-000000000004'),
      ('csv', 'C1', 'Ida', NULL, '2024-01-04', NULL, '00000000-0000-0000-0000-000000000005');
    UPDATE production.customers SET email = NULL, registration_date = NULL, city = NULL, country = NULL, country_code = NULL,
      age_group = NULL
      WHERE customer_id = 'C1';
    DELETE FROM ops.lake_files`);
  const { files } = await extractProduction(context);
  await publish(context, await context.loadProject(), files, { always: true });
  const row = (version: number, email: string | null) => ({
    customer_id: 'C1',
    version,
    email_token: email && tokenOf(context, email),
    email_domain: email && 'example.com',
    email,
  });
  expect((await emailsInPostgres(context)).slice(0, 3)).toEqual([
    row(1, 'old@example.com'),
    row(2, 'new@example.com'),
    row(3, null),
  ]);
  const duckdb = await warehouseOf(context);
  const tokens = await duckdb.rows(`SELECT email_token FROM dim_customers WHERE customer_id = 'C1' ORDER BY version`);
  expect(tokens).toEqual(
    [row(1, 'old@example.com'), row(2, 'new@example.com'), row(3, null)].map(({ email_token }) => ({ email_token })),
  );
});
