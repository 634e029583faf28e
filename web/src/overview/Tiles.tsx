/** The four totals of the range, each with its change against the period before. */
import type { Comparison, Overview } from '../api.ts';
import { countForms, money, moneyForms } from '../format.ts';
import { Bone } from './Bone.tsx';
import { Change } from './Change.tsx';
import { FittingText } from './FittingText.tsx';
import styles from './Tiles.module.css';

/** A lesser figure, written out, with what it is. */
interface Detail {
  readonly label: string;
  readonly text: string;
}

interface TileProps {
  readonly testId: string;
  readonly label: string;
  /** Undefined while there is nothing to show yet. */
  readonly figure: Comparison<number | null> | undefined;
  /** Ways to write the figure, the exact one first. */
  readonly forms: (value: number) => readonly string[];
  /** The line below; without it, the figure of the period before. */
  readonly details?: readonly Detail[] | undefined;
}

function previousOf(figure: Comparison<number | null>, exact: (value: number) => string): readonly Detail[] {
  return figure.previous === null ? [] : [{ label: 'Before', text: exact(figure.previous) }];
}

function Tile({ testId, label, figure, forms, details }: TileProps) {
  const exact = (value: number): string => forms(value)[0] ?? '';
  return (
    <div className={styles.tile}>
      <dt className={styles.label}>{label}</dt>
      {figure ? (
        <>
          <dd className={styles.value} data-testid={testId} data-value={figure.value ?? ''}>
            {figure.value === null ? '–' : <FittingText forms={forms(figure.value)} />}
          </dd>
          <dd className={styles.change}>
            <Change figure={figure} exact={exact} />
          </dd>
          <dd className={styles.detail}>
            {(details ?? previousOf(figure, exact)).map((detail) => (
              <span key={detail.label}>
                {detail.label} <span className={styles.amount}>{detail.text}</span>
              </span>
            ))}
          </dd>
        </>
      ) : (
        <>
          <dd className={styles.value}>
            <Bone width="130px" />
          </dd>
          <dd className={styles.change}>
            <Bone width="64px" />
          </dd>
          <dd className={styles.detail}>
            <Bone width="90px" />
          </dd>
        </>
      )}
    </div>
  );
}

/** The tiles; undefined draws their skeletons. */
export function Tiles({ overview }: { readonly overview: Overview | undefined }) {
  const currency = overview?.currency ?? 'USD';
  const totals = overview?.totals;
  const asMoney = (value: number) => moneyForms(value, currency);
  const grossAndReturns = totals && [
    { label: 'Gross', text: money(totals.grossRevenue.value, currency) },
    { label: 'Returns', text: money(-Math.abs(totals.returns.value) || 0, currency) },
  ];
  return (
    <dl className={styles.tiles}>
      <Tile
        testId="kpi-net-revenue"
        label="Net revenue"
        figure={totals?.netRevenue}
        forms={asMoney}
        details={grossAndReturns}
      />
      <Tile testId="kpi-orders" label="Orders" figure={totals?.orders} forms={countForms} />
      <Tile testId="kpi-customers" label="Customers" figure={totals?.customers} forms={countForms} />
      <Tile testId="kpi-aov" label="Average order value" figure={totals?.averageOrderValue} forms={asMoney} />
    </dl>
  );
}
