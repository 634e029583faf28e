/** The sales overview: one range, its totals, its days, and what sold. */
import { Button } from '@mantine/core';
import type { DateRange, Overview } from '../api.ts';
import { dayRange } from '../format.ts';
import { Frame } from '../frame/Frame.tsx';
import { ErrorNotice, Notice } from '../frame/Notice.tsx';
import { CategoryPanel, PaymentMethodPanel } from './BarPanels.tsx';
import styles from './OverviewPage.module.css';
import { RangePicker } from './RangePicker.tsx';
import { RevenuePanel } from './RevenuePanel.tsx';
import { Tiles } from './Tiles.tsx';
import { TopProductsPanel } from './TopProductsPanel.tsx';
import { useOverview } from './useOverview.ts';

const isEmpty = ({ totals }: Overview): boolean =>
  totals.orders.value === 0 && totals.grossRevenue.value === 0 && totals.returns.value === 0;

interface RangeNoteProps {
  readonly range: DateRange | null;
  readonly overview: Overview | undefined;
}

function comparisonOf({ previousRange, totals }: Overview): string {
  if (totals.netRevenue.previous === null) return 'with no earlier data to compare with';
  return `compared with ${dayRange(previousRange)}`;
}

function RangeNote({ range, overview }: RangeNoteProps) {
  return (
    <p className={styles.note} aria-live="polite">
      {range && dayRange(range)}
      <br />
      {overview && comparisonOf(overview)}
    </p>
  );
}

interface EmptyNoticeProps {
  readonly overview: Overview;
  readonly onRangeChange: (range: DateRange) => void;
}

function EmptyNotice({ overview, onRangeChange }: EmptyNoticeProps) {
  return (
    <div data-testid="empty">
      <Notice title="No sales in this range">
        <p className={styles.text}>There is data for {dayRange(overview.available)}.</p>
        <Button mt={12} variant="default" onClick={() => onRangeChange(overview.available)}>
          Show all of it
        </Button>
      </Notice>
    </div>
  );
}

function Panels({ overview }: { readonly overview: Overview | undefined }) {
  return (
    <>
      <RevenuePanel overview={overview} />
      <div className={styles.columns}>
        <TopProductsPanel overview={overview} />
        <div className={styles.column}>
          <CategoryPanel overview={overview} />
          <PaymentMethodPanel overview={overview} />
        </div>
      </div>
    </>
  );
}

interface OverviewPageProps {
  /** Null: the API's default range. */
  readonly requested: DateRange | null;
  /** Null leads back to the default range. */
  readonly onRangeChange: (range: DateRange | null) => void;
}

/** The page at /. */
export function OverviewPage({ requested, onRangeChange }: OverviewPageProps) {
  const { state, shown, known, error, fetching, retry } = useOverview(requested);
  const displayed = shown?.range ?? requested;
  const range = requested ?? shown?.range;
  return (
    <Frame origin={known}>
      <main
        className={styles.page}
        data-testid="overview"
        data-state={state}
        data-from={displayed?.from ?? ''}
        data-to={displayed?.to ?? ''}
        aria-busy={state === 'loading'}
      >
        <div className={styles.head}>
          <div>
            <h1 className={styles.title}>Sales overview</h1>
            {(displayed || !error) && <RangeNote range={displayed} overview={shown} />}
          </div>
          {(range || !error) && (
            <RangePicker range={range} available={known?.available} onRangeChange={onRangeChange} />
          )}
        </div>
        {error && (
          <ErrorNotice
            error={error}
            retrying={fetching}
            onRetry={retry}
            onReset={requested ? () => onRangeChange(null) : undefined}
          />
        )}
        {state !== 'error' && (
          <div className={styles.figures} data-stale={shown !== undefined && state === 'loading'}>
            <Tiles overview={shown} />
            {shown && isEmpty(shown) ? (
              <EmptyNotice overview={shown} onRangeChange={onRangeChange} />
            ) : (
              <Panels overview={shown} />
            )}
          </div>
        )}
      </main>
    </Frame>
  );
}
