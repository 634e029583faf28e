/** How a figure changed against the period before: an arrow, a signed percentage, and words for a screen reader. */
import type { Comparison } from '../api.ts';
import { signedPercent } from '../format.ts';
import styles from './Change.module.css';

const arrows = { up: 'M6 2 11 10H1Z', down: 'M6 10 1 2h10Z', level: 'M1 4.5h10v3H1Z' } as const;

function directionOf(change: number): keyof typeof arrows {
  if (Math.abs(change) < 0.0005) return 'level';
  return change > 0 ? 'up' : 'down';
}

interface ChangeProps {
  readonly figure: Comparison<number | null>;
  readonly exact: (value: number) => string;
}

/** A change of null says that there is nothing to compare with. */
export function Change({ figure: { change, previous }, exact }: ChangeProps) {
  if (change === null) return <span className={styles.none}>no earlier data</span>;
  const direction = directionOf(change);
  return (
    <span
      className={styles.change}
      data-direction={direction}
      title={previous === null ? undefined : `${exact(previous)} in the period before`}
    >
      <svg width="9" height="9" viewBox="0 0 12 12" fill="currentColor" aria-hidden>
        <path d={arrows[direction]} />
      </svg>
      {signedPercent(change)}
      <span className={styles.spoken}> against the period before</span>
    </span>
  );
}
