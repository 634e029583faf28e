/** The lake in a folder: files appear whole or not at all. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { makeFolder } from '../../../tests/setup/fixtures.ts';
import { openFolderLake } from './lake.ts';

test('a file is put, listed, measured and removed', async () => {
  const lake = openFolderLake(makeFolder());
  expect(await lake.put('processed/a/1.parquet', (draft) => writeFile(draft, 'four'))).toBe(4);
  expect(await lake.put('processed/b/2.parquet', (draft) => writeFile(draft, 'x'))).toBe(1);
  expect(readFileSync(lake.locate('processed/a/1.parquet'), 'utf8')).toBe('four');
  expect([...(await lake.list('processed'))].sort()).toEqual(['processed/a/1.parquet', 'processed/b/2.parquet']);
  expect(await lake.size('processed/a/1.parquet')).toBe(4);
  await lake.remove('processed/a/1.parquet');
  await lake.remove('processed/a/1.parquet');
  expect(await lake.size('processed/a/1.parquet')).toBeUndefined();
  expect(await lake.list('nowhere')).toEqual([]);
});

test('a write that fails leaves what was there, and no draft', async () => {
  const lake = openFolderLake(makeFolder());
  await lake.put('a.parquet', (draft) => writeFile(draft, 'first'));
  await expect(
    lake.put('a.parquet', async (draft) => {
      await writeFile(draft, 'half');
      throw new Error('the disk is full');
    }),
  ).rejects.toThrow('the disk is full');
  expect(readFileSync(lake.locate('a.parquet'), 'utf8')).toBe('first');
  expect(await lake.list('.')).toEqual(['a.parquet']);
});
