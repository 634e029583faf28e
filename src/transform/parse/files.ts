/** The files of a project's folders, and their texts as dbt reads them. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { isMissing, MillraceError, problemOf } from '../../kernel/errors.ts';
import type { FileHash } from '../manifest/types.ts';

/** A file that was found in one of a project's folders; all paths have forward slashes. */
export interface FoundFile {
  /** The folder that was searched, such as `models`. */
  readonly folder: string;
  /** Below that folder, as `staging/stg_orders.sql`. */
  readonly path: string;
  /** Below the project, as `models/staging/stg_orders.sql`. */
  readonly originalPath: string;
}

/** Seeds above this size are known by their path, not by their contents (bytes). */
const largestHashedSeed = 1024 * 1024;

const portable = (path: string): string => path.split(sep).join('/');
const isHidden = (name: string): boolean => /^[.#~]/.test(name);

/** The files below `folders` of `root` whose names end as asked, sorted by path; an absent folder has none. Errors: MR-TRF-127. */
export function findFiles(root: string, folders: readonly string[], endings: readonly string[]): readonly FoundFile[] {
  const trimmed = new Set(folders.map((folder) => folder.replace(/\/+$/, '')));
  return [...trimmed].flatMap((folder) => {
    try {
      return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory() && !isHidden(entry.name))
        .filter((entry) => endings.some((ending) => entry.name.endsWith(ending)))
        .map((entry) => portable(relative(join(root, folder), join(entry.parentPath, entry.name))))
        .sort()
        .map((path) => ({ folder, path, originalPath: folder === '.' ? path : `${folder}/${path}` }));
    } catch (thrown) {
      if (isMissing(thrown)) return [];
      throw new MillraceError('MR-TRF-127', { path: folder, problem: problemOf(thrown) }, thrown);
    }
  });
}

/** The text of a file of the project. Errors: MR-TRF-127. */
export function readText(root: string, path: string): string {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch (thrown) {
    const problem = isMissing(thrown) ? 'it does not exist' : problemOf(thrown);
    throw new MillraceError('MR-TRF-127', { path, problem }, thrown);
  }
}

/** The text of a file that need not be there. */
export function readTextIfThere(root: string, path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw new MillraceError('MR-TRF-127', { path, problem: problemOf(thrown) }, thrown);
  }
}

/** Whether Python counts a character as space: the separators U+001C to U+001F and U+0085 are, a byte order mark is not. */
function isSpace(code: number): boolean {
  if (code === 0xfeff) return false;
  return (code >= 0x1c && code <= 0x1f) || code === 0x85 || /\s/.test(String.fromCharCode(code));
}

/** A text without the space at its end, as Python's str.rstrip() leaves it. */
export function strippedEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** What Python's str.strip() leaves. */
export function stripped(text: string): string {
  const trimmed = strippedEnd(text);
  let start = 0;
  while (start < trimmed.length && isSpace(trimmed.charCodeAt(start))) start += 1;
  return trimmed.slice(start);
}

/** The sha256 of a text, in hex. */
export const sha256 = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');

/** The md5 of a text, in hex; names of tests are made with it. */
export const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

/** The checksum that the manifest gives a template. */
export const checksumOf = (text: string): FileHash => ({ name: 'sha256', checksum: sha256(stripped(text)) });

/** The checksum that the manifest gives a seed. */
export function seedChecksum(root: string, path: string): FileHash {
  return statSync(join(root, path)).size > largestHashedSeed
    ? { name: 'path', checksum: path }
    : checksumOf(readText(root, path));
}
