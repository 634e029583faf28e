/** Files that came packed: which packing the first bytes tell of, and the content without it. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline, Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { isMissing, MillraceError, problemOf } from '../../kernel/errors.ts';

/** A packing that is understood. */
export type Compression = 'none' | 'gzip' | 'zstd';

const chunkSize = 1 << 18;

/** First bytes of files that people take for CSV files, and that are none. */
const otherFormats: readonly (readonly [start: string, kind: string])[] = [
  ['PK\x03\x04', 'a ZIP archive or a spreadsheet'],
  ['\xd0\xcf\x11\xe0', 'an old spreadsheet'],
  ['PAR1', 'a Parquet file'],
  ['%PDF-', 'a PDF document'],
  ['BZh', 'a bzip2 archive'],
  ['\xfd7zXZ\x00', 'an xz archive'],
  ['7z\xbc\xaf\x27\x1c', 'a 7z archive'],
];

/** An error of the file system as the user is told of it. Errors: MR-IN-001, MR-IN-007. */
export const unreadable = (path: string, thrown: unknown): MillraceError =>
  isMissing(thrown)
    ? new MillraceError('MR-IN-001', { path }, thrown)
    : new MillraceError('MR-IN-007', { path, problem: problemOf(thrown) }, thrown);

async function firstBytes(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(8), 0, 8, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}

/** How a file is packed, by its first bytes, whatever its name. Errors: MR-IN-001, MR-IN-005, MR-IN-007. */
export async function compressionOf(path: string): Promise<Compression> {
  const start = await firstBytes(path).catch((thrown: unknown) => {
    throw unreadable(path, thrown);
  });
  const other = otherFormats.find(([bytes]) => start.startsWith(bytes));
  if (other) throw new MillraceError('MR-IN-005', { path, kind: other[1] });
  if (start.startsWith('\x1f\x8b')) return 'gzip';
  return start.startsWith('\x28\xb5\x2f\xfd') ? 'zstd' : 'none';
}

const isArchiveProblem = (thrown: unknown): boolean =>
  thrown instanceof Error && 'code' in thrown && /^(Z_|ZSTD_|ERR_ZLIB)/.test(String(thrown.code));

async function* taken(source: AsyncIterable<Buffer>, take: (chunk: Buffer) => void): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    take(chunk);
    yield chunk;
  }
}

function unpacked(received: AsyncIterable<Buffer>, compression: Compression): AsyncIterable<Buffer> {
  if (compression === 'none') return received;
  const unpacker = compression === 'gzip' ? createGunzip({ chunkSize }) : createZstdDecompress({ chunkSize });
  // Whatever goes wrong reaches the one who reads from the unpacker.
  pipeline(Readable.from(received), unpacker, () => undefined);
  return unpacker;
}

/**
 * The content of a file, unpacked; `take` is given the bytes as they were received. Errors: MR-IN-001, MR-IN-007, and
 * MR-IN-014 when the archive is cut off or damaged.
 */
export async function* contentOf(
  path: string,
  compression: Compression,
  take: (chunk: Buffer) => void = () => undefined,
): AsyncGenerator<Buffer> {
  const received = taken(createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>, take);
  try {
    yield* unpacked(received, compression);
  } catch (thrown) {
    if (!isArchiveProblem(thrown)) throw unreadable(path, thrown);
    throw new MillraceError('MR-IN-014', { path, compression, problem: problemOf(thrown) }, thrown);
  }
}
