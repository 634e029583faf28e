/** What the models need of production, as registered Parquet files: no names, emails, phones or addresses. */
import { createHash } from 'node:crypto';
import { createWriteStream, mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type TableName, tableNames } from '../contracts/tables.ts';
import { allEnded } from '../kernel/promises.ts';
import type { Clock } from '../kernel/time.ts';
import { copiedRows, type DuckDB, type DuckDBLimits, openDuckDB, sqlPath, sqlText } from '../stores/duckdb/duckdb.ts';
import type { Lake } from '../stores/lake/lake.ts';
import type { Postgres, Sql } from '../stores/postgres/postgres.ts';
import { onConnections } from './connections.ts';
import { currentFiles, type LakeFile, type NewLakeFile, registerFiles, retireFiles, takeOver } from './lake-files.ts';
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
  /** Whether it is a table that grows at its end, whose rows go into a file for each stretch of it. */
  readonly inParts?: true;
}

/** What the extract takes of production's relations, by their names. */
export const extractShapes = {
  customers: { order: 'source, customer_id', columns: customer },
  products: { order: 'source, product_id', columns: product },
  transactions: {
    order: 'source, transaction_id',
    inParts: true,
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
    inParts: true,
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
const shapeVersion = 3;

/** Blocks of a table, of 8 KiB, whose rows are one file: some ten thousand rows. */
const blocksOfPart = 512;

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

const prefix = 'production.';

const datasetOf = (relation: Dataset): string => `${prefix}${relation}`;

const shortHash = (parts: readonly unknown[]): string =>
  createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 16);

/** An extract is known by what moved in production, which the ledger tells, by its shape and by the key of its tokens. */
async function extractId(postgres: Postgres, pseudonymKey: string): Promise<string> {
  const [moved] = await postgres.rows<{ version: string | null }>(
    `SELECT md5(string_agg(concat_ws(' ', batch_id, table_name, operation, caused_by, loaded, quarantined), '\n' ORDER BY entry))
       AS version FROM ops.ledger WHERE table_name = ANY($1)`,
    [tableNames],
  );
  return shortHash([shapeVersion, keyFingerprint(pseudonymKey), moved?.version ?? '']);
}

/** The current files of production. */
const productionFiles = (sql: Sql) => currentFiles(sql, prefix);

type ProductionFiles = Awaited<ReturnType<typeof productionFiles>>;

/** Those of the files that the lake has. */
async function thoseThere(lake: Lake, files: ProductionFiles): Promise<ProductionFiles> {
  const sizes = await Promise.all(files.map(({ path }) => lake.size(path)));
  return files.filter((_, index) => sizes[index] !== undefined);
}

const isOf = (files: ProductionFiles, id: string): boolean =>
  datasets.every((relation) => files.some(({ dataset, extract }) => dataset === datasetOf(relation) && extract === id));

/** Rows of a relation that are one file. */
interface Part {
  readonly relation: Dataset;
  /** The file's, when this extract writes it; relative to the lake. */
  readonly path: string;
  /** Kept in the file; the same as long as the rows are. */
  readonly stamp: string;
  /** SQL over the relation; undefined for all of its rows. */
  readonly condition?: string;
}

const pathOf = (relation: Dataset, name: string): string => `processed/production/${relation}/${name}.parquet`;

const wholeOf = (relation: Dataset, id: string): Part => ({
  relation,
  path: pathOf(relation, id),
  stamp: shortHash([id, relation]),
});

/**
 * The stretches of a table. Loads come one after the other, and each gives the rows that it writes a transaction id that is
 * greater than all before. So a stretch has the same rows as long as their number, the sum of these ids and the table's file
 * on disk are the same: where as many rows came as went, the sum has grown.
 */
async function partsOf(
  postgres: Postgres,
  relation: Dataset,
  id: string,
  identity: string,
  blocks: number,
): Promise<readonly Part[]> {
  const table = `production.${relation}`;
  const [found] = await postgres.rows<{ node: number; parts: number }>(
    `SELECT pg_relation_filenode($1::regclass)::bigint AS node, greatest(1, ceil(pg_relation_size($1::regclass)
       / (current_setting('block_size')::numeric * ${blocks})))::int AS parts`,
    [table],
  );
  const { node, parts } = found ?? { node: 0, parts: 1 };
  const starts = Array.from({ length: parts }, (_, index) => index * blocks);
  const conditions = starts.map((start) => {
    const end = start === starts.at(-1) ? '' : ` AND ctid < '(${start + blocks},0)'`;
    return `ctid >= '(${start},0)'${end}`;
  });
  const counts = await postgres.rows<{ part: number; rows: string }>(
    conditions
      .map(
        (condition, part) =>
          // Few transactions wrote the rows of a part: each id is turned into a number once.
          `SELECT ${part} AS part, coalesce(sum(rows), 0) || ' ' || coalesce(sum(rows * xmin::text::bigint), 0) AS rows
           FROM (SELECT xmin, count(*) AS rows FROM ${table} WHERE ${condition} GROUP BY xmin) AS written`,
      )
      .join(' UNION ALL '),
  );
  const rowsOf = new Map(counts.map(({ part, rows }) => [part, rows]));
  return conditions.map((condition, part) => ({
    relation,
    path: pathOf(relation, `${id}-${part}`),
    stamp: shortHash([identity, relation, node, condition, rowsOf.get(part)]),
    condition,
  }));
}

/** What an extract is made of. */
async function plan({ postgres, pseudonymKey }: ExtractContext, id: string, blocks: number): Promise<readonly Part[]> {
  const identity = `${shapeVersion} ${keyFingerprint(pseudonymKey)}`;
  const parts = datasets.map(async (relation): Promise<readonly Part[]> => {
    const { inParts }: Shape = extractShapes[relation];
    return inParts ? partsOf(postgres, relation, id, identity, blocks) : [wholeOf(relation, id)];
  });
  return (await allEnded(parts)).flat();
}

/** Writes a file; `rows` is where its rows wait meanwhile. */
async function writePart(
  context: ExtractContext,
  duckdb: DuckDB,
  rows: string,
  { relation, path, stamp, condition }: Part,
): Promise<{ readonly rows: number; readonly bytes: number }> {
  const token = emailTokenExpression(context.pseudonymKey, 'email');
  const { order, columns }: Shape = extractShapes[relation];
  const selected = columns.map(({ name, expression }) =>
    expression ? `${expression.replace('{email_token}', token)} AS ${name}` : name,
  );
  const where = condition ? ` WHERE ${condition}` : '';
  await context.postgres.copyOut(
    `COPY (SELECT ${selected.join(', ')} FROM production.${relation}${where}) TO STDOUT (FORMAT csv)`,
    createWriteStream(rows),
  );
  const types = Object.fromEntries(columns.map(({ name, type }) => [name, type]));
  let written = 0;
  const bytes = await context.lake.put(path, async (draft) => {
    const [copied] = await duckdb.rows<{ Count: number }>(
      `COPY (FROM ${copiedRows(rows, types)} ORDER BY ${order}) TO ${sqlText(draft)}
       (FORMAT parquet, COMPRESSION zstd, KV_METADATA {stamp: ${sqlText(stamp)}})`,
    );
    written = copied?.Count ?? 0;
  });
  await rm(rows);
  return { rows: written, bytes };
}

/** Files of production by the stamps that they have. */
async function stampedFiles(lake: Lake, duckdb: DuckDB, files: ProductionFiles): Promise<ReadonlyMap<string, string>> {
  const located = new Map(files.map(({ path }) => [lake.locate(path), path]));
  if (located.size === 0) return new Map();
  const stamps = await duckdb.rows<{ file: string; stamp: string }>(
    `SELECT file_name AS file, decode(value) AS stamp
     FROM parquet_kv_metadata([${[...located.keys()].map(sqlPath).join(', ')}]) WHERE decode(key) = 'stamp'`,
  );
  return new Map(stamps.map(({ file, stamp }) => [stamp, located.get(file) ?? '']));
}

/** Files that are written at the same time: the rows of two are sorted in memory. */
const writtenAtOnce = 2;

/** Writes files of production that are to be; gives those, and the paths of others among `there` that hold what they would. */
async function writeFiles(
  context: ExtractContext,
  id: string,
  blocks: number,
  there: ProductionFiles,
): Promise<{ readonly written: readonly NewLakeFile[]; readonly kept: readonly string[] }> {
  mkdirSync(context.duckdb.temporaryFolder, { recursive: true });
  const folder = await mkdtemp(join(context.duckdb.temporaryFolder, 'extract-'));
  const duckdb = await openDuckDB(':memory:', { ...context.duckdb, temporaryFolder: folder });
  try {
    const [present, parts] = await allEnded([stampedFiles(context.lake, duckdb, there), plan(context, id, blocks)]);
    const written: NewLakeFile[] = [];
    const due = parts.filter(({ stamp }) => !present.has(stamp));
    await onConnections(duckdb, writtenAtOnce, due, async (connection, part) => {
      const counts = await writePart(context, connection, join(folder, `${due.indexOf(part)}.csv`), part);
      written.push({ dataset: datasetOf(part.relation), path: part.path, extract: id, ...counts });
    });
    return { written, kept: parts.flatMap(({ stamp }) => present.get(stamp) ?? []) };
  } finally {
    duckdb.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Brings the lake's copy of production up to date. When no batch came since, the files stay as they are; otherwise those
 * whose rows have changed are written. New files are registered, and those that they replace are retired, in one transaction
 * after they are all written. `blocks` is how much of a table becomes one file.
 */
export async function extractProduction(context: ExtractContext, blocks = blocksOfPart): Promise<Extract> {
  const { postgres, lake } = context;
  const id = await extractId(postgres, context.pseudonymKey);
  const current = await productionFiles(postgres);
  const there = await thoseThere(lake, current);
  if (there.length === current.length && isOf(current, id)) return { id, files: current, written: false };
  const { written, kept } = await writeFiles(context, id, blocks, there);
  const files = await postgres.transaction(async (sql) => {
    const now = context.clock();
    const paths = [...kept, ...written.map(({ path }) => path)];
    const replaced = (await productionFiles(sql)).map(({ path }) => path).filter((path) => !paths.includes(path));
    await retireFiles(sql, replaced, now);
    await registerFiles(sql, written, now);
    await takeOver(sql, paths, id);
    return productionFiles(sql);
  });
  return { id, files, written: true };
}
