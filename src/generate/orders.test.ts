/** The amount of a line is exact to the cent. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lineAmount, type OrderLine } from './orders.ts';
import { makeProducts } from './products.ts';
import { createRandom } from './random.ts';

const [product] = makeProducts(createRandom(1, 0), 1);
const line = (price: number, quantity: number, discount: number): OrderLine => {
  if (!product) throw new Error('no product was made');
  return { product: { ...product, price }, quantity, discount };
};

test.each([
  [1999, 1, 0, 1999],
  [1999, 2, 15, 3398],
  [10, 1, 15, 9],
  [10, -1, 15, -9],
  [1, 1, 50, 1],
  [1, -1, 50, -1],
  [1, 1, 60, 0],
  [1000, 1, 100, 0],
])('%i cents, %i pieces, %i percent off: %i cents', (price, quantity, discount, amount) => {
  expect(lineAmount(line(price, quantity, discount)) + 0).toBe(amount);
});

test('lies within half a cent of the exact amount, and further from zero at exactly half', () => {
  const price = fc.integer({ min: 1, max: 10_000_000 });
  const quantity = fc.integer({ min: -99, max: 99 }).filter((pieces) => pieces !== 0);
  fc.assert(
    fc.property(price, quantity, fc.integer({ min: 0, max: 100 }), (cents, pieces, discount) => {
      const hundredths = BigInt(cents) * BigInt(pieces) * BigInt(100 - discount);
      const excess = BigInt(lineAmount(line(cents, pieces, discount))) * 100n - hundredths;
      const outwards = pieces > 0 ? excess : -excess;
      expect(outwards).toBeGreaterThan(-50n);
      expect(outwards).toBeLessThanOrEqual(50n);
    }),
  );
});
