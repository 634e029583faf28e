/** What tests of events need: lines of every kind that a shop may send, and the verdicts of a statement about them. */
import fc from 'fast-check';
import type { EventContract } from '../../src/contracts/events/event-contract.ts';
import { brokenEventRules, judgeEventsStatement } from '../../src/contracts/events/judge-sql.ts';
import type { DuckDB } from '../../src/stores/duckdb/duckdb.ts';

/** A field as it stands in a line: the texts of its key and of its value. */
type Entry = readonly [key: string, value: string];

const json = JSON.stringify;

/** Values of each field that hold every rule, as JSON text. */
const good: Readonly<Record<string, fc.Arbitrary<string>>> = {
  event_id: fc.stringMatching(/^[A-Za-z0-9_.:-]{8,64}$/).map(json),
  user_id: fc.constantFrom('"USR000123"', '"10042"', '" USR9 "', '"Ünal"'),
  session_id: fc.constantFrom('"SES0a1b2c"', '"nan"', '"true"', '"-1.5e3"', '"{}"'),
  event_timestamp: fc.constantFrom('"2026-03-01T09:30:00.250Z"', '"2026-03-01T09:30+05:30"', '"2024-02-29t23:59:59z"'),
  device_type: fc.constantFrom('"mobile"', '"desktop"', '"tablet"'),
  country_code: fc.constantFrom('"DE"', '"us"', '"UK"', '"xK"', 'null'),
  traffic_source: fc.constantFrom('"organic"', '"email"', '"d\\u0069rect"'),
};

const spaces = ['', ' ', '   ', '\u00a0', '\u3000 ', '\t', '\n', '\u200b', '\ufeff'];

const texts: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    ...spaces,
    'x',
    'Null',
    'nan',
    'NaN',
    'Infinity',
    '-Infinity',
    'true',
    '5',
    '-1.5',
    '1e9',
    '[1]',
    '{"a":1}',
    ',]',
    'a,}',
    '\\',
    '"',
  ),
  fc.constantFrom('uk', 'ß', 'ıe', 'ſk', 'GB ', 'ZZ', 'GBR', 'PAGE_VIEW', 'page_view ', 'tablet\u0000'.slice(0, 6)),
  fc.string({ unit: 'binary', maxLength: 70 }).map((text) => text.replaceAll('\0', '')),
  fc.stringMatching(/^[A-Za-z0-9_.:-]{6,66}$/),
  fc
    .tuple(
      fc.constantFrom('x', 'é', '😀', 'e\u0301', '\n', ' '),
      fc.constantFrom(1, 62, 63, 64, 65, 199, 200, 201),
      fc.constantFrom(...spaces),
    )
    .map(([unit, times, around]) => `${around}${unit.repeat(times)}${around}`),
);

const two = (least: number, most: number): fc.Arbitrary<string> =>
  fc.integer({ min: least, max: most }).map((value) => String(value).padStart(2, '0'));

/** Texts that are timestamps or nearly so. */
const timestamps = (receivedAt: Date): fc.Arbitrary<string> => {
  const limit = receivedAt.getTime() + 5 * 60_000;
  return fc.oneof(
    fc
      .tuple(
        fc.constantFrom('0000', '0001', '1900', '1999', '2000', '2024', '2026', '2100', '9999', '10000', '026'),
        two(0, 13),
        two(0, 32),
        fc.constantFrom('T', 'T', 'T', 't', ' ', ''),
        two(0, 24),
        two(0, 60),
        fc.option(two(0, 61), { nil: undefined }),
        fc.option(fc.stringMatching(/^[0-9]{0,12}$/), { nil: undefined }),
        fc.oneof(
          fc.constantFrom(
            'Z',
            'Z',
            'z',
            '',
            '+00',
            '+0530',
            '+05:30',
            '-00:00',
            '+25:00',
            '+05:60',
            '-23:59',
            '+5',
            ' Z',
          ),
          fc.tuple(two(0, 24), two(0, 60)).map(([hours, minutes]) => `-${hours}:${minutes}`),
        ),
      )
      .map(([year, month, day, t, hour, minute, second, fraction, offset]) =>
        [
          `${year}-${month}-${day}${t}${hour}:${minute}`,
          second && `:${second}`,
          fraction && `.${fraction}`,
          offset,
        ].join(''),
      ),
    fc
      .tuple(
        fc.constantFrom(limit, Date.parse('2000-01-01T00:00:00Z')),
        fc.integer({ min: -2, max: 2 }),
        fc.stringMatching(/^[0-9]{0,7}$/),
      )
      .map(([at, shift, more]) => new Date(at + shift).toISOString().replace('Z', `${more}Z`)),
    fc.constantFrom(
      '2026-02-30T00:00:00Z',
      '1900-02-29T00:00:00Z',
      '2000-02-29T00:00:00Z',
      '2026-03-01',
      'infinity',
      'epoch',
      '1772357400',
      '2000-01-01T01:00+01:00',
      '2000-01-01T00:59:59.999999999+01',
      '20260301T093000Z',
      '2026-060T09:30:00Z',
      '2026-W09-1T00:00Z',
    ),
  );
};

const numbers: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('0', '-0', '-0.0', '1', '-1', '1.005', '1E3', '1e+3', '01', '+1', '.5', '1.', '0x10', '1_0', '-'),
  fc.constantFrom(
    '1e400',
    '-1e400',
    '1E400',
    '1e308',
    '1.7976931348623157e308',
    '1.7976931348623159e308',
    '1e309',
    '1e-400',
    '5e-324',
    '1e0400',
  ),
  fc.constantFrom(
    '1e12',
    '1000000000000.0001',
    '999999999999.995',
    '1e13',
    '-0.001',
    '0.005',
    '12345678901234567890',
    '-9223372036854775809',
  ),
  fc.constantFrom('NaN', 'nan', '-NaN', 'Infinity', '-Infinity', 'inf', '-INF', 'Inf'),
  fc.constantFrom(
    '9'.repeat(308),
    '9'.repeat(310),
    '9'.repeat(2000),
    `0.${'9'.repeat(2000)}`,
    `${'9'.repeat(250)}e70`,
    `${'9'.repeat(250)}e-70`,
    `${'9'.repeat(230)}e50`,
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.integer({ min: -1000, max: 1000 }).map((cents) => String(cents / 100)),
);

const nested = (levels: number): string => {
  const opening = Array.from({ length: levels }, (_, level) => (level % 2 ? '{"a":' : '['));
  const closing = opening.map((bracket) => (bracket === '[' ? ']' : '}')).reverse();
  return `${opening.join('')}${levels % 2 ? '' : '0'}${closing.join('')}`;
};

/** JSON texts of any kind, and some that are none. */
const anyValue: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: texts.map(json) },
  { weight: 3, arbitrary: numbers },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      'null',
      'true',
      'false',
      '{}',
      '[]',
      '[1,]',
      '{"a":1,}',
      '[1 , 2]',
      'TRUE',
      'undefined',
      "'x'",
    ),
  },
  { weight: 2, arbitrary: fc.jsonValue().map((value) => json(value)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '"\\u0000"',
      '"\\\\u0000"',
      '"\\ud800"',
      '"\\uDC00x"',
      '"\\ud83d\\ude00"',
      '"\\q"',
      '"tab\there"',
      '"\\/"',
      '"\\u001f\\b"',
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom(2, 50, 97, 98, 99, 100, 101, 5000).map(nested) },
);

const escaped = (text: string): string =>
  [...text]
    .map((letter) => (/[A-Za-z_]/.test(letter) ? `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}` : letter))
    .join('');

/** The text of properties: of the contract, of any other name, repeated, large. */
const propertiesOf = (contract: EventContract, receivedAt: Date): fc.Arbitrary<string> => {
  const names = contract.properties.map(({ name }) => name);
  const values = contract.properties.flatMap((property) => property.values ?? []);
  const value = fc.oneof(
    anyValue,
    timestamps(receivedAt).map(json),
    ...(values.length > 0 ? [fc.constantFrom(...values).map(json)] : []),
    fc.constantFrom('2', '3.0', 'true', '"x"'),
  );
  const entry = fc.tuple(
    fc.constantFrom(...names, 'order_id', 'quantity', 'query', '', 'a"b', '__proto__').map(json),
    value,
  );
  const large = fc
    .tuple(fc.integer({ min: 8150, max: 8200 }), fc.constantFrom('x', 'é', '\\u00e9', '1e20,', '1.50,', ' '))
    .map(([bytes, unit]) => {
      const times = Math.max(
        0,
        Math.floor(bytes / { x: 1, é: 2, '\\u00e9': 2, '1e20,': 24, '1.50,': 4, ' ': 1 }[unit as 'x']),
      );
      return unit.endsWith(',') ? `[${unit.repeat(times)}0]` : `"${unit.repeat(times)}"`;
    })
    .map((text) => `{"large": ${text}}`);
  return fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .array(entry, { maxLength: 4 })
        .map((entries) => `{${entries.map(([key, each]) => `${key}:${each}`).join(', ')}}`),
    },
    { weight: 1, arbitrary: large },
    { weight: 1, arbitrary: anyValue },
  );
};

/** The fields of an event, of which up to three are not as they should be. */
function entriesOf(contract: EventContract, receivedAt: Date): fc.Arbitrary<readonly Entry[]> {
  const type = fc.constantFrom(...contract.eventTypes);
  const named = fc.constantFrom('user_id', 'session_id', 'product_id', 'product_category');
  const others = fc.constantFrom(
    'event_id',
    'event_type',
    'event_timestamp',
    'device_type',
    'country_code',
    'traffic_source',
  );
  const sold = fc.constantFrom('product_id', 'revenue_amount');
  const further = fc.constantFrom('properties', 'referrer', 'EVENT_ID', '', '0');
  const anything = fc.oneof(anyValue, timestamps(receivedAt).map(json), numbers, propertiesOf(contract, receivedAt));
  const changed = fc.oneof(
    { weight: 3, arbitrary: fc.tuple(fc.oneof(named, others), texts.map(json)) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('event_timestamp'), timestamps(receivedAt).map(json)) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('revenue_amount'), numbers) },
    { weight: 2, arbitrary: fc.tuple(fc.oneof(named, others, sold, sold), fc.constantFrom('null', undefined)) },
    { weight: 3, arbitrary: fc.tuple(fc.oneof(named, others, sold, further), anything) },
  );
  return fc
    .tuple(
      type,
      fc.record(good),
      fc.array(changed, { maxLength: 3 }),
      fc.option(propertiesOf(contract, receivedAt)),
      fc.boolean(),
    )
    .map(([eventType, fields, changes, properties, viewed]) => {
      const own = { event_type: json(eventType), ...fields };
      const product =
        /product|cart/.test(eventType) || viewed
          ? { product_id: '"PROD0001"', product_category: '"Home & Kitchen"' }
          : {};
      const revenue = eventType === 'purchase' ? { revenue_amount: '19.99' } : {};
      const entries = {
        ...own,
        ...product,
        ...revenue,
        ...(properties === null ? {} : { properties }),
        ...Object.fromEntries(changes),
      };
      return Object.entries(entries).flatMap(([key, value]): readonly Entry[] =>
        value === undefined ? [] : [[json(key), value]],
      );
    });
}

/** What may be done to the text of a line. */
const spoilt: fc.Arbitrary<(line: string) => string> = fc.oneof(
  { weight: 30, arbitrary: fc.constant((line: string) => line) },
  { weight: 1, arbitrary: fc.nat(400).map((length) => (line: string) => line.slice(0, length) || '{') },
  {
    weight: 2,
    arbitrary: fc.constantFrom<((line: string) => string)[]>(
      (line) => `\ufeff${line}`,
      (line) => `${line}\r`,
      (line) => ` \t${line} `,
      (line) => `\u00a0${line}`,
      (line) => `${line}${line}`,
      (line) => `${line} ${line}`,
      (line) => `[${line}]`,
      (line) => `${line.slice(0, -1)},}`,
      (line) => `${line.slice(0, -1)} , }`,
      (line) => `{,${line.slice(1)}`,
      (line) => `${line}//`,
      (line) => `{/**/${line.slice(1)}`,
      (line) => `${line.slice(0, -1)},${line.slice(1)}`,
      (line) => line.replaceAll('"', "'"),
      (line) => json(line),
      (line) => line.replace('event_type', 'event_typ\\u0065'),
      (line) => line.replaceAll(/[a-z]+_[a-z]+/g, escaped),
    ),
  },
);

const bigLine: fc.Arbitrary<string> = fc
  .tuple(fc.integer({ min: 1_048_560, max: 1_048_590 }), fc.constantFrom('x', 'é', '[', '\\n', ' '))
  .map(([bytes, unit]) => `{"user_id":"${unit.repeat((bytes - 14) / Buffer.byteLength(unit))}"}`);

const lone: fc.Arbitrary<string> = fc.oneof(
  anyValue.filter((text) => text.trim() !== ''),
  fc.constantFrom(
    '{}',
    '{"a":1,"a":1}',
    '{"properties":{"a":1,"\\u0061":2}}',
    '{"properties":{"x":{"a":1,"a":2}}}',
    '{"a":{"a":1,"a":1}}',
    '[{}]',
  ),
  fc.constantFrom(
    `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
    `{"a":${'['.repeat(100_000)}`,
    `{"a":"${'\\\\'.repeat(5000)}"}`,
  ),
);

/**
 * Lines of every kind: events as the contract wants them, events with a few values of any kind, and lines that are no
 * event at all. None is blank, none has a zero byte.
 */
export function eventLines(contract: EventContract, receivedAt: Date): fc.Arbitrary<string> {
  const blank = fc.constantFrom('', '', '', ' ', '\t', '\r', ' \n ');
  const whole = fc
    .tuple(entriesOf(contract, receivedAt), blank, blank, spoilt, fc.integer())
    .map(([entries, before, after, spoil, turn]) => {
      const turned = entries.map(
        (_, index) => entries[(((index + turn) % entries.length) + entries.length) % entries.length],
      );
      return spoil(
        `{${turned.map((entry) => `${before}${entry?.[0]}${after}:${before}${entry?.[1]}${after}`).join(',')}}`,
      );
    });
  return fc
    .oneof({ weight: 400, arbitrary: whole }, { weight: 20, arbitrary: lone }, { weight: 1, arbitrary: bigLine })
    .map((line) => line.toWellFormed());
}

/** Judges lines by the statement of a contract: the ids of the rules that each breaks, in the order of the lines. */
export async function judgeLines(
  duckdb: DuckDB,
  contract: EventContract,
  lines: readonly string[],
  receivedAt: Date,
): Promise<readonly (readonly string[])[]> {
  await duckdb.run('CREATE OR REPLACE TABLE received_events (file_number SMALLINT, line VARCHAR)');
  await duckdb.run(
    `INSERT INTO received_events SELECT unnest(range(len(lines))), unnest(lines)
     FROM (SELECT from_json($1::JSON, '["VARCHAR"]') AS lines)`,
    [JSON.stringify(lines)],
  );
  await duckdb.run(judgeEventsStatement(contract, receivedAt));
  const judged = await duckdb.rows<{ broken: readonly string[] }>(
    `SELECT ${brokenEventRules(contract)} AS broken FROM judged_events ORDER BY file_number`,
  );
  return judged.map(({ broken }) => broken);
}
