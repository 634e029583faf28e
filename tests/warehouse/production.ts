/** Models of warehouse/ over rows that a test gives: the tables of the extract and of the lake in DuckDB, without a load. */
import { join } from 'node:path';
import { afterAll, expect, onTestFinished } from 'vitest';
import { lakeShapes } from '../../src/ingest/events/lake-shape.ts';
import { openWarehouse } from '../../src/publish/models.ts';
import { type DuckDB, openDuckDB, type Row, sqlText } from '../../src/stores/duckdb/duckdb.ts';
import type { Session } from '../../src/transform/session.ts';
import { makeFolder, root, smallLimits } from '../setup/fixtures.ts';
import { selectRows } from '../setup/lake.ts';

const customer = `source VARCHAR, customer_id VARCHAR, email_token VARCHAR, email_domain VARCHAR, registration_date DATE,
  city VARCHAR, state VARCHAR, country VARCHAR, country_code VARCHAR, age_group VARCHAR, observed_at TIMESTAMPTZ`;
const product = `source VARCHAR, product_id VARCHAR, product_name VARCHAR, category VARCHAR, sub_category VARCHAR,
  brand VARCHAR, price DECIMAL(18,4), cost DECIMAL(18,4), stock_quantity BIGINT, supplier_id VARCHAR, observed_at TIMESTAMPTZ`;
const order = 'updated_at TIMESTAMPTZ, content_hash VARCHAR';

const shapes = {
  customer_snapshots: `${customer}, ${order}`,
  product_snapshots: `${product}, ${order}`,
  transactions: `source VARCHAR, transaction_id VARCHAR, customer_id VARCHAR, transaction_at TIMESTAMPTZ,
    payment_method VARCHAR, total_amount DECIMAL(18,2), transaction_type VARCHAR, status VARCHAR, country VARCHAR,
    country_code VARCHAR, observed_at TIMESTAMPTZ`,
  transaction_items: `source VARCHAR, item_id VARCHAR, transaction_id VARCHAR, product_id VARCHAR, quantity BIGINT,
    unit_price DECIMAL(18,4), discount_percentage DECIMAL(7,4), line_total DECIMAL(18,2), observed_at TIMESTAMPTZ`,
} as const;

type ProductionTable = keyof typeof shapes;

/** A table that a test fills; customers and products follow from their snapshots. */
export type Filled = ProductionTable | `lake.${keyof typeof lakeShapes}`;

const lakeTables = Object.entries(lakeShapes).map(
  ([name, columns]) => `CREATE TABLE lake.${name} (${columns.map((each) => `${each.name} ${each.type}`).join(', ')});`,
);

/** What production has now: the last snapshot of each id. */
const present = (table: string, snapshots: ProductionTable, id: string): string =>
  `CREATE OR REPLACE VIEW production.${table} AS SELECT * EXCLUDE (updated_at, content_hash) FROM production.${snapshots}
   QUALIFY row_number() OVER (PARTITION BY source, ${id} ORDER BY observed_at DESC, updated_at DESC NULLS LAST, content_hash DESC) = 1;`;

/** A database in memory with the sources of the models, empty; closed with the test. */
export async function emptyProduction(): Promise<DuckDB> {
  const duckdb = await openDuckDB(':memory:', smallLimits(makeFolder()));
  onTestFinished(() => duckdb.close());
  const tables = Object.entries(shapes).map(([name, columns]) => `CREATE TABLE production.${name} (${columns});`);
  await duckdb.run(`CREATE SCHEMA lake; ${lakeTables.join('\n')}
    CREATE SCHEMA production; ${tables.join('\n')}
    ${present('customers', 'customer_snapshots', 'customer_id')} ${present('products', 'product_snapshots', 'product_id')}`);
  return duckdb;
}

/** Puts these rows, and no others, into a table, in this order; columns that a row does not name are NULL. */
export async function fill(duckdb: DuckDB, table: Filled, rows: readonly Row[]): Promise<void> {
  const [schema = '', name = ''] = table.startsWith('lake.') ? table.split('.') : ['production', table];
  const columns = await duckdb.rows<{ name: string; type: string }>(
    `SELECT column_name AS name, data_type AS type FROM duckdb_columns() WHERE schema_name = ${sqlText(schema)}
     AND table_name = ${sqlText(name)} ORDER BY column_index`,
  );
  await duckdb.run(`TRUNCATE ${schema}.${name}; INSERT INTO ${schema}.${name} ${selectRows(columns, rows)}`);
}

/** The project as it is, with days in this zone. */
export const warehouseProject = (timeZone = 'UTC'): Promise<Session> =>
  openWarehouse({
    folder: join(root, 'warehouse'),
    home: makeFolder((remove) => afterAll(remove)),
    env: (name) => (name === 'SHOP_TIMEZONE' ? timeZone : undefined),
    threads: 1,
    clock: () => new Date('2024-06-01T12:00:00Z'),
    invocationId: 'a test',
    warn: () => undefined,
  });

/** Builds models and seeds with their tests of data, all or those that a selection finds; all must end well. */
export async function buildModels(project: Session, duckdb: DuckDB, select: readonly string[] = []): Promise<void> {
  const { ids } = project.select({
    select,
    exclude: ['resource_type:unit_test'],
    indirect: select.length > 0 ? 'buildable' : 'eager',
  });
  const { results } = await project.run(duckdb, { command: 'build', selected: ids });
  expect(results.filter(({ status }) => !['success', 'pass'].includes(status))).toEqual([]);
}

/** The SQL of one of the project's models or tests. */
export async function sqlOf(project: Session, duckdb: DuckDB, name: string): Promise<string> {
  const node = Object.values(project.manifest.nodes).find((each) => each.name === name);
  const [compiled] = await project.compile(duckdb, node ? [node.unique_id] : []);
  if (!compiled) throw new Error(`the project has no ${name}`);
  return compiled.sql;
}
