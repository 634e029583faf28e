/** Bars of one list: one scale, one zero. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { barsOf } from './bars.ts';

test('bars start at zero and are as long as their share of the longest', () => {
  expect(barsOf([200, 50, 0])).toEqual([
    { start: 0, length: 100 },
    { start: 0, length: 25 },
    { start: 0, length: 0 },
  ]);
});

test('negative values lie to the left of a common zero', () => {
  expect(barsOf([300, -100])).toEqual([
    { start: 25, length: 75 },
    { start: 0, length: 25 },
  ]);
});

test('bars stay within the track and meet at zero', () => {
  const amounts = fc.array(fc.integer({ min: -1_000_000, max: 1_000_000 }), { minLength: 1 });
  fc.assert(
    fc.property(amounts, (values) => {
      const bars = barsOf(values);
      const zeros = bars.map((bar, index) => ((values[index] ?? 0) < 0 ? bar.start + bar.length : bar.start));
      for (const bar of bars) {
        expect(bar.start).toBeGreaterThanOrEqual(0);
        expect(bar.start + bar.length).toBeLessThanOrEqual(100 + 1e-9);
      }
      for (const zero of zeros) expect(zero).toBeCloseTo(zeros[0] ?? 0, 9);
    }),
  );
});
