/** The audit log: a chain that breaks where an entry was changed, in a table that refuses to be changed. */
import { describe, expect, test } from 'vitest';
import { makePostgres } from '../../tests/setup/fixtures.ts';
import { fixedClock } from '../kernel/time.ts';
import type { Postgres } from '../stores/postgres/postgres.ts';
import { appendAudit, verifyAudit } from './audit.ts';

const clock = fixedClock(new Date('2024-06-01T12:00:00.123Z'));

async function logOf(...subjects: readonly string[]): Promise<Postgres> {
  const postgres = await makePostgres();
  for (const subject of subjects) {
    await postgres.transaction((sql) =>
      appendAudit(
        sql,
        { action: 'ingest', subject, details: { z: 1, a: { rows: 2.5, none: null, list: ['ü', ''] } } },
        clock,
      ),
    );
  }
  return postgres;
}

const logOfThree = (): Promise<Postgres> => logOf('first', 'second', 'third');

/** What somebody with the rights of the table's owner can do. */
const withoutTrigger = (postgres: Postgres, statement: string): Promise<number> =>
  postgres.run(
    `ALTER TABLE ops.audit_log DISABLE TRIGGER USER; ${statement}; ALTER TABLE ops.audit_log ENABLE TRIGGER USER`,
  );

describe('the audit log', () => {
  test('verifies as it was written', async () => {
    expect(await verifyAudit(await logOfThree())).toEqual({ entries: 3, firstWrong: undefined });
  });

  test.each([
    ['UPDATE', `UPDATE ops.audit_log SET actor = 'somebody else'`],
    ['DELETE', 'DELETE FROM ops.audit_log WHERE sequence = 3'],
    ['TRUNCATE', 'TRUNCATE ops.audit_log'],
  ])('refuses %s', async (_name, statement) => {
    const postgres = await logOfThree();
    await expect(postgres.run(statement)).rejects.toThrow('append-only');
    expect(await verifyAudit(postgres)).toEqual({ entries: 3, firstWrong: undefined });
  });

  test.each([
    ['another actor', `UPDATE ops.audit_log SET actor = 'somebody else' WHERE sequence = 2`, 2],
    ['other details', `UPDATE ops.audit_log SET details = details || '{"z": 2}' WHERE sequence = 2`, 2],
    ['another hour', `UPDATE ops.audit_log SET recorded_at = recorded_at + interval '1 ms' WHERE sequence = 1`, 1],
    ['an entry taken out', 'DELETE FROM ops.audit_log WHERE sequence = 2', 2],
    [
      'an entry taken out and the rest moved up',
      'DELETE FROM ops.audit_log WHERE sequence = 2; UPDATE ops.audit_log SET sequence = 2 WHERE sequence = 3',
      2,
    ],
  ])('shows %s', async (_name, change, firstWrong) => {
    const postgres = await logOfThree();
    await withoutTrigger(postgres, change);
    expect((await verifyAudit(postgres)).firstWrong).toBe(firstWrong);
  });

  test('shows an entry that was forged with its own hash at the one that follows', async () => {
    const [forged] = await (await logOf('first', 'forged')).rows<{ hash: string }>(
      'SELECT hash FROM ops.audit_log WHERE sequence = 2',
    );
    const postgres = await logOfThree();
    const forge = `UPDATE ops.audit_log SET subject = 'forged', hash = '${forged?.hash}' WHERE sequence = 2`;
    await withoutTrigger(postgres, forge);
    expect((await verifyAudit(postgres)).firstWrong).toBe(3);
  });

  test('entries of several writers at once stand one after the other', async () => {
    const postgres = await makePostgres();
    const append = (subject: string): Promise<void> =>
      postgres.transaction((sql) => appendAudit(sql, { action: 'publish', subject, details: {} }, clock));
    await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map(append));
    expect(await verifyAudit(postgres)).toEqual({ entries: 6, firstWrong: undefined });
  });
});
