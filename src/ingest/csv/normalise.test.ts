/** Any bytes as records: what was written is read back, what cannot be is told of, and every record is one or the other. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { makeFolder, smallLimits } from '../../../tests/setup/fixtures.ts';
import { MillraceError } from '../../kernel/errors.ts';
import { type DuckDB, openDuckDB } from '../../stores/duckdb/duckdb.ts';
import { type CsvFile, readCsvFile } from './files.ts';
import { type Normalised, normalise } from './normalise.ts';
import { readRecords } from './read.ts';

const columns = ['one', 'two', 'three'];

const fromHex = (text: string): string => Buffer.from(text, 'hex').toString();

/** Reads files one after the other into one DuckDB, and forgets them. */
async function makeReader() {
  const folder = makeFolder();
  const duckdb: DuckDB = await openDuckDB(':memory:', smallLimits(folder));
  onTestFinished(() => duckdb.close());
  const work = join(folder, 'work');
  const path = join(folder, 'file.csv');
  return async (bytes: Buffer) => {
    rmSync(work, { recursive: true, force: true });
    mkdirSync(work);
    writeFileSync(path, bytes);
    const file: CsvFile = await readCsvFile(path);
    await duckdb.run('BEGIN');
    try {
      const counts = await readRecords(duckdb, file, 'any', work);
      // As bytes, for texts lose a byte order mark on their way out of DuckDB.
      const rows = await duckdb.rows<Record<string, string | number | null>>(
        `SELECT line_number, hex(COLUMNS('^c')) FROM numbered_any ORDER BY 1`,
      );
      const good = rows.map((row) =>
        Object.values(row).map((each) => (typeof each === 'string' ? fromHex(each) : each)),
      );
      const malformed = await duckdb.rows<{ line: number; problem: string; record: string }>(
        'SELECT line_number AS line, problem, record FROM malformed_any ORDER BY 1',
      );
      return { file, ...counts, good, malformed };
    } finally {
      await duckdb.run('ROLLBACK');
    }
  };
}

/** What a generator of files knows and a reader has to find out. */
interface Written {
  readonly text: string;
  readonly rows: readonly (readonly (string | number | null)[])[];
}

const lineEnd = fc.constantFrom('\n', '\r\n', '\r');

const value = fc
  .oneof(
    fc.constantFrom('', ' ', '"', '""', ',', '\n', '\r', '\r\n', '=cmd()', '\\.', '\\N', 'NULL', '\uFEFF'),
    fc.string({ unit: 'binary', maxLength: 6 }),
    fc.string({ unit: fc.constantFrom('a', ' ', '"', ',', '\n', '\r', 'é', '😀'), maxLength: 8 }),
  )
  .map((text) => text.replaceAll('\0', '').toWellFormed());

const record = fc.record({
  fields: fc.array(fc.record({ value, quoted: fc.boolean() }), { minLength: 3, maxLength: 3 }),
  end: lineEnd,
  blank: fc.option(lineEnd, { freq: 5 }),
});

const csv = (text: string, quoted: boolean): string =>
  quoted || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

const linesOf = (text: string): number => text.split(/\r\n|\r|\n/).length;

const shop = fc
  .record({ records: fc.array(record, { maxLength: 8 }), ended: fc.boolean(), headerEnd: lineEnd })
  .map(({ records, ended, headerEnd }): Written => {
    let text = `${columns.join()}${headerEnd}`;
    const rows: (string | number | null)[][] = [];
    for (const [index, { fields, end, blank }] of records.entries()) {
      // A carriage return and a line feed that meet are one line end.
      if (blank && !(text.endsWith('\r') && blank === '\n')) text += blank;
      rows.push([linesOf(text), ...fields.map((field) => field.value || null)]);
      const last = index + 1 === records.length && !ended;
      text += fields.map((field) => csv(field.value, field.quoted)).join() + (last ? '' : end);
    }
    return { text, rows };
  });

const encoders: Readonly<Record<string, (text: string) => Buffer>> = {
  'utf-8': (text) => Buffer.from(text),
  'utf-8 with a mark': (text) => Buffer.from(`\uFEFF${text}`),
  'utf-16le': (text) => Buffer.from(`\uFEFF${text}`, 'utf16le'),
  'utf-16be': (text) => Buffer.from(`\uFEFF${text}`, 'utf16le').swap16(),
};

test('records of any fields, with any line ends, quoted in any legal way, are read back as they were written', async () => {
  const read = await makeReader();
  await fc.assert(
    fc.asyncProperty(shop, fc.constantFrom(...Object.keys(encoders)), async ({ text, rows }, encoding) => {
      const { good, malformed, records } = await read(encoders[encoding]?.(text) ?? Buffer.alloc(0));
      expect(good).toEqual(rows);
      expect(malformed).toEqual([]);
      expect(records).toBe(rows.length);
    }),
    { numRuns: 60 },
  );
});

const fragments = [
  'one,two,three\n',
  'a,b,c\n',
  'a',
  ',',
  '"',
  '""',
  '\r',
  '\n',
  '\r\n',
  ' ',
  '\0',
  'é',
  '\\',
  '=',
  '€',
];

const garbage = fc
  .tuple(
    fc.constantFrom('', 'one,two,three\n', 'one,two,three\r\n', '\uFEFFone,two,three\n'),
    fc.array(
      fc.oneof(
        { weight: 8, arbitrary: fc.constantFrom(...fragments).map((text) => Buffer.from(text)) },
        { weight: 1, arbitrary: fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)) },
      ),
      { maxLength: 40 },
    ),
  )
  .map(([head, pieces]) => Buffer.concat([Buffer.from(head), ...pieces]));

test('garbage is refused with an error of the catalogue, or each of its records is good or malformed', async () => {
  const read = await makeReader();
  const ends = new Set<string>();
  await fc.assert(
    fc.asyncProperty(garbage, async (bytes) => {
      try {
        const { good, malformed, ...counts } = await read(bytes);
        expect(counts).toMatchObject({ records: good.length + malformed.length });
        expect(new Set([...good.map(([line]) => line), ...malformed.map(({ line }) => line)]).size).toBe(
          counts.records,
        );
        ends.add(malformed.length > 0 ? 'malformed' : 'good');
      } catch (thrown) {
        if (!(thrown instanceof MillraceError)) throw thrown;
        ends.add('refused');
      }
    }),
    { numRuns: 80 },
  );
  expect([...ends].sort()).toEqual(['good', 'malformed', 'refused']);
});

test('a file that goes to DuckDB as it is has the same rows as when it is made regular first', async () => {
  const read = await makeReader();
  const field = fc.constantFrom('a', '', ' ', '\\', '\\.', 'é', '""', '"b"', '"b,c"', '"d""e"', '#', "'", '\t', 'NULL');
  const line = fc.array(field, { minLength: 3, maxLength: 3 }).map((fields) => fields.join());
  let regular = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 6 }), lineEnd, fc.boolean(), async (lines, end, ended) => {
      const bytes = Buffer.from([columns.join(), ...lines].join(end) + (ended ? end : ''));
      const plain = await read(bytes);
      if (plain.file.layout !== 'irregular') regular += 1;
      const packed = await read(gzipSync(bytes));
      expect(packed.file.layout).toBe('irregular');
      expect(packed.good).toEqual(plain.good);
      expect(packed.malformed).toEqual(plain.malformed);
    }),
    { numRuns: 30 },
  );
  expect(regular).toBeGreaterThan(15);
});

async function* chunksOf(bytes: Buffer, places: readonly number[]): AsyncGenerator<Buffer> {
  const ends = [...places.filter((place) => place < bytes.length).sort((a, b) => a - b), bytes.length];
  for (const [index, end] of ends.entries()) yield Buffer.from(bytes.subarray(ends[index - 1] ?? 0, end));
}

test('a text is the same however it is cut into chunks', async () => {
  const folder = makeFolder();
  let runs = 0;
  const written = ({ goodPath, malformedPath, ...counts }: Normalised) => {
    const contents = [readFileSync(goodPath, 'utf8'), readFileSync(malformedPath, 'utf8')];
    for (const path of [goodPath, malformedPath]) rmSync(path);
    return { counts, contents };
  };
  const made = async (bytes: Buffer, places: readonly number[]) => {
    runs += 1;
    return written(await normalise(chunksOf(bytes, places), 3, 'utf-8', folder, String(runs)));
  };
  await fc.assert(
    fc.asyncProperty(garbage, fc.array(fc.nat(60)), async (bytes, places) => {
      expect(await made(bytes, places)).toEqual(await made(bytes, []));
    }),
    { numRuns: 150 },
  );
  const long = Buffer.from(`one,two,three\n"a\n${'b'.repeat(3 << 20)}\r\n",c,d\ne,f,g\r\n`);
  const inPieces = Array.from({ length: 40 }, (_, index) => index * 81_000);
  const whole = await made(long, []);
  for (const places of [inPieces, [long.indexOf('\r') + 1], [1 << 20, (1 << 20) + 17]]) {
    expect(await made(long, places)).toEqual(whole);
  }
  expect(whole.counts).toEqual({ good: 1, malformed: 3 });
});
