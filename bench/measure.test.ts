/** The measuring itself: the middle of values, and whose turn it is. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { alternate, median, spreadOf } from './measure.ts';

describe('the median', () => {
  test('is the middle value, whatever their order', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([7])).toBe(7);
  });

  test('of an even number of values is the mean of the two in the middle', () => {
    expect(median([4, 1, 10, 2])).toBe(3);
  });

  test('has as many values below it as above it', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
        const middle = median(values);
        const below = values.filter((value) => value < middle).length;
        const above = values.filter((value) => value > middle).length;
        expect(Math.max(below, above)).toBeLessThanOrEqual(values.length / 2);
      }),
    );
  });

  test('of nothing is refused', () => {
    expect(() => median([])).toThrow('no values');
  });
});

test('a spread has the median between the smallest and the largest value', () => {
  expect(spreadOf([3, 1, 2, 9])).toEqual({ median: 2.5, min: 1, max: 9 });
});

test('contenders take turns, and what they gave while warming up does not count', async () => {
  const turns: string[] = [];
  const contender = (name: string) => async () => turns.push(name);
  const values = await alternate(2, { ours: contender('A'), raw: contender('B') });
  expect(turns.join(' ')).toBe('A B A B A B');
  expect(values).toEqual({ ours: [3, 5], raw: [4, 6] });
});
