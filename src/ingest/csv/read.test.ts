/** What a CSV file is made of: line ends, quotes, headers, columns; and what is told of a file that is none. */
import { createHash } from 'node:crypto';
import { appendFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeFolder, smallLimits } from '../../../tests/setup/fixtures.ts';
import type { TableName } from '../../contracts/tables.ts';
import { type DuckDB, openDuckDB } from '../../stores/duckdb/duckdb.ts';
import { requireUnchanged } from '../files/inspect.ts';
import { type CsvFile, contentHashOf, readCsvFile } from './files.ts';
import { type FileReading, readTable } from './read.ts';
import { firstRecord } from './records.ts';

function fileWith(content: string | Buffer, name = 'customers.csv'): string {
  const path = join(makeFolder(), name);
  writeFileSync(path, content);
  return path;
}

interface Malformed {
  readonly line: number;
  readonly problem: string;
  readonly record: string;
}

interface Read {
  readonly reading: FileReading;
  readonly malformed: readonly Malformed[];
  readonly duckdb: DuckDB;
  readonly rows: readonly unknown[];
}

async function read(content: string | Buffer, table: TableName = 'customers'): Promise<Read> {
  const folder = makeFolder();
  const duckdb = await openDuckDB(':memory:', smallLimits(folder));
  onTestFinished(() => duckdb.close());
  const [reading] = await readTable(duckdb, [await readCsvFile(fileWith(content))], table, folder);
  if (!reading) throw new Error('nothing was read');
  const rows = await duckdb.rows(
    'SELECT line_number AS line, customer_id AS id, first_name AS name, city FROM received_customers ORDER BY line_number',
  );
  const malformed = await duckdb.rows<Malformed>(
    `SELECT line_number AS line, problem, record FROM malformed_${table} ORDER BY line_number`,
  );
  expect(reading.malformed).toBe(malformed.length);
  expect(reading.records).toBe(rows.length + malformed.length);
  return { reading, malformed, duckdb, rows };
}

const wanted = [
  { line: 2, id: 'C1', name: 'Ada, of "London"', city: 'London' },
  { line: 3, id: 'C2', name: null, city: 'Zürich' },
];

const records = ['customer_id,first_name,city', 'C1,"Ada, of ""London""",London', 'C2,,Zürich'] as const;

describe('the same rows are read', () => {
  test.each([
    ['LF', `${records.join('\n')}\n`],
    ['CR LF', `${records.join('\r\n')}\r\n`],
    ['CR', `${records.join('\r')}\r`],
    ['no last line end', records.join('\n')],
    ['CR and no last line end', records.join('\r')],
    ['a byte order mark', `\uFEFF${records.join('\r\n')}\r\n`],
    ['a byte order mark before a quote', `\uFEFF"customer_id","first_name","city"\n${records.slice(1).join('\n')}\n`],
    ['columns in another order', 'city,customer_id,first_name\nLondon,C1,"Ada, of ""London"""\nZürich,C2,\n'],
    ['headers in other letters, with blanks', ` Customer_ID ,FIRST_NAME, City\n${records.slice(1).join('\n')}\n`],
    [
      'everything in quotes',
      '"customer_id","first_name","city"\n"C1","Ada, of ""London""","London"\n"C2","","Zürich"\n',
    ],
  ])('from a file with %s', async (_name, content) => {
    const { reading, rows } = await read(content);
    expect(rows).toEqual(wanted);
    expect(reading).toMatchObject({ records: 2, malformed: 0, unknownColumns: [] });
  });

  test('with line ends of any kind inside quotes, which count as lines', async () => {
    const { rows } = await read('customer_id,first_name,city\r\nC1,"a\nb\r\nc\rd",x\r\n\r\nC2,,y\r\n');
    expect(rows).toEqual([
      { line: 2, id: 'C1', name: 'a\nb\r\nc\rd', city: 'x' },
      { line: 7, id: 'C2', name: null, city: 'y' },
    ]);
  });

  test('from a file of more rows than DuckDB reads at once, in order', async () => {
    const lines = Array.from({ length: 20_000 }, (_, index) => `C${index},"n${index % 100 === 0 ? '\n' : ''}",x`);
    const { duckdb, reading } = await read(`customer_id,first_name,city\n${lines.join('\n')}\n`);
    expect(reading.records).toBe(20_000);
    const [wrong] = await duckdb.rows(
      `SELECT count(*) AS n FROM received_customers
       WHERE line_number <> 2 + substr(customer_id, 2)::INTEGER + (substr(customer_id, 2)::INTEGER + 99) // 100`,
    );
    expect(wrong).toEqual({ n: 0 });
  });
});

describe('columns', () => {
  test('that the contract does not know are kept as JSON and named', async () => {
    const { reading, duckdb } = await read('customer_id,Shoe Size,first_name,NOTE\nC1,44,Ada,"a ""b"""\nC2,,,\n');
    expect(reading.unknownColumns).toEqual(['shoe size', 'note']);
    const rows = await duckdb.rows<{ others: string }>(
      'SELECT other_columns AS others FROM received_customers ORDER BY line_number',
    );
    expect(rows.map(({ others }) => JSON.parse(others))).toEqual([
      { 'shoe size': '44', note: 'a "b"' },
      { 'shoe size': null, note: null },
    ]);
  });

  test('that are missing are named, all of them, with what was found', async () => {
    await expect(read('transaction_id,note\nT1,x\n', 'transactions')).rejects.toMatchObject({
      code: 'MR-IN-004',
      exitCode: 1,
      message: expect.stringContaining('customer_id, transaction_date'),
      remedy: expect.stringContaining('transaction_id, note'),
    });
  });

  test('of another delimiter are not found', async () => {
    await expect(read('customer_id;first_name\nC1;Ada\n')).rejects.toMatchObject({ code: 'MR-IN-004' });
  });

  test('that stand twice are refused, whatever their letters', async () => {
    await expect(read('customer_id,email,Email\nC1,a@b.example,\n')).rejects.toMatchObject({
      code: 'MR-IN-011',
      exitCode: 1,
      message: expect.stringContaining('Email'),
    });
  });

  test('may be all there is', async () => {
    for (const content of [
      'customer_id,first_name,city',
      'customer_id,first_name,city\r\n',
      'customer_id,first_name,city\n\n',
    ]) {
      const { reading, rows } = await read(content);
      expect(rows).toEqual([]);
      expect(reading).toMatchObject({ records: 0, malformed: 0 });
    }
  });
});

describe('records that cannot be taken apart', () => {
  const start = 'customer_id,first_name,city\n';

  /** Line, text and problem of each malformed record, and the ids of the good ones. */
  async function faults(text: string | Buffer) {
    const { rows, malformed } = await read(Buffer.concat([Buffer.from(start), Buffer.from(text)]));
    return {
      malformed: malformed.map(({ line, record, problem }) => `${line} ${problem}: ${record}`),
      good: rows.map((row) => `${(row as { line: number }).line} ${(row as { id: string }).id}`),
    };
  }

  test('are told by line with their text and the reason, and do not move the others', async () => {
    const { reading, rows, malformed } = await read(`${start}C1,Ada\n\nC2,"B\no",x,y\nC3,,z\nC4,"x"y,z\n   \nC5,,z\n`);
    expect(rows).toEqual([
      { line: 6, id: 'C3', name: null, city: 'z' },
      { line: 9, id: 'C5', name: null, city: 'z' },
    ]);
    expect(malformed).toEqual([
      { line: 2, record: 'C1,Ada', problem: 'it has 2 fields where the header has 3' },
      { line: 4, record: 'C2,"B\no",x,y', problem: 'it has 4 fields where the header has 3' },
      { line: 7, record: 'C4,"x"y,z', problem: 'text stands behind the quote that closes field 2' },
      { line: 8, record: '   ', problem: 'it has 1 field where the header has 3' },
    ]);
    expect(reading.records).toBe(6);
  });

  test.for<readonly [string, string | Buffer, readonly string[], readonly string[]]>([
    ['empty surplus fields', 'C1,Ada,x,\nC2,Bo,y\n', ['2 it has 4 fields where the header has 3: C1,Ada,x,'], ['3 C2']],
    [
      'a quote that is never closed',
      'C1,"Bo,y\nC2,Cy,z\n',
      ['2 the quote that opens field 2 is not closed: C1,"Bo,y'],
      ['3 C2'],
    ],
    [
      'a quote that another field seems to close',
      'C1,"Bo,y\nC2,Cy,z\nC3,"Di",z\n',
      ['2 text stands behind the quote that closes field 2: C1,"Bo,y'],
      ['3 C2', '4 C3'],
    ],
    [
      'a quote in the last line',
      'C1,Bo,y\nC2,Cy,"z',
      ['3 the quote that opens field 3 is not closed: C2,Cy,"z'],
      ['2 C1'],
    ],
    [
      'the rest of a record whose quotes are wrong',
      'C1,"said "hi"\nand left, now",x\nC2,5" x,y\nC3,,\nC4,5" x,y\n',
      [
        '2 text stands behind the quote that closes field 2: C1,"said "hi"',
        '3 a quote stands within field 2, behind a record whose quotes are wrong: and left, now",x',
        '4 a quote stands within field 2, behind a record whose quotes are wrong: C2,5" x,y',
      ],
      ['5 C3', '6 C4'],
    ],
    ['a NUL character', 'C1,A\0da,x\nC2,Bo,y\n', ['2 it holds a NUL character: C1,A\u2400da,x'], ['3 C2']],
    [
      'bytes that are no UTF-8 among characters that are',
      Buffer.concat([Buffer.from('C1,Zoë,Zürich\nC2,'), Buffer.of(0xe9), Buffer.from(',x\nC3,Bo,y\n')]),
      ['3 it holds bytes that are no UTF-8: C2,\ufffd,x'],
      ['2 C1', '4 C3'],
    ],
  ])('such as %s', async ([, text, malformed, good]) => {
    expect(await faults(text)).toEqual({ malformed, good });
  });

  test('include those that are too long, with the beginning of their text', async () => {
    const long = 'é'.repeat(5_000_000);
    const quoted = `C3,"${long}\n",y`;
    const { malformed, good } = await faults(`C1,${long},x\r\nC2,Bo,y\n${quoted}\nC4,Di,z\nC5,${long}`);
    expect(good).toEqual(['3 C2', '6 C4']);
    expect(malformed).toEqual([
      `2 it is longer than 1 MiB: C1,${'é'.repeat(1997)}…`,
      `4 it is longer than 1 MiB: C3,"${'é'.repeat(1996)}…`,
      '5 the quote that opens field 1 is not closed: ",y',
      `7 it is longer than 1 MiB: C5,${'é'.repeat(1997)}…`,
    ]);
  });

  test('do not include those that are just short enough', async () => {
    const quoted = `"aa${'"'.repeat((1 << 20) - 'C1,"aa",xx'.length)}"`;
    const doubled = `a${'"'.repeat(1 << 19)}`;
    const { malformed, good } = await faults(`C1,${quoted},xx\nC2,${doubled},x\nC3,${quoted},xxx\nC4,,\n`);
    expect(good).toEqual(['2 C1', '5 C4']);
    expect(malformed.map((each) => each.slice(0, 30))).toEqual([
      '3 it is longer than 1 MiB: C2,',
      '4 it is longer than 1 MiB: C3,',
    ]);
  });

  test('are found without reading the same lines again and again, where a quote is opened on every other line', async () => {
    const { malformed, good } = await faults('x","\nC1,a,b\n'.repeat(120_000));
    expect(malformed.length + good.length).toBeGreaterThan(120_000);
  });
});

describe('quotes', () => {
  test.each([
    ['within a field', '5" x', '5" x'],
    ['at the end of a field', 'x""', 'x""'],
    ['with blanks around them', ' "a, b" ', 'a, b'],
    ['around nothing', '""', null],
    ['around quotes', '""""', '"'],
  ])('%s', async (_where, written, value) => {
    const { rows } = await read(`customer_id,first_name,city\nC1,${written},x\nC2,${written},y\n`);
    expect(rows).toMatchObject([
      { id: 'C1', name: value, city: 'x' },
      { id: 'C2', name: value, city: 'y' },
    ]);
  });
});

describe('formulas', () => {
  test('are text like any other', async () => {
    const formulas = [
      '=cmd()',
      `=cmd|' /C calc'!A0`,
      '+1+1',
      '-2+3',
      '@SUM(A1:A9)',
      '\t=1',
      '=HYPERLINK("http://x.example","y")',
    ];
    const lines = formulas.map((formula, index) => `C${index},"${formula.replaceAll('"', '""')}",x\n`);
    const { rows } = await read(`customer_id,first_name,city\n${lines.join('')}`);
    expect(rows.map((row) => (row as { name: string }).name)).toEqual(formulas);
    expect((await read('customer_id,first_name,city\nC1,=cmd(),x\n')).rows).toMatchObject([{ name: '=cmd()' }]);
  });
});

describe('a file', () => {
  const text = `${records.join('\n')}\nC3,Zoë – “Z”,€\n`;
  const rowsOf = [...wanted, { line: 4, id: 'C3', name: 'Zoë – “Z”', city: '€' }];
  const windows = Buffer.from(
    text.replace('–', '\x96').replace('“', '\x93').replace('”', '\x94').replace('€', '\x80'),
    'latin1',
  );
  const bigEndian = (value: string): Buffer => Buffer.from(value, 'utf16le').swap16();

  test.each<readonly [string, Buffer, CsvFile['encoding'], CsvFile['compression']]>([
    ['in UTF-8', Buffer.from(text), 'utf-8', 'none'],
    ['in UTF-8 with a byte order mark', Buffer.from(`\uFEFF${text}`), 'utf-8', 'none'],
    ['in UTF-16 LE', Buffer.from(`\uFEFF${text}`, 'utf16le'), 'utf-16le', 'none'],
    ['in UTF-16 BE', bigEndian(`\uFEFF${text}`), 'utf-16be', 'none'],
    ['in UTF-16 LE without a byte order mark', Buffer.from(text, 'utf16le'), 'utf-16le', 'none'],
    ['in UTF-16 BE without a byte order mark', bigEndian(text), 'utf-16be', 'none'],
    ['in Windows-1252', windows, 'windows-1252', 'none'],
    ['packed with gzip', gzipSync(text), 'utf-8', 'gzip'],
    ['packed with zstd', zstdCompressSync(text), 'utf-8', 'zstd'],
    ['in UTF-16 and packed', gzipSync(Buffer.from(`\uFEFF${text}`, 'utf16le')), 'utf-16le', 'gzip'],
    ['in Windows-1252 and packed', zstdCompressSync(windows), 'windows-1252', 'zstd'],
    ['of several archives', Buffer.concat([gzipSync(text.slice(0, 40)), gzipSync(text.slice(40))]), 'utf-8', 'gzip'],
  ])('%s is read, and is what was received', async (_name, content, encoding, compression) => {
    const { reading, rows } = await read(content);
    expect(rows).toEqual(rowsOf);
    expect(reading.file).toMatchObject({
      encoding,
      compression,
      bytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
      lines: 4,
    });
    expect(reading).toMatchObject({ records: 3, malformed: 0 });
  });

  test('in UTF-16 has its faulty records told', async () => {
    const lone = Buffer.from('customer_id,first_name,city\nC1,\ud800,x\nC2,😀,y\nC3,,z', 'utf16le');
    const { rows, malformed } = await read(Buffer.concat([lone, Buffer.of(0)]));
    expect(rows).toMatchObject([{ id: 'C2', name: '😀' }]);
    expect(malformed).toEqual([
      { line: 2, problem: 'it holds bytes that are no UTF-16', record: 'C1,\ufffd,x' },
      { line: 4, problem: 'it holds bytes that are no UTF-16', record: 'C3,,z\ufffd' },
    ]);
  });

  test('in Windows-1252 has its faulty records told', async () => {
    const content = Buffer.from('customer_id,first_name,city\nC1,\x81,x\nC2,J\xf6rg,y\n', 'latin1');
    const { rows, malformed } = await read(content);
    expect(rows).toMatchObject([{ id: 'C2', name: 'Jörg' }]);
    expect(malformed).toMatchObject([{ line: 2, problem: 'it holds bytes that are no Windows-1252' }]);
  });

  test('may mix line ends, also within its header, and begin with blank lines', async () => {
    const { rows } = await read('\n\r\n"customer_id","first_name","ci\rty",city\r\nC1,a,,x\rC2,b,,y\n\rC3,c,,z\n\r\n');
    expect(rows).toEqual([
      { line: 5, id: 'C1', name: 'a', city: 'x' },
      { line: 6, id: 'C2', name: 'b', city: 'y' },
      { line: 8, id: 'C3', name: 'c', city: 'z' },
    ]);
  });

  test.each([
    ['empty', '', 'MR-IN-003'],
    ['nothing but a byte order mark and line ends', '\uFEFF\r\n\r\n', 'MR-IN-003'],
    ['an archive of nothing', gzipSync(''), 'MR-IN-003'],
    ['a spreadsheet', Buffer.from('PK\x03\x04\x14\x00'), 'MR-IN-005'],
    ['an archive that is cut off', gzipSync(text).subarray(0, -9), 'MR-IN-014'],
    ['an archive of which there is only the beginning', zstdCompressSync(text).subarray(0, 4), 'MR-IN-014'],
    ['an archive that is damaged', gzipSync(text).fill(0x55, 20, 30), 'MR-IN-014'],
    ['a header with wrong quotes', '"customer_id"s,city\nC1,x\n', 'MR-IN-012'],
    ['a header whose quote is not closed', 'customer_id,"city\nC1,x\n', 'MR-IN-012'],
    ['a line without end', 'x'.repeat(3 << 20), 'MR-IN-012'],
    ['noise', Buffer.from('\x00\x01\x02\xff\xfe\x00', 'latin1'), 'MR-IN-004'],
  ])('that is %s is refused', async (_name, content, code) => {
    await expect(read(content)).rejects.toMatchObject({ code, exitCode: 1 });
  });
});

describe('several files of a table', () => {
  test('are read in their order, each with its own columns, and every record has its place', async () => {
    const folder = makeFolder();
    const duckdb = await openDuckDB(':memory:', smallLimits(folder));
    onTestFinished(() => duckdb.close());
    const contents = [
      'customer_id,first_name,city\nC1,Ada,x\nC2,Bo,y\n',
      gzipSync('city,customer_id,shoe size\nz,C3,44\nw,C4\n\nv,C5,\n'),
      'customer_id\r\nC6\r\n',
    ];
    const files: CsvFile[] = [];
    for (const content of contents) files.push(await readCsvFile(fileWith(content)));
    const readings = await readTable(duckdb, files, 'customers', folder, 4);
    expect(
      readings.map(({ fileNumber, lineOffset, records, malformed, unknownColumns, copyColumns }) => [
        fileNumber,
        lineOffset,
        records,
        malformed,
        unknownColumns,
        copyColumns,
      ]),
    ).toEqual([
      [4, 0, 2, 0, [], ['customer_id', 'first_name', 'city']],
      [5, 3, 3, 1, ['shoe size'], undefined],
      [6, 8, 1, 0, [], ['customer_id']],
    ]);
    expect(
      await duckdb.rows(
        `SELECT row_number AS row, file_number AS file, line_number AS line, customer_id AS id, city, other_columns AS others
         FROM received_customers ORDER BY 1`,
      ),
    ).toEqual([
      { row: 2, file: 4, line: 2, id: 'C1', city: 'x', others: null },
      { row: 3, file: 4, line: 3, id: 'C2', city: 'y', others: null },
      { row: 5, file: 5, line: 2, id: 'C3', city: 'z', others: '{"shoe size":"44"}' },
      { row: 8, file: 5, line: 5, id: 'C5', city: 'v', others: '{"shoe size":null}' },
      { row: 10, file: 6, line: 2, id: 'C6', city: null, others: null },
    ]);
    expect(
      await duckdb.rows(
        'SELECT row_number AS row, file_number AS file, line_number AS line, record FROM malformed_customers',
      ),
    ).toEqual([{ row: 6, file: 5, line: 3, record: 'w,C4' }]);
  });
});

describe('what is known of a file', () => {
  test('is counted in lines whatever ends them', async () => {
    const count = async (content: string): Promise<number> => (await readCsvFile(fileWith(content))).lines;
    expect(await count('a\nb')).toBe(2);
    expect(await count('a\nb\n')).toBe(2);
    expect(await count('a\r\nb\r\n\r\n')).toBe(3);
    expect(await count('a\rb\r')).toBe(2);
    // The pair is cut in two by the size of what is read at once.
    expect(await count(`${'x'.repeat((1 << 20) - 1)}\r\nb\r\n`)).toBe(2);
  });

  test('has a first record by RFC 4180', () => {
    expect(firstRecord('a,"b ""c"", d","e\r\nf"\r\ng')).toEqual({
      fields: ['a', 'b "c", d', 'e\r\nf'],
      lineEnd: '\r\n',
    });
    expect(firstRecord('5" pipe,b\rc')).toEqual({ fields: ['5" pipe', 'b'], lineEnd: '\r' });
    expect(firstRecord('a,')).toEqual({ fields: ['a', ''], lineEnd: '' });
  });

  test('that changed since it was read is told of', async () => {
    const path = fileWith('customer_id\nC1\n');
    const file = await readCsvFile(path);
    expect(() => requireUnchanged(file)).not.toThrow();
    utimesSync(path, new Date(0), new Date(0));
    expect(() => requireUnchanged(file)).toThrow(expect.objectContaining({ code: 'MR-IN-010' }));
    const again = await readCsvFile(path);
    appendFileSync(path, 'C2\n');
    expect(() => requireUnchanged(again)).toThrow(expect.objectContaining({ code: 'MR-IN-010', exitCode: 1 }));
  });

  test('makes a batch known by what is in it, not by its name or place', async () => {
    const of = async (content: string, name?: string): Promise<CsvFile> => readCsvFile(fileWith(content, name));
    const [a, same, other] = [
      await of('customer_id\nC1\n'),
      await of('customer_id\nC1\n', 'x.csv'),
      await of('customer_id\nC2\n'),
    ];
    const hash = contentHashOf({ customers: [a], products: [other] }, undefined);
    expect(contentHashOf({ products: [other], customers: [same] }, undefined)).toBe(hash);
    expect(contentHashOf({ customers: [other], products: [a] }, undefined)).not.toBe(hash);
    expect(contentHashOf({ customers: [a], products: [other] }, 'online-retail')).not.toBe(hash);
  });
});
