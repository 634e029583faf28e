/** A DuckDB file that the user names, opened for a command. */
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

/** Opens the file; makes it unless it is only read. Errors: MR-TRF-204. */
export async function openDuckDBFile({ config }: App, path: string, readOnly: boolean): Promise<DuckDB> {
  const limits = { ...config.duckdb, temporaryFolder: join(config.home, 'tmp') };
  try {
    return await openDuckDB(path, limits, readOnly);
  } catch (thrown) {
    throw new MillraceError('MR-TRF-204', { path, problem: openProblem(thrown) }, thrown);
  }
}
