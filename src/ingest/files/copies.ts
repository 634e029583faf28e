/** Copies of received files, packed on the way where they are not, each whole before it gets its name. */
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { access, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress, createZstdDecompress, type ZstdCompress } from 'node:zlib';
import { isMissing } from '../../kernel/errors.ts';
import { flush } from '../../kernel/folders.ts';

/** A copy that is written while its file is read for another purpose. */
export interface DraftCopy {
  readonly path: string;
  /** Takes what was read, whose memory is not used again; resolves when more may come. */
  take(chunk: Buffer): Promise<void>;
  /** Resolves when all of it is written. */
  end(): Promise<void>;
}

/** A file that is to be kept. */
export interface WantedCopy {
  readonly path: string;
  /** The copy's name in the archive, with `/`; its last part tells contents apart. */
  readonly name: string;
  /** Whether it is packed with zstd on the way. */
  readonly pack: boolean;
  /** Its copy, when there is one already: the path of a `DraftCopy`. */
  readonly draft?: string | undefined;
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

const createPacker = (): ZstdCompress =>
  createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 1 }, chunkSize: 1 << 20 });

const makeFolder = (folder: string): Promise<unknown> => mkdir(folder, { recursive: true, mode: 0o700 });

/** Begins a packed copy, to be kept later or removed with the other drafts. Its number tells it from the others of a load. */
export async function beginCopy(folder: string, number: number): Promise<DraftCopy> {
  await makeFolder(drafts(folder));
  const path = join(drafts(folder), `early-${number}`);
  const packer = createPacker();
  const written = pipeline(packer, createWriteStream(path, { mode: 0o600 }));
  // A failure is told to whoever gives more, or ends it.
  written.catch(() => undefined);
  return {
    path,
    async take(chunk) {
      if (!packer.write(chunk)) await Promise.race([once(packer, 'drain'), written]);
    },
    end() {
      packer.end();
      return written;
    },
  };
}

async function writeCopy({ path, pack }: WantedCopy, draft: string): Promise<void> {
  const source = createReadStream(path, { highWaterMark: 1 << 20 });
  const sink = createWriteStream(draft, { mode: 0o600 });
  await (pack ? pipeline(source, createPacker(), sink) : pipeline(source, sink));
}

async function keepCopy(folder: string, copy: WantedCopy): Promise<void> {
  const target = join(folder, copy.name);
  if (await isThere(target)) return;
  for (const needed of [dirname(target), drafts(folder)]) await makeFolder(needed);
  const draft = copy.draft ?? join(drafts(folder), copy.name.replaceAll('/', '_'));
  if (copy.draft === undefined) await writeCopy(copy, draft);
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
