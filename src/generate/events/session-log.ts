/** Records sessions: gives them their ids, writes their events as lines, and notes when their visitors are about. */
import type { Random } from '../random.ts';
import { type Diary, openDiary } from './diary.ts';
import { type EventLine, eventWriter, idSource, type SessionHeader, type Step } from './event-line.ts';
import { drawReturnSource, drawSessionDevice, type Visitor } from './visitors.ts';

/** Steps with the time at which each is done. */
export interface TimedSteps {
  readonly steps: readonly Step[];
  /** Milliseconds after `from`, one per step. */
  readonly moments: readonly number[];
  /** Milliseconds since 1970-01-01 UTC. */
  readonly from: number;
}

/** What was recorded so far. */
export interface SessionLog {
  readonly diary: Diary;
  /** The events recorded so far, over all days. */
  readonly events: number;
  /** A session that has not begun yet; who comes for the first time comes as the profile says. */
  readonly open: (visitor: Visitor, isFirst: boolean) => SessionHeader;
  readonly record: (session: SessionHeader, timed: TimedSteps) => void;
  /** The events since they were taken last, in the order of time. */
  readonly take: () => readonly EventLine[];
}

const longestPause = 9 * 60_000;
const shortestPause = 1_200;
const meanPause = 34_000;

/** The time between two steps, in milliseconds. */
export const drawPause = (random: Random): number =>
  Math.min(longestPause, Math.round(shortestPause - meanPause * Math.log(1 - random.fraction())));

/** When each of so many steps is done, the first at 0. */
export function drawMoments(random: Random, count: number): readonly number[] {
  let moment = 0;
  return Array.from({ length: count }, (_, place) => {
    if (place > 0) moment += drawPause(random);
    return moment;
  });
}

export function openSessionLog(random: Random): SessionLog {
  const newId = idSource(random);
  const writer = eventWriter(newId);
  const diary = openDiary();
  let lines: EventLine[] = [];
  let events = 0;
  return {
    diary,
    get events() {
      return events;
    },
    open: (visitor, isFirst) => ({
      visitor,
      sessionId: newId('SES_'),
      device: isFirst ? visitor.device : drawSessionDevice(random, visitor.device),
      source: isFirst ? visitor.source : drawReturnSource(random),
    }),
    record(session, { steps, moments, from }) {
      const write = writer(session);
      for (const [place, step] of steps.entries()) lines.push(write(step, from + (moments[place] as number)));
      events += steps.length;
    },
    take() {
      const taken = lines.sort((one, other) => one.at - other.at);
      lines = [];
      return taken;
    },
  };
}
