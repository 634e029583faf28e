/** Encodings: text survives its conversion however it is cut, and which encoding it is in is told where that can be told. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Encoding, markedEncoding, toUtf8, Utf8Weighing, unmarkedUtf16, wholeCharacters } from './encoding.ts';

/** The bytes, cut before each of the places. */
async function* cut(bytes: Buffer, places: readonly number[]): AsyncGenerator<Buffer> {
  const ends = [...places.filter((place) => place < bytes.length).sort((a, b) => a - b), bytes.length];
  // Memory of their own, as chunks of a stream have.
  for (const [index, end] of ends.entries()) yield Buffer.from(bytes.subarray(ends[index - 1] ?? 0, end));
}

async function convert(bytes: Buffer, encoding: Encoding, places: readonly number[] = []): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of toUtf8(cut(bytes, places), encoding)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const encoders: Readonly<Record<Exclude<Encoding, 'windows-1252'>, (text: string) => Buffer>> = {
  'utf-8': (text) => Buffer.from(text),
  'utf-16le': (text) => Buffer.from(text, 'utf16le'),
  'utf-16be': (text) => Buffer.from(text, 'utf16le').swap16(),
};

describe('text', () => {
  test('of any characters, with or without a byte order mark, is the same in UTF-8', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('utf-8', 'utf-16le', 'utf-16be'),
        fc.string({ unit: 'binary' }).map((text) => text.replace(/^\uFEFF+/, '')),
        fc.boolean(),
        fc.array(fc.nat(60)),
        async (encoding, text, mark, places) => {
          const bytes = encoders[encoding](`${mark ? '\uFEFF' : ''}${text}`);
          expect(await convert(bytes, encoding, places)).toEqual(Buffer.from(text));
          if (mark) expect(markedEncoding(bytes)).toBe(encoding);
        },
      ),
    );
  });

  test('in Windows-1252 has its letters and signs, and holes where it has none', async () => {
    const signs = [...'€_‚ƒ„…†‡ˆ‰Š‹Œ_Ž__‘’“”•–—˜™š›œ_žŸ'];
    for (let byte = 0; byte < 256; byte += 1) {
      const character = (byte >> 5 === 4 ? signs[byte - 0x80] : undefined) ?? String.fromCharCode(byte);
      const converted = await convert(Buffer.of(byte), 'windows-1252');
      expect(converted).toEqual(byte > 0x80 && character === '_' ? Buffer.of(0xff) : Buffer.from(character));
    }
    expect((await convert(Buffer.from([0x93, 0x48, 0x69, 0x94, 0x80]), 'windows-1252')).toString()).toBe('“Hi”€');
  });

  test('in UTF-16 has holes where halves of pairs stand alone and where a byte is missing', async () => {
    const lone = Buffer.from('a\ud800b\udc00', 'utf16le');
    const holes = Buffer.from([0x61, 0xff, 0x62, 0xff]);
    for (let place = 0; place < lone.length; place += 1)
      expect(await convert(lone, 'utf-16le', [place])).toEqual(holes);
    expect(await convert(Buffer.from([0x61, 0, 0x62]), 'utf-16le')).toEqual(Buffer.from([0x61, 0xff]));
    expect(await convert(Buffer.from([0x61, 0, 0x3d, 0xd8]), 'utf-16le')).toEqual(Buffer.from([0x61, 0xff]));
  });
});

describe('which encoding it is', () => {
  test('is told by zero bytes where there is no byte order mark', () => {
    const text = 'customer_id,first_name\nC1,Zoë\n';
    expect(unmarkedUtf16(encoders['utf-16le'](text))).toBe('utf-16le');
    expect(unmarkedUtf16(encoders['utf-16be'](text))).toBe('utf-16be');
    expect(unmarkedUtf16(encoders['utf-8'](text))).toBeUndefined();
    expect(unmarkedUtf16(Buffer.alloc(100))).toBeUndefined();
    expect(unmarkedUtf16(Buffer.alloc(0))).toBeUndefined();
  });

  test.each([
    ['a letter with an accent', Buffer.from('J\xf6rg', 'latin1'), 'windows-1252'],
    ['one bad byte among characters of UTF-8', Buffer.concat([Buffer.from('Zoë Zürich '), Buffer.of(0xe9)]), 'utf-8'],
    ['a character that is cut off at the end', Buffer.from([0x61, 0xe2, 0x82]), 'windows-1252'],
    ['bytes that UTF-8 never has', Buffer.from([0xc0, 0x80, 0xff, 0xf5]), 'windows-1252'],
  ])('is weighed where the bytes are no UTF-8: %s', async (_what, bytes, encoding) => {
    for (let place = 0; place < bytes.length; place += 1) {
      const weighing = new Utf8Weighing();
      for await (const chunk of cut(bytes, [place])) weighing.add(chunk);
      expect(weighing.encoding).toBe(encoding);
    }
  });
});

test('a last character is whole or left for the next bytes', () => {
  for (const character of ['a', 'é', '€', '😀']) {
    const bytes = Buffer.from(`x${character}`);
    expect(wholeCharacters(bytes)).toBe(bytes.length);
    for (let end = 2; end < bytes.length; end += 1) expect(wholeCharacters(bytes.subarray(0, end))).toBe(1);
  }
  expect(wholeCharacters(Buffer.from([0x80, 0x80, 0x80, 0x80]))).toBe(4);
  expect(wholeCharacters(Buffer.alloc(0))).toBe(0);
});
