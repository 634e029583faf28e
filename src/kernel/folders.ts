/** Folders, made with all that is above them. */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { MillraceError, problemOf } from './errors.ts';

function make(folder: string): boolean {
  if (existsSync(folder)) return false;
  if (folder !== dirname(folder)) make(dirname(folder));
  mkdirSync(folder);
  return true;
}

/**
 * Makes a folder and those above it where they are missing; true when it was made. One level after the other, for
 * Node's own recursive mode never ends where the system denies that a folder can be, such as below /proc.
 * Errors: MR-DSK-002.
 */
export function makeFolder(path: string): boolean {
  try {
    return make(resolve(path));
  } catch (thrown) {
    if (existsSync(path)) return false;
    throw new MillraceError('MR-DSK-002', { path, problem: problemOf(thrown) }, thrown);
  }
}
