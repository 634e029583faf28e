/** Any CSV text as a regular one: its good records with their lines into one file, the malformed ones into another. */
import { isUtf8 } from 'node:buffer';
import { join } from 'node:path';
import { type Encoding, wholeCharacters } from '../files/encoding.ts';
import { FileWriter } from '../files/writer.ts';
import { byteOf, recordLimit } from './layout.ts';
import { findLine, findRecord, firstRecord, noRecord, type RecordState } from './records.ts';

/** The most characters of a malformed record that are kept. */
const textLimit = 2000;

/** The files that a text became, and the records that were found: good and malformed. */
export interface Normalised {
  /** UTF-8, LF, without a header: the line and the fields of each good record. */
  readonly goodPath: string;
  /** UTF-8, LF, without a header: line, problem and text of each malformed record. */
  readonly malformedPath: string;
  readonly good: number;
  readonly malformed: number;
}

const tooLong = 'it is longer than 1 MiB';

const problems: Readonly<Record<Exclude<RecordState, 'whole' | 'incomplete'>, (field: number) => string>> = {
  unclosed: (field) => `the quote that opens field ${field} is not closed`,
  trailing: (field) => `text stands behind the quote that closes field ${field}`,
  stray: (field) => `a quote stands within field ${field}, behind a record whose quotes are wrong`,
  long: () => tooLong,
};

const csvField = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** A record, its bytes as Latin-1, with quotes around all fields. */
const regularFields = (record: string): Buffer =>
  Buffer.from(firstRecord(record).fields.map(csvField).join(','), 'latin1');

/** The beginning of a malformed record as text that every store takes: no NUL, no half of a pair. */
function textOf(record: Buffer): string {
  const text = record.toString('utf8', 0, textLimit * 4).replaceAll('\0', '\u2400');
  return (text.length > textLimit ? `${text.slice(0, textLimit)}…` : text).toWellFormed();
}

/**
 * Takes a text chunk by chunk. The memory it needs does not depend on the text.
 *
 * Where quotes are wrong nothing tells where the record ends: then its first line is malformed, and reading goes on with
 * the next line. What follows may be the rest of that record; up to the next good record that begins behind the fault,
 * quotes within fields that begin without one are therefore malformed and not text.
 */
class Normaliser {
  good = 0;
  malformed = 0;
  private readonly columns: number;
  private readonly encoding: string;
  private readonly goodFile: FileWriter;
  private readonly malformedFile: FileWriter;
  private readonly found = noRecord();
  private pending: Buffer = Buffer.alloc(0);
  private line = 1;
  private atHeader = true;
  /** The beginning of a line that is too long, while its end is looked for. */
  private skipped: Buffer | undefined;
  private strict = false;
  /** Bytes between the next one and the fault that made reading strict; below 0 behind it. */
  private faultAhead = 0;
  /** What is pending has no NUL and nothing that is no character. */
  private clean = true;

  constructor(columns: number, encoding: string, goodFile: FileWriter, malformedFile: FileWriter) {
    this.columns = columns;
    this.encoding = encoding;
    this.goodFile = goodFile;
    this.malformedFile = malformedFile;
  }

  add(chunk: Buffer, final = false): void {
    const data = this.pending.length > 0 ? Buffer.concat([this.pending, chunk]) : chunk;
    this.clean = !data.includes(0) && isUtf8(final ? data : data.subarray(0, wholeCharacters(data)));
    let start = 0;
    while (start < data.length) {
      const next = this.skipped ? this.skipLine(data, start, final) : this.take(data, start, final);
      if (next === undefined || next === start) break;
      this.faultAhead -= next - start;
      start = next;
    }
    // A copy: whoever gave the chunk may use its memory again.
    this.pending = Buffer.from(data.subarray(start));
  }

  end(): void {
    this.add(Buffer.alloc(0), true);
    this.endSkipped();
  }

  /** Takes the record that begins at `start` and gives where the next one does; undefined when more bytes are needed. */
  private take(data: Buffer, start: number, final: boolean): number | undefined {
    const { found } = this;
    const state = findRecord(found, data, start, final, this.strict);
    if (state === 'incomplete') return undefined;
    if (state !== 'whole') return this.takeFaulty(data, start, final, problems[state](found.fields));
    const { end, next, lines } = found;
    if (end > start) {
      if (this.atHeader) this.atHeader = false;
      else this.takeWhole(data, start, end);
    }
    this.line += lines;
    return next;
  }

  private takeWhole(data: Buffer, start: number, end: number): void {
    const { regular } = this.found;
    const fields = regular ? undefined : regularFields(data.toString('latin1', start, end));
    const length = fields?.length ?? end - start;
    const problem = length > recordLimit ? tooLong : this.problemOf(data, start, end);
    if (problem !== undefined) {
      this.reject(data.subarray(start, end), problem);
      return;
    }
    this.goodFile.short(`${this.line},`);
    if (fields) this.goodFile.bytes(fields, 0, length);
    else this.goodFile.bytes(data, start, end);
    this.goodFile.short('\n');
    this.good += 1;
    if (this.faultAhead <= 0) this.strict = false;
  }

  private problemOf(data: Buffer, start: number, end: number): string | undefined {
    if (!this.clean) {
      const record = data.subarray(start, end);
      if (record.includes(0)) return 'it holds a NUL character';
      if (!isUtf8(record)) return `it holds bytes that are no ${this.encoding}`;
    }
    const { fields } = this.found;
    if (fields === this.columns) return undefined;
    return `it has ${fields} ${fields === 1 ? 'field' : 'fields'} where the header has ${this.columns}`;
  }

  /** The line on which a faulty record begins is malformed; gives where the next line begins. */
  private takeFaulty(data: Buffer, start: number, final: boolean, problem: string): number | undefined {
    const line = findLine(data, start, final);
    // The last byte may be the first half of a line end.
    if (!line && data.length - start <= recordLimit + 1) return undefined;
    this.strict = true;
    if (line && line.end - start <= recordLimit) {
      this.faultAhead = Math.max(this.faultAhead, this.found.end - start);
      this.rejectLine(data.subarray(start, line.end), problem);
      return line.next;
    }
    this.skipped = Buffer.from(data.subarray(start, start + textLimit * 4));
    return this.skipLine(data, start, final);
  }

  /** Looks for the end of a line that is too long. */
  private skipLine(data: Buffer, start: number, final: boolean): number {
    const line = findLine(data, start, final);
    if (!line) return data.length - (data.at(-1) === byteOf.carriageReturn ? 1 : 0);
    this.endSkipped();
    return line.next;
  }

  private endSkipped(): void {
    if (this.skipped) this.rejectLine(this.skipped, tooLong);
    this.skipped = undefined;
  }

  private rejectLine(line: Buffer, problem: string): void {
    this.reject(line, problem);
    this.line += 1;
  }

  private reject(record: Buffer, problem: string): void {
    this.malformedFile.text(`${this.line},${csvField(problem)},${csvField(textOf(record))}\n`);
    this.malformed += 1;
  }
}

const encodingNames: Readonly<Record<Encoding, string>> = {
  'utf-8': 'UTF-8',
  'utf-16le': 'UTF-16',
  'utf-16be': 'UTF-16',
  'windows-1252': 'Windows-1252',
};

/**
 * Reads a text in UTF-8, as `toUtf8` gives it, whose header has so many columns, and writes what it holds into new files of
 * the folder, under names that begin with `name`. The encoding is that which the text came in.
 */
export async function normalise(
  text: AsyncIterable<Buffer>,
  columns: number,
  encoding: Encoding,
  folder: string,
  name: string,
): Promise<Normalised> {
  const [goodPath, malformedPath] = [join(folder, `${name}-good.csv`), join(folder, `${name}-malformed.csv`)];
  const [goodFile, malformedFile] = [new FileWriter(goodPath), new FileWriter(malformedPath)];
  try {
    const normaliser = new Normaliser(columns, encodingNames[encoding], goodFile, malformedFile);
    for await (const chunk of text) normaliser.add(chunk);
    normaliser.end();
    goodFile.flush();
    malformedFile.flush();
    return { goodPath, malformedPath, good: normaliser.good, malformed: normaliser.malformed };
  } finally {
    goodFile.close();
    malformedFile.close();
  }
}
