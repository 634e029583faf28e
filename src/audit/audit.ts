/** Who changed what: an append-only log in which each entry's hash covers the one before it. */
import { createHash } from 'node:crypto';
import { userInfo } from 'node:os';
import type { Clock } from '../kernel/time.ts';
import type { Postgres, Sql } from '../stores/postgres/postgres.ts';

/** Something that was done. */
export interface AuditEntry {
  /** What was done, such as 'run' or 'publish'. */
  readonly action: string;
  /** To what. */
  readonly subject: string;
  /** No personal data. */
  readonly details: Readonly<Record<string, unknown>>;
}

interface StoredEntry extends AuditEntry {
  readonly sequence: number;
  readonly recorded_at: Date;
  readonly actor: string;
  readonly previous_hash: string;
  readonly hash: string;
}

const origin = '0'.repeat(64);

/** JSON with sorted keys, so that what was hashed can be hashed again after jsonb has reordered it. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, each]) => `${JSON.stringify(name)}:${canonical(each)}`).join(',')}}`;
}

const hashOf = (entry: Omit<StoredEntry, 'hash'>): string =>
  createHash('sha256')
    .update(
      canonical([
        entry.sequence,
        entry.recorded_at.toISOString(),
        entry.actor,
        entry.action,
        entry.subject,
        entry.details,
        entry.previous_hash,
      ]),
    )
    .digest('hex');

/** The operating system's name for whoever runs this process. */
function currentActor(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

/** Appends an entry in the transaction in which the thing itself is done. */
export async function appendAudit(sql: Sql, entry: AuditEntry, clock: Clock): Promise<void> {
  await sql.run('LOCK TABLE ops.audit_log IN EXCLUSIVE MODE');
  const [last] = await sql.rows<{ sequence: number; hash: string }>(
    'SELECT sequence, hash FROM ops.audit_log ORDER BY sequence DESC LIMIT 1',
  );
  const stored = {
    ...entry,
    sequence: (last?.sequence ?? 0) + 1,
    recorded_at: clock(),
    actor: currentActor(),
    previous_hash: last?.hash ?? origin,
  };
  await sql.run(
    `INSERT INTO ops.audit_log (sequence, recorded_at, actor, action, subject, details, previous_hash, hash)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      stored.sequence,
      stored.recorded_at,
      stored.actor,
      stored.action,
      stored.subject,
      JSON.stringify(stored.details),
      stored.previous_hash,
      hashOf(stored),
    ],
  );
}

/** Goes over the whole log; gives the number of entries, and the first whose hash or place is wrong. */
export async function verifyAudit(
  postgres: Postgres,
): Promise<{ readonly entries: number; readonly firstWrong: number | undefined }> {
  const entries = await postgres.rows<StoredEntry>('SELECT * FROM ops.audit_log ORDER BY sequence');
  let previous = origin;
  for (const [index, entry] of entries.entries()) {
    if (entry.sequence !== index + 1 || entry.previous_hash !== previous || entry.hash !== hashOf(entry)) {
      return { entries: entries.length, firstWrong: index + 1 };
    }
    previous = entry.hash;
  }
  return { entries: entries.length, firstWrong: undefined };
}
