/** How long each stage of a load took, and how many rows it handled: what explain-batch tells. */
import type { Clock } from '../../kernel/time.ts';

/** One stage of a load. Stages that run at the same time overlap. */
export interface Stage {
  readonly stage: string;
  /** Undefined for stages that are about no rows. */
  readonly rows: number | undefined;
  readonly milliseconds: number;
}

/** What a stage did: the rows it handled, and what it gives. */
interface Done<T> {
  readonly rows?: number;
  readonly result: T;
}

/** Times the stages of one load. */
export interface Stopwatch {
  /** Runs a stage and notes it; gives what the stage gives. */
  time<T>(stage: string, work: () => Promise<Done<T>>): Promise<T>;
  /** The stages that have ended, in the order in which they did. */
  readonly stages: readonly Stage[];
}

/** A stopwatch that reads the clock. */
export function createStopwatch(clock: Clock): Stopwatch {
  const stages: Stage[] = [];
  return {
    stages,
    async time(stage, work) {
      const started = clock().getTime();
      const { rows, result } = await work();
      stages.push({ stage, rows, milliseconds: clock().getTime() - started });
      return result;
    },
  };
}
