/** Catalog and profiles on their way into the lake: of each key the latest file counts, in whatever order files come. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeFolder } from '../../../tests/setup/fixtures.ts';
import { makePipeline } from '../../../tests/setup/pipeline.ts';
import { openDuckDB, type Row, sqlPath, sqlText } from '../../stores/duckdb/duckdb.ts';
import type { Lake } from '../../stores/lake/lake.ts';
import { findDifferences } from '../production/ledger.ts';
import type { EventsContext } from './context.ts';
import { ingestReference, type ReferenceResult } from './ingest-reference.ts';

interface Product {
  readonly id: string | null;
  readonly price: number | null;
  readonly rating?: number;
}

async function writeParquet(context: EventsContext, rows: string): Promise<string> {
  const path = join(makeFolder(), 'catalog.parquet');
  const duckdb = await openDuckDB(':memory:', context.duckdb);
  try {
    await duckdb.run(`COPY (${rows}) TO ${sqlText(path)} (FORMAT parquet)`);
  } finally {
    duckdb.close();
  }
  return path;
}

function writeCatalog(context: EventsContext, products: readonly Product[]): Promise<string> {
  const rows = products.map(
    ({ id, price, rating = 4 }) => `(${id === null ? 'NULL' : sqlText(id)}, ${price ?? 'NULL'}, ${rating})`,
  );
  return writeParquet(
    context,
    `SELECT product_id, 'Kettle' AS product_name, 'Home' AS category, price::DOUBLE AS price, rating::DOUBLE AS Rating
     FROM (VALUES ${rows.join(', ')}) AS rows (product_id, price, rating)`,
  );
}

async function ingest(
  context: EventsContext,
  day: string,
  ...files: readonly (readonly Product[])[]
): Promise<ReferenceResult> {
  const paths: string[] = [];
  for (const products of files) paths.push(await writeCatalog(context, products));
  const observedAt = new Date(`${day}T00:00:00Z`);
  return ingestReference({ dataset: 'catalog', source: 'web', kind: 'events', paths, observedAt }, context);
}

async function catalog(context: EventsContext): Promise<readonly Row[]> {
  const [file] = await context.postgres.rows<{ path: string }>(
    `SELECT path FROM ops.lake_files WHERE dataset = 'lake.catalog' AND retired_at IS NULL`,
  );
  if (!file) return [];
  const duckdb = await openDuckDB(':memory:', context.duckdb);
  try {
    return await duckdb.rows(
      `SELECT product_id, price::DOUBLE AS price, rating::DOUBLE AS rating, brand, observed_at::DATE::VARCHAR AS day
       FROM read_parquet(${sqlPath(context.lake.locate(file.path))}) ORDER BY product_id`,
    );
  } finally {
    duckdb.close();
  }
}

describe('the catalog', () => {
  test('has the content of the latest file of each key, and every row is accounted for', async () => {
    const context = await makePipeline();
    const first = await ingest(context, '2024-05-01', [
      { id: 'P1', price: 10 },
      { id: 'P2', price: 20 },
      { id: 'P2', price: 20 },
      { id: 'P2', price: 21 },
      { id: null, price: 1 },
      { id: 'P4', price: -1, rating: 6 },
    ]);
    expect(first).toMatchObject({ received: 6, inserted: 2, duplicate: 1, quarantined: 3, updated: 0 });
    expect(first.brokenRules.map(({ rule, broken }) => `${rule} ${broken}`)).toEqual([
      'catalog.price.positive 1',
      'catalog.product_id.required 1',
      'catalog.product_id.unique 1',
      'catalog.rating.in_range 1',
    ]);
    const second = await ingest(context, '2024-05-03', [
      { id: 'P1', price: 12 },
      { id: 'P2', price: 20 },
      { id: 'P3', price: 30 },
    ]);
    expect(second).toMatchObject({ received: 3, inserted: 1, updated: 1, unchanged: 1 });
    const late = await ingest(context, '2024-05-02', [{ id: 'P1', price: 11 }]);
    expect(late).toMatchObject({ received: 1, superseded: 1 });
    expect(await catalog(context)).toEqual([
      { product_id: 'P1', price: 12, rating: 4, brand: null, day: '2024-05-03' },
      { product_id: 'P2', price: 20, rating: 4, brand: null, day: '2024-05-03' },
      { product_id: 'P3', price: 30, rating: 4, brand: null, day: '2024-05-03' },
    ]);
    expect(await findDifferences(context.postgres)).toEqual([]);
    const [held] = await context.postgres.rows<{ content: Record<string, string> }>(
      `SELECT content FROM ops.quarantine WHERE 'catalog.price.positive' = ANY(rules)`,
    );
    expect(held?.content).toEqual({
      product_id: 'P4',
      product_name: 'Kettle',
      category: 'Home',
      price: '-1.0',
      rating: '6.0',
    });
  });

  test('of two files given at once takes the later one', async () => {
    const context = await makePipeline();
    const result = await ingest(context, '2024-05-01', [{ id: 'P1', price: 10 }], [{ id: 'P1', price: 11 }]);
    expect(result).toMatchObject({ received: 2, inserted: 1, superseded: 1 });
    expect(await catalog(context)).toMatchObject([{ price: 11 }]);
  });

  test('stays as it is when the same file comes again', async () => {
    const context = await makePipeline();
    const path = await writeCatalog(context, [{ id: 'P1', price: 10 }]);
    const request = { dataset: 'catalog', source: 'web', kind: 'events', paths: [path] } as const;
    await ingestReference(request, context);
    const before = await catalog(context);
    expect(await ingestReference(request, context)).toMatchObject({ alreadyLoaded: true, received: 0 });
    expect(await catalog(context)).toEqual(before);
  });

  test('takes files that differ in their columns', async () => {
    const context = await makePipeline();
    const paths = [
      await writeParquet(context, `SELECT 'P1' AS product_id, 10 AS price`),
      await writeParquet(context, `SELECT 'Acme' AS Brand, 'P2' AS PRODUCT_ID, 20 AS price`),
    ];
    const request = { dataset: 'catalog', source: 'web', kind: 'events', paths } as const;
    expect(await ingestReference(request, context)).toMatchObject({ received: 2, inserted: 2 });
    expect(await catalog(context)).toMatchObject([
      { product_id: 'P1', price: 10, brand: null },
      { product_id: 'P2', price: 20, brand: 'Acme' },
    ]);
  });

  test('wants its key in every file', async () => {
    const context = await makePipeline();
    const paths = [
      await writeCatalog(context, [{ id: 'P1', price: 10 }]),
      await writeParquet(context, `SELECT 'U1' AS user_id, 'GB' AS country_code`),
    ];
    const request = { dataset: 'catalog', source: 'web', kind: 'events', paths } as const;
    await expect(ingestReference(request, context)).rejects.toMatchObject({
      code: 'MR-IN-004',
      details: { path: paths[1], columns: 'product_id', found: 'user_id, country_code' },
    });
    expect(await catalog(context)).toEqual([]);
  });

  test('wants Parquet that can be read', async () => {
    const context = await makePipeline();
    const text = join(makeFolder(), 'catalog.parquet');
    writeFileSync(text, 'product_id,price\nP1,10\n');
    const damaged = await writeCatalog(context, [{ id: 'P1', price: 10 }]);
    const bytes = readFileSync(damaged);
    writeFileSync(damaged, bytes.fill(7, 30, bytes.length - 20));
    for (const path of [text, damaged]) {
      const request = { dataset: 'catalog', source: 'web', kind: 'events', paths: [path] } as const;
      await expect(ingestReference(request, context)).rejects.toMatchObject({ code: 'MR-IN-016', exitCode: 1 });
    }
  });

  test('is not taken of a file that changes meanwhile', async () => {
    const context = await makePipeline();
    const path = await writeCatalog(context, [{ id: 'P1', price: 10 }]);
    const { put } = context.lake;
    const lake: Lake = {
      ...context.lake,
      put: (name, write) => {
        appendFileSync(path, 'x');
        return put(name, write);
      },
    };
    const request = { dataset: 'catalog', source: 'web', kind: 'events', paths: [path] } as const;
    await expect(ingestReference(request, { ...context, lake })).rejects.toMatchObject({ code: 'MR-IN-010' });
    expect(await catalog(context)).toEqual([]);
  });
});
