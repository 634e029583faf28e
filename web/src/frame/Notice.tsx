/** A message in place of figures: something failed, or there is nothing to show. */
import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { ApiError } from '../api.ts';
import styles from './Notice.module.css';
import { Panel } from './Panel.tsx';

/** A message with what can be done about it. */
export function Notice({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <Panel>
      <div className={styles.notice}>
        <h2 className={styles.title}>{title}</h2>
        {children}
      </div>
    </Panel>
  );
}

/** A text in which `code` stands between backticks. */
function withCode(text: string): ReactNode {
  return text.split(/(`[^`]+`)/).map((part, index) =>
    part.startsWith('`') ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a fixed text never move
      <code key={index} className={styles.code}>
        {part.slice(1, -1)}
      </code>
    ) : (
      part
    ),
  );
}

interface ErrorNoticeProps {
  readonly error: Error;
  readonly retrying: boolean;
  readonly onRetry: () => void;
  /** Leads back to the default range; absent when that is what failed. */
  readonly onReset: (() => void) | undefined;
}

/** An error with its remedy. */
export function ErrorNotice({ error, retrying, onRetry, onReset }: ErrorNoticeProps) {
  const { code, remedy } = error instanceof ApiError ? error : { code: null, remedy: 'Reload the page.' };
  return (
    <div role="alert" data-testid="error" data-code={code ?? ''}>
      <Notice title={error.message}>
        <p className={styles.text}>{withCode(remedy)}</p>
        {code && <p className={styles.errorCode}>{code}</p>}
        <div className={styles.actions}>
          <Button onClick={onRetry} loading={retrying} data-testid="retry">
            Try again
          </Button>
          {onReset && (
            <Button variant="default" onClick={onReset}>
              Show the default range
            </Button>
          )}
        </div>
      </Notice>
    </div>
  );
}
