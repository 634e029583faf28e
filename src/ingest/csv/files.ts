/** Finds the files of a batch and looks at each once: how is it packed and encoded, what is its hash, which columns has it. */
import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { basename, join, relative, resolve, sep } from 'node:path';
import { type TableName, tableContracts, tableNames } from '../../contracts/tables.ts';
import { MillraceError } from '../../kernel/errors.ts';
import { type Compression, compressionOf, contentOf } from '../files/compression.ts';
import { type Encoding, markedEncoding, toUtf8, Utf8Weighing, unmarkedUtf16 } from '../files/encoding.ts';
import { inspect, unreadable } from '../files/inspect.ts';
import { type Layout, LayoutScan, recordLimit } from './layout.ts';
import { findRecord, firstRecord, type LineEnd, noRecord } from './records.ts';

/** A CSV file as it was found. */
export interface CsvFile {
  readonly path: string;
  /** Its name, with `/` where it stands in a folder of the batch's folder. */
  readonly name: string;
  /** Of the bytes as received, packed or not. */
  readonly sha256: string;
  readonly bytes: number;
  readonly compression: Compression;
  readonly encoding: Encoding;
  /** Physical lines of the text, the header among them; a last line without an end counts. */
  readonly lines: number;
  /** That of the bytes as received, so that packed files and those in other encodings are irregular. */
  readonly layout: Layout;
  /** The header's names as written. */
  readonly header: readonly string[];
  /** What ends the header; empty when the file ends there. */
  readonly lineEnd: LineEnd;
  readonly modifiedAt: number;
}

function kindOf(path: string): 'file' | 'folder' | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isFile()) return 'file';
    return found?.isDirectory() ? 'folder' : undefined;
  } catch (thrown) {
    throw unreadable(path, thrown);
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch (thrown) {
    throw unreadable(folder, thrown);
  }
}

const packedCsv = /\.csv(\.gz|\.zst)?$/i;

/** The files of one table, in the order of their names. */
function filesOf(folder: string, names: readonly string[], table: TableName): readonly string[] {
  const own = new RegExp(`^${table}([-_.].+)?${packedCsv.source}`, 'i');
  const beside = names.filter((name) => own.test(name));
  const within = kindOf(join(folder, table)) === 'folder' ? namesIn(join(folder, table)) : [];
  return [...beside, ...within.filter((name) => packedCsv.test(name)).map((name) => `${table}/${name}`)]
    .sort()
    .map((name) => join(folder, name))
    .filter((path) => kindOf(path) === 'file');
}

/**
 * The files of a folder, per table in the order of their names: TABLE.csv, parts such as TABLE-1.csv, TABLE_1.csv and
 * TABLE.1.csv, and all CSV files of a folder TABLE; each may end in .gz or .zst. Errors: MR-IN-001, MR-IN-002 with what is
 * missing, MR-IN-007, MR-IN-009 when it is no folder.
 */
export function locateFolder(folder: string): Readonly<Record<TableName, readonly string[]>> {
  const path = resolve(folder);
  if (!inspect(path).isDirectory()) {
    throw new MillraceError('MR-IN-009', { path, kind: 'file', expected: 'a folder with the four CSV files' });
  }
  const names = namesIn(path);
  const found = tableNames.map((table) => [table, filesOf(path, names, table)] as const);
  const missing = found.filter(([, paths]) => paths.length === 0).map(([table]) => tableContracts[table].file);
  if (missing.length > 0) throw new MillraceError('MR-IN-002', { path, missing: missing.join(', ') });
  return Object.fromEntries(found) as Record<TableName, readonly string[]>;
}

/** Bytes that are looked at to tell UTF-16 without a byte order mark; an even number. */
const sniffed = 1024;

/** Collects the beginning of a text, up to a limit of bytes. */
class Head {
  private readonly limit: number;
  private readonly chunks: Buffer[] = [];
  private length = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  add(chunk: Buffer): void {
    if (this.length >= this.limit) return;
    const part = Buffer.from(chunk.subarray(0, this.limit - this.length));
    this.chunks.push(part);
    this.length += part.length;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }
}

async function headOf(path: string, compression: Compression): Promise<Buffer> {
  const head = new Head(sniffed);
  for await (const chunk of contentOf(path, compression)) {
    head.add(chunk);
    if (head.bytes.length === sniffed) break;
  }
  return head.bytes;
}

async function weigh(path: string, compression: Compression): Promise<Encoding> {
  const weighing = new Utf8Weighing();
  for await (const chunk of contentOf(path, compression)) weighing.add(chunk);
  return weighing.encoding;
}

async function utf8Of(bytes: Buffer, encoding: Encoding): Promise<Buffer> {
  async function* one(): AsyncGenerator<Buffer> {
    yield bytes;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of toUtf8(one(), encoding)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

interface Header {
  readonly header: readonly string[];
  readonly lineEnd: LineEnd;
  /** It stands on the first line. */
  readonly first: boolean;
}

/** The first record that is not blank. Errors: MR-IN-003 when there is none, MR-IN-012 when it cannot be taken apart. */
function headerOf(path: string, head: Buffer, complete: boolean): Header {
  const text = head.toString('utf8');
  const start = text.search(/[^\r\n]/);
  if (complete && text.trim() === '') throw new MillraceError('MR-IN-003', { path });
  const bytes = Buffer.from(text.slice(Math.max(start, 0)));
  const state = findRecord(noRecord(), bytes, 0, complete, false);
  if (start < 0 || state !== 'whole') {
    const quotes = state === 'unclosed' || state === 'trailing';
    const problem = quotes ? 'the quotes of its header are wrong' : 'it has no header within its first 1 MiB';
    throw new MillraceError('MR-IN-012', { path, problem });
  }
  const { fields, lineEnd } = firstRecord(text.slice(start));
  const header = fields.map((name) => name.trim().replaceAll('\0', '\u2400'));
  return { header, lineEnd, first: start === 0 };
}

/**
 * Reads the file once from end to end, and its beginning before; a second time when it is neither UTF-8 nor UTF-16. Its
 * name is that from the folder on, where one is given. Errors: MR-IN-003 when it is empty, MR-IN-005 when it is of another
 * format, MR-IN-007 when it cannot be read, MR-IN-012 when it has no header, MR-IN-014 when it cannot be unpacked.
 */
export async function readCsvFile(path: string, folder?: string): Promise<CsvFile> {
  const modifiedAt = inspect(path).mtimeMs;
  const compression = await compressionOf(path);
  const sniff = await headOf(path, compression);
  const told = markedEncoding(sniff) ?? unmarkedUtf16(sniff);
  const hash = createHash('sha256');
  const scan = new LayoutScan();
  const head = new Head(recordLimit + 2);
  let [bytes, characters] = [0, 0];
  const content = contentOf(path, compression, (chunk) => {
    hash.update(chunk);
    bytes += chunk.length;
  });
  for await (const chunk of toUtf8(content, told ?? 'utf-8')) {
    head.add(chunk);
    scan.add(chunk);
    characters += chunk.length;
  }
  const encoding = told ?? (scan.validUtf8 ? 'utf-8' : await weigh(path, compression));
  const start = encoding === 'windows-1252' ? await utf8Of(head.bytes, encoding) : head.bytes;
  const { header, lineEnd, first } = headerOf(path, start, characters === head.bytes.length);
  const asReceived = compression === 'none' && encoding === 'utf-8' && first;
  return {
    path,
    name: folder === undefined ? basename(path) : relative(folder, path).split(sep).join('/'),
    sha256: hash.digest('hex'),
    bytes,
    compression,
    encoding,
    lines: scan.lines,
    layout: asReceived ? scan.layout : 'irregular',
    header,
    lineEnd,
    modifiedAt,
  };
}

/**
 * A batch is known by its content: the SHA-256 over the role and hash of each file. Neither names nor the order of the
 * files of a role count.
 */
export function contentHashOf(files: Readonly<Record<string, readonly CsvFile[]>>, preset: string | undefined): string {
  const hash = createHash('sha256').update(preset ?? '');
  for (const role of Object.keys(files).sort()) {
    for (const sha256 of (files[role] ?? []).map((file) => file.sha256).sort()) hash.update(`\n${role} ${sha256}`);
  }
  return hash.digest('hex');
}
