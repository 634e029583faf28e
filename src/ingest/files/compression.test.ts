/** Packed files: their content is whole, however many pieces they were packed in, or they are refused. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeFolder } from '../../../tests/setup/fixtures.ts';
import { compressionOf, contentOf } from './compression.ts';

async function unpack(packed: Buffer): Promise<Buffer> {
  const path = join(makeFolder(), 'packed');
  writeFileSync(path, packed);
  const chunks: Buffer[] = [];
  for await (const chunk of contentOf(path, await compressionOf(path))) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

const packings = [gzipSync, zstdCompressSync].map((pack) => (content: Buffer) => pack(content));

test('archives of any number of pieces are unpacked to their ends', async () => {
  const piece = fc
    .tuple(fc.constantFrom(0, 1, 70_000, 300_000, 1_200_000), fc.uint8Array({ minLength: 1, maxLength: 9 }))
    .map(([size, bytes]) => Buffer.alloc(size, bytes));
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { minLength: 1, maxLength: 8 }),
      fc.constantFrom(...packings),
      async (pieces, pack) => {
        const content = await unpack(Buffer.concat(pieces.map((each) => pack(each))));
        expect(content.equals(Buffer.concat(pieces))).toBe(true);
      },
    ),
    { numRuns: 40 },
  );
});

test('what cannot be packed well spans many reads, and pieces end anywhere in them', async () => {
  const random = randomBytes(700_000);
  const pieces = [random, random.subarray(0, 400_000), random.subarray(7), random];
  for (const pack of packings) {
    const content = await unpack(Buffer.concat(pieces.map((each) => pack(each))));
    expect(content.equals(Buffer.concat(pieces))).toBe(true);
  }
});

test('garbage behind a zstd archive is not taken for its end', async () => {
  const packed = Buffer.concat([zstdCompressSync(Buffer.from('a')), Buffer.from('garbage')]);
  await expect(unpack(packed)).rejects.toMatchObject({ code: 'MR-IN-014' });
});
