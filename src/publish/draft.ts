/**
 * Drafts: the file that a build works in before it counts. What a draft takes over of the published file does not depend on
 * the rows that are coming, so it can be made while they are still being loaded.
 */
import { constants, mkdirSync, rmSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { IdSource } from '../kernel/ids.ts';
import { attachDraft, type DuckDB, type DuckDBLimits, openDuckDB } from '../stores/duckdb/duckdb.ts';
import type { Manifest } from '../transform/manifest/types.ts';
import { type Basis, keepRelations } from './increment.ts';
import { publishedPath, warehouseFolder } from './warehouse.ts';

/** What a draft needs of its surroundings. */
export interface DraftContext {
  readonly home: string;
  readonly duckdb: DuckDBLimits;
  readonly ids: IdSource;
}

/** A file to build in. */
export interface Draft {
  /** The id of the publication that it may become. */
  readonly publication: string;
  readonly path: string;
  /** What it takes over, and then holds: the relations whose rows are kept. Undefined for an empty one. */
  readonly basis: Basis | undefined;
  /** The database in memory that the file is attached to. */
  readonly instance: DuckDB;
  /** Another connection to it, for what is done before the file is there. */
  readonly memory: DuckDB;
  /** The file, once it is there; closing it closes the instance. */
  readonly file: Promise<DuckDB>;
}

/** The path of the file that becomes a publication. */
export const draftPath = (home: string, publication: string): string =>
  join(warehouseFolder(home), `build-${publication}.duckdb`);

/** Makes a draft; that the file cannot be made is told to whoever waits for it. */
export async function openDraft(context: DraftContext, manifest: Manifest, basis: Basis | undefined): Promise<Draft> {
  const { home } = context;
  mkdirSync(warehouseFolder(home), { recursive: true });
  const publication = context.ids('pub');
  const path = draftPath(home, publication);
  const instance = await openDuckDB(':memory:', context.duckdb);
  const makeFile = async (): Promise<DuckDB> => {
    if (basis) await copyFile(publishedPath(home), path, constants.COPYFILE_FICLONE);
    const file = await attachDraft(instance, path);
    if (basis) await keepRelations(file, manifest);
    return file;
  };
  const memory = await instance.fork();
  const file = makeFile();
  file.catch(() => undefined);
  return { publication, path, basis, instance, memory, file };
}

/** Removes a draft that will not be built in any more. */
export async function discardDraft({ path, instance, memory, file }: Draft): Promise<void> {
  await Promise.allSettled([file]);
  memory.close();
  instance.close();
  for (const each of [path, `${path}.wal`]) rmSync(each, { force: true });
}

/** A draft that is made while there is something else to do. */
export interface DraftAhead {
  /** Begins it, unless that was done. */
  begin(): void;
  /** Gives the draft away; undefined when none was begun, or none could be made. */
  take(): Promise<Draft | undefined>;
  /** Removes the draft, unless it was given away. */
  discard(): Promise<void>;
}

/** A draft ahead of its build: `make` gives undefined where there is nothing to take over. */
export function draftAhead(make: () => Promise<Draft | undefined>): DraftAhead {
  let making: Promise<Draft | undefined> | undefined;
  const take = async (): Promise<Draft | undefined> => {
    const made = making;
    making = undefined;
    return made;
  };
  return {
    begin() {
      // What hinders it will hinder the build too, which then tells it.
      making ??= make().catch(() => undefined);
    },
    take,
    async discard() {
      const draft = await take();
      if (draft) await discardDraft(draft);
    },
  };
}
