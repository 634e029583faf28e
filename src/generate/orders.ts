/** Makes the sales and returns of a sample, day by day in the order of time. */
import { type Category, categories } from './assortment.ts';
import type { SalesDay } from './calendar.ts';
import { type Buyer, type Customer, drawPayment } from './people.ts';
import type { Product } from './products.ts';
import { cumulate, drawIndex, type Random, weighted } from './random.ts';

/** One line of an order. */
export interface OrderLine {
  readonly product: Product;
  /** Negative on a return. */
  readonly quantity: number;
  /** In percent. */
  readonly discount: number;
}

/** A sale or a return. Instants are seconds since 1970-01-01 00:00 by the shop's clock. */
export interface Order {
  readonly type: 'sale' | 'return';
  readonly status: 'completed' | 'pending' | 'cancelled';
  readonly buyer: Buyer;
  readonly payment: string;
  readonly at: number;
  readonly updatedAt: number;
  readonly lines: readonly OrderLine[];
  /** True of a return, and of a sale of which one follows: their lines agree. */
  readonly paired: boolean;
}

/** Who buys and what is sold from a day on, until the next stage begins. */
export interface Stage {
  /** Days since 1970-01-01. */
  readonly from: number;
  /** By registration date, at the same places in every stage; also those who register later. */
  readonly customers: readonly Customer[];
  readonly products: readonly Product[];
}

/** The share of orders placed without an account. */
export const guestShare = 0.08;
/** The most lines an order has. */
export const maximumLines = 8;

/** Returns per sale. */
const returnRate = 0.04;
const cancelledShare = 0.025;
/** The share of orders still open, by days from the last one. */
const pendingShares = [0.25, 0.12, 0.05];
const usualPaymentShare = 0.75;
/** How often a further line is of the first line's category. */
const sameCategoryShare = 0.35;

export const secondsPerDay = 86_400;

const drawLineCount = weighted([
  [1, 19],
  [2, 23],
  [3, 21],
  [4, 15],
  [5, 10],
  [6, 6],
  [7, 3],
  [maximumLines, 2],
]);
const drawQuantity = weighted([
  [1, 85],
  [2, 11],
  [3, 3],
  [4, 1],
]);
const drawUsualDiscount = weighted([
  [0, 80],
  [5, 6],
  [10, 8],
  [15, 4],
  [20, 2],
]);
/** Every discount that is given, in percent. */
export const discounts: readonly number[] = [0, 5, 10, 15, 20];
const drawNovemberDiscount = weighted([
  [0, 48],
  [5, 6],
  [10, 18],
  [15, 14],
  [20, 14],
]);
/** From midnight: quiet nights, a busy noon, busier evenings. */
const drawHour = weighted(
  [12, 6, 3, 2, 2, 4, 9, 17, 26, 34, 40, 44, 50, 46, 42, 42, 45, 52, 64, 78, 86, 78, 54, 28].map(
    (weight, hour) => [hour, weight] as const,
  ),
);

/** How many of `count` transactions are returns. */
export const returnCount = (count: number): number => Math.round((count * returnRate) / (1 + returnRate));

/** The amount of a line in cents, rounded half away from zero; exact, for price and discount are integers. */
export function lineAmount({ product, quantity, discount }: OrderLine): number {
  const hundredfold = Math.abs(quantity) * product.price * (100 - discount);
  return Math.sign(quantity) * Math.floor((hundredfold + 50) / 100);
}

/** Another payment method than the order has, of those that its country uses. */
export function drawOtherPayment(random: Random, { buyer, payment }: Order): string {
  const others = buyer.country.payments.map(([method]) => method).filter((method) => method !== payment);
  return random.pick(others);
}

interface DayPlan {
  readonly sales: number;
  /** How many of the day's sales come back. */
  readonly returned: number;
}

/** Spreads sales over the days by demand; those that come back are not on the last day, so that the return can follow. */
function planDays(random: Random, days: readonly SalesDay[], transactions: number): readonly DayPlan[] {
  const totals = cumulate(days.map(({ demand }) => demand));
  const returns = returnCount(transactions);
  const returned = new Uint32Array(days.length);
  const kept = new Uint32Array(days.length);
  const count = (plan: Uint32Array, index: number): void => {
    plan[index] = (plan[index] as number) + 1;
  };
  for (let made = 0; made < returns; made += 1) count(returned, drawIndex(random, totals, days.length - 1));
  for (let made = 2 * returns; made < transactions; made += 1) count(kept, drawIndex(random, totals));
  return days.map((_, index) => ({
    sales: (kept[index] as number) + (returned[index] as number),
    returned: returned[index] as number,
  }));
}

/** Whose turn it is to buy: a guest, or a customer by loyalty and by how long ago the account was opened. */
function buyerSource(
  random: Random,
  guests: readonly Buyer[],
): (day: number, customers: readonly Customer[]) => () => Buyer {
  let totals = new Float64Array(0);
  let registered = 0;
  let guestsSeen = 0;
  const nextGuest = (): Buyer => {
    const guest = guests[guestsSeen % guests.length] as Buyer;
    guestsSeen += 1;
    return guest;
  };
  const interest = (age: number): number => (age < 3 ? 12 : 0.3 + Math.exp(-age / 150));
  return (day, customers) => {
    if (totals.length < customers.length) totals = new Float64Array(customers.length);
    while (registered < customers.length && (customers[registered] as Customer).registeredOn <= day) registered += 1;
    let total = 0;
    for (let index = 0; index < registered; index += 1) {
      const customer = customers[index] as Customer;
      total += customer.loyalty * interest(day - customer.registeredOn);
      totals[index] = total;
    }
    return () =>
      total === 0 || random.chance(guestShare)
        ? nextGuest()
        : (customers[drawIndex(random, totals, registered)] as Customer);
  };
}

/** Draws a product for a month (January is 0), of a category when one is given. */
export type DrawProduct = (month: number, category?: Category) => Product;

/** Which product is put into a basket: first the category, by season, then a product of it, by popularity. */
export function productSource(random: Random, products: readonly Product[]): DrawProduct {
  const offered = categories
    .map((category) => ({ category, products: products.filter((product) => product.category === category) }))
    .filter((shelf) => shelf.products.length > 0);
  const shelves = new Map(
    offered.map((shelf) => [
      shelf.category,
      { products: shelf.products, totals: cumulate(shelf.products.map(({ popularity }) => popularity)) },
    ]),
  );
  const categoryIn = Array.from({ length: 12 }, (_, month) =>
    weighted(offered.map(({ category }) => [category, category.demand * (category.season[month] as number)] as const)),
  );
  return (month, category = (categoryIn[month] as (random: Random) => Category)(random)) => {
    const shelf = shelves.get(category) as { products: readonly Product[]; totals: Float64Array };
    return shelf.products[drawIndex(random, shelf.totals)] as Product;
  };
}

/** A second of the day, as busy as the hour is. */
export const drawSecond = (random: Random): number =>
  drawHour(random) * 3600 + random.integer(0, 59) * 60 + random.integer(0, 59);

/** Lines of different products; a product that comes up twice is taken once. */
function drawLines(random: Random, month: number, drawProduct: DrawProduct): readonly OrderLine[] {
  const first = drawProduct(month);
  const products = new Set([first]);
  for (let more = drawLineCount(random) - 1; more > 0; more -= 1) {
    products.add(random.chance(sameCategoryShare) ? drawProduct(month, first.category) : drawProduct(month));
  }
  const drawDiscount = month === 10 ? drawNovemberDiscount : drawUsualDiscount;
  return Array.from(products, (product) => ({
    product,
    quantity: drawQuantity(random),
    discount: drawDiscount(random),
  }));
}

function drawStatus(random: Random, daysLeft: number): Order['status'] {
  if (random.chance(pendingShares[daysLeft] ?? 0)) return 'pending';
  return random.chance(cancelledShare) ? 'cancelled' : 'completed';
}

/** The last change of an order: a completed one is delivered within days, a cancelled one given up within hours. */
function drawUpdate(random: Random, status: Order['status'], at: number, end: number): number {
  if (status === 'pending') return at;
  const delay = status === 'completed' ? random.integer(secondsPerDay, 4 * secondsPerDay) : random.integer(300, 40_000);
  return Math.min(at + delay, end);
}

/** Some of a sale's lines, some of their pieces, sent back on a later day up to `lastDay`. */
function drawReturn(random: Random, sale: Order, lastDay: number): Order {
  const saleDay = Math.floor(sale.at / secondsPerDay);
  const delay = 4 + Math.floor(-8 * Math.log(1 - random.fraction()));
  const at = Math.min(saleDay + delay, lastDay) * secondsPerDay + drawSecond(random);
  const certain = random.integer(0, sale.lines.length - 1);
  const lines = sale.lines
    .filter((_, index) => index === certain || random.chance(0.4))
    .map((line) => ({
      ...line,
      quantity: random.chance(0.7) ? -line.quantity : -random.integer(1, line.quantity),
    }));
  const updatedAt = Math.min(at + random.integer(3600, 2 * secondsPerDay), (lastDay + 1) * secondsPerDay - 1);
  return { ...sale, type: 'return', at, updatedAt, lines };
}

/**
 * Makes `transactions` sales and returns in all, each day's in the order of time; nothing is later than the last day.
 * The first stage begins with the first day or before it.
 */
export function* makeOrders(
  random: Random,
  days: readonly SalesDay[],
  stages: readonly [Stage, ...Stage[]],
  guests: readonly Buyer[],
  transactions: number,
): Generator<readonly Order[], undefined> {
  const plans = planDays(random, days, transactions);
  const buyersOn = buyerSource(random, guests);
  let [stage, ...later] = stages;
  let drawProduct = productSource(random, stage.products);
  const lastDay = (days.at(-1) as SalesDay).day;
  const end = (lastDay + 1) * secondsPerDay - 1;
  const comingBack = new Map<number, Order[]>();

  const drawSale = ({ day, month }: SalesDay, nextBuyer: () => Buyer, returned: boolean): Order => {
    const buyer = nextBuyer();
    const at = day * secondsPerDay + drawSecond(random);
    const status = returned ? 'completed' : drawStatus(random, lastDay - day);
    return {
      type: 'sale',
      status,
      buyer,
      payment: random.chance(usualPaymentShare) ? buyer.usualPayment : drawPayment(random, buyer.country),
      at,
      updatedAt: drawUpdate(random, status, at, end),
      lines: drawLines(random, month, drawProduct),
      paired: returned,
    };
  };
  const expectBack = (sale: Order): void => {
    const order = drawReturn(random, sale, lastDay);
    const day = Math.floor(order.at / secondsPerDay);
    comingBack.set(day, [...(comingBack.get(day) ?? []), order]);
  };

  for (const [index, date] of days.entries()) {
    const { sales, returned } = plans[index] as DayPlan;
    const next = later[0];
    if (next && next.from <= date.day) {
      [stage, ...later] = [next, ...later.slice(1)];
      drawProduct = productSource(random, stage.products);
    }
    const nextBuyer = buyersOn(date.day, stage.customers);
    const sold = Array.from({ length: sales }, (_, made) => drawSale(date, nextBuyer, made < returned));
    for (const sale of sold.slice(0, returned)) expectBack(sale);
    const orders = [...sold, ...(comingBack.get(date.day) ?? [])];
    comingBack.delete(date.day);
    yield orders.sort((one, other) => one.at - other.at);
  }
}
