/** Email tokens: a keyed hash that is the same for the same address and cannot be turned back without the key. */
import { createHash, randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isMissing, isPresent } from '../kernel/errors.ts';

/** HMAC's block size for SHA-256, in bytes (RFC 2104). */
const blockBytes = 64;

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

/** The key as HMAC pads it, combined with a byte, as a PostgreSQL literal. */
function pad(key: string, byte: number): string {
  const bytes = Buffer.from(key, 'utf8');
  const short = bytes.length > blockBytes ? createHash('sha256').update(bytes).digest() : bytes;
  const block = Buffer.alloc(blockBytes);
  short.copy(block);
  const padded = Buffer.from(block.map((value) => value ^ byte));
  return `'\\x${padded.toString('hex')}'::bytea`;
}

/** PostgreSQL: HMAC-SHA256 (RFC 2104) of a text in hexadecimal, written out so that no extension is needed. */
export const emailTokenExpression = (key: string, email: string): string =>
  `encode(sha256(${pad(key, 0x5c)} || sha256(${pad(key, 0x36)} || convert_to(${email}, 'UTF8'))), 'hex')`;
