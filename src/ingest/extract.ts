/** What the models need of production, as registered Parquet files: no names, emails, phones or addresses. */
import { createHash } from 'node:crypto';
import { createWriteStream, mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type TableName, tableNames } from '../contracts/tables.ts';
import type { Clock } from '../kernel/time.ts';
import { copiedRows, type DuckDB, type DuckDBLimits, openDuckDB, sqlPath, sqlText } from '../stores/duckdb/duckdb.ts';
import type { Lake } from '../stores/lake/lake.ts';
import type { Postgres, Sql } from '../stores/postgres/postgres.ts';
import {
  currentFiles,
  type LakeFile,
  type NewLakeFile,
  registerFiles,
  removeUnregistered,
  retireFiles,
} from './lake-files.ts';
import { emailTokenExpression, keyFingerprint } from './pseudonym.ts';

interface ExtractColumn {
  readonly name: string;
  /** DuckDB's type. */
  readonly type: string;
  /** SQL over production's table; the column of that name when left out. */
  readonly expression?: string;
}

const money = 'DECIMAL(18,2)';
const unitPrice = 'DECIMAL(18,4)';

const customer: readonly ExtractColumn[] = [
  { name: 'source', type: 'VARCHAR' },
  { name: 'customer_id', type: 'VARCHAR' },
  { name: 'email_token', type: 'VARCHAR', expression: '{email_token}' },
  { name: 'email_domain', type: 'VARCHAR', expression: `split_part(email, '@', 2)` },
  { name: 'registration_date', type: 'DATE' },
  { name: 'city', type: 'VARCHAR' },
  { name: 'state', type: 'VARCHAR' },
  { name: 'country', type: 'VARCHAR' },
  { name: 'country_code', type: 'VARCHAR' },
  { name: 'age_group', type: 'VARCHAR' },
  { name: 'observed_at', type: 'TIMESTAMPTZ' },
];

const product: readonly ExtractColumn[] = [
  { name: 'source', type: 'VARCHAR' },
  { name: 'product_id', type: 'VARCHAR' },
  { name: 'product_name', type: 'VARCHAR' },
  { name: 'category', type: 'VARCHAR' },
  { name: 'sub_category', type: 'VARCHAR' },
  { name: 'brand', type: 'VARCHAR' },
  { name: 'price', type: unitPrice },
  { name: 'cost', type: unitPrice },
  { name: 'stock_quantity', type: 'BIGINT' },
  { name: 'supplier_id', type: 'VARCHAR' },
  { name: 'observed_at', type: 'TIMESTAMPTZ' },
];

/** What puts the snapshots of one id in order, after observed_at. */
const snapshotOrder: readonly ExtractColumn[] = [
  { name: 'updated_at', type: 'TIMESTAMPTZ' },
  { name: 'content_hash', type: 'VARCHAR', expression: 'content_hash::text' },
];

/** What is taken of a relation of production, and in which order. */
interface Shape {
  readonly order: string;
  readonly columns: readonly ExtractColumn[];
}

/** What the extract takes of production's relations, by their names. */
export const extractShapes = {
  customers: { order: 'source, customer_id', columns: customer },
  products: { order: 'source, product_id', columns: product },
  transactions: {
    order: 'source, transaction_id',
    columns: [
      { name: 'source', type: 'VARCHAR' },
      { name: 'transaction_id', type: 'VARCHAR' },
      { name: 'customer_id', type: 'VARCHAR' },
      { name: 'transaction_at', type: 'TIMESTAMPTZ' },
      { name: 'payment_method', type: 'VARCHAR' },
      { name: 'total_amount', type: money },
      { name: 'transaction_type', type: 'VARCHAR' },
      { name: 'status', type: 'VARCHAR' },
      { name: 'country', type: 'VARCHAR' },
      { name: 'country_code', type: 'VARCHAR' },
      { name: 'observed_at', type: 'TIMESTAMPTZ' },
    ],
  },
  transaction_items: {
    order: 'source, item_id',
    columns: [
      { name: 'source', type: 'VARCHAR' },
      { name: 'item_id', type: 'VARCHAR' },
      { name: 'transaction_id', type: 'VARCHAR' },
      { name: 'product_id', type: 'VARCHAR' },
      { name: 'quantity', type: 'BIGINT' },
      { name: 'unit_price', type: unitPrice },
      { name: 'discount_percentage', type: 'DECIMAL(7,4)' },
      { name: 'line_total', type: money },
      { name: 'observed_at', type: 'TIMESTAMPTZ' },
    ],
  },
  customer_snapshots: {
    order: 'source, customer_id, observed_at, updated_at, content_hash',
    columns: [...customer, ...snapshotOrder],
  },
  product_snapshots: {
    order: 'source, product_id, observed_at, updated_at, content_hash',
    columns: [...product, ...snapshotOrder],
  },
} satisfies Record<TableName, Shape> & Record<string, Shape>;

type Dataset = keyof typeof extractShapes;

const datasets = Object.keys(extractShapes) as readonly Dataset[];

/** Raised when the shape of the extract changes, so that files of the old shape are not taken for current. */
const shapeVersion = 2;

/** What an extract needs of its surroundings. */
export interface ExtractContext {
  readonly postgres: Postgres;
  readonly lake: Lake;
  readonly duckdb: DuckDBLimits;
  readonly pseudonymKey: string;
  readonly clock: Clock;
}

/** The current extract: its identity, and the files that the models read. */
export interface Extract {
  readonly id: string;
  readonly files: readonly LakeFile[];
  /** False when nothing had changed since the files were written. */
  readonly written: boolean;
}

const datasetOf = (relation: Dataset): string => `production.${relation}`;

const ofProduction: ReadonlySet<string> = new Set(datasets.map(datasetOf));

/** An extract is known by what moved in production, which the ledger tells, by its shape and by the key of its tokens. */
async function extractId(postgres: Postgres, pseudonymKey: string): Promise<string> {
  const [moved] = await postgres.rows<{ version: string | null }>(
    `SELECT md5(string_agg(concat_ws(' ', batch_id, table_name, operation, caused_by, loaded, quarantined), '\n' ORDER BY entry))
       AS version FROM ops.ledger WHERE table_name = ANY($1)`,
    [tableNames],
  );
  const identity = [shapeVersion, keyFingerprint(pseudonymKey), moved?.version ?? ''].join('\n');
  return createHash('sha256').update(identity).digest('hex').slice(0, 16);
}

/** The current files of production. */
const productionFiles = async (sql: Sql) =>
  (await currentFiles(sql)).filter(({ dataset }) => ofProduction.has(dataset));

async function isCurrent(context: ExtractContext, id: string): Promise<readonly LakeFile[] | undefined> {
  const files = await productionFiles(context.postgres);
  const complete = datasets.every((relation) =>
    files.some(({ dataset, extract }) => dataset === datasetOf(relation) && extract === id),
  );
  if (!complete) return undefined;
  const sizes = await Promise.all(files.map(({ path }) => context.lake.size(path)));
  return sizes.includes(undefined) ? undefined : files;
}

async function extractRelation(
  context: ExtractContext,
  duckdb: DuckDB,
  folder: string,
  relation: Dataset,
  path: string,
): Promise<{ readonly rows: number; readonly bytes: number }> {
  const token = emailTokenExpression(context.pseudonymKey, 'email');
  const { order, columns }: Shape = extractShapes[relation];
  const selected = columns.map(({ name, expression }) =>
    expression ? `${expression.replace('{email_token}', token)} AS ${name}` : name,
  );
  const rows = join(folder, `${relation}.csv`);
  await context.postgres.copyOut(
    `COPY (SELECT ${selected.join(', ')} FROM production.${relation}) TO STDOUT (FORMAT csv)`,
    createWriteStream(rows),
  );
  const types = Object.fromEntries(columns.map(({ name, type }) => [name, type]));
  const bytes = await context.lake.put(path, (draft) =>
    duckdb.run(
      `COPY (FROM ${copiedRows(rows, types)} ORDER BY ${order}) TO ${sqlText(draft)} (FORMAT parquet, COMPRESSION zstd)`,
    ),
  );
  const [counted] = await duckdb.rows<{ rows: number }>(
    `SELECT count(*) AS rows FROM read_parquet(${sqlPath(context.lake.locate(path))})`,
  );
  return { rows: counted?.rows ?? 0, bytes };
}

/**
 * Brings the lake's copy of production up to date; when no batch came since, the files stay as they are. New files are
 * registered, and the old ones retired, in one transaction after they are all written.
 */
export async function extractProduction(context: ExtractContext): Promise<Extract> {
  const id = await extractId(context.postgres, context.pseudonymKey);
  const current = await isCurrent(context, id);
  if (current) return { id, files: current, written: false };
  await removeUnregistered(context.postgres, context.lake, 'processed/production');
  mkdirSync(context.duckdb.temporaryFolder, { recursive: true });
  const folder = await mkdtemp(join(context.duckdb.temporaryFolder, 'extract-'));
  const duckdb = await openDuckDB(':memory:', { ...context.duckdb, temporaryFolder: folder });
  try {
    const written: NewLakeFile[] = [];
    for (const relation of datasets) {
      const path = `processed/production/${relation}/${id}.parquet`;
      const counts = await extractRelation(context, duckdb, folder, relation, path);
      written.push({ dataset: datasetOf(relation), path, extract: id, ...counts });
    }
    await context.postgres.transaction(async (sql) => {
      const now = context.clock();
      const former = await productionFiles(sql);
      await retireFiles(
        sql,
        former.map(({ path }) => path),
        now,
      );
      await registerFiles(sql, written, now);
    });
    return { id, files: await productionFiles(context.postgres), written: true };
  } finally {
    duckdb.close();
    await rm(folder, { recursive: true, force: true });
  }
}
