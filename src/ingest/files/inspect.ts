/** What the file system tells of a received file, and whether it still tells the same. */
import { type Stats, statSync } from 'node:fs';
import { isMissing, MillraceError, problemOf } from '../../kernel/errors.ts';

/** An error of the file system as the user is told of it. Errors: MR-IN-001, MR-IN-007. */
export const unreadable = (path: string, thrown: unknown): MillraceError =>
  isMissing(thrown)
    ? new MillraceError('MR-IN-001', { path }, thrown)
    : new MillraceError('MR-IN-007', { path, problem: problemOf(thrown) }, thrown);

/** What there is at the path, links followed. Errors: MR-IN-001, MR-IN-007. */
export function inspect(path: string): Stats {
  try {
    return statSync(path);
  } catch (thrown) {
    throw unreadable(path, thrown);
  }
}

/** Errors: MR-IN-010 when the file is not as it was when it was first read. */
export function requireUnchanged(file: {
  readonly path: string;
  readonly bytes: number;
  readonly modifiedAt: number;
}): void {
  const now = inspect(file.path);
  if (now.size !== file.bytes || now.mtimeMs !== file.modifiedAt) {
    throw new MillraceError('MR-IN-010', { path: file.path });
  }
}
