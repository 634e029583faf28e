/** `millrace sources`: a DuckDB file with what the models read, for running the dbt project with dbt itself. */
import { existsSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Command } from 'commander';
import { currentFiles } from '../ingest/lake-files.ts';
import { MillraceError } from '../kernel/errors.ts';
import { sourceViews } from '../publish/sources.ts';
import { openDuckDB } from '../stores/duckdb/duckdb.ts';
import type { App } from './app.ts';
import { jsonOption } from './options.ts';
import { printResult } from './print.ts';

interface Words {
  readonly duckdb: string;
  readonly json?: true;
}

const listViews = `SELECT schema_name || '.' || view_name AS name FROM duckdb_views() WHERE NOT internal ORDER BY name`;

async function writeSources(app: App, words: Words): Promise<void> {
  const path = resolve(words.duckdb);
  if (!existsSync(dirname(path))) {
    throw new MillraceError('MR-DSK-002', { path: dirname(path), problem: 'there is no such folder' });
  }
  const datasets = await app.withPipeline(async ({ postgres, lake, duckdb: limits }) => {
    const files = await currentFiles(postgres);
    if (files.length === 0) throw new MillraceError('MR-QRY-001', { home: app.config.home });
    for (const leftover of [path, `${path}.wal`]) if (existsSync(leftover)) rmSync(leftover);
    const duckdb = await openDuckDB(path, limits);
    try {
      await duckdb.run(await sourceViews(duckdb, lake, files));
      return (await duckdb.rows<{ name: string }>(listViews)).map(({ name }) => name);
    } finally {
      duckdb.close();
    }
  });
  printResult(app, words, { path, datasets }, () => `${path}: views ${datasets.join(', ')}\n`);
}

/** The command. */
export const sourcesCommand = (app: () => App): Command =>
  new Command('sources')
    .description('write a DuckDB file with views over the files that the models read')
    .requiredOption('--duckdb <file>', 'the file to write; one that is there is replaced')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nWith it dbt itself runs the project: see warehouse/README.md.\n\nExample:\n  millrace sources --duckdb /tmp/shop.duckdb',
    )
    .action((words: Words) => writeSources(app(), words));
