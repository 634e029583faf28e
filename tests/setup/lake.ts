/** Files of events, catalog and profiles in a home's lake, as a load would leave them. */
import { type LakeColumn, lakeShapes } from '../../src/ingest/events/lake-shape.ts';
import type { PipelineContext } from '../../src/pipeline/run.ts';
import { openDuckDB, type Row, sqlName, sqlText } from '../../src/stores/duckdb/duckdb.ts';

/** DuckDB: a select of these rows with these columns, in this order; a column that a row does not name is NULL. */
export function selectRows(columns: readonly LakeColumn[], rows: readonly Row[]): string {
  const values = columns.map(({ name, type }) => `(row->>${sqlText(name)})::${type} AS ${sqlName(name)}`);
  const structs = rows.map((row) => sqlText(JSON.stringify(row)));
  return `SELECT ${values.join(', ')} FROM (SELECT unnest([${structs.join(', ')}]::JSON[]) AS row)`;
}

/** A name that the database has not seen. */
const nextPath = (dataset: string): string =>
  `SELECT 'processed/${dataset}/' || count(*) || '.parquet' AS path FROM ops.lake_files`;

/** Writes rows as one more file of a dataset, and registers it. Without `columns` it has those that files have today. */
export async function addToLake(
  { lake, postgres, duckdb: limits }: Pick<PipelineContext, 'lake' | 'postgres' | 'duckdb'>,
  dataset: keyof typeof lakeShapes,
  rows: readonly Row[],
  columns = lakeShapes[dataset],
): Promise<void> {
  const [{ path = '' } = {}] = await postgres.rows<{ path: string }>(nextPath(dataset));
  const duckdb = await openDuckDB(':memory:', limits);
  try {
    const bytes = await lake.put(path, (draft) =>
      duckdb.run(`COPY (${selectRows(columns, rows)}) TO ${sqlText(draft)} (FORMAT parquet, COMPRESSION zstd)`),
    );
    await postgres.run(
      `INSERT INTO ops.lake_files (path, dataset, extract_id, rows, bytes, registered_at) VALUES ($1, $2, 'test', $3, $4, now())`,
      [path, `lake.${dataset}`, rows.length, bytes],
    );
  } finally {
    duckdb.close();
  }
}

type EventWords = readonly [type: string, user: string, session: string, at: string, more?: Row];

/** Events with ids in their order, of source 'web', with a phone, from nowhere in particular, unless told otherwise. */
export const eventRows = (events: readonly EventWords[]): readonly Row[] =>
  events.map(([event_type, user_id, session_id, event_timestamp, more], index) => ({
    source: 'web',
    event_id: `EVT_${String(index + 1).padStart(4, '0')}`,
    event_type,
    user_id,
    session_id,
    event_timestamp,
    device_type: 'mobile',
    traffic_source: 'direct',
    received_at: event_timestamp,
    batch_id: 'bat_1',
    ...more,
  }));

/** Nine days of a small shop's clicks: a purchase of two lines, an abandoned cart, a bounce, six days without anybody. */
export const smallClicks: readonly Row[] = eventRows([
  ['page_view', 'C1', 'S1', '2024-02-28T22:58:00Z', { country_code: 'GB', traffic_source: 'social' }],
  ['search', 'C1', 'S1', '2024-02-28T22:59:00Z', { properties: '{"query":"kettle"}' }],
  ['product_view', 'C1', 'S1', '2024-02-28T23:00:00Z', { product_id: 'P1', product_category: 'Home & Kitchen' }],
  ['add_to_cart', 'C1', 'S1', '2024-02-28T23:04:00Z', { product_id: 'P1' }],
  ['begin_checkout', 'C1', 'S1', '2024-02-29T00:05:00Z'],
  [
    'purchase',
    'C1',
    'S1',
    '2024-02-29T00:06:00Z',
    { product_id: 'P1', revenue_amount: '40.00', properties: '{"order_id":"T1","quantity":2}' },
  ],
  [
    'purchase',
    'C1',
    'S1',
    '2024-02-29T00:06:00Z',
    { product_id: 'P2', revenue_amount: '35.50', properties: '{"order_id":"T1","quantity":1}' },
  ],
  ['page_view', 'G1', 'S2', '2024-02-29T10:00:00Z', { device_type: 'desktop' }],
  ['product_view', 'C2', 'S3', '2024-02-29T12:00:00Z', { product_id: 'P2', device_type: 'tablet' }],
  ['add_to_cart', 'C2', 'S3', '2024-02-29T12:00:40Z', { product_id: 'P2', device_type: 'tablet' }],
  ['page_view', 'G1', 'S4', '2024-03-07T10:00:00Z', { device_type: 'desktop' }],
]);

/** The catalog and the users that go with them. */
export const smallCatalog: readonly Row[] = [
  {
    source: 'web',
    product_id: 'P1',
    product_name: 'Kettle',
    price: '20',
    rating: '4.5',
    observed_at: '2024-03-08T00:00:00Z',
  },
  { source: 'web', product_id: 'P2', product_name: 'Lamp', price: '35.5', observed_at: '2024-03-08T00:00:00Z' },
];
export const smallProfiles: readonly Row[] = [
  { source: 'web', user_id: 'C1', account_created_at: '2024-01-02T00:00:00Z', observed_at: '2024-03-08T00:00:00Z' },
  { source: 'web', user_id: 'C2', account_created_at: '2022-01-02T00:00:00Z', observed_at: '2024-03-08T00:00:00Z' },
];
