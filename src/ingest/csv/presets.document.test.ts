/** The worked example of docs/presets.md does what the document says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root, writeFiles } from '../../../tests/setup/fixtures.ts';
import { mapWithPreset } from '../../../tests/setup/presets.ts';
import { loadPreset, presetNames } from './presets.ts';

const text = readFileSync(join(root, 'docs', 'presets.md'), 'utf8');

/** The files that the document shows: a name in a line of its own, then a block of code. */
const shown = Object.fromEntries(
  [...text.matchAll(/^`([\w.]+)`\n\n```\w+\n([\s\S]*?)^```/gm)].map(([, name, content]) => [name, content ?? '']),
);

test('the till of the document becomes the rows that it names', async () => {
  const { 'till.csv': input, ...preset } = shown;
  expect(Object.keys(preset).sort()).toEqual([
    'customers.sql',
    'other_records.sql',
    'preset.yml',
    'products.sql',
    'transaction_items.sql',
    'transactions.sql',
  ]);
  const folder = writeFiles({ 'till.csv': input ?? '' });
  const { rows, reading } = await mapWithPreset(writeFiles(preset), folder, { options: { country: 'Spain' } });
  expect(rows.customers).toMatchObject([{ customer_id: 'Ada', line_number: 2 }]);
  expect(rows.products).toMatchObject([
    { product_id: 'T1', price: '4.75' },
    { product_id: 'C1', price: '12.00' },
  ]);
  expect(rows.transactions).toMatchObject([
    { transaction_id: '1', transaction_date: '2025-12-31', country: 'Spain', line_number: 2 },
    { transaction_id: '2', transaction_date: '2026-01-02', country: 'Spain', line_number: 4 },
  ]);
  expect(rows.transaction_items.map(({ item_id, unit_price }) => [item_id, unit_price])).toEqual([
    ['1-1', '4.50'],
    ['1-2', '12.00'],
    ['2-1', '4.75'],
  ]);
  expect(reading.otherRecords).toEqual([{ reason: 'the closing balance of a day', records: 1 }]);
});

test('the document has a section on each preset that names its options', () => {
  for (const name of presetNames()) {
    const section = new RegExp(`^## ${name}\n([\\s\\S]*?)(?=^## |(?![\\s\\S]))`, 'm').exec(text)?.[1] ?? '';
    expect(section, name).not.toBe('');
    for (const option of loadPreset(name).options) {
      const shownAs = `\`${option.name.replace('_*', '_<code>')}\``;
      expect(option.name === 'replace_items' ? text : section).toContain(shownAs);
    }
  }
});
