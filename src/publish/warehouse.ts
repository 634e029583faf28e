/** The published warehouse: one DuckDB file that readers open read-only and publications replace by a rename. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { MillraceError } from '../kernel/errors.ts';
import { type DuckDB, type DuckDBLimits, openDuckDB } from '../stores/duckdb/duckdb.ts';

/** Which build a warehouse file holds. */
export interface Publication {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly publishedAt: string;
  /** ISO 4217. */
  readonly currency: string;
  /** IANA name. */
  readonly timeZone: string;
}

/** The folder of the published file and of builds under way. */
export const warehouseFolder = (home: string): string => join(home, 'warehouse');

/** The path of the published file. */
export const publishedPath = (home: string): string => join(warehouseFolder(home), 'analytics.duckdb');

/** The publication that an open warehouse file holds. */
export async function readPublication(duckdb: DuckDB): Promise<Publication | undefined> {
  const [publication] = await duckdb.rows<Publication>(
    `SELECT publication_id AS id, strftime(published_at, '%Y-%m-%dT%H:%M:%SZ') AS "publishedAt", currency,
       time_zone AS "timeZone" FROM ops.publication`,
  );
  return publication;
}

/** Opens the published file for reading. Errors: MR-QRY-001 when nothing was published yet. */
export async function openPublished(home: string, limits: DuckDBLimits): Promise<DuckDB> {
  const path = publishedPath(home);
  if (!statSync(path, { throwIfNoEntry: false })) throw new MillraceError('MR-QRY-001', { home });
  return openDuckDB(path, limits, true);
}

/** A warehouse that stays open over many reads and follows publications. */
export interface WarehouseReader {
  /** Runs the work on the warehouse that is published now; what it reads stays the same until it ends. */
  read<T>(work: (duckdb: DuckDB, publication: Publication) => Promise<T>): Promise<T>;
  close(): void;
}

interface OpenFile {
  readonly duckdb: DuckDB;
  readonly publication: Publication;
  /** The identity of the file that was opened: a rename brings another. */
  readonly identity: string;
  readers: number;
  retired: boolean;
}

/** Opens the published file at the first read, and again after each publication. Reads fail with MR-QRY-001 before the first. */
export function createWarehouseReader(home: string, limits: DuckDBLimits): WarehouseReader {
  const path = publishedPath(home);
  let current: Promise<OpenFile> | undefined;
  let currentIdentity = '';

  const identify = (): string => {
    const file = statSync(path, { throwIfNoEntry: false });
    if (!file) throw new MillraceError('MR-QRY-001', { home });
    return `${file.ino} ${file.mtimeMs} ${file.size}`;
  };

  const open = async (identity: string): Promise<OpenFile> => {
    const duckdb = await openPublished(home, limits);
    const publication = await readPublication(duckdb);
    if (!publication) throw new MillraceError('MR-QRY-001', { home });
    return { duckdb, publication, identity, readers: 0, retired: false };
  };

  const closeWhenUnused = (file: OpenFile): void => {
    if (file.retired && file.readers === 0) file.duckdb.close();
  };

  const retire = (opened: Promise<OpenFile> | undefined): void => {
    opened
      ?.then((file) => {
        file.retired = true;
        closeWhenUnused(file);
      })
      .catch(() => undefined);
  };

  const latest = (): Promise<OpenFile> => {
    const identity = identify();
    if (!current || identity !== currentIdentity) {
      retire(current);
      currentIdentity = identity;
      current = open(identity);
      current.catch(() => {
        currentIdentity = '';
      });
    }
    return current;
  };

  return {
    async read(work) {
      const file = await latest();
      file.readers += 1;
      try {
        const connection = await file.duckdb.fork();
        try {
          return await work(connection, file.publication);
        } finally {
          connection.close();
        }
      } finally {
        file.readers -= 1;
        closeWhenUnused(file);
      }
    },
    close() {
      retire(current);
      current = undefined;
    },
  };
}
