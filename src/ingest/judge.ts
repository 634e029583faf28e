/** The DuckDB in memory that a load judges its rows in, with a folder of its own. */
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type DuckDB, type DuckDBLimits, openDuckDB } from '../stores/duckdb/duckdb.ts';

/** Opens what a load works with, and closes it after the work. */
export async function withJudge<T>(
  limits: DuckDBLimits,
  work: (judge: DuckDB, temporaryFolder: string) => Promise<T>,
): Promise<T> {
  mkdirSync(limits.temporaryFolder, { recursive: true });
  const temporaryFolder = await mkdtemp(join(limits.temporaryFolder, 'load-'));
  const judge = await openDuckDB(':memory:', { ...limits, temporaryFolder });
  try {
    return await work(judge, temporaryFolder);
  } finally {
    judge.close();
    await rm(temporaryFolder, { recursive: true, force: true });
  }
}
