/** Takes a JSON array apart into its elements, chunk by chunk, in bounded memory. */
import { lineLimit } from './line-scan.ts';
import type { RecordFiles } from './records.ts';

const [space, quote, comma, openBracket, backslash, closeBracket, openBrace, closeBrace] = [
  32, 34, 44, 91, 92, 93, 123, 125,
];

const isSpace = (byte: number | undefined): boolean => byte === space || byte === 9 || byte === 10 || byte === 13;

function withoutLeading(bytes: Buffer): Buffer {
  let start = 0;
  while (start < bytes.length && isSpace(bytes[start])) start += 1;
  return bytes.subarray(start);
}

function withoutTrailing(bytes: Buffer): Buffer {
  let end = bytes.length;
  while (end > 0 && isSpace(bytes[end - 1])) end -= 1;
  return bytes.subarray(0, end);
}

/**
 * What stands between the commas of an array is an element, whatever it is. What is left when the array is cut off, and
 * what follows it, is one record that cannot be read; so is an element that is missing between two commas.
 */
export class ArraySplitter {
  private readonly files: RecordFiles;
  /** Brackets and braces that are open: 0 before the array, 1 within it. */
  private depth = 0;
  private quoted = false;
  private escaped = false;
  private ended = false;
  private elements = 0;
  private parts: Buffer[] = [];
  private length = 0;
  /** More stands in the element than is held. */
  private isCut = false;

  constructor(files: RecordFiles) {
    this.files = files;
  }

  add(chunk: Buffer): void {
    const start = this.ended ? 0 : this.split(chunk);
    this.hold(chunk.subarray(start));
  }

  /** Keeps what the next element begins with, not much more than may be read of it. */
  private hold(part: Buffer): void {
    const bytes = this.length === 0 ? withoutLeading(part) : part;
    const room = lineLimit + 1 - this.length;
    if (room > 0 && bytes.length > 0) {
      // A copy: whoever gave the chunk may use its memory again.
      const kept = Buffer.from(bytes.subarray(0, room));
      this.parts.push(kept);
      this.length += kept.length;
    }
    this.isCut ||= bytes.length > room && withoutTrailing(bytes.subarray(room)).length > 0;
  }

  /** Gives where the element begins that the chunk breaks off in. */
  private split(chunk: Buffer): number {
    let { depth, quoted, escaped } = this;
    let start = 0;
    for (let index = 0; index < chunk.length; index += 1) {
      const byte = chunk[index] ?? 0;
      if (quoted) {
        if (escaped) escaped = false;
        else if (byte === backslash) escaped = true;
        else if (byte === quote) quoted = false;
      } else if (byte === quote) quoted = true;
      else if (byte === openBrace || byte === openBracket) {
        depth += 1;
        if (depth === 1) start = index + 1;
      } else if (byte === comma && depth === 1) {
        this.endElement(chunk.subarray(start, index));
        start = index + 1;
      } else if (byte === closeBracket && depth === 1) {
        this.endArray(chunk.subarray(start, index));
        return index + 1;
      } else if ((byte === closeBrace || byte === closeBracket) && depth > 1) depth -= 1;
    }
    Object.assign(this, { depth, quoted, escaped });
    return start;
  }

  private take(last: Buffer): Buffer {
    this.hold(last);
    const element = withoutTrailing(Buffer.concat(this.parts));
    this.parts = [];
    this.length = 0;
    return element;
  }

  private endElement(last: Buffer): void {
    const element = this.take(last);
    this.elements += 1;
    if (element.length === 0) this.files.reject(Buffer.of(comma));
    else if (this.isCut) this.files.reject(element, 'events.record.too_long');
    else this.files.add(element);
    this.isCut = false;
  }

  private endArray(last: Buffer): void {
    this.ended = true;
    this.hold(last);
    if (this.length > 0 || this.elements > 0) this.endElement(Buffer.alloc(0));
  }

  end(): void {
    const left = this.take(Buffer.alloc(0));
    if (left.length > 0) this.files.reject(left);
    else if (!this.ended) this.files.reject(Buffer.of(this.elements > 0 ? comma : openBracket));
  }
}
