/** Net revenue by category and by payment method, as lists of bars in plain HTML. */
import { UnstyledButton } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import type { Overview } from '../api.ts';
import { count, money, percent } from '../format.ts';
import { Panel } from '../frame/Panel.tsx';
import styles from './BarPanels.module.css';
import { BarTrack } from './BarTrack.tsx';
import { Bone } from './Bone.tsx';
import { type Bar, barsOf } from './bars.ts';

/** More rows than this are behind a button. */
const rowsAtFirst = 10;

interface RowProps {
  readonly name: string;
  readonly note?: string;
  readonly amount: string;
  readonly share: number | null;
}

function RowText({ name, note, amount, share }: RowProps) {
  return (
    <>
      <span className={styles.name} title={name}>
        {name}
      </span>
      {note && <span className={styles.note}>{note}</span>}
      <span className={styles.amount}>{amount}</span>
      <span className={styles.share}>{share === null ? '–' : percent(share)}</span>
    </>
  );
}

function SkeletonRows() {
  return ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((key) => (
    <li key={key} className={styles.row}>
      <div className={styles.text}>
        <Bone width="110px" />
      </div>
      <BarTrack bar={undefined} negative={false} />
    </li>
  ));
}

interface BarListProps<Item> {
  readonly title: string;
  /** Undefined while there is nothing to show yet. */
  readonly items: readonly (Item & { readonly netRevenue: number })[] | undefined;
  readonly row: (item: Item & { readonly netRevenue: number }) => {
    readonly key: string;
    /** The attributes by which a test finds the row. */
    readonly hooks: Readonly<Record<`data-${string}`, string | number>>;
    readonly text: ReactNode;
  };
}

function BarPanel<Item>({ title, items, row }: BarListProps<Item>) {
  const [all, showAll] = useState(false);
  const bars: readonly Bar[] = barsOf(items?.map((item) => item.netRevenue) ?? []);
  return (
    <Panel title={title}>
      <ul className={styles.list}>
        {items ? (
          items.map((item, index) => {
            const { key, hooks, text } = row(item);
            return (
              <li key={key} className={styles.row} hidden={!all && index >= rowsAtFirst} {...hooks}>
                <div className={styles.text}>{text}</div>
                <BarTrack bar={bars[index]} negative={item.netRevenue < 0} />
              </li>
            );
          })
        ) : (
          <SkeletonRows />
        )}
      </ul>
      {items && items.length > rowsAtFirst && (
        <UnstyledButton className={styles.more ?? ''} aria-expanded={all} onClick={() => showAll(!all)}>
          {all ? 'Show fewer' : `Show all ${count(items.length)}`}
        </UnstyledButton>
      )}
    </Panel>
  );
}

/** Net revenue by category; undefined draws a skeleton. */
export function CategoryPanel({ overview }: { readonly overview: Overview | undefined }) {
  return (
    <BarPanel
      title="Net revenue by category"
      items={overview?.byCategory}
      row={({ category, netRevenue, share }) => ({
        key: category,
        hooks: { 'data-testid': 'category', 'data-category': category, 'data-value': netRevenue },
        text: <RowText name={category} amount={money(netRevenue, overview?.currency ?? 'USD')} share={share} />,
      })}
    />
  );
}

/** Net revenue by payment method; undefined draws a skeleton. */
export function PaymentMethodPanel({ overview }: { readonly overview: Overview | undefined }) {
  return (
    <BarPanel
      title="Net revenue by payment method"
      items={overview?.byPaymentMethod}
      row={({ paymentMethod, netRevenue, orders, share }) => ({
        key: paymentMethod,
        hooks: { 'data-testid': 'payment-method', 'data-payment-method': paymentMethod, 'data-value': netRevenue },
        text: (
          <RowText
            name={paymentMethod}
            note={`${count(orders)} ${orders === 1 ? 'order' : 'orders'}`}
            amount={money(netRevenue, overview?.currency ?? 'USD')}
            share={share}
          />
        ),
      })}
    />
  );
}
