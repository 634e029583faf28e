/** Email tokens: a keyed hash that is the same for the same address and cannot be turned back without the key. */
import { createHash, randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isMissing, isPresent } from '../kernel/errors.ts';
import { hmacPads } from '../kernel/hmac.ts';

/** Reads the key from its file, or makes one there (mode 600) that is never replaced. */
export function readOrMakeKey(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (thrown) {
    if (!isMissing(thrown)) throw thrown;
  }
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${randomBytes(8).toString('hex')}`;
  writeFileSync(draft, randomBytes(32).toString('base64url'), { mode: 0o600 });
  try {
    linkSync(draft, path);
  } catch (thrown) {
    // Another process was quicker: its key is the one.
    if (!isPresent(thrown)) throw thrown;
  } finally {
    rmSync(draft);
  }
  return readFileSync(path, 'utf8').trim();
}

/** Tells keys apart without telling the key. */
export const keyFingerprint = (key: string): string =>
  createHash('sha256').update(`fingerprint ${key}`).digest('hex').slice(0, 16);

/** A PostgreSQL literal. */
const bytes = (hex: string): string => `'\\x${hex}'::bytea`;

/** PostgreSQL: HMAC-SHA256 (RFC 2104) of a text in hexadecimal, written out so that no extension is needed. */
export function emailTokenExpression(key: string, email: string): string {
  const { outer, inner } = hmacPads(key);
  return `encode(sha256(${bytes(outer)} || sha256(${bytes(inner)} || convert_to(${email}, 'UTF8'))), 'hex')`;
}
