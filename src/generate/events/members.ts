/** The customers as visitors: how each comes to the shop, and what they have done there so far. */
import { drawSecond, secondsPerDay } from '../orders.ts';
import type { Buyer, Customer } from '../people.ts';
import { cumulate, drawIndex, type Random } from '../random.ts';
import { steps } from './event-line.ts';
import type { ShopClock } from './local-time.ts';
import type { TimedSteps } from './session-log.ts';
import { drawDevice, drawFirstSource, type Visitor } from './visitors.ts';

/** A customer's visits; instants are milliseconds since 1970-01-01 UTC. */
export interface Member {
  readonly device: string;
  readonly source: string;
  /** How readily the customer looks around, relative to others. */
  readonly curiosity: number;
  readonly isSubscribed: boolean;
  createdAt: number;
  /** Of the sessions so far, how many led to an order, and how many did not. */
  orders: number;
  visits: number;
}

const subscribedShare = 0.46;
const curiositySpread = 1.1;

/** The customers as visitors, by their places in a stage. */
export interface Members {
  readonly placeOf: (customerId: string) => number | undefined;
  /** The customer as the stage has them. */
  readonly visitor: (place: number, customer: Buyer) => Visitor;
  /** Somebody of the first `count` customers, by how readily they look around; `count` is above 0. */
  readonly draw: (count: number) => number;
  /** Counts a session that did or did not lead to an order; an account is as old as the signup in it. */
  readonly note: (place: number, kind: 'orders' | 'visits', session: TimedSteps) => void;
  /** What is known of each by now. */
  readonly all: readonly Readonly<Member>[];
}

const drawMember = (random: Random, registeredOn: number, clock: ShopClock): Member => ({
  device: drawDevice(random),
  source: drawFirstSource(random),
  curiosity: Math.exp(curiositySpread * random.normal()),
  isSubscribed: random.chance(subscribedShare),
  createdAt: clock(registeredOn * secondsPerDay + drawSecond(random)),
  orders: 0,
  visits: 0,
});

/** Draws how each customer visits. `random` decides what they are like, `visits` who comes when. */
export function openMembers(random: Random, visits: Random, customers: readonly Customer[], clock: ShopClock): Members {
  const all = customers.map(({ registeredOn }) => drawMember(random, registeredOn, clock));
  const totals = cumulate(all.map(({ curiosity }) => curiosity));
  const places = new Map(customers.map(({ id }, place) => [id, place]));
  return {
    all,
    placeOf: (customerId) => places.get(customerId),
    visitor: (place, { id, country }) => {
      const { device, source } = all[place] as Member;
      return { id, device, source, country: country.code };
    },
    draw: (count) => drawIndex(visits, totals, count),
    note(place, kind, { steps: done, moments, from }) {
      const member = all[place] as Member;
      member[kind] += 1;
      const signup = done.indexOf(steps.signup);
      if (signup >= 0) member.createdAt = from + (moments[signup] as number);
    },
  };
}
