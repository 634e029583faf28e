/** The archive of received CSV files: each kept once, compressed, under the hash of its content. */
import { keepCopies } from '../files/copies.ts';

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

/** Keeps a copy of each content that the archive does not have yet. What is compressed already is kept as it is. */
export const archiveFiles = (folder: string, files: readonly ReceivedFile[]): Promise<void> =>
  keepCopies(
    folder,
    files.map((file) => ({ path: file.path, name: archiveName(file), pack: file.compression === 'none' })),
  );
