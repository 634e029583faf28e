/** Sets of rows differ as far as one has rows that the other lacks, whatever their order. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rowDifference } from './row-difference.ts';

const row = fc.tuple(fc.option(fc.constantFrom('a', 'b')), fc.option(fc.constantFrom('1', '2')));

test('rows in another order do not differ, and one row more does', () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 6 }), row, (rows, more) => {
      expect(rowDifference(['x', 'y'], rows.toReversed(), rows)).toBeUndefined();
      expect(rowDifference(['x', 'y'], [...rows, more], rows)).toContain('+++');
      expect(rowDifference(['x', 'y'], rows, [...rows, more])).toContain('---');
    }),
  );
});

test('a row that changed shows both values', () => {
  const shown = rowDifference(
    ['id', 'name'],
    [
      ['1', 'a'],
      ['2', null],
    ],
    [
      ['1', 'b'],
      ['2', null],
    ],
  );
  expect(shown).toBe('@@  id | name\n→   1  | b→a');
});
