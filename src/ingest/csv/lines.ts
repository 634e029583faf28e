/** On which line of its file each record stands, for files where that is not plain: quoted line ends, blank lines, malformed records. */
import { createReadStream } from 'node:fs';

/** From the given good record on (the first is 1), records stand `shift` lines below their ordinal. */
export interface LineShift {
  readonly fromOrdinal: number;
  readonly shift: number;
}

const quote = 34;
const space = 32;
const comma = 44;
const carriageReturn = 13;
const lineFeed = 10;

/** Walks over the bytes of a CSV file and notes the first line of each record; blank lines count as records here. */
class RecordWalk {
  readonly starts: number[] = [];
  readonly blank: boolean[] = [];
  private line = 1;
  private atRecordStart = true;
  private atFieldStart = true;
  private quoted = false;
  /** The field's quotes were closed, and nothing but spaces came since. */
  private afterQuote = false;
  private previous = -1;

  add(chunk: Buffer): void {
    for (const byte of chunk) this.step(byte);
  }

  private step(byte: number): void {
    const endOfPair = byte === lineFeed && this.previous === carriageReturn;
    this.previous = byte;
    if (endOfPair) return;
    const ends = byte === lineFeed || byte === carriageReturn;
    if (this.atRecordStart) {
      this.starts.push(this.line);
      this.blank.push(ends);
      this.atRecordStart = false;
    }
    if (byte === quote) {
      // A doubled quote closes and opens again, which comes to the same; in a field without quotes it is text.
      const opens = !this.quoted && (this.atFieldStart || this.afterQuote);
      this.afterQuote = this.quoted;
      this.quoted = opens;
      this.atFieldStart = false;
      return;
    }
    if (ends) this.line += 1;
    // Spaces may stand between a quote and the commas.
    if (this.quoted || byte === space) return;
    this.afterQuote = false;
    this.atFieldStart = ends || byte === comma;
    if (ends) this.atRecordStart = true;
  }
}

/**
 * Finds the shifts of a file whose good records are those that are neither blank nor among `malformed` (record numbers
 * that count the header and blank lines, the header being 1), the lines of the malformed ones, and how many good ones
 * there are.
 */
export async function findLines(
  path: string,
  malformed: readonly number[],
): Promise<{
  readonly shifts: readonly LineShift[];
  readonly malformedLines: ReadonlyMap<number, number>;
  readonly good: number;
}> {
  const walk = new RecordWalk();
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>)
    walk.add(chunk);
  const bad = new Set(malformed);
  const shifts: LineShift[] = [];
  let ordinal = 0;
  let shift = 0;
  walk.starts.forEach((line, index) => {
    if (index === 0 || walk.blank[index] || bad.has(index + 1)) return;
    ordinal += 1;
    if (line - ordinal !== shift) {
      shift = line - ordinal;
      shifts.push({ fromOrdinal: ordinal, shift });
    }
  });
  const malformedLines = new Map(malformed.map((number) => [number, walk.starts[number - 1] ?? number]));
  return { shifts, malformedLines, good: ordinal };
}
