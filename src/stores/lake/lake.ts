/** The lake: files that are written once, whole, and then only read or removed. A folder here; S3 can stand behind it. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { isMissing } from '../../kernel/errors.ts';
import { flush } from '../../kernel/folders.ts';

/** Named files with `/` in their paths, relative to the lake. */
export interface Lake {
  /** The path as DuckDB reads it. */
  locate(path: string): string;
  /** Lets `write` fill a draft, then gives it its name at once; gives the bytes written. A failed write leaves nothing. */
  put(path: string, write: (draft: string) => Promise<void>): Promise<number>;
  /**
   * Lets `write` fill a folder with drafts, then gives each the name that `nameOf` makes of its path in that folder. A
   * failed write leaves nothing; when the process dies amid the renames, some have their names and others are gone.
   */
  putAll(write: (folder: string) => Promise<void>, nameOf: (draft: string) => string): Promise<readonly StoredFile[]>;
  /** All paths that begin with the folder. */
  list(folder: string): Promise<readonly string[]>;
  /** The bytes of a file; undefined when it is not there. */
  size(path: string): Promise<number | undefined>;
  /** Removes a file; one that is not there is no error. */
  remove(path: string): Promise<void>;
  /** Removes drafts that killed processes left. */
  removeDrafts(): Promise<void>;
}

/** What folders of drafts begin with. */
const draftsPrefix = 'drafts-';

/** A file that was put. */
export interface StoredFile {
  readonly path: string;
  /** Its path in the folder of drafts. */
  readonly draft: string;
  readonly bytes: number;
}

/** The paths of all files below a folder, relative to it. Folders are read at the same time: a lake has one for each day. */
async function filesIn(folder: string, prefix = ''): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map(({ name }) => `${prefix}${name}`);
    const folders = entries.filter((entry) => entry.isDirectory());
    const below = folders.map(({ name }) => filesIn(join(folder, name), `${prefix}${name}/`));
    return [files, ...(await Promise.all(below))].flat();
  } catch (thrown) {
    if (isMissing(thrown)) return [];
    throw thrown;
  }
}

/** Files that are brought to the disk at the same time: the journal takes them together. */
const flushedAtOnce = 64;

async function inGroups<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let start = 0; start < items.length; start += flushedAtOnce) {
    await Promise.all(items.slice(start, start + flushedAtOnce).map(work));
  }
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
    async putAll(write, nameOf) {
      await mkdir(root, { recursive: true });
      const drafts = await mkdtemp(locate(draftsPrefix));
      try {
        await write(drafts);
        const files = (await filesIn(drafts)).map((draft) => ({ file: join(drafts, draft), draft }));
        await inGroups(files, ({ file }) => flush(file));
        const stored: StoredFile[] = [];
        await inGroups(files, async ({ file, draft }) => {
          const path = nameOf(draft);
          await mkdir(dirname(locate(path)), { recursive: true });
          const { size: bytes } = await stat(file);
          await rename(file, locate(path));
          stored.push({ path, draft, bytes });
        });
        await inGroups([...new Set(stored.map(({ path }) => dirname(locate(path))))], flush);
        return stored;
      } finally {
        await rm(drafts, { recursive: true, force: true });
      }
    },
    list: async (folder) => (await filesIn(locate(folder))).map((path) => posix.join(folder, path)),
    async removeDrafts() {
      for (const name of existsSync(root) ? await readdir(root) : []) {
        if (name.startsWith(draftsPrefix)) await rm(locate(name), { recursive: true, force: true });
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
