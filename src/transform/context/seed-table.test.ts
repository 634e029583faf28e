/** CSV files are read as dbt reads seeds, and their columns typed by their values. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { columnTypeOf, readSeed, unevenRecord } from './seed-table.ts';

const quoted = (field: string): string => `"${field.replaceAll('"', '""')}"`;

test.each([
  [['1', '-2'], 'integer'],
  [['1', ''], 'integer'],
  [['1.0', '2'], 'integer'],
  [['1.5', 'null'], 'float8'],
  [['2147483648'], 'bigint'],
  [['$5', '10%', '1,000'], 'integer'],
  [['2024-01-31', ''], 'date'],
  [['2024-02-30'], 'text'],
  [['2024-01-31 10:00:00'], 'timestamp'],
  [['2024-01-31T10:00:00'], 'timestamp'],
  [['2024-01-31', '2024-01-31 10:00:00'], 'text'],
  [['true', 'FALSE'], 'boolean'],
  [['true', '1'], 'text'],
  [['', ''], 'integer'],
  [['a', ''], 'text'],
])('%j is of type %s', (values, type) => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-seed-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'seed.csv');
  writeFileSync(path, `\ufeffid,a\n${values.map((value) => `x,${quoted(value)}`).join('\n')}\n`);
  const table = readSeed(path, ',', []);
  expect([table.names, columnTypeOf(table, 1)]).toEqual([['id', 'a'], type]);
  expect(columnTypeOf(readSeed(path, ',', ['a']), 1)).toBe('text');
});

test('a record that is too short or too long is named', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-seed-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'seed.csv');
  writeFileSync(path, 'id,name,city\n1,anna,Rome\n2\n');
  expect(unevenRecord(path, ',')).toBe('record 2 (2) has 1 value, the header 3');
  writeFileSync(path, 'id,name\n1,anna\n2,ben,Oslo\n');
  expect(() => readSeed(path, ',', [])).toThrow('record 2 (2, ben, Oslo) has 3 values, the header 2');
  writeFileSync(path, 'id,name\n1,anna\n');
  expect(unevenRecord(path, ',')).toBeUndefined();
});
