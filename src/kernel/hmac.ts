/** HMAC for engines that only have the hash: what the key adds to it. */
import { createHash } from 'node:crypto';

/** HMAC's block size for SHA-256, in bytes (RFC 2104). */
const blockBytes = 64;

/** The key in the two forms that HMAC-SHA256 hashes before the inner hash and before the text, in hexadecimal. */
export function hmacPads(key: string): { readonly outer: string; readonly inner: string } {
  const bytes = Buffer.from(key, 'utf8');
  const short = bytes.length > blockBytes ? createHash('sha256').update(bytes).digest() : bytes;
  const block = Buffer.alloc(blockBytes);
  short.copy(block);
  const padded = (byte: number): string => Buffer.from(block.map((value) => value ^ byte)).toString('hex');
  return { outer: padded(0x5c), inner: padded(0x36) };
}
