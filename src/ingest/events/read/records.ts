/** Sorts records, line by line, into a regular text and a list of those that cannot be kept in one. */
import { isUtf8 } from 'node:buffer';
import { wholeCharacters } from '../../files/encoding.ts';
import { FileWriter } from '../../files/writer.ts';
import { byteOf, isBlank, LineScan, lineLimit } from './line-scan.ts';

/** Why a record cannot be kept as a line of text. */
export type UnreadableRule = 'events.record.malformed' | 'events.record.too_long';

/** How much of an unreadable record is kept, in bytes of UTF-8. */
const keptLimit = 1 << 16;

const lineEnd = Buffer.of(byteOf.lineFeed);
const [quote, backslash, space] = [0x22, 0x5c, 0x20];

const cut = (bytes: Buffer): Buffer => {
  const kept = bytes.subarray(0, keptLimit);
  return bytes.length > keptLimit ? kept.subarray(0, wholeCharacters(kept)) : kept;
};

/** The beginning of a record in a form that every store takes: U+FFFD for what is no character, U+2400 for NUL. */
const readable = (record: Buffer): string =>
  cut(Buffer.from(cut(record).toString('utf8').replaceAll('\0', '\u2400'))).toString('utf8');

/**
 * A record with blanks for the line ends between its tokens; undefined when one stands within a string, where JSON has
 * none.
 */
function onOneLine(record: Buffer): Buffer | undefined {
  const line = Buffer.from(record);
  let quoted = false;
  for (let index = 0; index < line.length; index += 1) {
    const byte = line[index];
    if (byte === quote) quoted = !quoted;
    else if (byte === backslash && quoted) index += 1;
    else if (byte === byteOf.lineFeed || byte === byteOf.carriageReturn) {
      if (quoted) return undefined;
      line[index] = space;
    }
  }
  return line;
}

const hasBreak = (bytes: Buffer): boolean => bytes.includes(byteOf.carriageReturn) || bytes.includes(byteOf.lineFeed);

/**
 * Two new files: a regular text whose n-th line is the n-th record, blank where that cannot be kept, and NDJSON with
 * line_number, line and rule of each of those.
 */
export class RecordFiles {
  /** Records that are not blank. */
  records = 0;
  unreadable = 0;
  private line = 0;
  private readonly text: FileWriter;
  private readonly rejects: FileWriter;

  constructor(textPath: string, unreadablePath: string) {
    this.text = new FileWriter(textPath);
    this.rejects = new FileWriter(unreadablePath);
  }

  /** Takes the next record; blanks around it stay. */
  add(record: Buffer): void {
    if (isBlank(record, 0, record.length)) this.next();
    else if (record.length > lineLimit) this.reject(record, 'events.record.too_long');
    else if (!isUtf8(record) || record.includes(0) || record.includes(byteOf.separator)) this.reject(record);
    else this.keep(record);
  }

  private keep(record: Buffer): void {
    const line = hasBreak(record) ? onOneLine(record) : record;
    if (!line) {
      this.reject(record);
      return;
    }
    this.records += 1;
    this.text.bytes(line, 0, line.length);
    this.next();
  }

  /** Takes the next record, of which the beginning may be given alone, as one that cannot be kept. */
  reject(record: Buffer, rule: UnreadableRule = 'events.record.malformed'): void {
    this.records += 1;
    this.unreadable += 1;
    const entry = { line_number: this.line + 1, line: readable(record), rule };
    this.rejects.text(`${JSON.stringify(entry)}\n`);
    this.next();
  }

  private next(): void {
    this.line += 1;
    this.text.bytes(lineEnd, 0, 1);
  }

  /** Takes whole lines that need no change, each with its end, of which so many are not blank. */
  copy(lines: Buffer, count: number, records: number): void {
    this.line += count;
    this.records += records;
    this.text.bytes(lines, 0, lines.length);
  }

  flush(): void {
    this.text.flush();
    this.rejects.flush();
  }

  close(): void {
    this.text.close();
    this.rejects.close();
  }
}

/** Takes lines of any kind apart, chunk by chunk, in bounded memory. A carriage return before a line feed is part of the end. */
export class LineSplitter {
  private readonly files: RecordFiles;
  private pending: Buffer = Buffer.alloc(0);
  /** The beginning of a line that is too long, while its end is looked for. */
  private skipped: Buffer | undefined;

  constructor(files: RecordFiles) {
    this.files = files;
  }

  add(chunk: Buffer): void {
    const rest = this.skipped ? this.skip(chunk) : chunk;
    const bytes = this.pending.length > 0 ? Buffer.concat([this.pending, rest]) : rest;
    const end = bytes.lastIndexOf(byteOf.lineFeed) + 1;
    if (end > 0) this.addLines(bytes.subarray(0, end));
    // A copy: whoever gave the chunk may use its memory again.
    this.pending = Buffer.from(bytes.subarray(end));
    // One byte more, for it may be the first of a line's end.
    if (this.pending.length <= lineLimit + 1) return;
    this.skipped = this.pending.subarray(0, keptLimit);
    this.pending = Buffer.alloc(0);
  }

  /** What stands behind the end of a line that is too long. */
  private skip(chunk: Buffer): Buffer {
    const end = chunk.indexOf(byteOf.lineFeed);
    if (end < 0) return chunk.subarray(chunk.length);
    this.endSkipped();
    return chunk.subarray(end + 1);
  }

  private endSkipped(): void {
    if (this.skipped) this.files.reject(this.skipped, 'events.record.too_long');
    this.skipped = undefined;
  }

  private addLines(lines: Buffer): void {
    const scan = new LineScan();
    scan.add(lines);
    if (scan.regular) this.files.copy(lines, scan.lines, scan.records);
    else this.addEach(lines);
  }

  private addEach(lines: Buffer): void {
    let start = 0;
    for (let end = lines.indexOf(byteOf.lineFeed); end >= 0; end = lines.indexOf(byteOf.lineFeed, start)) {
      const isPair = end > start && lines[end - 1] === byteOf.carriageReturn;
      this.files.add(lines.subarray(start, isPair ? end - 1 : end));
      start = end + 1;
    }
  }

  end(): void {
    this.endSkipped();
    if (this.pending.length > 0) this.addLines(Buffer.concat([this.pending, lineEnd]));
    this.pending = Buffer.alloc(0);
  }
}
