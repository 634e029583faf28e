/** The archive of received files: each kept once, compressed, under the hash of its content; for its owner's eyes alone. */
import { createReadStream, createWriteStream } from 'node:fs';
import { access, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress } from 'node:zlib';
import { isMissing } from '../../kernel/errors.ts';
import { flush } from '../../kernel/folders.ts';
import type { Sql } from '../../stores/postgres/postgres.ts';

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
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  const draft = `${target}.draft`;
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
}

/** Removes what no batch refers to: copies of files whose load failed or was killed. */
export async function removeUnreferenced(sql: Sql, folder: string): Promise<void> {
  const kept = await sql.rows<{ name: string }>('SELECT DISTINCT archived_as AS name FROM ops.batch_files');
  const names = new Set(kept.map(({ name }) => name));
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((thrown: unknown) => {
    if (isMissing(thrown)) return [];
    throw thrown;
  });
  for (const entry of entries) {
    const name = `${entry.parentPath.slice(folder.length + 1)}/${entry.name}`;
    if (entry.isFile() && !names.has(name)) await rm(join(folder, name), { force: true });
  }
}
