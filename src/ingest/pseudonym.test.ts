/** Email tokens: HMAC-SHA256 as everybody else computes it, under a key that is made once. */
import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeFolder, makePostgres } from '../../tests/setup/fixtures.ts';
import { emailTokenExpression, keyFingerprint, readOrMakeKey } from './pseudonym.ts';

test('the token that PostgreSQL computes is the HMAC-SHA256 of the address, for keys of any length', async () => {
  const postgres = await makePostgres();
  const text = fc.string({ unit: 'grapheme', maxLength: 90 }).filter((each) => !each.includes('\0'));
  await fc.assert(
    fc.asyncProperty(text, text, async (key, email) => {
      const [row] = await postgres.rows<{ token: string }>(`SELECT ${emailTokenExpression(key, '$1::text')} AS token`, [
        email,
      ]);
      expect(row?.token).toBe(createHmac('sha256', Buffer.from(key, 'utf8')).update(email, 'utf8').digest('hex'));
    }),
    {
      numRuns: 60,
      examples: [
        ['k'.repeat(64), 'a@b.example'],
        ['k'.repeat(65), 'a@b.example'],
        ['', ''],
      ],
    },
  );
});

test('nobody has no token', async () => {
  const postgres = await makePostgres();
  expect(await postgres.rows(`SELECT ${emailTokenExpression('key', 'NULL')} AS token`)).toEqual([{ token: null }]);
});

test('a key is made once, for its owner alone, and stays', () => {
  const folder = makeFolder();
  const path = join(folder, 'keys', 'pseudonym.key');
  const key = readOrMakeKey(path);
  expect(key.length).toBeGreaterThanOrEqual(43);
  expect(readOrMakeKey(path)).toBe(key);
  expect(readFileSync(path, 'utf8')).toBe(key);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(folder, 'keys'))).toEqual(['pseudonym.key']);
  expect(readOrMakeKey(join(folder, 'another.key'))).not.toBe(key);
  expect(keyFingerprint(key)).not.toContain(key.slice(0, 8));
});
