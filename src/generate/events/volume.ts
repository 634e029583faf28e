/** Plans how many events each day has, and what part of them orders and visits have. */
import type { SalesDay } from '../calendar.ts';
import { returnCount } from '../orders.ts';
import type { Random } from '../random.ts';
import { meanHurriedSteps, meanLeisureSteps, meanVisitSteps } from './journeys.ts';

/** How many events there shall be; more where the orders need more. */
export interface Volume {
  readonly events: number;
  /** Sales and returns together. */
  readonly transactions: number;
}

/** How visits are. */
export interface Mix {
  /** How unhurried orders are, from 0 to 1: what is done besides what leads to the order. */
  readonly leisure: number;
  /** The share of visits without an order that end with their first page. */
  readonly bounces: number;
}

/** The share of all sessions that end with their first page, and the greatest share of those without an order. */
const bounceShare = 0.37;
const greatestBounceShare = 0.6;
/** The part of the events that orders can do without which makes orders unhurried. */
const leisurePart = 0.05;
/** Visits rise less with demand than orders do: they follow demand to this power. */
const visitElasticity = 0.85;

/** Orders have what they need, and of what remains a small part; the rest is for visits that lead to none. */
export function planMix({ events, transactions }: Volume): Mix {
  const orders = Math.max(1, transactions - returnCount(transactions));
  const room = Math.max(0, events - orders * meanHurriedSteps);
  const leisure = Math.min(1, (leisurePart * room) / (meanLeisureSteps * orders));
  const rest = room - leisure * meanLeisureSteps * orders;
  // Visits v of which b v are bounces: v (b + (1 - b) steps) = rest, and b v = share (v + orders).
  const saved = bounceShare * (meanVisitSteps - 1);
  const visits = Math.max(1, (rest + saved * orders) / (meanVisitSteps - saved));
  return { leisure, bounces: Math.min(greatestBounceShare, bounceShare * (1 + orders / visits)) };
}

/** How many events there shall be by the end of each day, by the day. */
export function planTargets(random: Random, events: number, days: readonly SalesDay[]): ReadonlyMap<number, number> {
  const weights = days.map(({ demand }) => demand ** visitElasticity * (0.9 + 0.2 * random.fraction()));
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  return new Map(
    days.map(({ day }, place) => {
      sum += weights[place] as number;
      return [day, place === days.length - 1 ? events : Math.round((events * sum) / whole)];
    }),
  );
}
