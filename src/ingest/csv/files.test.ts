/** The files of a folder: which belong to which table, in which order, under which names. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { makeFolder } from '../../../tests/setup/fixtures.ts';
import { locateFolder, readCsvFile } from './files.ts';

/** A folder with empty files of these names; names may have a folder of their own. */
function folderWith(...names: readonly string[]): string {
  const folder = makeFolder();
  for (const name of names) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), '');
  }
  return folder;
}

function located(folder: string): Readonly<Record<string, readonly string[]>> {
  const found = Object.entries(locateFolder(folder));
  return Object.fromEntries(found.map(([table, paths]) => [table, paths.map((path) => relative(folder, path))]));
}

test('a table may come whole, packed, in parts beside each other, and in a folder of its own', () => {
  const folder = folderWith(
    'customers.csv',
    'products.csv.gz',
    'products/b.csv.zst',
    'products/a.CSV',
    'products/notes.txt',
    'products/deeper/c.csv',
    'transactions-2024.csv',
    'transactions_02.csv.gz',
    'transactions.01.csv',
    'transaction_items_1.csv',
    'transaction_items.csv',
    'customers.xlsx',
    'customers_old.csv.bak',
    'my-customers.csv',
    'customersdata.csv',
  );
  expect(located(folder)).toEqual({
    customers: ['customers.csv'],
    products: ['products.csv.gz', 'products/a.CSV', 'products/b.csv.zst'],
    transactions: ['transactions-2024.csv', 'transactions.01.csv', 'transactions_02.csv.gz'],
    transaction_items: ['transaction_items.csv', 'transaction_items_1.csv'],
  });
});

test('tables without a file are named, all of them', () => {
  const folder = folderWith('customers.csv', 'transactions.csv/inner.csv', 'transaction_items/a.csv', 'products/a.txt');
  expect(() => locateFolder(folder)).toThrow(
    expect.objectContaining({ code: 'MR-IN-002', message: expect.stringContaining('products.csv, transactions.csv.') }),
  );
  expect(() => locateFolder(join(folder, 'customers.csv'))).toThrow(expect.objectContaining({ code: 'MR-IN-009' }));
  expect(() => locateFolder(join(folder, 'nowhere'))).toThrow(expect.objectContaining({ code: 'MR-IN-001' }));
});

test('a file is named from the folder of its batch on', async () => {
  const folder = folderWith('products/a.csv');
  const path = join(folder, 'products', 'a.csv');
  writeFileSync(path, 'product_id\n');
  expect(await readCsvFile(path, folder)).toMatchObject({ path, name: 'products/a.csv' });
  expect(await readCsvFile(path)).toMatchObject({ path, name: 'a.csv' });
});
