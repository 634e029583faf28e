/** Net revenue by day, as a chart or as the table behind it. */
import { UnstyledButton } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import type { DailySales, Overview } from '../api.ts';
import { count, dayRange, fullDay, money } from '../format.ts';
import { Panel } from '../frame/Panel.tsx';
import { BoneBlock } from './Bone.tsx';
import styles from './RevenuePanel.module.css';

// The chart library is the largest part of the page, so it comes as a file of its own, asked for before it is needed.
const chart = import('./RevenueChart.tsx');
const RevenueChart = lazy(async () => ({ default: (await chart).RevenueChart }));

function summaryOf({ daily, range, totals, currency }: Overview): string {
  const highest = daily.reduce((best, day) => (day.netRevenue > best.netRevenue ? day : best));
  const lowest = daily.reduce((best, day) => (day.netRevenue < best.netRevenue ? day : best));
  const say = (day: DailySales): string => `${money(day.netRevenue, currency)} on ${fullDay(day.date)}`;
  return (
    `Line chart of net revenue by day, ${dayRange(range)}. In all ${money(totals.netRevenue.value, currency)}, ` +
    `highest ${say(highest)}, lowest ${say(lowest)}.`
  );
}

function DailyTable({ daily, currency }: Pick<Overview, 'daily' | 'currency'>) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className={styles.scroll} tabIndex={0} aria-label="Net revenue by day, as a table">
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">Day</th>
            <th scope="col">Orders</th>
            <th scope="col">Net revenue</th>
          </tr>
        </thead>
        <tbody>
          {daily.map((day) => (
            <tr key={day.date}>
              <th scope="row">{fullDay(day.date)}</th>
              <td>{count(day.orders)}</td>
              <td>{money(day.netRevenue, currency)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Chart({ overview }: { readonly overview: Overview }) {
  return (
    <div className={styles.chart} role="img" aria-label={summaryOf(overview)}>
      <Suspense fallback={<BoneBlock />}>
        <RevenueChart daily={overview.daily} currency={overview.currency} />
      </Suspense>
    </div>
  );
}

/** The panel; undefined draws a skeleton. */
export function RevenuePanel({ overview }: { readonly overview: Overview | undefined }) {
  const [asTable, showTable] = useState(false);
  return (
    <Panel
      title="Net revenue by day"
      aside={
        <UnstyledButton className={styles.view ?? ''} onClick={() => showTable(!asTable)}>
          {asTable ? 'Show chart' : 'Show table'}
        </UnstyledButton>
      }
    >
      <div className={styles.body}>
        {!overview && <BoneBlock />}
        {overview && (asTable ? <DailyTable {...overview} /> : <Chart overview={overview} />)}
      </div>
    </Panel>
  );
}
