/** A folder of lines that no program should send, through the command line: each is accounted for with its reason. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { event } from '../../tests/setup/events.ts';
import { afterTheLast, makeFolder, makeHome, runMillrace, writeFiles } from '../../tests/setup/fixtures.ts';

const atEnd = afterTheLast();

type Line = readonly [text: string | Buffer, rule?: string];

const malformed = 'events.record.malformed';

/** An event with one more field, whose value is given as JSON text. */
const withField = (value: string, name = '"extra"'): string =>
  JSON.stringify(event()).replace(/\}$/, `,${name}:${value}}`);

const nested = (levels: number): string => withField(`${'['.repeat(levels)}${']'.repeat(levels)}`);

const big = (bytes: number): string => {
  const line = JSON.stringify(event({ properties: { note: '' } }));
  return line.replace('"note":""', `"note":"${'x'.repeat(bytes - line.length)}"`);
};

const good = (changes: Readonly<Record<string, unknown>> = {}): Line => [JSON.stringify(event(changes))];

/** Lines that text can hold. */
const texts: readonly Line[] = [
  good(),
  ['{', malformed],
  ['{"event_id":"EVT_12345678","event_ty', malformed],
  [JSON.stringify(event()).slice(0, -1), malformed],
  [''],
  [' \t '],
  [nested(90)],
  [nested(150), malformed],
  [nested(100_000), malformed],
  [`${'{"a":'.repeat(50_000)}`, malformed],
  [withField('1', '"user_id"'), 'events.record.duplicate_key'],
  [withField('1', '"\\u0075ser_id"'), 'events.record.duplicate_key'],
  [withField('{"a":1,"a":2}', '"properties"'), 'events.record.duplicate_key'],
  [withField('"\\ud83d"'), malformed],
  [withField('"\\udc00"'), malformed],
  [withField('1', '"\\ud83d"'), malformed],
  [withField('"a\\u0000b"'), malformed],
  [withField('1', '"\\u0000"'), malformed],
  [withField('1e999'), malformed],
  [withField('9'.repeat(5000)), malformed],
  [withField('-1e400'), malformed],
  [withField('123456789012345678901234567890')],
  [withField('NaN'), malformed],
  [withField('"a\u0001b"'), malformed],
  [withField('"a\u001b[2J\u0007"'), malformed],
  [big(1_048_576), 'events.properties.size'],
  [big(1_048_577), 'events.record.too_long'],
  [big(2_500_000), 'events.record.too_long'],
  ['x'.repeat(2_500_000), 'events.record.too_long'],
  ['[]', malformed],
  [`[${JSON.stringify(event())}]`, malformed],
  ...['17', '-0', 'true', 'null', '""', '"x"', 'undefined', '1e5', ',', ':', '}', ']', '\\'].map(
    (text): Line => [text, malformed],
  ),
  [`${JSON.stringify(event())}${JSON.stringify(event())}`, malformed],
  [`${JSON.stringify(event())},`, malformed],
  [
    '{}',
    [...['event_id', 'event_type', 'user_id', 'session_id', 'event_timestamp', 'device_type', 'traffic_source']]
      .map((field) => `events.${field}.required`)
      .join(' '),
  ],
  // Names that mean something to one program or another on the way.
  ...[
    'a\\"b',
    'a\\\\',
    '\\\\\\"',
    '',
    ' ',
    '*',
    '$',
    '$.a',
    'a.b',
    'a[0]',
    '/a~b',
    '~',
    '%',
    "'",
    "'); DROP TABLE x; --",
    '{',
    ',',
    '__proto__',
    'constructor',
    '\\n',
    '\\u001b[2J',
    '=1+1',
    '\\u202e',
  ].map((name): Line => [withField('"v"', `"${name}"`)]),
  good({ properties: { "'": '"', '\\': '\\\\', ',': '{', '\u001b]0;x\u0007': '\u001b[2J' } }),
  good({ user_id: '\u001b[31mred\u001b[0m\r\n' }),
  [JSON.stringify(event({ device_type: '\u001b[2J\u0007\u0085\u009b1m' })), 'events.device_type.known'],
  [JSON.stringify(event({ country_code: "'; DROP TABLE ops.quarantine; --" })), 'events.country_code.known'],
  [JSON.stringify(event({ event_type: '=HYPERLINK("http://example.com")' })), 'events.event_type.known'],
  [JSON.stringify(event({ traffic_source: '\u202eeltit' })), 'events.traffic_source.known'],
  [`\u2028${JSON.stringify(event())}`, malformed],
  [`\u00a0${JSON.stringify(event())}`, malformed],
  good({ product_category: '\u2028\u2029\u0085' }),
];

/** Lines that text cannot hold as they are. */
const others: readonly Line[] = [
  [withField('"a\0b"'), malformed],
  ['\0', malformed],
  ['\0'.repeat(4096), malformed],
  [Buffer.from(withField('"caf\xe9"'), 'latin1'), malformed],
  [Buffer.of(0xff, 0xfe, 0xff), malformed],
  [Buffer.concat([Buffer.from('{"a":"'), Buffer.of(0xed, 0xa0, 0xbd), Buffer.from('"}')]), malformed],
  [withField('"a\x1fb"'), malformed],
  [`${JSON.stringify(event()).slice(0, 20)}\r${JSON.stringify(event()).slice(20)}`, malformed],
];

const joined = (lines: readonly Line[], end = '\n'): Buffer =>
  Buffer.concat(lines.flatMap(([text]) => [Buffer.from(text as string), Buffer.from(end)]));

/** Two good lines, two broken ones, a blank one. */
const few = (): readonly Line[] => [good(), ['{', malformed], [''], good(), ['17', malformed]];

const utf16 = (text: Buffer): Buffer => Buffer.from(`\uFEFF${text.toString()}`, 'utf16le');

const asArray = (lines: readonly Line[]): string => `[${lines.map(([text]) => text).join(',\n ')}`;

/** A file: its lines, or elements, and the bytes that they are written as. */
interface File {
  readonly lines: readonly Line[];
  readonly write: (lines: readonly Line[]) => Buffer | string;
}

const files: Readonly<Record<string, File>> = {
  'array.json': {
    lines: [good(), ['17', malformed], ['[{}]', malformed], ['{"a":1,}', malformed], good(), ['', malformed], good()],
    write: (lines) => `${asArray(lines)}]`,
  },
  'behind.json': { lines: [good(), ['x', malformed]], write: ([first]) => `[${first?.[0]}] x` },
  'blanks.ndjson': { lines: [[''], ['  '], ['\t']], write: joined },
  'bom.ndjson': { lines: few(), write: (lines) => Buffer.concat([Buffer.from('\uFEFF'), joined(lines)]) },
  'comma.json': { lines: [good(), ['', malformed]], write: (lines) => asArray(lines) },
  'cr.ndjson': { lines: few(), write: (lines) => joined(lines, '\r') },
  'crlf.ndjson': { lines: few(), write: (lines) => joined(lines, '\r\n') },
  'cut.json': { lines: [good(), good(), ['{"event_id":', malformed]], write: asArray },
  'empty.ndjson': { lines: [], write: joined },
  'packed.ndjson.gz': { lines: few(), write: (lines) => gzipSync(joined(lines)) },
  'texts.ndjson': { lines: texts, write: joined },
  'others.ndjson': { lines: others, write: joined },
  'utf-16be.ndjson': { lines: few(), write: (lines) => utf16(joined(lines)).swap16() },
  'utf-16le.ndjson': { lines: few(), write: (lines) => utf16(joined(lines)) },
};

/** 'file:line rules' of the lines that are to be held. */
const expected = Object.entries(files).flatMap(([name, { lines }]) =>
  lines.flatMap(([, rule], place) => (rule ? [`${name}:${place + 1} ${rule}`] : [])),
);

const received = Object.values(files).flatMap(({ lines }) =>
  lines.filter(([text, rule]) => rule !== undefined || String(text).trim() !== ''),
).length;

interface Held {
  readonly id: number;
  readonly file: string;
  readonly line: number;
  readonly rules: readonly string[];
}

/** What moves a cursor, rings, or is the beginning of either. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const harmful = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/;

let settings: Awaited<ReturnType<typeof makeHome>>;

/** Runs the program to its good end; gives what it said. */
async function millrace(...words: readonly string[]): Promise<string> {
  const ended = await runMillrace(words, settings);
  expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({ code: 0 });
  return ended.stdout;
}

const listed = async (): Promise<readonly Held[]> => JSON.parse(await millrace('quarantine', 'list', '--json'));

const placesOf = (held: readonly Held[]): readonly string[] =>
  held.map(({ file, line, rules }) => `${file}:${line} ${rules.join(' ')}`).sort();

const loadedLines = received - expected.length;

beforeAll(async () => {
  settings = await makeHome(atEnd);
});

describe('hostile lines', () => {
  test('are each loaded or held for their reason', async () => {
    const folder = writeFiles(
      Object.fromEntries(Object.entries(files).map(([name, { lines, write }]) => [name, Buffer.from(write(lines))])),
      atEnd,
    );
    const result = JSON.parse(await millrace('ingest', 'events', folder, '--json'));
    expect(placesOf(await listed())).toEqual(expected.toSorted());
    expect(result).toMatchObject({ received, loaded: loadedLines, duplicate: 0, quarantined: expected.length });
    expect(JSON.parse(await millrace('ingest', 'events', folder, '--json'))).toMatchObject({ alreadyLoaded: true });
  });

  test('are shown without harm', async () => {
    const held = await listed();
    expect(await millrace('quarantine', 'list', '--limit', '500')).not.toMatch(harmful);
    const rows = held.filter(({ rules }) => rules.includes('events.device_type.known'));
    expect(rows).toHaveLength(1);
    expect(await millrace('quarantine', 'show', String(rows[0]?.id))).not.toMatch(harmful);
  });

  test('go to a file to be edited, and come back from it', async () => {
    const csv = join(makeFolder(), 'held.csv');
    const text = await millrace('quarantine', 'list', '--csv', '--table', 'events');
    writeFileSync(csv, text);
    const replay = async (): Promise<unknown> =>
      JSON.parse(await millrace('quarantine', 'replay', '--from', csv, '--json'));
    expect(await replay()).toMatchObject({
      tables: expect.arrayContaining([{ table: 'events', replayed: 0, released: 0, held: 0 }]),
    });
    expect(placesOf(await listed())).toEqual(expected.toSorted());
    const edited = readFileSync(csv, 'utf8').replace(/""country_code"":""[^"]*""/g, '""country_code"":""GB""');
    expect(edited).not.toBe(text);
    writeFileSync(csv, edited);
    expect(await replay()).toMatchObject({
      tables: expect.arrayContaining([{ table: 'events', replayed: 1, released: 1, held: 0 }]),
    });
    const rest = expected.filter((each) => !each.endsWith('events.country_code.known'));
    expect(placesOf(await listed())).toEqual(rest.toSorted());
  });

  test('of an archive that is cut off are not loaded, and nothing else of its batch', async () => {
    const whole = joined(Array.from({ length: 500 }, () => good()));
    const folder = writeFiles({ 'a.ndjson': joined([good()]), 'b.ndjson.gz': gzipSync(whole).subarray(0, 4000) });
    const ended = await runMillrace(['ingest', 'events', folder], settings);
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toMatch(/^MR-IN-014: /);
    expect(JSON.parse(await millrace('lake', 'stats', '--json'))).toMatchObject([
      { day: '2024-05-01', rows: loadedLines + 1 },
    ]);
  });
});
