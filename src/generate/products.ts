/** Makes the products of a sample: names, prices, costs and how often each is bought. */
import { type Category, categories } from './assortment.ts';
import type { Random } from './random.ts';

/** A product. Amounts are in cents. */
export interface Product {
  readonly id: string;
  readonly name: string;
  readonly category: Category;
  readonly subCategory: string;
  readonly brand: string;
  readonly price: number;
  readonly cost: number;
  readonly stock: number;
  readonly supplierId: string;
  /** Its weight among the products of its category. */
  readonly popularity: number;
}

/** Popularity falls with (rank + offset) to this power: Zipf's law as Mandelbrot put it, with a less steep head. */
const zipfExponent = 1.1;
const zipfOffset = 2;
/** Dearer products of a category are bought less often: popularity falls with price to this power. */
const priceElasticity = 0.4;
const priceSpread = 0.42;
/** Costs lie between these shares of the price. */
const leastCostShare = 0.46;
const greatestCostShare = 0.74;

/** Category by category in turn, so that each has its share of any number of products. */
function* assortmentOrder(count: number): Generator<Category> {
  const whole = categories.reduce((sum, { range }) => sum + range, 0);
  const given = new Map(categories.map((category) => [category, 0]));
  for (let made = 1; made <= count; made += 1) {
    const lack = (category: Category): number => (made * category.range) / whole - (given.get(category) ?? 0);
    const next = categories.reduce((most, category) => (lack(category) > lack(most) ? category : most));
    given.set(next, (given.get(next) ?? 0) + 1);
    yield next;
  }
}

/** A price near an amount in whole units of currency, ending as shop prices do. */
const shopPrice = (random: Random, amount: number): number =>
  Math.max(2, Math.round(amount)) * 100 - random.pick([1, 1, 1, 1, 5, 5, 10, 51, 0]);

/** A lognormal price about the median. */
function drawPrice(random: Random, median: number): number {
  const exact = median * Math.exp(priceSpread * random.normal());
  return shopPrice(random, Math.min(Math.max(exact, median * 0.4), median * 2.5));
}

function drawCost(random: Random, price: number, category: Category): number {
  const share = category.costShare + 0.04 * random.normal();
  return Math.round(price * Math.min(Math.max(share, leastCostShare), greatestCostShare));
}

/** The product with other stock, another cost, and mostly another price. */
export function reprice(random: Random, product: Product): Product {
  const factor = random.pick([0.85, 0.9, 0.95, 1, 1.04, 1.06, 1.08, 1.1, 1.15]);
  const price = factor === 1 ? product.price : shopPrice(random, (product.price * factor) / 100);
  const cost = Math.round(product.cost * Math.exp(0.04 * random.normal()));
  const bounded = Math.min(Math.max(cost, price * leastCostShare), price * greatestCostShare);
  return { ...product, price, cost: Math.round(bounded), stock: drawStock(random) };
}

const drawStock = (random: Random): number =>
  random.chance(0.03) ? 0 : Math.round(60 * Math.exp(0.9 * random.normal()));

/** Names of which no two are equal: with another line where one is taken, and a number where all lines are. */
function distinctNames(random: Random): (brand: string, lines: readonly string[], kind: string) => string {
  const taken = new Set<string>();
  return (brand, lines, kind) => {
    const first = random.integer(0, lines.length - 1);
    const ordered = [...lines.slice(first), ...lines.slice(0, first)];
    for (let number = 1; ; number += 1) {
      const names = ordered.map((line) => `${brand} ${line} ${kind}${number === 1 ? '' : ` ${number}`}`);
      const free = names.find((name) => !taken.has(name));
      if (free !== undefined) {
        taken.add(free);
        return free;
      }
    }
  };
}

/** For each place of the list, its rank within its category, from 1 on, in a random order. */
function drawRanks(random: Random, order: readonly Category[]): readonly number[] {
  const counts = new Map<Category, number>();
  const keyed = order.map((category, index) => ({ category, index, key: random.fraction() }));
  const ranks = new Array<number>(order.length).fill(0);
  for (const { category, index } of keyed.sort((one, other) => one.key - other.key)) {
    const rank = (counts.get(category) ?? 0) + 1;
    counts.set(category, rank);
    ranks[index] = rank;
  }
  return ranks;
}

/** One supplier per brand. */
const supplierOf = new Map(
  categories
    .flatMap(({ brands }) => brands)
    .map((brand, index) => [brand, `SUP${String(index + 1).padStart(3, '0')}`] as const),
);

/** Makes `count` products. */
export function makeProducts(random: Random, count: number): readonly Product[] {
  const nameFor = distinctNames(random);
  const order = [...assortmentOrder(count)];
  const ranks = drawRanks(random, order);
  const digits = Math.max(4, String(count).length);
  return order.map((category, index) => {
    const subCategory = random.pick(category.subCategories);
    const brand = random.pick(category.brands);
    const price = drawPrice(random, subCategory.medianPrice);
    const popularity = ((ranks[index] as number) + zipfOffset) ** -zipfExponent * price ** -priceElasticity;
    return {
      id: `PROD${String(index + 1).padStart(digits, '0')}`,
      name: nameFor(brand, category.lines, random.pick(subCategory.kinds)),
      category,
      subCategory: subCategory.name,
      brand,
      price,
      cost: drawCost(random, price, category),
      stock: drawStock(random),
      supplierId: supplierOf.get(brand) ?? '',
      popularity,
    };
  });
}
