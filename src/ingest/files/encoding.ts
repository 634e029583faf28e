/** The encodings of text: which one bytes are in, and its conversion to UTF-8 chunk by chunk. */
import { isAscii } from 'node:buffer';

/** An encoding that is understood. */
export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';

/** Stands for bytes that mean nothing in their encoding: a byte that UTF-8 never has. */
const noCharacter = Buffer.of(0xff);

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/** The bytes that a character with this first byte has in UTF-8; 0 when no character has it. */
function sizeOf(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/** How many of the bytes there are before a last character that has only begun. */
export function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (!isContinuation(byte)) return sizeOf(byte) > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

const markOf: Readonly<Record<Encoding, Buffer>> = {
  'utf-8': Buffer.of(0xef, 0xbb, 0xbf),
  'utf-16le': Buffer.of(0xff, 0xfe),
  'utf-16be': Buffer.of(0xfe, 0xff),
  'windows-1252': Buffer.alloc(0),
};

const startsWith = (bytes: Buffer, start: Buffer): boolean => bytes.subarray(0, start.length).equals(start);

/** The encoding that a byte order mark tells of; undefined without one. */
export const markedEncoding = (head: Buffer): Encoding | undefined =>
  (['utf-8', 'utf-16le', 'utf-16be'] as const).find((encoding) => startsWith(head, markOf[encoding]));

/**
 * UTF-16 without a byte order mark, told by where its zero bytes stand: half of each letter of a header is zero.
 * Undefined when this is not clear.
 */
export function unmarkedUtf16(head: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  const zeros = [0, 0];
  for (let index = 0; index < head.length; index += 1) {
    if (head[index] === 0) zeros[index % 2] = (zeros[index % 2] ?? 0) + 1;
  }
  const [even = 0, odd = 0] = zeros;
  const enough = head.length / 6;
  if (odd > enough && even * 10 < odd) return 'utf-16le';
  if (even > enough && odd * 10 < even) return 'utf-16be';
  return undefined;
}

/**
 * Weighs bytes that are not all UTF-8: characters of several bytes speak for UTF-8 with some damage, other bytes above
 * 127 for Windows-1252, in which letters with accents stand alone.
 */
export class Utf8Weighing {
  private characters = 0;
  private strays = 0;
  private carried: Buffer = Buffer.alloc(0);

  add(chunk: Buffer): void {
    if (this.carried.length === 0 && isAscii(chunk)) return;
    const bytes = Buffer.concat([this.carried, chunk]);
    const whole = wholeCharacters(bytes);
    this.carried = bytes.subarray(whole);
    for (let index = 0; index < whole; ) {
      const size = sizeOf(bytes[index] ?? 0);
      const complete = size > 0 && bytes.subarray(index + 1, index + size).every(isContinuation);
      if (size !== 1) this[complete ? 'characters' : 'strays'] += 1;
      index += complete ? size : 1;
    }
  }

  get encoding(): 'utf-8' | 'windows-1252' {
    return this.characters > this.strays + this.carried.length ? 'utf-8' : 'windows-1252';
  }
}

/** What Windows-1252 has between 0x80 and 0x9f, where Latin-1 has none; U+FFFF where it has nothing either. */
const windowsCharacters =
  '\u20ac\uffff\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\uffff\u017d\uffff' +
  '\uffff\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\uffff\u017e\u0178';

/** UTF-8 of a text in which `hole` stands for what is no character. */
function encode(text: string, hole: RegExp): Buffer {
  const [first = '', ...others] = text.split(hole);
  return Buffer.concat([Buffer.from(first), ...others.flatMap((piece) => [noCharacter, Buffer.from(piece)])]);
}

function fromWindows(chunk: Buffer): Buffer {
  if (isAscii(chunk)) return chunk;
  const text = chunk
    .toString('latin1')
    .replace(/[\x80-\x9f]/g, (character) => windowsCharacters[character.charCodeAt(0) - 0x80] ?? '');
  return encode(text, /\uffff/);
}

/** Whether the two bytes that end at `end` are the first half of a pair. */
const endsInHalf = (bytes: Buffer, end: number, high: 0 | 1): boolean =>
  end >= 2 && ((bytes[end - 2 + high] ?? 0) & 0xfc) === 0xd8;

async function* fromUtf16(chunks: AsyncIterable<Buffer>, littleEndian: boolean): AsyncGenerator<Buffer> {
  let carried: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = Buffer.concat([carried, chunk]);
    let end = bytes.length - (bytes.length % 2);
    if (endsInHalf(bytes, end, littleEndian ? 1 : 0)) end -= 2;
    carried = bytes.subarray(end);
    const units = bytes.subarray(0, end);
    const text = (littleEndian ? units : units.swap16()).toString('utf16le');
    yield text.isWellFormed() ? Buffer.from(text) : encode(text, /\p{Surrogate}/u);
  }
  if (carried.length > 0) yield noCharacter;
}

async function* skipMark(chunks: AsyncIterable<Buffer>, mark: Buffer): AsyncGenerator<Buffer> {
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (!head) {
      yield chunk;
      continue;
    }
    head = Buffer.concat([head, chunk]);
    if (head.length < mark.length) continue;
    yield startsWith(head, mark) ? head.subarray(mark.length) : head;
    head = undefined;
  }
  if (head) yield head;
}

/**
 * The text of these bytes as UTF-8, without a byte order mark. A byte 0xff stands where they have no meaning; those of a
 * text that is to be UTF-8 already are given as they are.
 */
export async function* toUtf8(chunks: AsyncIterable<Buffer>, encoding: Encoding): AsyncGenerator<Buffer> {
  const text = skipMark(chunks, markOf[encoding]);
  if (encoding === 'utf-8') yield* text;
  else if (encoding === 'windows-1252') for await (const chunk of text) yield fromWindows(chunk);
  else yield* fromUtf16(text, encoding === 'utf-16le');
}
