/** What visitors do in a session, step by step: those who order, and those who only look around. */
import { type Category, categories } from '../assortment.ts';
import { type DrawProduct, lineAmount, type Order } from '../orders.ts';
import type { Product } from '../products.ts';
import { type Random, weighted } from '../random.ts';
import { type Step, steps } from './event-line.ts';

/** A sale as it was placed, whatever becomes of it. */
export interface PlacedSale {
  readonly order: Order;
  /** The order's id. */
  readonly id: string;
}

/** What a journey is drawn from. */
export interface JourneyContext {
  readonly random: Random;
  readonly drawProduct: DrawProduct;
  /** January is 0. */
  readonly month: number;
}

/** The mean number of steps of a visit that neither orders nor leaves after one page. */
export const meanVisitSteps = 4.66;
/** The mean number of steps of a hurried order: a page, each product seen, taken and bought, the till. */
export const meanHurriedSteps = 2 + 3 * 2.98;
/** The mean number of steps that an unhurried order has more than a hurried one. */
export const meanLeisureSteps = 5.2;

const drawLanding = weighted([
  ['home', 46],
  ['category', 38],
  ['offers', 16],
]);
const drawOtherPage = weighted([
  ['category', 50],
  ['home', 16],
  ['offers', 14],
  ['delivery', 8],
  ['account', 7],
  ['about', 5],
]);

/** What people type, by category: kinds of products, brands, and groups of products. */
const queries = new Map(
  categories.map((category) => [
    category,
    [
      ...category.subCategories.flatMap(({ name, kinds }) => [name, ...kinds, ...kinds]),
      ...category.brands,
      category.name,
    ].map((text) => text.toLowerCase()),
  ]),
);

const drawQuery = (random: Random, category: Category): string => random.pick(queries.get(category) ?? [category.name]);

const pageStep = (page: string, category: Category): Step =>
  page === 'category' ? steps.categoryPage(category) : steps.page(page);

/** How many times in a row something is done that is done again with a probability. */
function repeats(random: Random, again: number, most: number): number {
  let count = 0;
  while (count < most && random.chance(again)) count += 1;
  return count;
}

/** What comes before an order: all of its products are looked at and put into the cart. `leisure` is from 0 to 1. */
export function orderJourney(
  { random, drawProduct, month }: JourneyContext,
  { order: { lines } }: PlacedSale,
  entry: readonly Step[],
  leisure: number,
): readonly Step[] {
  const made: Step[] = [];
  const perhaps = (probability: number): boolean => random.chance(leisure * probability);
  const first = lines[0]?.product.category ?? (categories[0] as Category);
  made.push(pageStep(drawLanding(random), first), ...entry);
  for (const { product, quantity } of lines) {
    if (perhaps(0.25)) made.push(steps.search(drawQuery(random, product.category)));
    if (perhaps(0.35)) made.push(steps.categoryPage(product.category));
    if (perhaps(0.5)) made.push(steps.view(drawProduct(month, product.category)));
    made.push(steps.view(product), steps.add(product, quantity));
    if (perhaps(0.07)) {
      const rejected = drawProduct(month, product.category);
      const isOrdered = lines.some((line) => line.product === rejected);
      if (!isOrdered) made.push(steps.view(rejected), steps.add(rejected, 1), steps.remove(rejected));
    }
  }
  if (perhaps(0.5)) made.push(steps.page('cart'));
  made.push(steps.checkout);
  return made;
}

/** The purchases of an order: one per line. */
export const purchaseSteps = ({ order, id }: PlacedSale): readonly Step[] =>
  order.lines.map((line) => steps.purchase(line.product, lineAmount(line), id, line.quantity));

/** A visit that ends with its first page. */
export const bounce = ({ random, drawProduct, month }: JourneyContext): readonly Step[] => [
  pageStep(drawLanding(random), drawProduct(month).category),
];

/** Some of what was looked at goes into the cart, and some out of it again; a part of those carts comes to the till. */
function abandonedCart(random: Random, viewed: readonly Product[]): readonly Step[] {
  const chosen = [...new Set([random.pick(viewed), ...(random.chance(0.4) ? [random.pick(viewed)] : [])])];
  const made = chosen.map((product) => steps.add(product, random.chance(0.88) ? 1 : 2));
  if (random.chance(0.55)) made.push(steps.page('cart'));
  if (random.chance(0.18)) made.push(steps.remove(random.pick(chosen)));
  else if (random.chance(0.42)) made.push(steps.checkout);
  return made;
}

/** A visit of several steps without an order. */
export function lookAround(context: JourneyContext, entry: readonly Step[]): readonly Step[] {
  const { random, drawProduct, month } = context;
  const first = drawProduct(month);
  const made: Step[] = [pageStep(drawLanding(random), first.category), ...entry];
  if (random.chance(0.3)) made.push(steps.search(drawQuery(random, first.category)));
  for (let more = repeats(random, 0.42, 6); more > 0; more -= 1) {
    made.push(pageStep(drawOtherPage(random), first.category));
  }
  if (random.chance(0.72)) {
    const viewed = [first];
    for (let more = repeats(random, 0.57, 12); more > 0; more -= 1) {
      viewed.push(random.chance(0.6) ? drawProduct(month, first.category) : drawProduct(month));
    }
    for (const product of viewed) {
      if (random.chance(0.15)) made.push(steps.categoryPage(product.category));
      made.push(steps.view(product));
    }
    if (random.chance(0.27)) made.push(...abandonedCart(random, viewed));
  }
  if (made.length === 1) made.push(steps.page('about'));
  return made;
}
