/** What is said of Parquet that cannot be read. */
import { expect, test } from 'vitest';
import { readingParquet } from './parquet.ts';

test('a file is to blame for what is wrong with it, not for want of memory or space', async () => {
  await expect(readingParquet('/clicks.parquet', Promise.reject(new Error('Invalid data')))).rejects.toMatchObject({
    code: 'MR-IN-016',
    details: { path: '/clicks.parquet', problem: 'Invalid data' },
  });
  for (const text of ['Out of Memory Error: failed to pin block', 'IO Error: No space left on device']) {
    const thrown = new Error(text);
    await expect(readingParquet('/clicks.parquet', Promise.reject(thrown))).rejects.toBe(thrown);
  }
});
