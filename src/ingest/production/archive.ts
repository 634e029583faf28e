/** The archive of received files: each kept once, compressed, under the hash of its content; for its owner's eyes alone. */
import { createReadStream, createWriteStream } from 'node:fs';
import { access, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress } from 'node:zlib';
import { isMissing } from '../../kernel/errors.ts';
import { flush } from '../../kernel/folders.ts';

/** A file as it was received. */
interface ReceivedFile {
  readonly path: string;
  readonly sha256: string;
  readonly compression: 'none' | 'gzip' | 'zstd';
}

const extensions = { none: 'csv.zst', gzip: 'csv.gz', zstd: 'csv.zst' } as const;

/** The name that a file gets in the archive; it says how to decompress it. */
export const archiveName = ({ sha256, compression }: ReceivedFile): string =>
  `${sha256.slice(0, 2)}/${sha256}.${extensions[compression]}`;

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

async function archiveFile(folder: string, file: ReceivedFile): Promise<void> {
  const target = join(folder, archiveName(file));
  if (await isThere(target)) return;
  for (const path of [dirname(target), drafts(folder)]) await mkdir(path, { recursive: true, mode: 0o700 });
  const draft = join(drafts(folder), file.sha256);
  const source = createReadStream(file.path, { highWaterMark: 1 << 20 });
  const sink = createWriteStream(draft, { mode: 0o600 });
  if (file.compression === 'none') {
    const params = { [constants.ZSTD_c_compressionLevel]: 1 };
    await pipeline(source, createZstdCompress({ params, chunkSize: 1 << 20 }), sink);
  } else await pipeline(source, sink);
  await flush(draft);
  await rename(draft, target);
}

/** Keeps a copy of each content that the archive does not have yet. What is compressed already is kept as it is. */
export async function archiveFiles(folder: string, files: readonly ReceivedFile[]): Promise<void> {
  const distinct = new Map(files.map((file) => [archiveName(file), file]));
  await Promise.all([...distinct.values()].map((file) => archiveFile(folder, file)));
  await removeDrafts(folder);
}

/**
 * Removes drafts that killed loads left. Whole copies stay, also those of loads that failed: they are used when the load is
 * given again, and another database may refer to them.
 */
export const removeDrafts = (folder: string): Promise<void> => rm(drafts(folder), { recursive: true, force: true });
