/** `millrace query`: SQL on the published warehouse, or on a DuckDB file, read-only. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { renderResult, type TableFormat } from '../exports/tables.ts';
import { MillraceError, problemOf } from '../kernel/errors.ts';
import type { DuckDB } from '../stores/duckdb/duckdb.ts';
import type { App } from './app.ts';
import { openDuckDBFile, refuseMissingFile } from './duckdb-file.ts';

interface Words {
  readonly json?: true;
  readonly csv?: true;
  readonly duckdb?: string;
}

const examples = `
The warehouse is DuckDB; SHOW TABLES and DESCRIBE work. Integers beyond 2^53, such as surrogate keys, are text in JSON.
In CSV a text that a spreadsheet would take for a formula begins with an apostrophe; JSON has it as it is.

Examples:
  millrace query "SHOW TABLES"
  millrace query "SELECT category, sum(line_total) AS net_revenue FROM fact_sales JOIN dim_products USING (product_key) GROUP BY 1 ORDER BY 2 DESC"
  millrace query --csv - < report.sql > report.csv
  millrace query --duckdb ./cafe.duckdb "SELECT * FROM orders LIMIT 5"`;

async function askFile<T>(app: App, path: string, ask: (duckdb: DuckDB) => Promise<T>): Promise<T> {
  const file = resolve(path);
  refuseMissingFile(file);
  const duckdb = await openDuckDBFile(app, file, true);
  try {
    return await ask(duckdb);
  } finally {
    duckdb.close();
  }
}

async function query(app: App, sql: string, words: Words): Promise<void> {
  const text = sql === '-' ? readFileSync(0, 'utf8') : sql;
  const format: TableFormat = words.json ? 'json' : words.csv ? 'csv' : 'table';
  app.output.progress('Asking the warehouse');
  const ask = (duckdb: DuckDB) =>
    duckdb.ask(text).catch((thrown: unknown) => {
      throw new MillraceError('MR-QRY-002', { problem: problemOf(thrown) }, thrown);
    });
  const result = await (words.duckdb === undefined ? app.withWarehouse(ask) : askFile(app, words.duckdb, ask));
  app.output.settle();
  app.output.print(renderResult(result, format));
}

/** The command. */
export const queryCommand = (app: () => App): Command =>
  new Command('query')
    .description('ask the published warehouse in SQL')
    .argument('<sql>', 'one statement that reads; - reads it from stdin')
    .addOption(new Option('--json', 'print an array of objects').conflicts('csv'))
    .option('--csv', 'print CSV with a header')
    .option('--duckdb <file>', 'ask a DuckDB file that a project was built in')
    .addHelpText('after', examples)
    .action((sql: string, words: Words) => query(app(), sql, words));
