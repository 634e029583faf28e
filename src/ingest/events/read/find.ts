/** Finds files of events and looks at each once: how is it packed, which format has it, what is its hash. */
import { createHash } from 'node:crypto';
import { type Dirent, readdirSync, type Stats, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { MillraceError } from '../../../kernel/errors.ts';
import { type Compression, compressionOf, contentOf, isParquet, requireText } from '../../files/compression.ts';
import type { DraftCopy } from '../../files/copies.ts';
import { type Encoding, markedEncoding, toUtf8 } from '../../files/encoding.ts';
import { inspect, unreadable } from '../../files/inspect.ts';
import { LineScan, lineLimit } from './line-scan.ts';

/** What a file of events is: an object a line, one JSON array of objects, or Parquet. */
export type EventFormat = 'ndjson' | 'array' | 'parquet';

/** What ends the lines of a text: a line feed, alone or behind a carriage return, or a carriage return alone. */
export type LineEnd = 'LF' | 'CR';

/** A file of events as it was found. */
export interface EventFile {
  readonly path: string;
  /** Its name, with `/` where it stands in a folder of the folder that was given. */
  readonly name: string;
  /** Of the bytes as received, packed or not. */
  readonly sha256: string;
  readonly bytes: number;
  readonly compression: Compression;
  readonly format: EventFormat;
  readonly encoding: Encoding;
  readonly lineEnd: LineEnd;
  /**
   * DuckDB takes its lines as they are: NDJSON that is not packed, UTF-8 without a byte order mark, without NUL, carriage
   * returns and U+001F, no line over 1 MiB.
   */
  readonly regular: boolean;
  /** The lines of a regular file that are not blank; undefined for others, which have not been taken apart yet. */
  readonly records: number | undefined;
  readonly modifiedAt: number;
  /** The path of a packed copy that was written while the file was looked at; undefined when there is none. */
  readonly draft?: string | undefined;
}

/** The files that were found, and what was left out. */
export interface FoundEventFiles {
  readonly files: readonly EventFile[];
  /** Paths of files in the given folders that are none of events, and of folders that were not entered. */
  readonly ignored: readonly string[];
}

/** No more files have a number each: a SMALLINT. */
const fileLimit = 32_767;

const eventName = /\.((ndjson|jsonl|json)(\.gz|\.zst)?|parquet)$/i;

interface Place {
  readonly path: string;
  readonly name: string;
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (thrown) {
    throw unreadable(folder, thrown);
  }
}

/** What a link points to; undefined when that is gone. */
const targetOf = (path: string): Stats | undefined => statSync(path, { throwIfNoEntry: false });

/** The last bytes of a Parquet file: the length of its footer, which stands before them, and PAR1 again. */
const trailerBytes = 8;

/** The id of an event as the footer of a Parquet file names a column: its length, then the name. */
const idColumn = Buffer.from('\x08event_id');

/** The footer of a Parquet file; undefined when it is cut off or damaged. */
async function footerOf(path: string): Promise<Buffer | undefined> {
  const file = await open(path);
  try {
    const before = (await file.stat()).size - trailerBytes;
    if (before <= 0) return undefined;
    const { buffer: trailer } = await file.read(Buffer.alloc(trailerBytes), 0, trailerBytes, before);
    const length = trailer.readUInt32LE(0);
    if (trailer.toString('latin1', 4) !== 'PAR1' || length >= before) return undefined;
    return (await file.read(Buffer.alloc(length), 0, length, before - length)).buffer;
  } finally {
    await file.close();
  }
}

/**
 * Whether a file may hold events: Parquet without a column for their ids, such as a catalog, does not. What cannot be read
 * may; whoever reads it says what is wrong.
 */
async function holdsEvents(path: string): Promise<boolean> {
  if (!(await isParquet(path))) return true;
  const footer = await footerOf(path).catch((thrown: unknown) => {
    throw unreadable(path, thrown);
  });
  return footer?.includes(idColumn) ?? true;
}

/** Hidden entries are left out, and links to folders, which may lead in a circle. */
function* walk(folder: string, ignored: string[]): Generator<string> {
  for (const entry of entriesOf(folder)) {
    const path = join(folder, entry.name);
    const isHidden = entry.name.startsWith('.');
    const isFile = entry.isSymbolicLink() ? targetOf(path)?.isFile() === true : entry.isFile();
    if (!isHidden && entry.isDirectory()) yield* walk(path, ignored);
    else if (!isHidden && isFile && eventName.test(entry.name)) yield path;
    else ignored.push(path);
  }
}

/** Tells of a file in a folder whether it is one of those that are looked for. */
type IsMeant = (path: string) => Promise<boolean>;

async function placesIn(folder: string, isMeant: IsMeant, ignored: string[]): Promise<readonly Place[]> {
  const places: Place[] = [];
  for (const path of walk(folder, ignored)) {
    if (await isMeant(path)) places.push({ path, name: relative(folder, path).split(sep).join('/') });
    else ignored.push(path);
  }
  if (places.length === 0) throw new MillraceError('MR-IN-015', { path: folder });
  return places;
}

async function placesAt(path: string, isMeant: IsMeant, ignored: string[]): Promise<readonly Place[]> {
  const found = inspect(path);
  if (found.isDirectory()) return placesIn(path, isMeant, ignored);
  if (found.isFile()) return [{ path, name: basename(path) }];
  throw new MillraceError('MR-IN-009', { path, kind: 'special file', expected: 'a file or a folder' });
}

/** The beginning of a content, enough to tell its format by. */
async function headOf(path: string, compression: Compression): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of contentOf(path, compression)) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > lineLimit) break;
  }
  return Buffer.concat(chunks);
}

async function textOf(head: Buffer, encoding: Encoding): Promise<string> {
  async function* one(): AsyncGenerator<Buffer> {
    yield head;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of toUtf8(one(), encoding)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * An array begins with a bracket. So does a line of NDJSON that holds an array instead of an object: then it is whole and
 * another one follows, or the next line is an object that no comma has announced.
 */
function formatOf(head: string): EventFormat {
  const start = head.search(/[^ \t\r\n]/);
  if (head[start] !== '[') return 'ndjson';
  const [first = '', second] = head.slice(start).split(/[\r\n]\s*/, 2);
  if (second === undefined || second === '') return 'array';
  if (parsed(first) !== undefined) return 'ndjson';
  const goesOn = /^\[\s*$|[,{]\s*$/.test(first);
  const next = goesOn ? undefined : parsed(second);
  return typeof next === 'object' && next !== null && !Array.isArray(next) ? 'ndjson' : 'array';
}

const lineEndOf = (head: string): LineEnd => (head.includes('\r') && !head.includes('\n') ? 'CR' : 'LF');

interface Told {
  readonly compression: Compression;
  readonly format: EventFormat;
  readonly encoding: Encoding;
  readonly lineEnd: LineEnd;
  /** Its bytes may be regular text. */
  readonly plain: boolean;
}

async function tell(path: string): Promise<Told> {
  if (await isParquet(path)) {
    return { compression: 'none', format: 'parquet', encoding: 'utf-8', lineEnd: 'LF', plain: false };
  }
  const compression = await compressionOf(path);
  const head = await headOf(path, compression);
  requireText(path, head.toString('latin1', 0, 8));
  const marked = markedEncoding(head);
  const encoding = marked ?? 'utf-8';
  const text = await textOf(head, encoding);
  const format = formatOf(text);
  const plain = compression === 'none' && format === 'ndjson' && marked === undefined;
  return { compression, format, encoding, lineEnd: lineEndOf(text), plain };
}

/** Begins a copy of a file that is about to be read; undefined when none is wanted. */
export type BeginCopy = (
  file: Pick<EventFile, 'path' | 'bytes' | 'compression' | 'format'>,
) => Promise<DraftCopy | undefined>;

/**
 * Looks at one file. Errors: MR-IN-001, MR-IN-005 when it is of another format, MR-IN-007, MR-IN-014 when its beginning
 * cannot be unpacked.
 */
export async function readEventFile(path: string, name: string, begin?: BeginCopy): Promise<EventFile> {
  const { mtimeMs: modifiedAt, size } = inspect(path);
  const { plain, ...told } = await tell(path);
  const hash = createHash('sha256');
  const scan = new LineScan();
  const copy = await begin?.({ path, bytes: size, ...told });
  let bytes = 0;
  try {
    for await (const chunk of contentOf(path, 'none')) {
      const copied = copy?.take(chunk);
      hash.update(chunk);
      if (plain) scan.add(chunk);
      bytes += chunk.length;
      await copied;
    }
  } finally {
    await copy?.end();
  }
  scan.end();
  const regular = plain && scan.regular;
  const records = regular ? scan.records : undefined;
  const draft = copy && { draft: copy.path };
  return { path, name, sha256: hash.digest('hex'), bytes, ...told, regular, records, modifiedAt, ...draft };
}

async function findFiles(paths: readonly string[], isMeant: IsMeant, begin?: BeginCopy): Promise<FoundEventFiles> {
  const ignored: string[] = [];
  const places = new Map<string, Place>();
  for (const path of paths) {
    for (const place of await placesAt(resolve(path), isMeant, ignored)) {
      if (!places.has(place.path)) places.set(place.path, place);
    }
  }
  if (places.size > fileLimit) throw new MillraceError('MR-IN-018', { count: places.size, limit: fileLimit });
  const files: EventFile[] = [];
  for (const { path, name } of places.values()) files.push(await readEventFile(path, name, begin));
  return { files, ignored };
}

/**
 * The files of events at these paths. Folders are searched to any depth for *.ndjson, *.jsonl and *.json, also packed as
 * .gz or .zst, and *.parquet with a column event_id; a file that is named itself is taken whatever its name and columns.
 * What a file is, its content tells. Errors: those of `readEventFile`, MR-IN-009 when a path is neither file nor folder,
 * MR-IN-015 when a folder has no file of events, MR-IN-018 when there are too many.
 */
export const findEventFiles = (paths: readonly string[], begin?: BeginCopy): Promise<FoundEventFiles> =>
  findFiles(paths, holdsEvents, begin);

/** The files of reference data at these paths: found as those of events, whatever their columns. Errors: the same. */
export const findReferenceFiles = async (paths: readonly string[]): Promise<readonly EventFile[]> =>
  (await findFiles(paths, async () => true)).files;
