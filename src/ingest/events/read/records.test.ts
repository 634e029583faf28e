/** However a text is cut into chunks, the same records come of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeFolder } from '../../../../tests/setup/fixtures.ts';
import { ArraySplitter } from './array-splitter.ts';
import { LineScan } from './line-scan.ts';
import { LineSplitter, RecordFiles } from './records.ts';

type Splitter = typeof LineSplitter | typeof ArraySplitter;

/** All that comes of the chunks. */
function split(kind: Splitter, folder: string, name: string, chunks: readonly Buffer[]): readonly unknown[] {
  const [textPath, unreadablePath] = [join(folder, `${name}.txt`), join(folder, `${name}.ndjson`)];
  const files = new RecordFiles(textPath, unreadablePath);
  const splitter = new kind(files);
  for (const chunk of chunks) splitter.add(Buffer.from(chunk));
  splitter.end();
  files.flush();
  files.close();
  // What a blank line consists of says nothing: it is kept where nothing of the chunk has to be written anew.
  const text = readFileSync(textPath, 'latin1').replaceAll(/^[ \t]+$/gm, '');
  return [files.records, files.unreadable, text, readFileSync(unreadablePath, 'utf8')];
}

function scan(chunks: readonly Buffer[]): readonly unknown[] {
  const lines = new LineScan();
  for (const chunk of chunks) lines.add(chunk);
  lines.end();
  return lines.regular ? [lines.records, lines.lines] : [];
}

const piece = fc.constantFrom(
  '{"a":"€"}',
  '[',
  ']',
  '{',
  '}',
  ',',
  '"',
  '\\',
  '\n',
  '\r\n',
  '\r',
  ' ',
  '\t',
  '\0',
  '\x1f',
  '1',
  '😀',
);
const bytes = fc.oneof(
  fc.array(piece, { maxLength: 30 }).map((parts) => Buffer.from(parts.join(''))),
  fc
    .tuple(fc.array(piece, { maxLength: 9 }), fc.uint8Array({ maxLength: 9 }))
    .map(([parts, noise]) => Buffer.concat([Buffer.from(parts.join('')), noise])),
);

test('the chunks do not count', () => {
  const folder = makeFolder();
  let run = 0;
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(9), { maxLength: 20 }), fc.boolean(), (drawn, sizes, long) => {
      // A long one is cut at the limits of lines, too.
      const text = long ? Buffer.concat([drawn, Buffer.alloc(1 << 20, 'x'), drawn]) : drawn;
      const chunks: Buffer[] = [];
      let start = 0;
      for (const size of sizes) {
        chunks.push(text.subarray(start, start + size));
        start += size;
      }
      chunks.push(text.subarray(start));
      run += 1;
      expect(split(LineSplitter, folder, `${run}-a`, chunks)).toEqual(split(LineSplitter, folder, `${run}-b`, [text]));
      const array = [Buffer.from('['), ...chunks];
      expect(split(ArraySplitter, folder, `${run}-c`, array)).toEqual(
        split(ArraySplitter, folder, `${run}-d`, [Buffer.concat(array)]),
      );
      expect(scan(chunks)).toEqual(scan([text]));
    }),
    { numRuns: 150 },
  );
});
