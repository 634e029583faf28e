/** Where a home's rows come from: the sample shop or the user's own files, never both; and the live shop. */
import { MillraceError } from '../kernel/errors.ts';
import type { Sql } from '../stores/postgres/postgres.ts';

/** A source that this home knows, or is about to know. */
export interface Source {
  /** Lower-case letters, digits, - and _: the first part of every key. */
  readonly source: string;
  readonly kind: 'sample' | 'csv' | 'shop' | 'events';
  readonly preset: string | undefined;
  /** Absolute path of the folder or file. */
  readonly input: string;
  /** For the sample, what it is made with. */
  readonly options: Readonly<Record<string, unknown>>;
}

interface StoredSource extends Omit<Source, 'preset'> {
  readonly preset: string | null;
}

/** The sources that this home knows, in the order in which they came. */
export async function knownSources(sql: Sql): Promise<readonly Source[]> {
  const stored = await sql.rows<StoredSource>(
    'SELECT source, kind, preset, input, options FROM ops.sources ORDER BY added_at, source',
  );
  return stored.map((each) => ({ ...each, preset: each.preset ?? undefined }));
}

/** Keeps the folder of a source whose batches were loaded one by one from folders within it. */
export const keepInput = (sql: Sql, { source, input }: Source): Promise<number> =>
  sql.run('UPDATE ops.sources SET input = $2 WHERE source = $1', [source, input]);

/** Errors: MR-IN-008 when a home that holds the sample is given a user's own files. */
export function refuseMixing(known: readonly Source[], home: string): void {
  if (known.some(({ kind }) => kind === 'sample')) {
    throw new MillraceError('MR-IN-008', { present: 'the sample shop', requested: "a user's own data", home });
  }
}
