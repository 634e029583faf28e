/** How orders change after they were placed, and which export shows which state of them. */
import { discounts, drawOtherPayment, type Order } from './orders.ts';
import type { Random } from './random.ts';

/** The state of an order that an export shows; the first export is 0. */
export interface ShownOrder {
  readonly batch: number;
  readonly order: Order;
}

/** How long after its last change an order may be corrected, in seconds. */
const correctionPeriod = 60 * 86_400;
/** The share of orders that are corrected, of those whose correction would come after the export that first has them. */
const correctedShare = 0.15;
/** The share of orders that the next export shows once more as they were. */
const repeatedShare = 0.005;

function correctLine(random: Random, order: Order): Order {
  const chosen = random.integer(0, order.lines.length - 1);
  const lines = order.lines.map((line, place) => {
    if (place !== chosen) return line;
    if (random.chance(0.5)) return { ...line, quantity: line.quantity > 1 ? line.quantity - 1 : 2 };
    return { ...line, discount: random.pick(discounts.filter((discount) => discount !== line.discount)) };
  });
  return { ...order, lines };
}

/** A completed sale as it stands after a correction: paid otherwise, one line changed, or cancelled after all. */
function correct(random: Random, order: Order): Order {
  const kind = random.fraction();
  if (kind < 0.35) return { ...order, payment: drawOtherPayment(random, order) };
  return kind < 0.75 ? correctLine(random, order) : { ...order, status: 'cancelled' };
}

/** The states of an order in the order of time, given the last second of the export that covers its day. */
function statesOf(order: Order, end: number): readonly Order[] {
  return order.updatedAt > end ? [{ ...order, status: 'pending', updatedAt: order.at }, order] : [order];
}

/** Another state of some sales, after the export that first has them and before the end of the last one. */
function drawCorrection(random: Random, order: Order, placedIn: number, ends: readonly number[]): readonly Order[] {
  const last = ends.length - 1;
  if (placedIn === last || order.paired || order.status !== 'completed') return [];
  const updatedAt = order.updatedAt + random.integer(60, correctionPeriod);
  const tooSoon = updatedAt <= (ends[placedIn] as number);
  if (tooSoon || updatedAt > (ends[last] as number) || !random.chance(correctedShare)) return [];
  return [{ ...correct(random, order), updatedAt }];
}

/**
 * Which exports show the order, and in which state; `ends` are the last seconds of their days. Each export shows what
 * an order has become since the one before; a few orders come once more although nothing became of them.
 */
export function showOrder(random: Random, order: Order, ends: readonly number[]): readonly ShownOrder[] {
  const placedIn = ends.findIndex((end) => order.at <= end);
  const states = [...statesOf(order, ends[placedIn] as number), ...drawCorrection(random, order, placedIn, ends)];
  const shown = states
    .map((state) => ({ batch: ends.findIndex((end) => state.updatedAt <= end), order: state }))
    .filter(({ batch }, place, all) => all[place + 1]?.batch !== batch);
  const repeated = placedIn < ends.length - 1 && shown.length === 1 && random.chance(repeatedShare);
  return repeated ? [...shown, { batch: placedIn + 1, order }] : shown;
}
