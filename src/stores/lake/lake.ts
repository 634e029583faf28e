/** The lake: files that are written once, whole, and then only read or removed. A folder here; S3 can stand behind it. */
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { isMissing } from '../../kernel/errors.ts';
import { flush } from '../../kernel/folders.ts';

/** Named files with `/` in their paths, relative to the lake. */
export interface Lake {
  /** The path as DuckDB reads it. */
  locate(path: string): string;
  /** Lets `write` fill a draft, then gives it its name at once; gives the bytes written. A failed write leaves nothing. */
  put(path: string, write: (draft: string) => Promise<void>): Promise<number>;
  /** All paths that begin with the folder. */
  list(folder: string): Promise<readonly string[]>;
  /** The bytes of a file; undefined when it is not there. */
  size(path: string): Promise<number | undefined>;
  /** Removes a file; one that is not there is no error. */
  remove(path: string): Promise<void>;
}

/** A lake in a folder of this machine. */
export function openFolderLake(root: string): Lake {
  const locate = (path: string): string => join(root, path);
  return {
    locate,
    async put(path, write) {
      const target = locate(path);
      const draft = `${target}.draft`;
      await mkdir(dirname(target), { recursive: true });
      try {
        await write(draft);
        await flush(draft);
        await rename(draft, target);
      } catch (thrown) {
        await rm(draft, { force: true });
        throw thrown;
      }
      return (await stat(target)).size;
    },
    async list(folder) {
      try {
        const entries = await readdir(locate(folder), { recursive: true, withFileTypes: true });
        return entries
          .filter((entry) => entry.isFile())
          .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
      } catch (thrown) {
        if (isMissing(thrown)) return [];
        throw thrown;
      }
    },
    async size(path) {
      try {
        return (await stat(locate(path))).size;
      } catch (thrown) {
        if (isMissing(thrown)) return undefined;
        throw thrown;
      }
    },
    remove: (path) => rm(locate(path), { force: true }),
  };
}
