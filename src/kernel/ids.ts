/** Identifiers as a dependency: random where nothing better exists, and always handed in. */
import { randomBytes } from 'node:crypto';

/** Gives a new identifier that begins with the prefix, such as 'run_4f0c2a91d3b87e65'. */
export type IdSource = (prefix: string) => string;

/** 64 random bits behind the prefix: unique within one shop's lifetime. */
export const randomIds: IdSource = (prefix) => `${prefix}_${randomBytes(8).toString('hex')}`;

/** Identifiers that count up, for tests that compare whole outputs. */
export function countingIds(): IdSource {
  let next = 0;
  return (prefix) => {
    next += 1;
    return `${prefix}_${String(next).padStart(16, '0')}`;
  };
}
