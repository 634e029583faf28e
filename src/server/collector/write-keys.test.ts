/** Write keys: shown once, kept as a hash, found in memory, refused after they were revoked. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { makePostgres } from '../../../tests/setup/fixtures.ts';
import { randomIds } from '../../kernel/ids.ts';
import type { Postgres } from '../../stores/postgres/postgres.ts';
import { addWriteKey, createKeyFinder, listWriteKeys, revokeWriteKey } from './write-keys.ts';

/** A clock that is moved by hand, in milliseconds. */
function handClock() {
  let now = Date.parse('2026-01-01T00:00:00Z');
  return {
    clock: () => new Date(now),
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
  };
}

test('a key is shown when it is made, and only its SHA-256 is kept', async () => {
  const postgres = await makePostgres();
  const { clock, pass } = handClock();
  const first = await addWriteKey(postgres, 'web', { clock, ids: randomIds });
  pass(1000);
  const second = await addWriteKey(postgres, 'web', { clock, ids: randomIds });
  expect(first.key).toMatch(/^mrw_[\w-]{32}$/);
  expect(second.key).not.toBe(first.key);
  const rows = await postgres.rows('SELECT key_sha256 FROM ops.write_keys ORDER BY created_at');
  expect(rows).toEqual(
    [first, second].map(({ key }) => ({ key_sha256: createHash('sha256').update(key).digest('hex') })),
  );
  const { key: _key, ...shown } = first;
  expect((await listWriteKeys(postgres))[0]).toEqual(shown);
});

test('a key finds its source, until five seconds after it was revoked', async () => {
  const postgres = await makePostgres();
  const { clock, pass } = handClock();
  const find = createKeyFinder(postgres, clock);
  expect(await find('mrw_unknown')).toBeUndefined();
  pass(1001);
  const { id, key } = await addWriteKey(postgres, 'web', { clock, ids: randomIds });
  expect(await find(key)).toEqual({ id, source: 'web' });

  const revoked = await revokeWriteKey(postgres, id, clock);
  pass(1000);
  expect((await revokeWriteKey(postgres, id, clock)).revokedAt).toEqual(revoked.revokedAt);
  pass(4001);
  expect(await find(key)).toBeUndefined();
  await expect(revokeWriteKey(postgres, 'key_0', clock)).rejects.toMatchObject({ code: 'MR-COL-008', exitCode: 2 });
});

test('while PostgreSQL is away known keys stay good, and unknown ones do not ask it again and again', async () => {
  const postgres = await makePostgres();
  const { clock, pass } = handClock();
  const { key } = await addWriteKey(postgres, 'web', { clock, ids: randomIds });
  let asked = 0;
  let away = true;
  const rows: Postgres['rows'] = (text, values) => {
    asked += 1;
    return away ? Promise.reject(new Error('away')) : postgres.rows(text, values);
  };
  const find = createKeyFinder({ rows }, clock);
  await expect(find(key)).rejects.toThrow('away');
  away = false;
  expect(await find(key)).toMatchObject({ source: 'web' });
  away = true;
  pass(60_000);
  expect(await find(key)).toMatchObject({ source: 'web' });
  asked = 0;
  for (let time = 0; time < 50; time += 1) expect(await find(`mrw_${time}`)).toBeUndefined();
  expect(asked).toBeLessThanOrEqual(1);
});
