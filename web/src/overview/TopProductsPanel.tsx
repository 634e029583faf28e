/** The products that brought in most, as a table with a bar in each row. */
import type { Overview, TopProduct } from '../api.ts';
import { count, money } from '../format.ts';
import { Panel } from '../frame/Panel.tsx';
import { BarTrack } from './BarTrack.tsx';
import { Bone } from './Bone.tsx';
import { type Bar, barsOf } from './bars.ts';
import styles from './TopProductsPanel.module.css';

interface ProductRowProps {
  readonly product: TopProduct;
  readonly currency: string;
  readonly bar: Bar | undefined;
}

function ProductRow({ product, currency, bar }: ProductRowProps) {
  const units = `${count(product.unitsSold)} ${product.unitsSold === 1 ? 'unit' : 'units'}`;
  return (
    <tr data-testid="top-product" data-product-id={product.productId} data-value={product.netRevenue}>
      <th scope="row" className={styles.product}>
        <span className={styles.name} title={product.productName}>
          {product.productName}
        </span>
        <span className={styles.category}>
          {product.category}
          <span className={styles.unitsInline}> · {units}</span>
        </span>
        <BarTrack bar={bar} negative={product.netRevenue < 0} />
      </th>
      <td className={styles.units}>{count(product.unitsSold)}</td>
      <td className={styles.amount}>{money(product.netRevenue, currency)}</td>
    </tr>
  );
}

function SkeletonRows() {
  return ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'].map((key) => (
    <tr key={key}>
      <th scope="row" className={styles.product}>
        <Bone width="60%" />
        <Bone width="30%" />
        <BarTrack bar={undefined} negative={false} />
      </th>
      <td className={styles.units} />
      <td className={styles.amount} />
    </tr>
  ));
}

/** Up to ten products by falling net revenue; undefined draws a skeleton. */
export function TopProductsPanel({ overview }: { readonly overview: Overview | undefined }) {
  const products = overview?.topProducts ?? [];
  const bars = barsOf(products.map((product) => product.netRevenue));
  return (
    <Panel title="Top products">
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">Product</th>
            <th scope="col" className={styles.units}>
              Units
            </th>
            <th scope="col" className={styles.amount}>
              Net revenue
            </th>
          </tr>
        </thead>
        <tbody>
          {overview ? (
            products.map((product, index) => (
              <ProductRow
                key={`${product.source}|${product.productId}`}
                product={product}
                currency={overview.currency}
                bar={bars[index]}
              />
            ))
          ) : (
            <SkeletonRows />
          )}
        </tbody>
      </table>
    </Panel>
  );
}
