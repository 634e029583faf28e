/** Chance is repeatable, streams differ, and weights are kept. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRandom, cumulate, drawIndex, type Random, weighted } from './random.ts';

const take = (random: Random, count: number): readonly number[] =>
  Array.from({ length: count }, () => random.fraction());

describe('createRandom', () => {
  test('gives the same draws for the same seed and stream, others for another seed or stream', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_fffe }), (seed) => {
        const draws = take(createRandom(seed, 0), 8);
        expect(take(createRandom(seed, 0), 8)).toEqual(draws);
        expect(take(createRandom(seed, 1), 8)).not.toEqual(draws);
        expect(take(createRandom(seed + 1, 0), 8)).not.toEqual(draws);
      }),
    );
  });

  test('normal() has mean 0 and standard deviation 1', () => {
    const random = createRandom(1, 0);
    const draws = Array.from({ length: 20_000 }, () => random.normal());
    const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length;
    const variance = draws.reduce((sum, draw) => sum + (draw - mean) ** 2, 0) / draws.length;
    expect(mean).toBeCloseTo(0, 1);
    expect(Math.sqrt(variance)).toBeCloseTo(1, 1);
  });
});

describe('drawIndex', () => {
  test('stays within the first weights and never meets a weight of 0', () => {
    const weights = fc.array(fc.nat(5), { minLength: 1, maxLength: 20 }).filter((list) => (list[0] ?? 0) > 0);
    fc.assert(
      fc.property(weights, fc.nat(1000), fc.nat(19), (list, seed, cut) => {
        const length = Math.min(cut + 1, list.length);
        const random = createRandom(seed, 0);
        const totals = cumulate(list);
        for (let draws = 0; draws < 20; draws += 1) {
          const index = drawIndex(random, totals, length);
          expect(index).toBeLessThan(length);
          expect(list[index]).toBeGreaterThan(0);
        }
      }),
    );
  });
});

test('weighted draws each item by its share', () => {
  const random = createRandom(7, 0);
  const draw = weighted([
    ['rare', 1],
    ['common', 3],
  ]);
  const common = Array.from({ length: 10_000 }, () => draw(random)).filter((item) => item === 'common').length;
  expect(common / 10_000).toBeCloseTo(0.75, 1);
});
