/** What columns of small tables are seen to change in a query's result when their values change: lineage by experiment. */
import type { DuckDB, Row } from '../../stores/duckdb/duckdb.ts';

/** The tables that queries of the tests read. */
const tables: Readonly<Record<string, string>> = {
  t: `SELECT i AS a, (i * 7) % 5 AS b, (i * 3) % 4 AS c FROM range(1, 9) r(i)`,
  u: `SELECT i AS a, (i * 3) % 7 AS d, i % 3 AS e FROM range(1, 7) r(i)`,
};

const columns = { t: ['a', 'b', 'c'], u: ['a', 'd', 'e'] } as const;

/** Other values for a column: each moved, the order turned round, some missing. */
const changes = (name: string): readonly string[] => [
  `${name} + 3`,
  `9 - ${name}`,
  `CASE WHEN ${name} % 2 = 0 THEN NULL ELSE ${name} END`,
  `${name} * 5 % 7`,
];

/** Makes the tables as they are. */
export async function makeTables(duckdb: DuckDB): Promise<void> {
  for (const [table, select] of Object.entries(tables))
    await duckdb.run(`CREATE OR REPLACE TABLE ${table} AS ${select}`);
}

/** Each column of a result as its values in order, whatever the order of rows. */
async function valuesOf(duckdb: DuckDB, sql: string): Promise<readonly string[]> {
  const { columns: names, rows } = await duckdb.query(sql);
  const textOf = (row: Row, name: string): string => JSON.stringify(row[name]);
  return names.map(({ name }) =>
    rows
      .map((row) => textOf(row, name))
      .sort()
      .join(),
  );
}

/**
 * Which columns of the tables (`t.a`) change which columns of the result: a set for each of these. The tables are left as
 * they were.
 */
export async function observeInfluence(duckdb: DuckDB, sql: string): Promise<readonly ReadonlySet<string>[]> {
  const before = await valuesOf(duckdb, sql);
  const seen = before.map(() => new Set<string>());
  for (const [table, names] of Object.entries(columns)) {
    for (const name of names) {
      for (const change of changes(name)) {
        await duckdb.run(
          `CREATE OR REPLACE TABLE ${table} AS SELECT * REPLACE (${change} AS ${name}) FROM (${tables[table]})`,
        );
        const after = await valuesOf(duckdb, sql);
        after.forEach((values, place) => {
          if (values !== before[place]) seen[place]?.add(`${table}.${name}`);
        });
      }
    }
    await duckdb.run(`CREATE OR REPLACE TABLE ${table} AS ${tables[table]}`);
  }
  return seen;
}
