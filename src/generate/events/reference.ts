/** Writes the catalogue and the profiles of an export as Parquet. */
import { rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDB } from '../../stores/duckdb/duckdb.ts';
import { createCsv } from '../csv.ts';
import type { Customer } from '../people.ts';
import type { Product } from '../products.ts';
import type { Random } from '../random.ts';
import { money, type Row } from '../rows.ts';
import { type DraftFile, draftEnding } from '../text-file.ts';
import type { Member } from './members.ts';
import { segmentsOf } from './segments.ts';

/** A file of reference data, without '.parquet'. */
export type ReferenceName = keyof typeof referenceColumns;

/** The columns of each file with their types in DuckDB, in their order. */
export const referenceColumns = {
  catalog: {
    product_id: 'VARCHAR',
    product_name: 'VARCHAR',
    category: 'VARCHAR',
    subcategory: 'VARCHAR',
    brand: 'VARCHAR',
    price: 'DECIMAL(18,4)',
    cost: 'DECIMAL(18,4)',
    rating: 'DECIMAL(3,2)',
    review_count: 'BIGINT',
    is_in_stock: 'BOOLEAN',
  },
  profiles: {
    user_id: 'VARCHAR',
    user_segment: 'VARCHAR',
    preferred_device: 'VARCHAR',
    acquisition_source: 'VARCHAR',
    country_code: 'VARCHAR',
    city: 'VARCHAR',
    account_created_at: 'TIMESTAMPTZ',
    is_email_subscribed: 'BOOLEAN',
  },
} as const;

/** What buyers think of a product: from 1 to 5; undefined where nobody says so. */
export interface Reputation {
  readonly rating: number | undefined;
  /** The reviews that were there before the first sale of the sample. */
  readonly earlierReviews: number;
}

const unratedShare = 0.04;
const meanRating = 4.1;
const ratingSpread = 0.5;
/** The share of lines sold that are reviewed. */
const reviewedShare = 0.18;

/** What buyers think of each product, by its id. */
export const drawReputations = (random: Random, products: readonly Product[]): ReadonlyMap<string, Reputation> =>
  new Map(
    products.map(({ id }) => {
      const drawn = Math.round((meanRating + ratingSpread * random.normal()) * 10) / 10;
      const earlierReviews = 1 + Math.floor(20 * Math.exp(random.normal()));
      const isRated = !random.chance(unratedShare);
      const rating = Math.min(5, Math.max(1, drawn));
      return [id, isRated ? { rating, earlierReviews } : { rating: undefined, earlierReviews: 0 }];
    }),
  );

/** A row of the catalogue; `sold` is the number of lines that the product was sold on. */
export function catalogRow(product: Product, { rating, earlierReviews }: Reputation, sold: number): Row {
  return [
    product.id,
    product.name,
    product.category.name,
    product.subCategory,
    product.brand,
    money(product.price),
    money(product.cost),
    rating === undefined ? '' : rating.toFixed(1),
    rating === undefined ? 0 : earlierReviews + Math.floor(sold * reviewedShare),
    String(product.stock > 0),
  ];
}

/** The profiles of customers, who stand by registration as do their visits. */
export function profileRows(customers: readonly Customer[], members: readonly Readonly<Member>[]): readonly Row[] {
  const known = members.slice(0, customers.length);
  const segments = segmentsOf(known);
  return known.map(({ device, source, createdAt, isSubscribed }, place) => {
    const { id, country, city } = customers[place] as Customer;
    const created = new Date(createdAt).toISOString();
    return [id, segments[place] as string, device, source, country.code, city, created, String(isSubscribed)];
  });
}

/** DuckDB for so long as work with it lasts. It is loaded only when it is needed. */
async function withDuckDB(work: (duckdb: DuckDB, sqlText: (text: string) => string) => Promise<void>): Promise<void> {
  const { openDuckDB, sqlText } = await import('../../stores/duckdb/duckdb.ts');
  const duckdb = await openDuckDB(':memory:', { memory: '512MiB', threads: 1, temporaryFolder: tmpdir() });
  try {
    await work(duckdb, sqlText);
  } finally {
    duckdb.close();
  }
}

/**
 * Writes the rows of a file of reference data into a folder, under a temporary name; an empty value is NULL. With
 * `asText` all columns are text, for rows of which some are of no other type.
 */
export async function writeReference(
  folder: string,
  name: ReferenceName,
  rows: readonly Row[],
  asText: boolean,
): Promise<DraftFile> {
  const path = join(folder, `${name}.parquet`);
  const columns = Object.entries(referenceColumns[name]);
  const csv = await createCsv(
    join(folder, `${name}.csv`),
    columns.map(([column]) => column),
  );
  try {
    for (const row of rows) csv.add(row);
    await csv.finish();
    await withDuckDB(async (duckdb, sqlText) => {
      const types = columns
        .map(([column, type]) => `${sqlText(column)}: ${sqlText(asText ? 'VARCHAR' : type)}`)
        .join(', ');
      await duckdb.run(
        `COPY (FROM read_csv(${sqlText(`${csv.path}${draftEnding}`)}, header = true, delim = ',', quote = '"', escape = '"',
           parallel = false, columns = {${types}})) TO ${sqlText(`${path}${draftEnding}`)} (FORMAT parquet, COMPRESSION zstd)`,
      );
    });
  } finally {
    await csv.discard();
  }
  return {
    path,
    finish: async () => {},
    reveal: () => rename(`${path}${draftEnding}`, path),
    discard: () => rm(`${path}${draftEnding}`, { force: true }),
  };
}
