/** What a CSV file is made of: line ends, quotes, headers, columns; and what is told of a file that is none. */
import { appendFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeFolder, smallLimits } from '../../../tests/setup/fixtures.ts';
import type { TableName } from '../../contracts/tables.ts';
import { type DuckDB, openDuckDB } from '../../stores/duckdb/duckdb.ts';
import { type CsvFile, contentHashOf, firstRecord, readCsvFile, requireUnchanged } from './files.ts';
import { type FileReading, readTable } from './read.ts';

function fileWith(content: string | Buffer, name = 'customers.csv'): string {
  const path = join(makeFolder(), name);
  writeFileSync(path, content);
  return path;
}

interface Read {
  readonly reading: FileReading;
  readonly duckdb: DuckDB;
  readonly rows: readonly unknown[];
}

async function read(content: string | Buffer, table: TableName = 'customers'): Promise<Read> {
  const folder = makeFolder();
  const duckdb = await openDuckDB(':memory:', smallLimits(folder));
  onTestFinished(() => duckdb.close());
  const reading = await readTable(duckdb, await readCsvFile(fileWith(content)), table);
  const rows = await duckdb.rows(
    'SELECT line_number AS line, customer_id AS id, first_name AS name, city FROM received_customers ORDER BY line_number',
  );
  return { reading, duckdb, rows };
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
    expect(reading).toMatchObject({ records: 2, malformed: [], unknownColumns: [] });
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
      expect(reading).toMatchObject({ records: 0, malformed: [] });
    }
  });
});

describe('records that cannot be taken apart', () => {
  test('are told by line with their text, and do not move the others', async () => {
    const { reading, rows } = await read(
      'customer_id,first_name,city\nC1,Ada\n\nC2,"B\no",x,y\nC3,,z\nC4,"x"y,z\n   \nC5,,z\n',
    );
    expect(rows).toEqual([
      { line: 6, id: 'C3', name: null, city: 'z' },
      { line: 9, id: 'C5', name: null, city: 'z' },
    ]);
    expect(reading.malformed.map(({ line, record }) => [line, record])).toEqual([
      [2, 'C1,Ada'],
      [4, 'C2,"B\no",x,y'],
      [7, 'C4,"x"y,z'],
      [8, '   '],
    ]);
    expect(reading.malformed.every(({ problem }) => problem !== '')).toBe(true);
    expect(reading.records).toBe(6);
  });

  test('include one whose quote is never closed, with all that comes after it', async () => {
    const { reading, rows } = await read('customer_id,first_name,city\nC1,Ada,x\nC2,"Bo,y\nC3,Cy,z\n');
    expect(rows).toEqual([{ line: 2, id: 'C1', name: 'Ada', city: 'x' }]);
    expect(reading.malformed.map(({ line, record }) => [line, record])).toEqual([[3, 'C2,"Bo,y\nC3,Cy,z']]);
  });

  test('include those that are not UTF-8', async () => {
    const { reading, rows } = await read(Buffer.from('customer_id,first_name,city\nC1,J\xf6rg,x\nC2,Bo,y\n', 'latin1'));
    expect(rows).toEqual([{ line: 3, id: 'C2', name: 'Bo', city: 'y' }]);
    expect(reading.malformed).toMatchObject([{ line: 2, record: expect.stringContaining('g,x') }]);
  });
});

describe('a file that is no CSV', () => {
  test.each([
    ['empty', '', 'MR-IN-003'],
    ['nothing but a byte order mark and line ends', '\uFEFF\r\n\r\n', 'MR-IN-003'],
    ['of another encoding', Buffer.from('customer_id,first_name\nC1,Ada\n', 'utf16le'), 'MR-IN-005'],
    ['a mix of line ends', 'customer_id,first_name\r\nC1,Ada\nC2,Bo\r\n', 'MR-IN-012'],
    ['broken within a field without quotes', 'customer_id,first_name\nC1,A\rda\nC2,Bo\n', 'MR-IN-012'],
    ['broken within the header in another way than its lines', 'customer_id,"first\nname"\r\nC1,Ada\r\n', 'MR-IN-012'],
  ])('because it is %s', async (_name, content, code) => {
    await expect(read(content)).rejects.toMatchObject({ code, exitCode: 1 });
  });

  test('is told where its zero byte is, however far', async () => {
    const text = `customer_id,first_name\n${'C1,Ada\n'.repeat(200_000)}`;
    await expect(read(Buffer.concat([Buffer.from(text), Buffer.from([0, 1])]))).rejects.toMatchObject({
      code: 'MR-IN-005',
      message: expect.stringContaining(`byte ${text.length} `),
    });
  });
});

describe('a file', () => {
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
    const hash = contentHashOf({ customers: a, products: other }, undefined);
    expect(contentHashOf({ products: other, customers: same }, undefined)).toBe(hash);
    expect(contentHashOf({ customers: other, products: a }, undefined)).not.toBe(hash);
    expect(contentHashOf({ customers: a, products: other }, 'online-retail')).not.toBe(hash);
  });
});
