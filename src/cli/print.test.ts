/** Tests of how commands print numbers. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { number } from './print.ts';

test('whole numbers stand as English has them', () => {
  const english = new Intl.NumberFormat('en-US');
  fc.assert(
    fc.property(fc.maxSafeInteger(), (count) => {
      expect(number.format(count)).toBe(english.format(count));
    }),
  );
});
