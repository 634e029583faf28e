/** Where a home's rows come from: the sample shop or the user's own files, never both. */
import { MillraceError } from '../kernel/errors.ts';
import type { Sql } from '../stores/postgres/postgres.ts';

/** A source that this home knows, or is about to know. */
export interface Source {
  /** Lower-case letters, digits, - and _: the first part of every key. */
  readonly source: string;
  readonly kind: 'sample' | 'csv';
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

const describe = (kind: Source['kind']): string => (kind === 'sample' ? 'the sample shop' : "a user's own data");

/** Errors: MR-IN-008 when the sample would mix with a user's data. */
export function refuseMixing(known: readonly Source[], wanted: Source['kind'], home: string): void {
  const other = known.find(({ kind }) => kind !== wanted);
  if (other) {
    throw new MillraceError('MR-IN-008', { present: describe(other.kind), requested: describe(wanted), home });
  }
}
