/** Models of warehouse/ over rows that a test gives: the tables of the extract and of the lake in DuckDB, without a load. */
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { lakeShapes } from '../../src/ingest/events/lake-shape.ts';
import { type DuckDB, openDuckDB, type Row, sqlText } from '../../src/stores/duckdb/duckdb.ts';
import type { Project } from '../../src/transform/manifest.ts';
import { loadProject } from '../../src/transform/project.ts';
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
export const warehouseProject = (timeZone = 'UTC'): Project =>
  loadProject(join(root, 'warehouse'), { env: (name) => (name === 'SHOP_TIMEZONE' ? timeZone : undefined) });

/** The SQL of one of the project's models or tests. */
export function sqlOf(project: Project, name: string): string {
  const found = [...project.nodes, ...project.tests].find((each) => each.name === name);
  if (!found || !('sql' in found)) throw new Error(`the project has no ${name}`);
  return found.sql;
}
