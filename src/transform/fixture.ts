/** Small projects in temporary folders and databases in memory, for the tests of this room. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type DuckDB, openDuckDB } from '../stores/duckdb/duckdb.ts';
import type { Project } from './manifest.ts';
import { loadProject, type ProjectSettings } from './project.ts';

/** Path -> text. */
export type Files = Readonly<Record<string, string>>;

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-transform-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a project named shop; a dbt_project.yml of no more than the name is added where the files have none. */
export function writeProject(files: Files): string {
  const folder = temporaryFolder();
  for (const [path, text] of Object.entries({ 'dbt_project.yml': 'name: shop\n', ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

/** Writes and reads a project; the environment is empty unless given. */
export const projectOf = (files: Files, settings: Partial<ProjectSettings> = {}): Project =>
  loadProject(writeProject(files), { env: () => undefined, ...settings });

/** The SQL of one of a project's models. */
export function sqlOf(project: Project, name: string): string | undefined {
  const node = project.nodes.find((candidate) => candidate.name === name);
  return node?.kind === 'model' ? node.sql : undefined;
}

/** An empty database in memory, closed with the test. */
export async function memoryDatabase(): Promise<DuckDB> {
  const folder = temporaryFolder();
  const duckdb = await openDuckDB(':memory:', { memory: '256MiB', threads: 2, temporaryFolder: folder });
  onTestFinished(() => duckdb.close());
  return duckdb;
}
