/** The layout of a file's bytes: what counts as a line, which quotes are regular, and that chunks do not matter. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Layout, LayoutScan } from './layout.ts';

function scan(chunks: readonly Buffer[]): { readonly lines: number; readonly layout: Layout } {
  const layoutScan = new LayoutScan();
  for (const chunk of chunks) layoutScan.add(chunk);
  return { lines: layoutScan.lines, layout: layoutScan.layout };
}

describe('the layout of', () => {
  test.for<readonly [string, string, Layout, number]>([
    ['fields without quotes', 'a,b\n1,2\n', 'bare', 2],
    ['a last line without an end', 'a,b\r\n1,2', 'bare', 2],
    ['lines that end with CR', 'a,b\r1,2\r', 'bare', 2],
    ['nothing', '', 'bare', 0],
    ['a backslash', 'a,b\n1\\,2\n', 'regular', 2],
    ['quoted fields', '"a",b\n"1, one","2"\n', 'regular', 2],
    ['doubled quotes', 'a,b\n"""1""","2 "" 2"\n', 'regular', 2],
    ['quoted empty fields', 'a,b\n"",""\n', 'regular', 2],
    ['a line end within quotes', 'a,b\n"1\n1",2\n', 'irregular', 3],
    ['a quote within a field', 'a,b\n5" x 3",2\n', 'irregular', 2],
    ['text behind a quote', 'a,b\n"1"1,2\n', 'irregular', 2],
    ['a space before a quote', 'a,b\n1, "2"\n', 'irregular', 2],
    ['a space behind a quote', 'a,b\n"1" ,2\n', 'irregular', 2],
    ['a quote that is not closed', 'a,b\n"1,2\n', 'irregular', 2],
    ['LF after CR LF', 'a,b\r\n1,2\n', 'irregular', 2],
    ['CR after LF', 'a,b\n1,2\r', 'irregular', 2],
    ['CR after CR LF', 'a,b\r\n1,2\r', 'irregular', 2],
    ['a blank line', 'a,b\n\n1,2\n', 'irregular', 3],
    ['a blank line of CR LF', 'a,b\r\n\r\n1,2\r\n', 'irregular', 3],
    ['a field too many', 'a,b\n1,2,\n', 'irregular', 2],
    ['a field too few', 'a,b\n1,2\n3\n', 'irregular', 3],
    ['a field too few on a last line without an end', 'a,b\n1', 'irregular', 2],
    ['commas in quotes', 'a,b\n"1,1","2,"\n', 'regular', 2],
    ['a NUL character', 'a,b\n1,\0\n', 'irregular', 2],
    ['characters of several bytes', 'a,b\né,€😀\n', 'bare', 2],
    ['a record as long as it may be', `a,b\n1,${'2'.repeat((1 << 20) - 2)}\n`, 'bare', 2],
    ['a record that is too long', `a,b\n1,${'2'.repeat((1 << 20) - 1)}\n`, 'irregular', 2],
    ['a last record that is too long', `a,b\n1,${'2'.repeat((1 << 20) - 1)}`, 'irregular', 2],
  ])('%s', ([, text, layout, lines]) => {
    expect(scan([Buffer.from(text)])).toEqual({ layout, lines });
  });

  test.each([
    ['a byte that UTF-8 does not have', [0x61, 0x0a, 0xff, 0x0a]],
    ['a character that is cut off', [0x61, 0x0a, 0xe2, 0x82]],
  ])('%s is irregular', (_what, bytes) => {
    expect(scan([Buffer.from(bytes)])).toEqual({ lines: 2, layout: 'irregular' });
  });

  test('a file is the same however it is cut into chunks', () => {
    const piece = fc
      .constantFrom('a', ',', '"', '\r', '\n', '\\', 'a,b\n', 'é', '€', '😀')
      .map((text) => Buffer.from(text));
    const bytes = fc.array(fc.oneof({ weight: 20, arbitrary: piece }, fc.constant(Buffer.of(0xe2, 0x82))));
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(40)), (pieces, cuts) => {
        const text = Buffer.concat(pieces);
        const ends = [...cuts.filter((cut) => cut < text.length).sort((a, b) => a - b), text.length];
        const chunks = ends.map((end, index) => text.subarray(ends[index - 1] ?? 0, end));
        expect(scan(chunks)).toEqual(scan([text]));
      }),
    );
  });
});
