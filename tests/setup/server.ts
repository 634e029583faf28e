/** One embedded PostgreSQL for a whole test run: started before the first test, stopped after the last. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { acquireEmbeddedPostgres } from '../../src/stores/postgres/embedded.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The URL of a PostgreSQL on which tests make databases of their own. */
    readonly postgresUrl: string;
  }
}

/** Vitest's hook: gives the server's URL to the tests, and stops the server when they are done. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-server-'));
  const server = await acquireEmbeddedPostgres(join(folder, 'postgres'), 0);
  project.provide('postgresUrl', server.url);
  return async () => {
    await server.release();
    rmSync(folder, { recursive: true, force: true });
  };
}
