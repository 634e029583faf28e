/** A DuckDB file that the user names, opened for the work of a command. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { MillraceError, problemOf } from '../kernel/errors.ts';
import { type DuckDB, openDuckDB } from '../stores/duckdb/duckdb.ts';
import type { App } from './app.ts';

/** DuckDB's words, as far as they are no code and no path again. */
function openProblem(thrown: unknown): string {
  const text = problemOf(thrown);
  if (/Conflicting lock/.test(text)) return 'another process has it open';
  return /: ([^:]+)$/.exec(text.trim().replace(/\.$/, ''))?.[1] ?? text;
}

/** Errors: MR-TRF-205 where there is no such file. */
export function refuseMissingFile(path: string): void {
  if (!existsSync(path)) throw new MillraceError('MR-TRF-205', { path });
}

/** Opens the file for the work, and closes it after it; makes it unless it is only read. Errors: MR-TRF-204. */
export async function withDuckDBFile<T>(
  app: App,
  path: string,
  readOnly: boolean,
  work: (duckdb: DuckDB) => Promise<T>,
): Promise<T> {
  const limits = { ...app.config.duckdb, temporaryFolder: join(app.config.home, 'tmp') };
  const duckdb = await openDuckDB(path, limits, readOnly).catch((thrown: unknown) => {
    throw new MillraceError('MR-TRF-204', { path, problem: openProblem(thrown) }, thrown);
  });
  try {
    return await work(duckdb);
  } finally {
    duckdb.close();
  }
}
