/** The archive: each content once, however often it was received. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { makeFolder, writeFiles } from '../../../tests/setup/fixtures.ts';
import { archiveFiles, archiveName } from './archive.ts';

test('a content that is received twice, at once or later, is kept once', async () => {
  const content = 'customer_id\nC1\n';
  const received = writeFiles({ 'customers_1.csv': content, 'customers_2.csv': content });
  const sha256 = createHash('sha256').update(content).digest('hex');
  const files = ['customers_1.csv', 'customers_2.csv'].map((name) => ({
    path: join(received, name),
    sha256,
    compression: 'none' as const,
  }));
  const folder = makeFolder();
  await archiveFiles(folder, files);
  await archiveFiles(folder, files);
  const name = archiveName({ path: '', sha256, compression: 'none' });
  expect(readdirSync(folder, { recursive: true }).sort()).toEqual([sha256.slice(0, 2), name]);
  expect(zstdDecompressSync(readFileSync(join(folder, name))).toString()).toBe(content);
});
