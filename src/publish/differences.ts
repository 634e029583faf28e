/** What a build changes in the star schema: its tables in DuckDB beside those of the published file, row by row. */
import { isDeepStrictEqual } from 'node:util';
import { type DuckDB, sqlName } from '../stores/duckdb/duckdb.ts';
import { personal } from './readers.ts';
import { builtName, columnsOf, hasRoom, readColumns, type StarTable } from './star-tables.ts';

/** The name under which the published file is attached to the build. */
export const publishedDatabase = 'published';

/** The name of a database in memory, attached to the build, that tells its connections what was found. */
export const differencesDatabase = 'differences';

/** How a table of the build differs from the published one. Selects are DuckDB's. */
export interface Difference {
  readonly table: StarTable;
  /** Rows of the published table, and of the build's. */
  readonly before: number;
  readonly after: number;
  /** Rows to delete: their keys, or all where no select is given. */
  readonly leaving: { readonly rows: number; readonly keys: string | undefined };
  /** Rows to insert. */
  readonly arriving: { readonly rows: number; readonly select: string };
  /** Rows that stay and get other values in these columns, as key and values. */
  readonly updated: { readonly rows: number; readonly columns: readonly string[]; readonly select: string };
}

const nothingUpdated: Difference['updated'] = { rows: 0, columns: [], select: '' };

/** Above this share of the changed rows a column is one that changes by itself, such as the days until today. */
const volatileShare = 0.05;

/** A table of the build, and how many rows it and the published one have. */
export type Sizes = Pick<Difference, 'table' | 'before' | 'after'>;

/** What replaces all rows of a table. */
const replaceAll = (sizes: Sizes): Difference => ({
  ...sizes,
  leaving: { rows: sizes.before, keys: undefined },
  arriving: { rows: sizes.after, select: `FROM ${builtName(sizes.table.model)}` },
  updated: nothingUpdated,
});

/** Rows without a key: the same ones, as often, or all of them anew. */
async function compareWithoutKey(duckdb: DuckDB, sizes: Sizes): Promise<Difference> {
  const { model } = sizes.table;
  const [found] = await duckdb.rows<{ differing: number }>(
    `SELECT count(*) AS differing FROM (FROM ${builtName(model)} EXCEPT ALL FROM ${builtName(model, publishedDatabase)})`,
  );
  const same = sizes.before === sizes.after && found?.differing === 0;
  const all = replaceAll(sizes);
  return same ? { ...all, leaving: { ...all.leaving, rows: 0 }, arriving: { ...all.arriving, rows: 0 } } : all;
}

const flagOf = (position: number): string => `differs_${position}`;

/** Keys of rows that differ, of the published table and of the build's, and for each column whether it does. */
const createDiffering = ({ model, columns }: StarTable, key: string, into: string): string => {
  const flags = columns.map(({ name }, n) => `f.${sqlName(name)} IS DISTINCT FROM b.${sqlName(name)} AS ${flagOf(n)}`);
  return `CREATE TABLE ${into} AS FROM (
  SELECT f.${key} AS former_key, b.${key} AS built_key, ${flags.join(', ')}
  FROM ${builtName(model, publishedDatabase)} AS f FULL JOIN ${builtName(model)} AS b ON f.${key} = b.${key}
) WHERE ${columns.map((_, n) => flagOf(n)).join(' OR ')}`;
};

/** The columns without an index that differ in many of the rows that both sides have: by name their flags. */
async function volatileColumns(
  duckdb: DuckDB,
  table: StarTable,
  differing: string,
): Promise<ReadonlyMap<string, string>> {
  if (!hasRoom(table) || table.model.name === personal.table) return new Map();
  const fixed = new Set([table.key, ...table.indexed]);
  const candidates = table.columns.flatMap(({ name }, n) => (fixed.has(name) ? [] : [[name, flagOf(n)] as const]));
  const counts = candidates.map(([, flag]) => `count(*) FILTER (${flag}) AS ${flag}`);
  const [found] = await duckdb.rows<Readonly<Record<string, number>>>(
    `SELECT count(*) AS changed, ${counts.join(', ')} FROM ${differing} WHERE former_key = built_key`,
  );
  const least = Math.max(1, volatileShare * (found?.changed ?? 0));
  return new Map(candidates.filter(([, flag]) => (found?.[flag] ?? 0) >= least));
}

/** Rows with a key, of which those that differ in nothing but columns that change by themselves need only these. */
async function compareByKey(duckdb: DuckDB, sizes: Sizes, keyColumn: string): Promise<Difference> {
  const { table } = sizes;
  const key = sqlName(keyColumn);
  const differing = `${differencesDatabase}.main.${sqlName(table.model.alias)}`;
  await duckdb.run(createDiffering(table, key, differing));
  const updated = await volatileColumns(duckdb, table, differing);
  const others = table.columns.map((_, n) => flagOf(n)).filter((flag) => ![...updated.values()].includes(flag));
  const isUpdated = `former_key IS NOT DISTINCT FROM built_key AND NOT (${others.join(' OR ')})`;
  const [found] = await duckdb.rows<{ gone: number; come: number; updated: number; leaving: number; arriving: number }>(
    `SELECT count(*) FILTER (built_key IS NULL) AS gone, count(*) FILTER (former_key IS NULL) AS come,
       count(*) FILTER (${isUpdated}) AS updated, count(former_key) FILTER (NOT (${isUpdated})) AS leaving,
       count(built_key) FILTER (NOT (${isUpdated})) AS arriving
     FROM ${differing}`,
  );
  // Where the key is none on one of the sides, rows do not meet one to one.
  if (!found || sizes.before - found.gone !== sizes.after - found.come) return replaceAll(sizes);
  const built = builtName(table.model);
  const keysOf = (side: string, condition: string): string => `SELECT ${side} FROM ${differing} WHERE ${condition}`;
  const columns = [...updated.keys()];
  return {
    ...sizes,
    leaving: { rows: found.leaving, keys: keysOf('former_key', `former_key IS NOT NULL AND NOT (${isUpdated})`) },
    arriving: {
      rows: found.arriving,
      select: `FROM ${built} WHERE ${key} IN (${keysOf('built_key', `NOT (${isUpdated})`)})`,
    },
    updated: {
      rows: found.updated,
      columns,
      select: `SELECT ${[keyColumn, ...columns].map(sqlName).join(', ')} FROM ${built} WHERE ${key} IN (${keysOf('built_key', isUpdated)})`,
    },
  };
}

/**
 * The tables of the build with their sizes, and those of the published file, which is attached; undefined where that has one
 * of them with other columns, or not at all.
 */
export async function readSizes(duckdb: DuckDB, tables: readonly StarTable[]): Promise<readonly Sizes[] | undefined> {
  const published = await readColumns(duckdb, publishedDatabase);
  if (tables.some(({ model, columns }) => !isDeepStrictEqual(columnsOf(published, model), columns))) return undefined;
  const counts = tables.map(
    ({ model }, n) => `SELECT ${n} AS n, (SELECT count(*) FROM ${builtName(model, publishedDatabase)}) AS before,
  (SELECT count(*) FROM ${builtName(model)}) AS after`,
  );
  const sizes = await duckdb.rows<{ n: number; before: number; after: number }>(counts.join('\nUNION ALL '));
  const found = new Map(sizes.map((each) => [each.n, each]));
  return tables.map((table, n) => ({ table, before: found.get(n)?.before ?? 0, after: found.get(n)?.after ?? 0 }));
}

/** Compares a table of the build with that of the published file, which is attached. */
export const compareTable = (duckdb: DuckDB, sizes: Sizes): Promise<Difference> =>
  sizes.table.key === undefined ? compareWithoutKey(duckdb, sizes) : compareByKey(duckdb, sizes, sizes.table.key);
