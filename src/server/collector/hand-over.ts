/** Hands closed segments over, one after the other; one that failed is handed over again later. */
import { existsSync } from 'node:fs';
import type { Segment } from '../../ingest/events/segments/segment-file.ts';
import type { Clock } from '../../kernel/time.ts';

/** Takes a closed segment in and removes its file; rejects when it could not, and leaves the file. */
export type OnSegment = (segment: Segment) => Promise<void>;

/** Segments that wait to be taken in. */
export interface HandOver {
  add(segment: Segment): void;
  /** Hands over what is due. Resolves when nothing due is left. */
  run(): Promise<void>;
  /** Hands over all that waits, also what failed a moment ago, until something fails: who ends is not to wait for long. */
  finish(): Promise<void>;
  /** The sources whose segments wait. */
  sources(): readonly string[];
  /** How many of a source wait. */
  waiting(source: string): number;
}

interface Entry {
  readonly segment: Segment;
  dueAt: number;
}

/** Hands over to `onSegment`; after a failure a segment waits for `retrySeconds`. */
export function createHandOver(options: {
  readonly onSegment: OnSegment;
  readonly retrySeconds: number;
  readonly clock: Clock;
  readonly onError: (thrown: unknown) => void;
}): HandOver {
  const { onSegment, retrySeconds, clock, onError } = options;
  let entries: readonly Entry[] = [];
  let turn: Promise<void> = Promise.resolve();

  /** Gives whether it was taken in. */
  async function handOver(entry: Entry): Promise<boolean> {
    try {
      // Where another process has taken it in meanwhile, nothing is left to do.
      if (existsSync(entry.segment.path)) await onSegment(entry.segment);
      entries = entries.filter((each) => each !== entry);
      return true;
    } catch (thrown) {
      entry.dueAt = clock().getTime() + retrySeconds * 1000;
      onError(thrown);
      return false;
    }
  }

  const inTurn = (work: () => Promise<void>): Promise<void> => {
    turn = turn.then(work);
    return turn;
  };

  return {
    add(segment) {
      entries = [...entries, { segment, dueAt: Number.NEGATIVE_INFINITY }];
    },
    run: () =>
      inTurn(async () => {
        const now = clock().getTime();
        for (const entry of entries) if (entry.dueAt <= now) await handOver(entry);
      }),
    finish: () =>
      inTurn(async () => {
        for (const entry of entries) if (!(await handOver(entry))) return;
      }),
    sources: () => entries.map(({ segment }) => segment.source),
    waiting: (source) => entries.filter(({ segment }) => segment.source === source).length,
  };
}
