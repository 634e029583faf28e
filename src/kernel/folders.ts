/** Folders, made with all that is above them; files and folders, brought safely to the disk. */
import { existsSync, mkdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
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

/** Waits until what was written to the file, or renamed in the folder, is on the disk. */
export async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
