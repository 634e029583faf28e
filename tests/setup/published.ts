/** What PostgreSQL has of the published star schema, beside the published DuckDB file. */
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { publishedModels } from '../../src/publish/star-tables.ts';
import { publishedPath } from '../../src/publish/warehouse.ts';
import { openDuckDB, sqlName, sqlText } from '../../src/stores/duckdb/duckdb.ts';
import type { Manifest } from '../../src/transform/manifest/types.ts';
import { makeFolder, smallLimits } from './fixtures.ts';
import type { Pipeline } from './pipeline.ts';

/** How a table of PostgreSQL differs from DuckDB's of the same name. */
export interface Compared {
  readonly name: string;
  /** Rows that only PostgreSQL has. */
  readonly more: number;
  /** Rows that only DuckDB has. */
  readonly fewer: number;
  readonly rows: number;
}

/** Compares all tables of the star schema, row for row, in the columns that DuckDB has. */
export async function compareWithFile({ home, postgres }: Pipeline, manifest: Manifest): Promise<readonly Compared[]> {
  const duckdb = await openDuckDB(':memory:', smallLimits(home));
  try {
    await duckdb.run(`ATTACH ${sqlText(publishedPath(home))} AS published (READ_ONLY)`);
    const folder = makeFolder();
    const all: Compared[] = [];
    for (const { name } of publishedModels(manifest)) {
      const csv = join(folder, `${name}.csv`);
      const { columns } = await duckdb.query(`FROM published.${name} LIMIT 0`);
      const names = columns.map((column) => sqlName(column.name)).join(', ');
      await postgres.copyOut(
        `COPY (SELECT ${names} FROM warehouse.${name}) TO STDOUT (FORMAT csv)`,
        createWriteStream(csv),
      );
      await duckdb.run(
        `CREATE TABLE ${name} AS FROM published.${name} LIMIT 0; COPY ${name} FROM ${sqlText(csv)} (HEADER false, ALLOW_QUOTED_NULLS false, AUTO_DETECT false)`,
      );
      const [differing] = await duckdb.rows<Omit<Compared, 'name'>>(
        `SELECT (SELECT count(*) FROM (FROM ${name} EXCEPT ALL FROM published.${name})) AS more,
           (SELECT count(*) FROM (FROM published.${name} EXCEPT ALL FROM ${name})) AS fewer, count(*) AS rows FROM ${name}`,
      );
      if (differing) all.push({ name, ...differing });
    }
    return all;
  } finally {
    duckdb.close();
  }
}

/** The tables of the star schema in PostgreSQL with the ids that they have since they were made: name -> id. */
export async function tableIds({ postgres }: Pipeline): Promise<Readonly<Record<string, number>>> {
  const tables = await postgres.rows<{ name: string; id: number }>(
    `SELECT relname AS name, oid::bigint AS id FROM pg_class WHERE relnamespace = 'warehouse'::regnamespace AND relkind = 'r' ORDER BY 1`,
  );
  return Object.fromEntries(tables.map(({ name, id }) => [name, id]));
}
