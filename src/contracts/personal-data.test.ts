/** What is personal data in a text and what only looks like it, and that masking leaves none and breaks nothing. */
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { afterTheLast, makeFolder, smallLimits } from '../../tests/setup/fixtures.ts';
import { type DuckDB, openDuckDB } from '../stores/duckdb/duckdb.ts';
import { personalDataMacros, personalDataSigns } from './personal-data.ts';

const key = 'a key';
const atEnd = afterTheLast();
let duckdb: DuckDB;

beforeAll(async () => {
  duckdb = await openDuckDB(':memory:', smallLimits(makeFolder(atEnd)));
  atEnd(() => duckdb.close());
  await duckdb.run(personalDataSigns);
  await duckdb.run(personalDataMacros(key));
});

type Mask = 'mask_text' | 'mask_json' | 'mask_id';

/** All at once: a statement costs more than a mask. */
async function masked(mask: Mask, texts: readonly string[]): Promise<readonly string[]> {
  const rows = await duckdb.rows<{ masked: string }>(
    `SELECT ${mask}(text) AS masked FROM (SELECT unnest(from_json($1::JSON, '["VARCHAR"]')) AS text)`,
    [JSON.stringify(texts)],
  );
  return rows.map((row) => row.masked);
}

const maskOne = async (mask: Mask, text: string): Promise<string> => (await masked(mask, [text]))[0] ?? '';

const hmac = (text: string): string => createHmac('sha256', key).update(text, 'utf8').digest('hex');

const emails = [
  'ada@example.com',
  'Ada.Lovelace@Example.COM',
  'ada+shop@example.com',
  "o'brien@example.ie",
  'a@b.io',
  'ada_l-1%x@mail.sub.example.co.uk',
  'müller@exämple.de',
  '用户@例子.公司',
  'пример@почта.рф',
  'ada@xn--exmple-cua.xn--p1ai',
  'ada%40example.com',
  'ada@[192.0.2.7]',
  '"ada lovelace"@example.com',
];

const phones = [
  // Germany
  '+49 171 1234567',
  '+4917112345678',
  '0171 1234567',
  '0171/1234567',
  '0171-123 45 67',
  '01711234567',
  '0049 171 1234567',
  '00491711234567',
  '+49 (0)30 901820',
  '030/1234567',
  '(030) 1234567',
  // United Kingdom
  '+44 20 7946 0958',
  '020 7946 0958',
  '(020) 7946 0958',
  '07911 123456',
  '07911123456',
  '+44 (0)7911 123456',
  // France
  '06 12 34 56 78',
  '06.12.34.56.78',
  '0612345678',
  '+33 6 12 34 56 78',
  '+33612345678',
  // United States and Canada
  '(212) 555-0123',
  '212-555-0123',
  '212.555.0123',
  '1-800-555-0199',
  '+1 212 555 0123',
  '+1 (212) 555-0123',
  '+12125550123',
  // India
  '+91 98765 43210',
  '09876543210',
  '011 2345 6789',
  // Japan
  '03-1234-5678',
  '090-1234-5678',
  '+81 3-1234-5678',
  // Australia
  '(02) 9374 4000',
  '0412 345 678',
  '+61 412 345 678',
  // Brazil
  '(11) 91234-5678',
  '+55 11 91234-5678',
  // Belgium, Switzerland, the Netherlands, Spain, Sweden
  '0470 12 34 56',
  '044 668 18 00',
  '+41 44 668 18 00',
  '06-12345678',
  '+34 612 34 56 78',
  '08-123 456 78',
  // Written as part of an address of a page
  '%2B442079460958',
];

const cards = [
  '4111111111111111',
  '4111 1111 1111 1111',
  '4111-1111-1111-1111',
  '4012888888881881',
  '4222 222 222 222',
  '4000000000000000006',
  '5555555555554444',
  '5105-1051-0510-5100',
  '2223003122003222',
  '2223 0031 2200 3222',
  '378282246310005',
  '3782 822463 10005',
  '3714-496353-98431',
  '6011111111111117',
  '6011 0009 9013 9424',
  '6511 0000 0000 0009',
  '30569309025904',
  '3056 930902 5904',
  '38520000023237',
  '36227206271667',
  '3530111333300000',
  '3566 0020 2036 0505',
  '6200000000000005',
  '6212 3456 7890 0000 003',
  '6759649826438453',
  '6759 4111 0000 0008',
  '5641 8211 1116 6669',
];

const luhn = (digits: string): boolean =>
  [...digits].reverse().reduce((sum, digit, place) => {
    const value = Number(digit) * (1 + (place % 2));
    return sum + (value > 9 ? value - 9 : value);
  }, 0) %
    10 ===
  0;

const lookAlikes = [
  '',
  'Home & Kitchen',
  'EVT_0123456789ABCDEF',
  'EVT_4111111111111112',
  'USR008352',
  'SES0123456789ab',
  'SES041234567890',
  'TXN00001',
  'PROD0192',
  'CUST0001',
  '5501234567890',
  '6001234567890',
  '1795252890407',
  '1795252890',
  '1795252890407123456',
  '4006381333931',
  '0012345678905'.slice(2),
  '2026-11-21',
  '21.11.2026',
  '01.02.2026 10:30',
  '01/02/2026',
  '01-02-2026 08:15:00',
  '2026-11-21T10:00:00Z',
  '2026-11-21T10:00:00.123456+01:00',
  '2026-11-21 10:00:00+0530',
  '08:30-17:45',
  '10:00:00.000',
  '1234.56',
  '1,234,567.89',
  '0.123456789',
  '-0.0000012345678',
  '19.99 EUR',
  '12 345 678,90',
  '192.168.100.200',
  '2001:db8:85a3::8a2e:370:7334',
  '123e4567-e89b-12d3-a456-426614174000',
  '00000000-0000-4000-8000-000000000000',
  'd41d8cd98f00b204e9800998ecf8427e',
  'GA1.2.1234567890.1612345678',
  'fb.1.1612345678901.1234567890',
  'ORD-2026-01-123456',
  'INV/2026/000123456',
  'SKU-0171-123456',
  '1.10.2',
  'v2026.11.21',
  '4111 1111 1111 1112',
  '9111 1111 1111 1111',
  '41111111111111111111111',
  '@handle',
  'ada@',
  '@example.com',
  'ada@localhost',
  '3 @ 4.50',
  'a+b',
  'C++ 17',
  '+5 %',
  '+1',
  '1080x1920',
  '(2026)',
  'size 42 43 44 45 46 47 48',
];

/** text -> what the mask makes of it. */
async function table(mask: Mask, texts: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const results = await masked(mask, texts);
  return Object.fromEntries(texts.map((text, index) => [text, results[index] ?? '']));
}

const all = (texts: readonly string[], of: (text: string) => string): Readonly<Record<string, string>> =>
  Object.fromEntries(texts.map((text) => [text, of(text)]));

/** As key, as text and as text between others, some of them escaped. */
const inJson = (text: string): string => JSON.stringify({ [text]: [text, `x\n${text}\t"\\`] });

describe('personal data', () => {
  test.each([
    ['[email]', emails],
    ['[phone]', phones],
    ['[card]', cards],
  ])('is masked as %s', async (mark, texts) => {
    const among = texts.map((text) => `to ${text}, or (${text})! ${text};`);
    expect(await table('mask_text', texts)).toEqual(all(texts, () => mark));
    expect(await table('mask_text', among)).toEqual(all(among, () => `to ${mark}, or (${mark})! ${mark};`));
    const json = texts.map(inJson);
    expect(await table('mask_json', json)).toEqual(all(json, () => inJson(mark)));
  });

  test('has check digits where it is a card', () => {
    expect(cards.filter((text) => !luhn(text.replaceAll(/\D/g, '')))).toEqual([]);
  });

  test('is masked in addresses of pages', async () => {
    expect(
      await table('mask_text', ['/p?email=ada@example.com&cc=4111+1111+1111+1111&n=1', '?q=4111%201111%201111%201111']),
    ).toEqual({
      '/p?email=ada@example.com&cc=4111+1111+1111+1111&n=1': '/p?email=[email]&cc=[card]&n=1',
      '?q=4111%201111%201111%201111': '?q=[card]',
    });
  });

  test.each([
    ['a card', '{"n":4111111111111111}', { n: '[card]' }],
    ['cards', '[4111111111111111,4111111111111111,-5555555555554444]', ['[card]', '[card]', '[card]']],
    ['a card with a fraction', '{"n":4111111111111111.0}', { n: '[card]' }],
    ['a card with an exponent', '{"n":4.111111111111111e15}', { n: '[card]' }],
    [
      'a phone, by its key',
      '{"phone":442079460958,"b":{"userMobile":"7911123456"}}',
      { phone: '[phone]', b: { userMobile: '[phone]' } },
    ],
    ['phones, by their key', '{"phone_number":[2125550123,2125550124]}', { phone_number: ['[phone]', '[phone]'] }],
  ])('is masked among the numbers of JSON: %s', async (_what, text, expected) => {
    expect(JSON.parse(await maskOne('mask_json', text))).toEqual(expected);
  });

  test.each([
    ['{"e":"\\u0061da\\u0040example.com"}', { e: '[email]' }],
    ['{"c":"\\u0034111111111111111","\\u0061da\\u0040example.com":1}', { c: '[card]', '[email]': 1 }],
    ['{"p":"\\u002b44 20 7946 0958"}', { p: '[phone]' }],
    ['{"e":"a \\"quoted\\" \\\\ada@example.com\\\\"}', { e: 'a "quoted" \\[email]\\' }],
    ['{"e":"<\\"ada l\\"@example.com>","f":"abc\\"@example.com"}', { e: '<[email]>', f: 'abc"@example.com' }],
    ['{"\\u0001":"\\u0001 \\u0002 ada@example.com \\u001f"}', { '\u0001': '\u0001 \u0002 [email] \u001f' }],
  ])('is masked behind the escapes of %s', async (text, expected) => {
    expect(JSON.parse(await maskOne('mask_json', text))).toEqual(expected);
  });

  test('is masked in a text that was to be JSON and is none', async () => {
    expect(await maskOne('mask_json', '{"a":"ada@example.com",}')).toBe('{"a":"[email]",}');
  });
});

describe('what only looks like personal data stays', () => {
  test('in texts, ids and JSON', async () => {
    expect(await table('mask_text', lookAlikes)).toEqual(all(lookAlikes, (text) => text));
    expect(await table('mask_id', lookAlikes)).toEqual(all(lookAlikes, (text) => text));
    const json = lookAlikes.map(inJson);
    expect(await table('mask_json', json)).toEqual(all(json, (text) => text));
  });

  test('in ids, where in a text it may well be a phone number', async () => {
    const texts = ['0012345678905', '07911123456', '0306406152', '0171-123456', '00491711234567'];
    expect(await table('mask_id', texts)).toEqual(all(texts, (text) => text));
  });

  test('in texts, where as an id it could be an address', async () => {
    expect(await maskOne('mask_text', '3@4.50')).toBe('3@4.50');
  });

  test('in JSON, with all its numbers as they were written', async () => {
    const texts = [
      '{"order_id":"5501234567890","quantity":2,"query":null}',
      '{"order_id":5501234567890,"at":1795252890407,"price":1234.50,"n":[1,2.50,-3e5,0.1]}',
      '{"phone_case":"black","mobile":true,"mobile_visits":12345678}',
      '{"ean":4006381333931,"n":9.876543210987654}',
      '{"email":"ada@example.com","n":[1.50,-3e5,100000000000000000000]}',
    ];
    expect(await table('mask_json', texts)).toEqual(all(texts, (text) => text.replace('ada@example.com', '[email]')));
  });
});

describe('an order_id in JSON', () => {
  test('stays as it is where it only looks like a phone number, whatever stands beside it', async () => {
    const texts = [
      '{"order_id":"0306406152","quantity":1}',
      '{"order_id":"07911123456"}',
      '{"order":{"order_id":"00491711234567"}}',
      '{"phone":"+4917112345678","order_id":"0306406152","order_ids":["0306406152"]}',
      '{"order_id":306406152}',
      '{"order_id":"\\"07911123456\\""}',
    ];
    expect(await table('mask_json', texts)).toEqual({
      ...all(texts, (text) => text),
      [texts[3] ?? '']: '{"phone":"[phone]","order_id":"0306406152","order_ids":["[phone]"]}',
    });
  });

  test('is hashed where it is or holds an address or a card number', async () => {
    const written = ['ada@example.com', 'order of ada@example.com', '4111111111111111', 'id 4111-1111-1111-1111'];
    const json = written.map((text) => JSON.stringify({ order_id: text, quantity: 1 }));
    const results = await masked('mask_json', json);
    expect(results).toEqual(written.map((text) => JSON.stringify({ order_id: hmac(text), quantity: 1 })));
    expect(await maskOne('mask_json', '{"order_id":"ada\\u0040example.com"}')).toBe(
      JSON.stringify({ order_id: hmac('ada@example.com') }),
    );
    expect(await maskOne('mask_json', '{"order_id":4111111111111111}')).toBe('{"order_id":"[card]"}');
  });
});

describe('ids', () => {
  test('that are addresses become the token that customers have', async () => {
    const written = ['ada@example.com', ' Ada@Example.COM ', 'MÜLLER@example.de', 'ada+x@example.com'];
    expect(await masked('mask_id', written)).toEqual(written.map((text) => hmac(text.trim().toLowerCase())));
  });

  test('that hold personal data become a keyed hash of the whole', async () => {
    const written = [
      'user:ada@example.com',
      '+491711234567',
      'tel:+44 20 7946 0958',
      '212-555-0123',
      'u 06 12 34 56 78',
      'id 4111-1111-1111-1111',
    ];
    expect(await table('mask_id', written)).toEqual(all(written, hmac));
    expect(await table('mask_id', cards)).toEqual(all(cards, hmac));
  });

  test('are hashed with keys of any length', async () => {
    const other = await openDuckDB(':memory:', smallLimits(makeFolder()));
    for (const long of ['', 'k'.repeat(64), 'k'.repeat(65), 'ключ']) {
      await other.run(personalDataSigns);
      await other.run(personalDataMacros(long));
      const [row] = await other.rows<{ id: string }>(`SELECT mask_id('ada@example.com') AS id`);
      expect(row?.id).toBe(createHmac('sha256', Buffer.from(long)).update('ada@example.com').digest('hex'));
    }
    other.close();
  });
});

test('nothing stays nothing', async () => {
  const [row] = await duckdb.rows(
    'SELECT mask_text(NULL) AS text, mask_json(NULL) AS json, mask_id(NULL) AS id, looks_personal(NULL) AS looks',
  );
  expect(row).toEqual({ text: null, json: null, id: null, looks: null });
});

const planted = fc.constantFrom(...emails, ...phones, ...cards);
// Nothing that could be part of an address or a number stands beside what is planted.
const around = fc.oneof(
  fc.constantFrom(' ', ', ', '; ', ' (', ') ', '\n', ' = ', ' 😀 ', ' " ', ' \\ ', ''),
  fc.string(),
);
const words = fc.constantFrom('order', 'Größe', 'x', '商品', 'shoes', '42', '7.50');
const surroundings = fc.array(fc.oneof(words, around), { maxLength: 6 }).map((parts) => parts.join(' '));
const texts = fc.tuple(surroundings, planted, surroundings);

describe('any text', () => {
  test('loses what was planted in it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(texts, { minLength: 1, maxLength: 40 }), async (cases) => {
        const written = cases.map(([before, found, after]) => `${before} ; ${found} ; ${after}`);
        const results = await masked('mask_text', written);
        const jsons = await masked(
          'mask_json',
          written.map((text) => JSON.stringify({ [text]: [text, 1] })),
        );
        for (const [index, [, found]] of cases.entries()) {
          expect(results[index]).not.toContain(found);
          const parsed: Record<string, readonly unknown[]> = JSON.parse(jsons[index] ?? '');
          expect(Object.keys(parsed)[0]).not.toContain(found);
          expect(Object.values(parsed)[0]?.[0]).not.toContain(found);
        }
      }),
      { numRuns: 30 },
    );
  });

  test('without digits and @ is unchanged, and masking twice is masking once', async () => {
    const pieces = fc.oneof(
      fc.string(),
      planted,
      surroundings,
      fc.constantFrom(...lookAlikes),
      fc.stringMatching(/^[0-9 ()+./@-]{0,30}$/),
    );
    const mixed = fc.array(pieces, { maxLength: 4 }).map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(fc.array(mixed, { minLength: 1, maxLength: 40 }), async (drawn) => {
        const written = drawn.filter((text) => !text.includes('\0'));
        for (const mask of ['mask_text', 'mask_id'] as const) {
          const once = await masked(mask, written);
          expect(await masked(mask, once)).toEqual(once);
          for (const [index, text] of written.entries()) {
            if (!/[\d@]|%40/.test(text)) expect(once[index]).toBe(text);
          }
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('any JSON', () => {
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      fc.jsonValue().filter((each) => !JSON.stringify(each).includes('\\u')),
      tie('text'),
      tie('list'),
      tie('object'),
      fc.constantFrom(4111111111111111, 442079460958, 5501234567890),
    ),
    text: fc.oneof(planted, surroundings, fc.constantFrom(...lookAlikes)),
    list: fc.array(tie('any'), { maxLength: 4 }),
    object: fc.dictionary(fc.oneof(planted, fc.string(), fc.constant('phone')), tie('any'), { maxKeys: 4 }),
  })).any;

  /** Every third character of a text's letters and digits, and what is not ASCII, as an escape. */
  const escaped = (text: string): string =>
    text.replaceAll(/"(?:[^"\\]|\\.)*"/g, (string) =>
      string.replaceAll(/\\.|[^\\]/g, (unit, place: number) =>
        /^[a-z0-9@+]$/.test(unit) && place % 3 === 0 && string[place - 1] !== 'u'
          ? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
          : unit,
      ),
    );

  const shapeOf = (each: unknown): unknown =>
    Array.isArray(each)
      ? each.map(shapeOf)
      : typeof each === 'object' && each !== null
        ? Object.values(each).map(shapeOf)
        : null;

  test('stays JSON of the same shape, holds nothing of what was planted, and masking twice is masking once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(value, planted, fc.boolean()), { minLength: 1, maxLength: 40 }),
        async (cases) => {
          const written = cases.map(([each, found, withEscapes]) => {
            const text = JSON.stringify([each, { a: found }]);
            return withEscapes ? escaped(text) : text;
          });
          const once = await masked('mask_json', written);
          expect(await masked('mask_json', once)).toEqual(once);
          for (const [index, [each, found]] of cases.entries()) {
            const after: unknown = JSON.parse(once[index] ?? '');
            expect(JSON.stringify(after)).not.toContain(found);
            // Keys that are masked alike become one.
            if (!/"[^"]*[@\d+][^"]*":/.test(JSON.stringify(each)))
              expect(shapeOf(after)).toEqual(shapeOf([each, { a: found }]));
          }
        },
      ),
      { numRuns: 30 },
    );
  });
});
