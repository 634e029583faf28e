/** Write keys: made, listed, revoked in PostgreSQL; looked up by the collector in memory. */
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { MillraceError } from '../../kernel/errors.ts';
import type { IdSource } from '../../kernel/ids.ts';
import type { Clock } from '../../kernel/time.ts';
import type { Postgres, Sql } from '../../stores/postgres/postgres.ts';

/** A key as it may be shown. */
export interface WriteKey {
  readonly id: string;
  /** The source that events sent with it belong to. */
  readonly source: string;
  readonly createdAt: Date;
  /** Since when it is refused; null while it is good. */
  readonly revokedAt: Date | null;
}

const hashOf = (key: string): string => createHash('sha256').update(key).digest('hex');

const columns = `key_id AS id, source, created_at AS "createdAt", revoked_at AS "revokedAt"`;

/** Makes a key for a source. The key's text is given here and never again: only its SHA-256 is kept. */
export async function addWriteKey(
  sql: Sql,
  source: string,
  { clock, ids }: { readonly clock: Clock; readonly ids: IdSource },
): Promise<WriteKey & { readonly key: string }> {
  const key = `mrw_${randomBytes(24).toString('base64url')}`;
  const made = { id: ids('key'), source, createdAt: clock(), revokedAt: null };
  await sql.run('INSERT INTO ops.write_keys (key_id, source, key_sha256, created_at) VALUES ($1, $2, $3, $4)', [
    made.id,
    source,
    hashOf(key),
    made.createdAt,
  ]);
  return { ...made, key };
}

/** All keys, the oldest first. */
export const listWriteKeys = (sql: Sql): Promise<readonly WriteKey[]> =>
  sql.rows<WriteKey>(`SELECT ${columns} FROM ops.write_keys ORDER BY created_at, key_id`);

/** Has a key refused from now on; one that is revoked already stays as it is. Errors: MR-COL-008. */
export async function revokeWriteKey(sql: Sql, id: string, clock: Clock): Promise<WriteKey> {
  const [key] = await sql.rows<WriteKey>(
    `UPDATE ops.write_keys SET revoked_at = coalesce(revoked_at, $2) WHERE key_id = $1 RETURNING ${columns}`,
    [id, clock()],
  );
  if (!key) throw new MillraceError('MR-COL-008', { id });
  return key;
}

/** Whom a key belongs to. */
export interface KeyOwner {
  readonly id: string;
  readonly source: string;
}

/** Finds the owner of a key that is good; undefined for any other text. */
export type FindKey = (key: string) => Promise<KeyOwner | undefined>;

/** How long the collector trusts what it read, and how often an unknown key makes it read again, in milliseconds. */
const trusted = 5_000;
const patience = 1_000;

/**
 * Looks keys up in memory. What PostgreSQL has is read every five seconds, so that a revoked key is refused soon; while
 * PostgreSQL is away, or takes its time, the keys read last stay good. Errors: MR-PG-001 while none were read yet.
 */
export function createKeyFinder(postgres: Pick<Postgres, 'rows'>, clock: Clock): FindKey {
  let known: ReadonlyMap<string, KeyOwner> | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  async function read(): Promise<void> {
    const rows = await postgres.rows<KeyOwner & { hash: string }>(
      'SELECT key_id AS id, source, key_sha256 AS hash FROM ops.write_keys WHERE revoked_at IS NULL',
    );
    known = new Map(rows.map(({ hash, id, source }) => [hash, { id, source }]));
  }

  async function refresh(): Promise<void> {
    readAt = clock().getTime();
    reading ??= read().finally(() => {
      reading = undefined;
    });
    if (!known) return reading;
    // A PostgreSQL that hangs must not hold up whoever was known.
    await Promise.race([reading.catch(() => undefined), wait(patience, undefined, { ref: false })]);
    return undefined;
  }

  return async (key) => {
    const hash = hashOf(key);
    const age = clock().getTime() - readAt;
    if (!known || age > trusted || (age > patience && !known.has(hash))) await refresh();
    return known?.get(hash);
  };
}
