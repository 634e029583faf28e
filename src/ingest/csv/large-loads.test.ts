/** A large first batch goes straight into production: it must end there as any other batch does. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeFolder, makePostgres, type ShopFiles, smallShop } from '../../../tests/setup/fixtures.ts';
import { load } from '../../../tests/setup/pipeline.ts';
import { tableContracts, tableNames } from '../../contracts/tables.ts';
import { generateSample } from '../../generate/sample.ts';
import type { Postgres } from '../../stores/postgres/postgres.ts';

/** More rows than a batch may have that is checked row by row. */
const large = 20_500;

/** Where the rows of a batch are, and what is told of them. */
async function standing(postgres: Postgres, batch: string): Promise<Readonly<Record<string, readonly unknown[]>>> {
  const found: Record<string, readonly unknown[]> = {};
  for (const table of tableNames) {
    for (const schema of ['production', 'history']) {
      found[`${schema}.${table}`] = await postgres.rows(
        `SELECT md5((to_jsonb(t) - '{observed_at,first_loaded_at,last_changed_at}'::text[])::text) AS row
         FROM ${schema}.${table} AS t WHERE batch_id = $1 ORDER BY ${tableContracts[table].key}, row_number`,
        [batch],
      );
    }
  }
  found.quarantine = await postgres.rows(
    `SELECT table_name, row_number, file, line_number, rules, content, state FROM ops.quarantine WHERE batch_id = $1
     ORDER BY table_name, row_number`,
    [batch],
  );
  found.ledger = await postgres.rows(
    `SELECT table_name, received, loaded, duplicate, superseded, quarantined, inserted, updated, unchanged
     FROM ops.ledger_balance WHERE batch_id = $1 ORDER BY table_name`,
    [batch],
  );
  found.results = await postgres.rows(
    'SELECT rule, severity, checked, broken, examples FROM ops.quality_results WHERE batch_id = $1 ORDER BY rule',
    [batch],
  );
  return found;
}

test('a large first batch with defects of every rule ends as it does after another batch of its source', async () => {
  const folder = join(makeFolder(), 'sample');
  mkdirSync(folder);
  const size = { customers: large, products: 300, transactions: large };
  await generateSample(folder, { seed: 7, asOf: '2024-05-31', dirty: 0.05, ...size });
  const [first, second] = [await makePostgres(), await makePostgres()];
  const { batch, tables } = await load(first, folder);
  await load(second, smallShop, { asOf: '2023-01-01' });
  await load(second, folder);
  expect(tables.every(({ loaded, quarantined }) => loaded > 0 && quarantined > 0)).toBe(true);
  expect(await standing(first, batch)).toEqual(await standing(second, batch));
  const defaults = await first.rows(
    `SELECT column_name FROM information_schema.columns WHERE table_schema = 'production' AND column_default IS NOT NULL`,
  );
  expect(defaults).toEqual([]);
});

test('parents of a large first batch release the rows that wait for them', async () => {
  const postgres = await makePostgres();
  const [header = '', ...lines] = (smallShop['customers.csv'] ?? '').trimEnd().split('\n');
  await load(postgres, { ...smallShop, 'customers.csv': `${header}\n` });
  const [sample = ''] = lines;
  const others = Array.from({ length: large }, (_, place) => sample.replace(/^[^,]*/, `other${place}`));
  const headers = Object.fromEntries(
    Object.entries(smallShop).map(([name, text]) => [name, `${text.split('\n')[0]}\n`]),
  );
  const all = [header, ...lines, ...others, ''].join('\n');
  const result = await load(postgres, { ...headers, 'customers.csv': all } as ShopFiles);
  expect(result.released).toBeGreaterThan(0);
  expect(await postgres.rows(`SELECT rules FROM ops.quarantine WHERE state = 'open'`)).toEqual([]);
});
