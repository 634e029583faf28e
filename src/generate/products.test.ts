/** Products are spread over the categories and can be told apart. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { categories } from './assortment.ts';
import { makeProducts } from './products.ts';
import { createRandom } from './random.ts';

test('every category has its share of any number of products', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 400 }), (count) => {
      const products = makeProducts(createRandom(5, 0), count);
      const whole = categories.reduce((sum, { range }) => sum + range, 0);
      for (const category of categories) {
        const made = products.filter((one) => one.category === category).length;
        expect(Math.abs(made - (count * category.range) / whole)).toBeLessThan(1.5);
      }
      expect(new Set(products.map(({ name }) => name)).size).toBe(count);
    }),
    { numRuns: 30 },
  );
});
