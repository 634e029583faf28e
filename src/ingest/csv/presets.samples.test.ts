/** Every preset of the house on its sample: the rows it gives, and what production makes of them. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { makeFolder, makePostgres, smallLimits } from '../../../tests/setup/fixtures.ts';
import { load } from '../../../tests/setup/pipeline.ts';
import { mapWithPreset, type ReceivedRow } from '../../../tests/setup/presets.ts';
import { type TableName, tableNames } from '../../contracts/tables.ts';
import { openDuckDB } from '../../stores/duckdb/duckdb.ts';
import { loadPreset, presetNames } from './presets.ts';

const settingsShape = z.strictObject({
  currency: z.string(),
  time_zone: z.string(),
  options: z.record(z.string(), z.unknown()).default({}),
});

function sampleOf(name: string) {
  const folder = join(loadPreset(name).folder, 'sample');
  const settings = settingsShape.parse(parse(readFileSync(join(folder, 'settings.yml'), 'utf8')));
  return { folder, words: { currency: settings.currency, timeZone: settings.time_zone, options: settings.options } };
}

const numbers = ['row_number', 'file_number', 'line_number'];

async function expectedRows(folder: string, table: TableName): Promise<readonly ReceivedRow[]> {
  const duckdb = await openDuckDB(':memory:', smallLimits(makeFolder()));
  const path = join(folder, 'expected', `${table}.csv`);
  const rows = await duckdb.rows<Record<string, string | null>>(
    `FROM read_csv('${path}', all_varchar = true, header = true, delim = ',', quote = '"', escape = '"')`,
  );
  duckdb.close();
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).flatMap(([name, value]): [string, string | number][] =>
        value === null ? [] : [[name, numbers.includes(name) ? Number(value) : value]],
      ),
    ),
  );
}

describe.each(presetNames())('the sample of %s', (name) => {
  test('gives exactly the expected rows', async () => {
    const { folder, words } = sampleOf(name);
    const { rows } = await mapWithPreset(name, folder, words);
    for (const table of tableNames) {
      expect(existsSync(join(folder, 'expected', `${table}.csv`))).toBe(true);
      expect(rows[table], table).toEqual(await expectedRows(folder, table));
    }
  });

  test('is loaded whole, and each order comes to what the source says', async () => {
    const { folder, words } = sampleOf(name);
    const postgres = await makePostgres();
    const result = await load(postgres, folder, { ...words, preset: name, source: 'shop-of-sample' });
    for (const { table, received, loaded } of result.tables)
      expect({ table, loaded }).toEqual({ table, loaded: received });
    expect(result.brokenRules.filter(({ severity }) => severity === 'error')).toEqual([]);
    for (const { records, mapped } of result.files) expect(mapped).toBe(records);
    const orders = await postgres.rows<{ id: string; stated: string; summed: string }>(
      `SELECT transaction_id AS id, total_amount::text AS stated, sum(line_total)::text AS summed
       FROM production.transactions JOIN production.transaction_items USING (source, transaction_id)
       WHERE total_amount IS NOT NULL GROUP BY transaction_id, total_amount`,
    );
    for (const { id, stated, summed } of orders) expect({ id, summed }).toEqual({ id, summed: stated });
    const again = await load(postgres, folder, { ...words, preset: name, source: 'shop-of-sample' });
    expect(again.alreadyLoaded).toBe(true);
  });
});
