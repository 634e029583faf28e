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
    ['a line end within quotes', 'a,b\n"1\n1",2\n', 'regular', 3],
    ['a quote within a field', 'a,b\n5" x 3",2\n', 'irregular', 2],
    ['text behind a quote', 'a,b\n"1"1,2\n', 'irregular', 2],
    ['a space before a quote', 'a,b\n1, "2"\n', 'irregular', 2],
    ['a space behind a quote', 'a,b\n"1" ,2\n', 'irregular', 2],
    ['a quote that is not closed', 'a,b\n"1,2\n', 'irregular', 2],
    ['LF after CR LF', 'a,b\r\n1,2\n', 'irregular', 2],
    ['CR after LF', 'a,b\n1,2\r', 'irregular', 2],
    ['CR after CR LF', 'a,b\r\n1,2\r', 'irregular', 2],
  ])('%s', ([, text, layout, lines]) => {
    expect(scan([Buffer.from(text)])).toEqual({ layout, lines });
  });

  test('a file is the same however it is cut into chunks', () => {
    const cuts = fc.array(fc.array(fc.constantFrom('a', ',', '"', '\r', '\n', '\\'), { maxLength: 4 }));
    fc.assert(
      fc.property(cuts, (pieces) => {
        const chunks = pieces.map((piece) => Buffer.from(piece.join('')));
        expect(scan(chunks)).toEqual(scan([Buffer.concat(chunks)]));
      }),
    );
  });
});
