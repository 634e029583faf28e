/** Bodies: every event's own text comes out, on one line and in order, however it was packed. */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readEvents, requestLimits, unpack } from './body.ts';

const read = (text: string, type: Parameters<typeof readEvents>[1]) => readEvents(Buffer.from(text), type);
const codeOf = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown ? thrown.code : thrown;
  }
};

describe('events of a body', () => {
  test.each([
    ['one object', '{"a": 1}', ['{"a": 1}']],
    ['an object over several lines', '{\r\n  "a": "x\\ny"\n}\n', ['{   "a": "x\\ny" }']],
    ['an array', ' [{"a":1} , {"a":[1,"],[\\"{"]}] ', ['{"a":1}', '{"a":[1,"],[\\"{"]}']],
    [
      'duplicate keys and long numbers, as they were written',
      '[{"a":1,"a":1.000000000000000000001}]',
      ['{"a":1,"a":1.000000000000000000001}'],
    ],
    ['what is no object', '[1,null,"a,b",[2,3]]', ['1', 'null', '"a,b"', '[2,3]']],
    ['an empty array', '[ ]', []],
    ['a scalar', '5', ['5']],
    ['a byte order mark', '\uFEFF{"a":1}', ['{"a":1}']],
  ])('JSON: %s', (_what, text, events) => {
    expect(read(text, 'application/json')).toEqual(events);
    expect(read(text, 'text/plain')).toEqual(events);
  });

  test.each([
    ['lines', '{"a":1}\n{"a":2}\n', ['{"a":1}', '{"a":2}']],
    ['CRLF, blank lines, no end to the last', '{"a":1}\r\n\r\n \t\n{"a":2}', ['{"a":1}', '{"a":2}']],
    ['a line that is no JSON, as it was sent', '{"a":1}\n{"a":\r2\n NaN ', ['{"a":1}', '{"a": 2', ' NaN ']],
  ])('NDJSON: %s', (_what, text, events) => {
    expect(read(text, 'application/x-ndjson')).toEqual(events);
    expect(read(text, 'text/plain')).toEqual(events);
  });

  test.each([
    ['JSON that breaks off', '[{"a":1}', 'application/json'],
    ['lines where JSON is said to come', '{"a":1}\n{"a":2}', 'application/json'],
    ['nothing', '', 'application/json'],
    ['nothing but blank lines', '\n \r\n', 'application/x-ndjson'],
    ['lines of which none is JSON', 'hello\nworld', 'application/x-ndjson'],
    ['text that is neither', 'hello', 'text/plain'],
  ] as const)('%s is refused', (_what, text, type) => {
    expect(codeOf(() => read(text, type))).toBe('MR-COL-001');
  });

  test('bytes that are no UTF-8 are refused', () => {
    expect(codeOf(() => readEvents(Buffer.from([0x22, 0xff, 0x22]), 'application/json'))).toBe('MR-COL-001');
  });

  test('a thousand events go, one more does not', () => {
    const lines = (count: number) => '1\n'.repeat(count);
    const array = (count: number) => `[${Array(count).fill('1').join()}]`;
    expect(read(lines(1000), 'application/x-ndjson')).toHaveLength(1000);
    expect(read(array(1000), 'application/json')).toHaveLength(1000);
    expect(codeOf(() => read(lines(1001), 'application/x-ndjson'))).toBe('MR-COL-004');
    expect(codeOf(() => read(array(1001), 'application/json'))).toBe('MR-COL-004');
  });

  test('a megabyte of brackets is read', () => {
    const half = requestLimits.bytes / 2;
    expect(read(`${'['.repeat(half)}${']'.repeat(half)}`, 'application/json')).toEqual([
      `${'['.repeat(half - 1)}${']'.repeat(half - 1)}`,
    ]);
  });

  test('an array gives back the texts of which it was made, with any space between its tokens', () => {
    const space = fc.constantFrom('', ' ', '\n', '\r\n\t');
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.jsonValue(), space, space)), fc.nat(4), (elements, indent) => {
        const text = `[${elements.map(([value, left, right]) => left + JSON.stringify(value, null, indent) + right).join()}]`;
        const events = read(text, 'application/json');
        expect(events.map((event) => JSON.parse(event))).toEqual(JSON.parse(text));
        expect(events.filter((event) => /[\r\n]/.test(event))).toEqual([]);
      }),
    );
  });
});

describe('a packed body', () => {
  test('is unpacked; without a Content-Encoding it is as it came', async () => {
    const body = Buffer.from('{"a":1}');
    expect(await unpack(gzipSync(body), 'gzip')).toEqual(body);
    expect(await unpack(body, undefined)).toBe(body);
    expect(await unpack(body, 'identity')).toBe(body);
  });

  test('is unpacked up to the limit and not a byte further', async () => {
    expect(await unpack(gzipSync(Buffer.alloc(requestLimits.bytes)), 'gzip')).toHaveLength(requestLimits.bytes);
    const bomb = gzipSync(Buffer.alloc(20 * requestLimits.bytes));
    expect(bomb.length).toBeLessThan(requestLimits.bytes);
    for (const packed of [bomb, gzipSync(Buffer.alloc(requestLimits.bytes + 1))]) {
      await expect(unpack(packed, 'gzip')).rejects.toMatchObject({ code: 'MR-COL-004' });
    }
  });

  test('that is none, breaks off, or is packed otherwise is refused', async () => {
    await expect(unpack(Buffer.from('{"a":1}'), 'gzip')).rejects.toMatchObject({ code: 'MR-COL-001' });
    await expect(unpack(gzipSync('{"a":1}').subarray(0, 20), 'gzip')).rejects.toMatchObject({ code: 'MR-COL-001' });
    await expect(unpack(Buffer.from('{"a":1}'), 'br')).rejects.toMatchObject({ code: 'MR-COL-005' });
  });
});
