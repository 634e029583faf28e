/** What surrounds every page: the header with the product's name, where the figures come from, and the colour switch. */
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Overview } from '../api.ts';
import { instant } from '../format.ts';
import { ColorSchemeSwitch } from './ColorSchemeSwitch.tsx';
import styles from './Frame.module.css';

/** What the header says about the figures. */
type Origin = Pick<Overview, 'currency' | 'timeZone' | 'publication'>;

function OriginNote({ currency, timeZone, publication }: Origin) {
  return (
    <p className={styles.origin}>
      <span title="Currency of all amounts">{currency}</span>
      <span title="Time zone of all days">{timeZone}</span>
      <span title={`Publication ${publication.id}`}>
        published{' '}
        <time dateTime={publication.publishedAt} data-testid="published-at">
          {instant(publication.publishedAt, timeZone)}
        </time>
      </span>
    </p>
  );
}

/** A page; `origin` is undefined until an answer has arrived. */
export function Frame({ origin, children }: { readonly origin: Origin | undefined; readonly children: ReactNode }) {
  return (
    <div className={styles.frame}>
      <header className={styles.header}>
        <Link className={styles.name} to="/">
          Millrace
        </Link>
        {origin && <OriginNote {...origin} />}
        <ColorSchemeSwitch />
      </header>
      {children}
    </div>
  );
}
