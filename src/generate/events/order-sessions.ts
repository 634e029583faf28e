/** Records a session around each order, up to one purchase per line at the order's very time. */
import type { Buyer } from '../people.ts';
import type { Random } from '../random.ts';
import { type Span, sessionTimeout } from './diary.ts';
import { type Step, steps } from './event-line.ts';
import { type JourneyContext, orderJourney, type PlacedSale, purchaseSteps } from './journeys.ts';
import type { ShopClock } from './local-time.ts';
import type { Members } from './members.ts';
import { drawMoments, drawPause, type SessionLog } from './session-log.ts';
import type { Strangers, Visitor } from './visitors.ts';

/** How long before an order its session begins at most, and at least if it may. */
const longestLead = 60 * 60_000;
const shortestLead = 60_000;
/** The longest pause before an order that goes on in the session of the one before. */
const longestResumption = 25 * 60_000;
const loginShare = 0.55;
const farewellShare = 0.5;

/** A session ended this long before a day has nothing to do with the orders of that day, in milliseconds. */
export const forgottenAfter = longestLead + sessionTimeout;

/** A day of sales: instants are milliseconds since 1970-01-01 UTC. */
export interface OrderDay {
  readonly context: JourneyContext;
  readonly start: number;
  /** The last millisecond. */
  readonly end: number;
  readonly sales: readonly PlacedSale[];
  /** The places of the customers who register on this day. */
  readonly newcomers: ReadonlySet<number>;
}

/** An order with its instant and whoever placed it. */
interface DueOrder {
  readonly sale: PlacedSale;
  readonly at: number;
  readonly visitor: Visitor;
  /** The customer's place in the stage; undefined for a guest. */
  readonly place: number | undefined;
  /** Whether the customer registers on this day. */
  readonly isNewcomer: boolean;
}

/** The time there is for what comes before an order, in milliseconds. */
interface Lead {
  /** The session that the order goes on in. */
  readonly resumed: Span | undefined;
  readonly least: number;
  readonly most: number;
}

/** An order soon after the visitor's last session goes on in it. */
function leadOf(at: number, last: Span | undefined, earliest: number): Lead {
  const gap = at - (last?.to ?? Number.NEGATIVE_INFINITY);
  if (last && gap < sessionTimeout + shortestLead) {
    return { resumed: last, least: Math.max(0, gap - longestResumption), most: gap };
  }
  const most = Math.min(longestLead, gap - sessionTimeout - 1, at - earliest);
  return { resumed: undefined, least: 0, most };
}

/** The guests by how they order; each keeps the id of the first order. */
function guestBook(strangers: Strangers): (buyer: Buyer) => Visitor {
  const guests = new Map<Buyer, Visitor>();
  return (buyer) => {
    const guest = guests.get(buyer) ?? strangers.arrive(buyer.country.code);
    guests.set(buyer, guest);
    return guest;
  };
}

/** Records the orders of a day. `leisure` is from 0, nothing but what leads to the order, to 1. */
export function orderRecorder(
  random: Random,
  log: SessionLog,
  clock: ShopClock,
  members: Members,
  strangers: Strangers,
  leisure: number,
): (day: OrderDay) => void {
  const guestOf = guestBook(strangers);

  const dueOrder = (sale: PlacedSale, newcomers: ReadonlySet<number>): DueOrder => {
    const { buyer, at } = sale.order;
    const place = members.placeOf(buyer.id);
    if (place === undefined) return { sale, at: clock(at), visitor: guestOf(buyer), place, isNewcomer: false };
    return { sale, at: clock(at), visitor: members.visitor(place, buyer), place, isNewcomer: newcomers.has(place) };
  };

  const entryOf = (place: number | undefined, isSignup: boolean): readonly Step[] => {
    if (isSignup) return [steps.signup];
    return place !== undefined && random.chance(leisure * loginShare) ? [steps.login] : [];
  };

  const record = (due: DueOrder, { context, start }: OrderDay, farewellBy: number): void => {
    const { sale, at, visitor, place } = due;
    const last = log.diary.last(visitor.id);
    const isSignup = due.isNewcomer && last === undefined;
    const { resumed, least, most } = leadOf(at, last, isSignup ? start : Number.NEGATIVE_INFINITY);
    const journey = orderJourney(context, sale, resumed ? [] : entryOf(place, isSignup), leisure);
    const drawn = drawMoments(random, journey.length + 1);
    const natural = drawn.at(-1) as number;
    const moments = drawn.map((moment) => Math.round((moment * Math.min(most, Math.max(least, natural))) / natural));
    const timed = { steps: journey, moments, from: at - (moments.at(-1) as number) };
    const session = resumed?.session ?? log.open(visitor, place === undefined || isSignup);
    log.record(session, timed);
    const purchases = purchaseSteps(sale);
    log.record(session, { steps: purchases, moments: purchases.map(() => 0), from: at });
    const farewell = at + drawPause(random);
    const stays = random.chance(leisure * farewellShare) && farewell <= farewellBy;
    if (stays) log.record(session, { steps: [steps.page('order')], moments: [0], from: farewell });
    log.diary.enter({ session, from: timed.from, to: stays ? farewell : at });
    if (place !== undefined && !resumed) members.note(place, 'orders', timed);
  };

  return (day) => {
    const due = day.sales.map((sale) => dueOrder(sale, day.newcomers)).sort((one, other) => one.at - other.at);
    const lastOf = new Map(due.map((each) => [each.visitor.id, each]));
    for (const each of due) {
      const isLast = lastOf.get(each.visitor.id) === each;
      record(each, day, isLast ? day.end : each.at);
    }
  };
}
