/** The bar below a row's text. */

import styles from './BarTrack.module.css';
import type { Bar } from './bars.ts';

/** Purely visual: the figure itself is in the row. */
export function BarTrack({ bar, negative }: { readonly bar: Bar | undefined; readonly negative: boolean }) {
  return (
    <span className={styles.track} aria-hidden>
      {bar && (
        <span
          className={styles.bar}
          data-negative={negative}
          style={{ insetInlineStart: `${bar.start}%`, width: `${bar.length}%` }}
        />
      )}
    </span>
  );
}
