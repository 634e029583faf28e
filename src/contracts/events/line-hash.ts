/** What a line is known by until its place in its file is looked up. */

/**
 * SQL for the hash of a line, of `lineHashType`. DuckDB's own hash is no choice: two small differences in long texts
 * cancel each other out in it.
 */
export const lineHash = (line: string): string => `md5_number(${line})`;

/** Its type. */
export const lineHashType = 'UHUGEINT';
