/** Files of events of every kind, good and hostile: each record is read unchanged or named with its place, none is lost. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { afterTheLast, makeFolder, smallLimits } from '../../../../tests/setup/fixtures.ts';
import { lineHash } from '../../../contracts/events/line-hash.ts';
import { type DuckDB, openDuckDB, sqlPath } from '../../../stores/duckdb/duckdb.ts';
import { type EventFile, findEventFiles } from './find.ts';
import { type EventReading, findEventLines, readEvents } from './read.ts';

const atEnd = afterTheLast();
let duckdb: DuckDB;

beforeAll(async () => {
  duckdb = await openDuckDB(':memory:', smallLimits(makeFolder(atEnd)));
  atEnd(() => duckdb.close());
});

interface Found {
  readonly files: readonly EventFile[];
  readonly readings: readonly EventReading[];
  /** 'file:line text' of each row of received_events, by file and line. */
  readonly lines: readonly string[];
  /** 'file:line rule text' of each unreadable record. */
  readonly unreadable: readonly string[];
}

/** Reads the files at the paths, and asks for the places of all lines. */
async function readPaths(paths: readonly string[], folder = makeFolder()): Promise<Found> {
  const { files } = await findEventFiles(paths);
  const readings = await readEvents(duckdb, files, folder);
  await duckdb.run(
    `CREATE OR REPLACE TABLE wanted_lines AS SELECT ${lineHash('line')} AS line_hash FROM received_events`,
  );
  await findEventLines(duckdb, readings);
  const [first] = await duckdb.rows<{ received: number; placed: number; different: number }>(
    `WITH received AS (SELECT file_number, line FROM received_events),
       placed AS (SELECT file_number, line FROM event_lines)
     SELECT (SELECT count(*) FROM received) AS received, (SELECT count(*) FROM placed) AS placed,
       (SELECT count(*) FROM (FROM received EXCEPT ALL FROM placed)) AS different`,
  );
  const unreadable = await duckdb.rows<{ place: string }>(
    `SELECT file_number || ':' || line_number || ' ' || rule || ' ' || line AS place FROM unreadable_events
     ORDER BY file_number, line_number`,
  );
  const lines = await duckdb.rows<{ place: string }>(
    `SELECT file_number || ':' || line_number || ' ' || line AS place FROM event_lines ORDER BY file_number, line_number`,
  );
  const records = readings.reduce((sum, reading) => sum + reading.records, 0);
  expect(first).toEqual({ received: lines.length, placed: lines.length, different: 0 });
  expect(readings.reduce((sum, reading) => sum + reading.unreadable, 0)).toBe(unreadable.length);
  expect(records).toBe(lines.length + unreadable.length);
  return { files, readings, lines: lines.map(({ place }) => place), unreadable: unreadable.map(({ place }) => place) };
}

function fileOf(content: string | Buffer, name = 'events.ndjson'): string {
  const path = join(makeFolder(), name);
  writeFileSync(path, content);
  return path;
}

const readContent = (content: string | Buffer, name?: string): Promise<Found> => readPaths([fileOf(content, name)]);

const mebibyte = 1 << 20;
const malformed = 'events.record.malformed';
const tooLong = 'events.record.too_long';

describe('lines', () => {
  test.each<readonly [string, string | Buffer, readonly string[], readonly string[]]>([
    ['nothing', '', [], []],
    ['only blank lines', '\n \t\n\r\n\n', [], []],
    ['a last line without an end', '{"a":1}\n{"a":2}', ['0:1 {"a":1}', '0:2 {"a":2}'], []],
    ['blanks around', '  {"a":1}\t \n', ['0:1   {"a":1}\t '], []],
    ['blank lines between', '\n{"a":1}\n\n \n{"a":2}\n', ['0:2 {"a":1}', '0:5 {"a":2}'], []],
    ['CR LF', '{"a":1}\r\n\r\n{"a":2}\r\n', ['0:1 {"a":1}', '0:3 {"a":2}'], []],
    ['CR LF and LF', '{"a":1}\r\n{"a":2}\n{"a":3}', ['0:1 {"a":1}', '0:2 {"a":2}', '0:3 {"a":3}'], []],
    ['CR', '{"a":1}\r\r{"a":2}\r{"a":3}', ['0:1 {"a":1}', '0:3 {"a":2}', '0:4 {"a":3}'], []],
    ['CR between tokens', '{"a":\r1}\n', ['0:1 {"a": 1}'], []],
    ['CR within a text', '{"a":"\\"\r"}\n{}\n', ['0:2 {}'], [`0:1 ${malformed} {"a":"\\"\r"}`]],
    ['a byte order mark', '\uFEFF{"a":1}\n{"a":2}\n', ['0:1 {"a":1}', '0:2 {"a":2}'], []],
    ['a byte order mark on another line', '{}\n\uFEFF{"a":1}\n', ['0:1 {}', '0:2 \uFEFF{"a":1}'], []],
    [
      'quotes and backslashes',
      '"x\n\\\n""\n\'\n\\N\nNULL\n# x\n',
      ['0:1 "x', '0:2 \\', '0:3 ""', "0:4 '", '0:5 \\N', '0:6 NULL', '0:7 # x'],
      [],
    ],
    [
      'other blanks, which JSON has not',
      '\v\n\f\n\u00a0\n\u2028\n\u0085\n',
      ['0:1 \v', '0:2 \f', '0:3 \u00a0', '0:4 \u2028', '0:5 \u0085'],
      [],
    ],
    ['NUL', '{"a":"\0"}\n{}\n\0\n', ['0:2 {}'], [`0:1 ${malformed} {"a":"\u2400"}`, `0:3 ${malformed} \u2400`]],
    ['the separator', '{"a":"\x1f"}\n{}\n', ['0:2 {}'], [`0:1 ${malformed} {"a":"\x1f"}`]],
    [
      'what is no UTF-8',
      Buffer.from('{"a":"\xe9"}\n{}\n\xff', 'latin1'),
      ['0:2 {}'],
      [`0:1 ${malformed} {"a":"\uFFFD"}`, `0:3 ${malformed} \uFFFD`],
    ],
    [
      'UTF-8 that is cut off',
      Buffer.from('{}\n{"a":"€').subarray(0, -1),
      ['0:1 {}'],
      [`0:2 ${malformed} {"a":"\uFFFD`],
    ],
    [
      'half a pair in UTF-8',
      Buffer.from('{}\n"\xed\xa0\x80"\n', 'latin1'),
      ['0:1 {}'],
      [`0:2 ${malformed} "\uFFFD\uFFFD\uFFFD"`],
    ],
    [
      'arrays and scalars',
      '{}\n[1,2]\n3\nnull\n"x"\n[',
      ['0:1 {}', '0:2 [1,2]', '0:3 3', '0:4 null', '0:5 "x"', '0:6 ['],
      [],
    ],
    ['an array first', '[1,2]\n{"a":1}\n', ['0:1 [1,2]', '0:2 {"a":1}'], []],
    ['an array that is not closed first', '[[[[\n{"a":1}\n{"a":2}\n', ['0:1 [[[[', '0:2 {"a":1}', '0:3 {"a":2}'], []],
    [
      'UTF-16',
      Buffer.from('\uFEFF{"a":"é"}\r\n\r\n{"b":"😀"}\r\n', 'utf16le'),
      ['0:1 {"a":"é"}', '0:3 {"b":"😀"}'],
      [],
    ],
    [
      'UTF-16, the other way round',
      Buffer.from('\uFEFF{"a":"é"}\n{}', 'utf16le').swap16(),
      ['0:1 {"a":"é"}', '0:2 {}'],
      [],
    ],
    [
      'half a pair in UTF-16',
      Buffer.from('\uFEFF{}\n"\ud800"\n{}', 'utf16le'),
      ['0:1 {}', '0:3 {}'],
      [`0:2 ${malformed} "\uFFFD"`],
    ],
  ])('with %s', async (_what, content, lines, unreadable) => {
    const wanted = { lines, unreadable };
    expect(await readContent(content)).toMatchObject(wanted);
    expect(await readContent(gzipSync(content))).toMatchObject(wanted);
    expect(await readContent(zstdCompressSync(content))).toMatchObject(wanted);
  });

  test('of 1 MiB are read, longer ones are named with their beginnings', async () => {
    const ends = ['\n', '\r\n'];
    for (const end of ends) {
      const content = [
        'a'.repeat(mebibyte),
        'b'.repeat(mebibyte + 1),
        '{}',
        'c'.repeat(5 * mebibyte),
        '{}',
        '€'.repeat(mebibyte),
      ];
      const { lines, unreadable } = await readContent(content.join(end));
      expect(lines).toEqual([`0:1 ${content[0]}`, '0:3 {}', '0:5 {}']);
      expect(unreadable.map((text) => text.slice(0, 28))).toEqual([
        `0:2 ${tooLong} b`,
        `0:4 ${tooLong} c`,
        `0:6 ${tooLong} €`,
      ]);
      expect(unreadable.map((text) => Buffer.byteLength(text.slice(27)))).toEqual([65_536, 65_536, 65_535]);
    }
  });

  test('are counted as they are read, in regular files too', async () => {
    const { files, readings } = await readContent('{}\n\n \n{"a":"é"}\n\t\n{}');
    expect(files).toMatchObject([{ regular: true, records: 3, format: 'ndjson', encoding: 'utf-8' }]);
    expect(readings).toMatchObject([{ records: 3, unreadable: 0, textPath: files[0]?.path }]);
  });

  test('of hundreds of files stay with their files', async () => {
    const folder = makeFolder();
    for (let index = 0; index < 400; index += 1) {
      writeFileSync(join(folder, `${index}.ndjson`), index % 7 === 0 ? '' : `{"n":"${index}.ndjson"}\n`);
    }
    const { files, lines } = await readPaths([folder]);
    expect(lines).toEqual(
      files.flatMap(({ name }, number) => (Number.parseInt(name, 10) % 7 === 0 ? [] : [`${number}:1 {"n":"${name}"}`])),
    );
  });

  test('in files with names that are patterns or hold quotes', async () => {
    const folder = join(makeFolder(), "a=1 [x]*?'");
    mkdirSync(folder);
    for (const name of ['b[1].json', "it's.ndjson", 'c*.gz']) {
      writeFileSync(join(folder, name), name.endsWith('gz') ? gzipSync('{}\n') : '{}\n');
    }
    const paths = ['b[1].json', "it's.ndjson", 'c*.gz'].map((name) => join(folder, name));
    expect((await readPaths(paths)).lines).toEqual(['0:1 {}', '1:1 {}', '2:1 {}']);
  });

  test('of archives in several pieces are all read', async () => {
    const pieces = ['{"a":1}\n', '{"a":', '2}\n{"a":3}'];
    const wanted = { lines: ['0:1 {"a":1}', '0:2 {"a":2}', '0:3 {"a":3}'] };
    expect(await readContent(Buffer.concat(pieces.map((piece) => gzipSync(piece))))).toMatchObject(wanted);
    expect(await readContent(Buffer.concat(pieces.map((piece) => zstdCompressSync(piece))))).toMatchObject(wanted);
  });
});

describe('an array', () => {
  const long = JSON.stringify('d'.repeat(2 * mebibyte));

  test.each<readonly [string, string, readonly string[], readonly string[]]>([
    ['empty', ' [ ] \n', [], []],
    ['on one line', '[{"a":1},{"b":[1,{"c":"],[\\"\\\\"}]}]', ['0:1 {"a":1}', '0:2 {"b":[1,{"c":"],[\\"\\\\"}]}'], []],
    ['an element a line', '[\n{"a":1},\n{"a":2}\n]\n', ['0:1 {"a":1}', '0:2 {"a":2}'], []],
    [
      'elements of several lines',
      '[\r\n  {\r\n    "a": 1\r\n  },\r\n  {\n}\r\n]',
      ['0:1 {      "a": 1    }', '0:2 { }'],
      [],
    ],
    ['a byte order mark', '\uFEFF[{"a":1}]', ['0:1 {"a":1}'], []],
    ['scalars', '[1,"x",null,[2]]', ['0:1 1', '0:2 "x"', '0:3 null', '0:4 [2]'], []],
    ['cut off in an element', '[{"a":1},{"a":', ['0:1 {"a":1}'], [`0:2 ${malformed} {"a":`]],
    ['cut off behind an element', '[{"a":1},{"a":2}', ['0:1 {"a":1}'], [`0:2 ${malformed} {"a":2}`]],
    ['cut off behind a comma', '[{"a":1},\n', ['0:1 {"a":1}'], [`0:2 ${malformed} ,`]],
    ['nothing but its beginning', '[', [], [`0:1 ${malformed} [`]],
    ['garbage behind it', '[{"a":1}] x\n y', ['0:1 {"a":1}'], [`0:2 ${malformed} x\n y`]],
    ['garbage between elements', '[{"a":1} x, {"a":2}]', ['0:1 {"a":1} x', '0:2 {"a":2}'], []],
    [
      'a comma too many',
      '[{"a":1},,{"a":2},]',
      ['0:1 {"a":1}', '0:3 {"a":2}'],
      [`0:2 ${malformed} ,`, `0:4 ${malformed} ,`],
    ],
    ['a line end within a text', '[{"a":"x\ny"},{}]', ['0:2 {}'], [`0:1 ${malformed} {"a":"x\ny"}`]],
    ['NUL', '[{"a":"\0"},{}]', ['0:2 {}'], [`0:1 ${malformed} {"a":"\u2400"}`]],
    ['an element that is too long', `[{},${long},{}]`, ['0:1 {}', '0:3 {}'], [`0:2 ${tooLong} "${'d'.repeat(65_535)}`]],
    [
      'blanks without end',
      `[{},${' '.repeat(3 * mebibyte)}{"a":1}${'\n'.repeat(3 * mebibyte)}]`,
      ['0:1 {}', '0:2 {"a":1}'],
      [],
    ],
    ['garbage far behind an element', `[{}${' '.repeat(3 * mebibyte)}x,{}]`, ['0:2 {}'], [`0:1 ${tooLong} {}`]],
    ['garbage far behind it', `[{}]${' '.repeat(3 * mebibyte)}x`, ['0:1 {}'], [`0:2 ${malformed} x`]],
  ])('with %s', async (_what, content, lines, unreadable) => {
    expect(await readContent(content)).toMatchObject({
      files: [{ format: 'array', regular: false }],
      lines,
      unreadable,
    });
    expect(await readContent(zstdCompressSync(content))).toMatchObject({ lines, unreadable });
  });
});

describe('Parquet', () => {
  async function parquetOf(select: string): Promise<string> {
    const path = join(makeFolder(), 'events.parquet');
    await duckdb.run(`COPY (${select}) TO ${sqlPath(path)} (FORMAT parquet)`);
    return path;
  }

  const rowsOf = async (select: string): Promise<readonly string[]> =>
    (await readPaths([await parquetOf(select)])).lines;

  test('instants are ISO 8601 in UTC, whatever their type, and NULLs are left out', async () => {
    expect(
      await rowsOf(`SELECT TIMESTAMP '2026-11-21 10:00:00.123456' AS a, TIMESTAMPTZ '2026-11-21 10:00:00+02' AS b,
        TIMESTAMP_MS '2026-11-21 10:00:00.5' AS c, DATE '2026-11-21' AS d, NULL::VARCHAR AS e, 1.50::DECIMAL(18, 2) AS f,
        'é"\n' AS "g ""x""", 'x'::BLOB AS h`),
    ).toEqual([
      '0:1 {"a":"2026-11-21T10:00:00.123456Z","b":"2026-11-21T08:00:00.000000Z","c":"2026-11-21T10:00:00.500000Z",' +
        '"d":"2026-11-21","f":1.50,"g \\"x\\"":"é\\"\\n","h":"x"}',
    ]);
  });

  test.each([
    [`{'a': 1, 'b': NULL, 'c': {'d': NULL, 'e': 'x'}}`, '{"a":1,"c":{"e":"x"}}'],
    [`MAP {'a': 1, 'b': 2}`, '{"a":1,"b":2}'],
    [`'{"a": 1.50,\n"b":"x"}'`, '{"a": 1.50, "b":"x"}'],
    [`'{"a":1}'::JSON`, '{"a":1}'],
    [`'no JSON'`, '"no JSON"'],
  ])('properties may be %s', async (value, text) => {
    expect(await rowsOf(`SELECT ${value} AS properties`)).toEqual([`0:1 {"properties":${text}}`]);
  });

  test('a row without values is an empty object, and each row has its number', async () => {
    const select = 'SELECT CASE WHEN i % 2 = 0 THEN i END AS i FROM range(5) AS t(i)';
    expect(await rowsOf(select)).toEqual(['0:1 {"i":0}', '0:2 {}', '0:3 {"i":2}', '0:4 {}', '0:5 {"i":4}']);
  });

  test('a row that is too long is named', async () => {
    const path = await parquetOf(`SELECT repeat('x', i * ${mebibyte}) AS x FROM range(3) AS t(i) WHERE i <> 1`);
    const { lines, unreadable } = await readPaths([path]);
    expect(lines).toEqual(['0:1 {"x":""}']);
    expect(unreadable).toEqual([`0:2 ${tooLong} {"x":"${'x'.repeat(65_530)}`]);
  });

  test('a damaged file is refused', async () => {
    const { files } = await findEventFiles([fileOf(Buffer.from('PAR1 and no more PAR1'))]);
    await expect(readEvents(duckdb, files, makeFolder())).rejects.toMatchObject({ code: 'MR-IN-016', exitCode: 1 });
  });
});

describe('refused', () => {
  const gzip = gzipSync(Buffer.from('{"a":1}\n'.repeat(50_000)));

  test.each([
    ['cut off', gzip.subarray(0, gzip.length - 20)],
    ['damaged', Buffer.concat([gzip.subarray(0, 600), Buffer.alloc(50, 0x55), gzip.subarray(650)])],
  ])('an archive that is %s', async (_what, content) => {
    const read = async (): Promise<unknown> =>
      readEvents(duckdb, (await findEventFiles([fileOf(content)])).files, makeFolder());
    await expect(read()).rejects.toMatchObject({ code: 'MR-IN-014', exitCode: 1 });
  });

  test('an archive that holds far more than its size', async () => {
    const bomb = zstdCompressSync(Buffer.alloc(80 << 20, '{"a":1}\n'));
    const { files } = await findEventFiles([fileOf(bomb)]);
    await expect(readEvents(duckdb, files, makeFolder())).rejects.toMatchObject({ code: 'MR-IN-017', exitCode: 1 });
  });
});

/** A line as it stands in a file, and what is to come of it. */
interface Line {
  readonly bytes: Buffer;
  readonly text: string;
  readonly becomes: 'record' | 'blank' | 'malformed';
}

const line = (text: string, becomes: Line['becomes'], bytes = Buffer.from(text)): Line => ({ bytes, text, becomes });

const plainText = fc
  .string({ unit: 'binary', maxLength: 40 })
  .map((text) => [...text.toWellFormed()].map((each) => ('\0\n\r\x1f'.includes(each) ? '"' : each)).join(''));

const textual = fc.oneof(
  { weight: 4, arbitrary: fc.json({ maxDepth: 2 }).map((text) => line(`{"x":${text}}`, 'record')) },
  plainText.map((text) => line(text, /^[ \t]*$/.test(text) ? 'blank' : 'record')),
  fc.constantFrom('', ' ', '\t ', '\r').map((text) => line(text, 'blank')),
  fc.constant(line('{"a": 1}', 'record', Buffer.from('{"a":\r1}'))),
);

const hostile = fc.oneof(
  fc
    .constantFrom('\0', '{"a":"\0"}')
    .map((text) => line(text.replaceAll('\0', '\u2400'), 'malformed', Buffer.from(text))),
  fc
    .constantFrom('\xff', '{"a":"\xe9"}')
    .map((text) => line(text.replaceAll(/[\xff\xe9]/g, '\uFFFD'), 'malformed', Buffer.from(text, 'latin1'))),
  fc.constantFrom('\x1f', '"\r"').map((text) => line(text, 'malformed')),
);

const packings: Readonly<Record<string, (content: Buffer) => Buffer>> = {
  none: (content) => content,
  gzip: (content) => gzipSync(content),
  zstd: (content) => zstdCompressSync(content),
};

const packing = fc.constantFrom(...Object.values(packings));

/** What is to be found of these records, whose numbers count from 1. */
function expected(lines: readonly Line[], fileNumber: number): Pick<Found, 'lines' | 'unreadable'> {
  const placed = lines.map((each, index) => ({ ...each, place: `${fileNumber}:${index + 1}` }));
  return {
    lines: placed.filter(({ becomes }) => becomes === 'record').map(({ place, text }) => `${place} ${text}`),
    unreadable: placed
      .filter(({ becomes }) => becomes === 'malformed')
      .map(({ place, text }) => `${place} ${malformed} ${text}`),
  };
}

/** One file of a property: its content and its records. */
interface Drawn {
  readonly content: Buffer;
  readonly lines: readonly Line[];
}

const lineEnd = fc.constantFrom('\n', '\r\n');

const ndjson = (kind: fc.Arbitrary<Line>): fc.Arbitrary<Drawn> =>
  fc
    .tuple(fc.array(fc.tuple(kind, lineEnd), { maxLength: 12 }), fc.boolean(), fc.boolean(), packing)
    .map(([drawn, marked, open, pack]) => {
      // The first line tells the format, and that lines end with line feeds.
      const lines = [line('{}', 'record'), ...drawn.map(([each]) => each)];
      const ends = ['\n', ...drawn.map(([, end]) => end)];
      if (open) ends[ends.length - 1] = lines.length > 1 ? '' : '\n';
      const parts = lines.flatMap(({ bytes }, index) => [bytes, Buffer.from(ends[index] ?? '')]);
      return { content: pack(Buffer.concat([Buffer.from(marked ? '\uFEFF' : ''), ...parts])), lines };
    });

const utf16 = fc.tuple(fc.array(textual, { maxLength: 12 }), fc.boolean(), packing).map(([drawn, swapped, pack]) => {
  const lines = [line('{}', 'record'), ...drawn];
  const content = Buffer.from(`\uFEFF${lines.map(({ bytes }) => `${bytes.toString()}\r\n`).join('')}`, 'utf16le');
  return { content: pack(swapped ? content.swap16() : content), lines };
});

const element = fc.oneof(
  fc.json({ maxDepth: 2 }).map((text) => line(text, 'record')),
  fc.json({ maxDepth: 2 }).map((text) => {
    const pretty = JSON.stringify(JSON.parse(text), undefined, 1);
    return line(pretty.replaceAll('\n', ' '), 'record', Buffer.from(pretty));
  }),
  fc.constantFrom('{"a":"\0"}').map((text) => line(text.replaceAll('\0', '\u2400'), 'malformed', Buffer.from(text))),
  fc.constant(line('{"a":"\uFFFD"}', 'malformed', Buffer.from('{"a":"\xe9"}', 'latin1'))),
  fc.constantFrom('{"a":"\n"}', '{"a":"\x1f"}').map((text) => line(text, 'malformed')),
  fc.constant(line(',', 'malformed', Buffer.alloc(0))),
);

const array = fc
  .tuple(fc.array(element, { minLength: 2, maxLength: 12 }), lineEnd, packing)
  .map(([lines, end, pack]) => {
    const parts = lines.flatMap(({ bytes }, index) => [Buffer.from(index > 0 ? `,${end}` : ''), bytes]);
    return { content: pack(Buffer.concat([Buffer.from(`[${end}`), ...parts, Buffer.from(`${end}]${end}`)])), lines };
  });

test('every record of every format and packing is found once, with its place', async () => {
  const file = fc.oneof(ndjson(textual), ndjson(fc.oneof(textual, hostile)), utf16, array);
  await fc.assert(
    fc.asyncProperty(fc.array(file, { minLength: 1, maxLength: 8 }), async (drawn) => {
      const paths = drawn.map(({ content }) => fileOf(content));
      const found = await readPaths(paths);
      const wanted = drawn.map(({ lines }, index) => expected(lines, index));
      expect(found.lines).toEqual(wanted.flatMap(({ lines }) => lines));
      expect(found.unreadable).toEqual(wanted.flatMap(({ unreadable }) => unreadable));
    }),
    { numRuns: 60 },
  );
});
