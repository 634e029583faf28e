/** The files of a project's folders, by kind. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { isMissing, MillraceError, problemOf } from '../kernel/errors.ts';

/** A text file of the project. */
export interface ProjectFile {
  /** Relative to the project's folder, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

const portable = (path: string): string => path.split(sep).join('/');

/** The paths of all files below `folders` (relative to `root`) that end as asked, sorted; an absent folder has none. */
export function listFiles(root: string, folders: readonly string[], endings: readonly string[]): readonly string[] {
  return folders.flatMap((folder) => {
    try {
      return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)))
        .map((entry) => portable(relative(root, join(entry.parentPath, entry.name))))
        .sort();
    } catch (thrown) {
      if (isMissing(thrown)) return [];
      throw new MillraceError('MR-TRF-001', { path: folder, problem: problemOf(thrown) }, thrown);
    }
  });
}

/** Reads a file of the project. Errors: MR-TRF-001. */
export function readProjectFile(root: string, path: string): ProjectFile {
  try {
    return { path, text: readFileSync(join(root, path), 'utf8') };
  } catch (thrown) {
    const problem = isMissing(thrown) ? 'it does not exist' : problemOf(thrown);
    throw new MillraceError('MR-TRF-001', { path, problem }, thrown);
  }
}
