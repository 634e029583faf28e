/** Files that came packed: which packing the first bytes tell of, and the content without it. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline, Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { MillraceError, problemOf } from '../../kernel/errors.ts';
import { unreadable } from './inspect.ts';

/** A packing that is understood. */
export type Compression = 'none' | 'gzip' | 'zstd';

const chunkSize = 1 << 18;

/** First bytes of files that people take for text files, and that are none. */
const otherFormats: readonly (readonly [start: string, kind: string])[] = [
  ['PK\x03\x04', 'a ZIP archive or a spreadsheet'],
  ['\xd0\xcf\x11\xe0', 'an old spreadsheet'],
  ['PAR1', 'a Parquet file'],
  ['%PDF-', 'a PDF document'],
  ['BZh', 'a bzip2 archive'],
  ['\xfd7zXZ\x00', 'an xz archive'],
  ['7z\xbc\xaf\x27\x1c', 'a 7z archive'],
];

async function readStart(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(8), 0, 8, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}

/** The first bytes of a file, up to eight, as Latin-1. Errors: MR-IN-001, MR-IN-007. */
const firstBytes = (path: string): Promise<string> =>
  readStart(path).catch((thrown: unknown) => {
    throw unreadable(path, thrown);
  });

/** Whether the file begins as a Parquet file does. Errors: MR-IN-001, MR-IN-007. */
export const isParquet = async (path: string): Promise<boolean> => (await firstBytes(path)).startsWith('PAR1');

/** Refuses a content that begins, in Latin-1, like a file of another format. Errors: MR-IN-005. */
export function requireText(path: string, start: string): void {
  const other = otherFormats.find(([bytes]) => start.startsWith(bytes));
  if (other) throw new MillraceError('MR-IN-005', { path, kind: other[1] });
}

/** How a file is packed, by its first bytes, whatever its name. Errors: MR-IN-001, MR-IN-005, MR-IN-007. */
export async function compressionOf(path: string): Promise<Compression> {
  const start = await firstBytes(path);
  requireText(path, start);
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

/** Hands on bytes in order; those that were not used after all are handed on again. */
class Supply {
  private readonly source: AsyncIterator<Buffer>;
  private readonly waiting: Buffer[] = [];
  /** What was handed on since `begin`, the used chunks aside, which had so many bytes. */
  private given: Buffer[] = [];
  private usedUp = 0;
  private arriving: Promise<Buffer | undefined> = Promise.resolve(undefined);

  constructor(source: AsyncIterable<Buffer>) {
    this.source = source[Symbol.asyncIterator]();
  }

  private async pull(): Promise<Buffer | undefined> {
    const next = this.waiting.shift() ?? (await this.source.next());
    const chunk = Buffer.isBuffer(next) ? next : next.value;
    if (chunk) this.given.push(chunk);
    return chunk;
  }

  async *chunks(): AsyncGenerator<Buffer> {
    for (;;) {
      this.arriving = this.pull();
      const chunk = await this.arriving;
      if (!chunk) return;
      yield chunk;
    }
  }

  /** Forgets the first bytes that were handed on since `begin`. */
  used(bytes: number): void {
    for (let [first] = this.given; first && this.usedUp + first.length <= bytes; [first] = this.given) {
      this.usedUp += first.length;
      this.given.shift();
    }
  }

  /** Begins anew behind the bytes that were used; false when there are no more. */
  async begin(bytes: number): Promise<boolean> {
    await this.arriving;
    this.used(bytes);
    const rest = Buffer.concat(this.given).subarray(bytes - this.usedUp);
    this.given = [];
    this.usedUp = 0;
    const next = rest.length > 0 ? rest : await this.pull();
    this.given = [];
    if (next) this.waiting.unshift(next);
    return next !== undefined;
  }
}

/** An archive may consist of several frames, one behind the other; Node unpacks one. */
async function* unpackedZstd(received: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const supply = new Supply(received);
  for (let more = true; more; ) {
    const unpacker = createZstdDecompress({ chunkSize });
    // Whatever goes wrong reaches the one who reads from the unpacker.
    pipeline(Readable.from(supply.chunks()), unpacker, () => undefined);
    for await (const chunk of unpacker) {
      supply.used(unpacker.bytesWritten);
      yield chunk;
    }
    more = await supply.begin(unpacker.bytesWritten);
  }
}

function unpacked(received: AsyncIterable<Buffer>, compression: Compression): AsyncIterable<Buffer> {
  if (compression === 'none') return received;
  if (compression === 'zstd') return unpackedZstd(received);
  const unpacker = createGunzip({ chunkSize });
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
