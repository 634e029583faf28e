/** What a row of the bench is, and what it is given to work with. */
import type { Measured, Skipped } from './result.ts';

/** The surroundings of a row. */
export interface Bench {
  /** An empty folder that other users may pass through; it is removed at the end. */
  readonly folder: string;
  /** How many rounds count, the warm-up aside. */
  readonly rounds: number;
  /** Tells what is being measured, on stderr. */
  readonly say: (text: string) => void;
  /** Has something closed when the row has ended, or the bench is interrupted; what was opened last is closed first. */
  readonly onEnd: (close: () => Promise<void> | void) => void;
}

/** A subject of the bench. */
export interface Row {
  /** How it is asked for on the command line. */
  readonly name: string;
  /** What it measures, in one sentence. */
  readonly description: string;
  /** True for a row that takes many minutes: it is measured only when it is named. */
  readonly long?: true;
  /** Measures; what this machine lacks is given as skipped, not thrown. */
  readonly measure: (bench: Bench) => Promise<readonly (Measured | Skipped)[]>;
}
