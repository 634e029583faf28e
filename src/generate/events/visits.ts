/** Makes the events of a sample day by day: a session around each order, and visits that lead to none. */
import type { SalesDay } from '../calendar.ts';
import { drawSecond, productSource, type Stage, secondsPerDay } from '../orders.ts';
import type { Customer } from '../people.ts';
import type { Random } from '../random.ts';
import { type EventLine, type Step, steps } from './event-line.ts';
import { bounce, type JourneyContext, lookAround, type PlacedSale } from './journeys.ts';
import type { ShopClock } from './local-time.ts';
import type { Members } from './members.ts';
import { forgottenAfter, orderRecorder } from './order-sessions.ts';
import { drawMoments, openSessionLog } from './session-log.ts';
import { openStrangers, type Visitor } from './visitors.ts';
import { planMix, planTargets, type Volume } from './volume.ts';

/** What decides the events, besides chance. */
export interface VisitOptions extends Volume {
  readonly days: readonly SalesDay[];
  readonly clock: ShopClock;
  readonly members: Members;
}

/**
 * The events of a day with the sales that were placed on it, in the order of time. Days come in their order; the last
 * one fills up the number of events. No event is later than its day; sessions around orders may begin on the day before.
 */
export type EventsOn = (day: SalesDay, stage: Stage, sales: readonly PlacedSale[]) => readonly EventLine[];

/** The share of visits without an order that customers make. */
const memberShare = 0.42;
const loginShare = 0.4;

/** Somebody who comes for a visit. */
interface Arrival {
  readonly visitor: Visitor;
  readonly isFirst: boolean;
  /** A customer's place in the stage. */
  readonly place?: number;
}

/** Draws products of a stage; they are sorted anew only when another stage begins. */
function stageProducts(random: Random): (stage: Stage) => ReturnType<typeof productSource> {
  let known: { readonly stage: Stage; readonly draw: ReturnType<typeof productSource> } | undefined;
  return (stage) => {
    if (known?.stage !== stage) known = { stage, draw: productSource(random, stage.products) };
    return known.draw;
  };
}

/** Opens the visits of a sample. */
export function openVisits(random: Random, options: VisitOptions): EventsOn {
  const { clock, members, events } = options;
  const { leisure, bounces } = planMix(options);
  const targets = planTargets(random, events, options.days);
  const log = openSessionLog(random);
  const strangers = openStrangers(random);
  const drawProducts = stageProducts(random);
  const recordOrders = orderRecorder(random, log, clock, members, strangers, leisure);
  /** How many customers had registered by the end of the day before. */
  let registered = 0;

  /** A visit without an order at a time of the day; who is about at that time anyway is taken for a stranger. */
  const visit = (drawn: readonly Step[], { visitor, isFirst, place }: Arrival, day: SalesDay, end: number): void => {
    const journey = drawn.slice(0, events - log.events);
    const moments = drawMoments(random, journey.length);
    const lasts = moments.at(-1) as number;
    const from = Math.min(clock(day.day * secondsPerDay + drawSecond(random)), end - lasts);
    const isFree = log.diary.isFree(visitor.id, from, from + lasts);
    const session = isFree ? log.open(visitor, isFirst) : log.open(strangers.arrive(), true);
    const timed = { steps: journey, moments, from };
    log.record(session, timed);
    log.diary.enter({ session, from, to: from + lasts });
    if (isFree && place !== undefined) members.note(place, 'visits', timed);
  };

  const anyMember = (customers: readonly Customer[]): Arrival => {
    const place = members.draw(registered);
    return { visitor: members.visitor(place, customers[place] as Customer), isFirst: false, place };
  };

  const visitOnce = (context: JourneyContext, customers: readonly Customer[], day: SalesDay, end: number): void => {
    const arrival: Arrival = registered > 0 && random.chance(memberShare) ? anyMember(customers) : strangers.any();
    const isBounce = random.chance(bounces);
    const isLogin = !isBounce && arrival.place !== undefined && random.chance(loginShare);
    visit(isBounce ? bounce(context) : lookAround(context, isLogin ? [steps.login] : []), arrival, day, end);
  };

  return (day, stage, sales) => {
    const { customers } = stage;
    const context = { random, drawProduct: drawProducts(stage), month: day.month };
    const [start, end] = [clock(day.day * secondsPerDay), clock((day.day + 1) * secondsPerDay) - 1];
    const target = targets.get(day.day) ?? 0;
    while ((customers[registered]?.registeredOn ?? day.day) < day.day) registered += 1;
    const newcomers = new Set<number>();
    for (let place = registered; customers[place]?.registeredOn === day.day; place += 1) newcomers.add(place);

    log.diary.forget(start - forgottenAfter);
    recordOrders({ context, start, end, sales, newcomers });
    for (const place of newcomers) {
      const visitor = members.visitor(place, customers[place] as Customer);
      if (log.events >= target || log.diary.last(visitor.id)) continue;
      visit(lookAround(context, [steps.signup]), { visitor, isFirst: true, place }, day, end);
    }
    while (log.events < target) visitOnce(context, customers, day, end);
    return log.take();
  };
}
