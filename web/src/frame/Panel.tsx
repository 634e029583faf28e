/** A card on the page, with a heading where it needs one. */
import { type ReactNode, useId } from 'react';
import styles from './Panel.module.css';

interface PanelProps {
  readonly title?: string;
  /** What stands opposite the heading. */
  readonly aside?: ReactNode;
  readonly children: ReactNode;
}

/** A region named by its heading. */
export function Panel({ title, aside, children }: PanelProps) {
  const id = useId();
  if (title === undefined) return <div className={styles.panel}>{children}</div>;
  return (
    <section className={styles.panel} aria-labelledby={id}>
      <div className={styles.head}>
        <h2 id={id} className={styles.title}>
          {title}
        </h2>
        {aside}
      </div>
      {children}
    </section>
  );
}
