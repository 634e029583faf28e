/** Copies of received files, packed on the way where they are not, each whole before it gets its name. */
import { createReadStream, createWriteStream } from 'node:fs';
import { access, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { isMissing } from '../../kernel/errors.ts';
import { flush } from '../../kernel/folders.ts';

/** A file that is to be kept. */
export interface WantedCopy {
  readonly path: string;
  /** The copy's name in the archive, with `/`; its last part tells contents apart. */
  readonly name: string;
  /** Whether it is packed with zstd on the way. */
  readonly pack: boolean;
}

/** More at once gain nothing. */
const atOnce = 4;

/** Where copies are written before they get their name. */
const drafts = (folder: string): string => join(folder, 'drafts');

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    (thrown) => {
      if (isMissing(thrown)) return false;
      throw thrown;
    },
  );

async function keepCopy(folder: string, { path, name, pack }: WantedCopy): Promise<void> {
  const target = join(folder, name);
  if (await isThere(target)) return;
  for (const needed of [dirname(target), drafts(folder)]) await mkdir(needed, { recursive: true, mode: 0o700 });
  const draft = join(drafts(folder), name.replaceAll('/', '_'));
  const source = createReadStream(path, { highWaterMark: 1 << 20 });
  const sink = createWriteStream(draft, { mode: 0o600 });
  if (pack) {
    const params = { [constants.ZSTD_c_compressionLevel]: 1 };
    await pipeline(source, createZstdCompress({ params, chunkSize: 1 << 20 }), sink);
  } else await pipeline(source, sink);
  await flush(draft);
  await rename(draft, target);
  await flush(dirname(target));
}

/** Keeps a copy of each file whose name the archive does not have yet, for its owner's eyes alone. */
export async function keepCopies(folder: string, copies: readonly WantedCopy[]): Promise<void> {
  const waiting = [...new Map(copies.map((copy) => [copy.name, copy])).values()];
  const keepNext = async (): Promise<void> => {
    for (let copy = waiting.pop(); copy; copy = waiting.pop()) await keepCopy(folder, copy);
  };
  await Promise.all(Array.from({ length: atOnce }, keepNext));
  await removeDrafts(folder);
}

/** Writes a copy's content to the path, unpacked where it was packed on the way. */
export async function restoreCopy(copy: string, packed: boolean, path: string): Promise<void> {
  const sink = createWriteStream(path, { mode: 0o600 });
  if (packed) await pipeline(createReadStream(copy), createZstdDecompress({ chunkSize: 1 << 20 }), sink);
  else await pipeline(createReadStream(copy), sink);
}

/**
 * Removes drafts that killed loads left. Whole copies stay, also those of loads that failed: they are used when the load is
 * given again, and another database may refer to them.
 */
export const removeDrafts = (folder: string): Promise<void> => rm(drafts(folder), { recursive: true, force: true });
