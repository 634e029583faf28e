/** Looks at text chunk by chunk: whether DuckDB takes its lines as they are, and how many of them hold something. */
import { isUtf8 } from 'node:buffer';
import { wholeCharacters } from '../../files/encoding.ts';

/** The bytes that mean something between the lines of a text. */
export const byteOf = { lineFeed: 10, carriageReturn: 13, separator: 0x1f } as const;

/** The most bytes that a line may have, its end aside. */
export const lineLimit = 1 << 20;

/** True for what JSON takes for blank: spaces, tabs and carriage returns, or nothing at all. */
export function isBlank(bytes: Buffer, start: number, end: number): boolean {
  for (let index = start; index < end; index += 1) {
    const byte = bytes[index];
    if (byte !== 0x20 && byte !== 0x09 && byte !== byteOf.carriageReturn) return false;
  }
  return true;
}

/** Whether these whole characters are UTF-8 without NUL, without carriage returns and without the separator. */
const isPlain = (bytes: Buffer): boolean =>
  isUtf8(bytes) && !bytes.includes(0) && !bytes.includes(byteOf.carriageReturn) && !bytes.includes(byteOf.separator);

/** Given a text from its beginning to its end. */
export class LineScan {
  /** False once something came that the lines cannot be taken with as they are. */
  regular = true;
  /** Lines that are not blank, up to here, as long as the text is regular. */
  records = 0;
  /** Lines, up to here, as long as the text is regular; a last one without an end counts. */
  lines = 0;
  private length = 0;
  private blank = true;
  private begun: Buffer = Buffer.alloc(0);

  add(chunk: Buffer): void {
    if (!this.regular) return;
    const bytes = this.begun.length > 0 ? Buffer.concat([this.begun, chunk]) : chunk;
    const whole = wholeCharacters(bytes);
    this.begun = Buffer.from(bytes.subarray(whole));
    const characters = bytes.subarray(0, whole);
    if (isPlain(characters)) this.addLines(characters);
    else this.regular = false;
  }

  private addLines(bytes: Buffer): void {
    let start = 0;
    for (let end = bytes.indexOf(byteOf.lineFeed); end >= 0; end = bytes.indexOf(byteOf.lineFeed, start)) {
      this.addPart(bytes, start, end);
      this.endLine();
      start = end + 1;
    }
    this.addPart(bytes, start, bytes.length);
  }

  private addPart(bytes: Buffer, start: number, end: number): void {
    this.length += end - start;
    this.blank &&= isBlank(bytes, start, end);
    if (this.length > lineLimit) this.regular = false;
  }

  private endLine(): void {
    this.lines += 1;
    if (!this.blank) this.records += 1;
    this.blank = true;
    this.length = 0;
  }

  end(): void {
    if (this.begun.length > 0) this.regular = false;
    if (this.length > 0) this.endLine();
  }
}
