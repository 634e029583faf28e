/** Malformed files through the whole load: each record ends loaded or quarantined with a reason, and the numbers add up. */
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { afterTheLast, makePostgres, smallShop, writeFiles } from '../../../tests/setup/fixtures.ts';
import { load } from '../../../tests/setup/pipeline.ts';
import type { Postgres } from '../../stores/postgres/postgres.ts';
import type { IngestResult } from './ingest.ts';

const header = 'customer_id,first_name,city\n';

/** What is quarantined of a batch before any rule is asked. */
const malformedOf = async (postgres: Postgres, { batch }: IngestResult): Promise<readonly string[]> => {
  const rows = await postgres.rows<{ line: number; problem: string }>(
    `SELECT line_number AS line, content ->> 'problem' AS problem FROM ops.quarantine
     WHERE batch_id = $1 AND rules = '{file.record.malformed}' ORDER BY line_number`,
    [batch],
  );
  return rows.map(({ line, problem }) => `${line} ${problem}`);
};

/** That all that was received is booked as something, and that each file's records are mapped or malformed. */
function expectBalance({ files, tables }: IngestResult): void {
  for (const { file, records, mapped, malformed } of files) {
    expect(records).toBe(mapped + malformed);
    const table = tables.find((each) => `${each.table}.csv` === file);
    if (!table) continue;
    const { received, loaded, duplicate, superseded, quarantined } = table;
    expect(received).toBe(records);
    expect(received).toBe(loaded + duplicate + superseded + quarantined);
    expect(quarantined).toBeGreaterThanOrEqual(malformed);
  }
}

const utf16 = (text: string): Buffer => Buffer.from(`\uFEFF${text}`, 'utf16le');
const long = 'x'.repeat(10_000_000);

describe('a load of customers', () => {
  const atEnd = afterTheLast();
  let postgres: Postgres;
  let source = 0;

  beforeAll(async () => {
    postgres = await makePostgres(atEnd);
  });

  test.for<readonly [string, string | Buffer, readonly (string | null)[], readonly string[]]>([
    ['quoted commas, quotes and line ends', `${header}"C,1","A ""da""\r\n","x\ny"\r\n`, ['A "da"\r\n'], []],
    ['no last line end', `${header}C1,Ada,x`, ['Ada'], []],
    ['blanks, which are part of a field', `${header}C1, Ada ,x\n`, ['Ada'], []],
    ['too many fields', `${header}C1,Ada,x,y\nC2,Bo,z\n`, ['Bo'], ['2 it has 4 fields where the header has 3']],
    [
      'empty surplus fields',
      `${header}C1,Ada,x,\n,,,,\nC2,Bo,\n`,
      ['Bo'],
      ['2 it has 4 fields where the header has 3', '3 it has 5 fields where the header has 3'],
    ],
    [
      'too few fields',
      `${header}C1,Ada\n\nC2,Bo,z\nC3`,
      ['Bo'],
      ['2 it has 2 fields where the header has 3', '5 it has 1 field where the header has 3'],
    ],
    [
      'a quote that is never closed',
      `${header}C1,"Ada,x\nC2,Bo,y\nC3,Cy,z\n`,
      ['Bo', 'Cy'],
      ['2 the quote that opens field 2 is not closed'],
    ],
    [
      'a quote that is closed by the next one',
      `${header}C1,"Ada,x\nC2,"Bo",y\n`,
      ['Bo'],
      ['2 text stands behind the quote that closes field 2'],
    ],
    [
      'text behind a quote',
      `${header}C1,"Ada" B.,x\nC2,Bo,y\n`,
      ['Bo'],
      ['2 text stands behind the quote that closes field 2'],
    ],
    ['a quote within a field', `${header}C1,5" Ada,x\n`, ['5" Ada'], []],
    [
      'NUL bytes',
      `${header}C1,A\0da,x\nC2,Bo,y\n\0\0\n`,
      ['Bo'],
      ['2 it holds a NUL character', '4 it holds a NUL character'],
    ],
    [
      'a field of 10 MB',
      `${header}C1,${long},x\nC2,"${long}",x\nC3,Cy,z\n`,
      ['Cy'],
      ['2 it is longer than 1 MiB', '3 it is longer than 1 MiB'],
    ],
    ['mixed line ends', `${header}C1,Ada,x\r\nC2,Bo,y\rC3,Cy,z\n\r\nC4,Di,\r\r\n`, ['Ada', 'Bo', 'Cy', 'Di'], []],
    ['Latin-1', Buffer.from(`${header}C1,J\xf6rg,x\n`, 'latin1'), ['Jörg'], []],
    ['UTF-16', utf16(`${header}C1,Jörg 😀,x\nC2\n`), ['Jörg 😀'], ['3 it has 1 field where the header has 3']],
    [
      'UTF-16 with half a pair',
      utf16(`${header}C1,\ud83d,x\nC2,Bo,y\n`),
      ['Bo'],
      ['2 it holds bytes that are no UTF-16'],
    ],
    [
      'UTF-8 that is damaged',
      Buffer.concat([Buffer.from(`${header}C1,Zoë,Zürich\nC2,`), Buffer.of(0xe9), Buffer.from(',x\n')]),
      ['Zoë'],
      ['3 it holds bytes that are no UTF-8'],
    ],
    ['gzip', gzipSync(`${header}C1,Ada,x\nC2\n`), ['Ada'], ['3 it has 1 field where the header has 3']],
    ['zstd', zstdCompressSync(`${header}C1,Ada,x\n`), ['Ada'], []],
    ['formulas', `${header}C1,=cmd(),x\nC2,"=1+1","@y"\nC3,-1,+1\n`, ['=cmd()', '=1+1', '-1'], []],
    [
      'nothing but malformed records',
      `${header}C1\nC2,"\n`,
      [],
      ['2 it has 1 field where the header has 3', '3 the quote that opens field 2 is not closed'],
    ],
  ])('with %s adds up', async ([, customers, names, malformed]) => {
    source += 1;
    const files = { ...smallShop, 'customers.csv': customers };
    const result = await load(postgres, files, { source: `shop${source}` });
    expectBalance(result);
    expect(await malformedOf(postgres, result)).toEqual(malformed);
    const loaded = await postgres.rows<{ name: string | null }>(
      'SELECT first_name AS name FROM production.customers WHERE source = $1 ORDER BY customer_id',
      [`shop${source}`],
    );
    expect(loaded.map(({ name }) => name)).toEqual(names);
  });

  test('keeps of a malformed record the beginning of its text', async () => {
    const files = { ...smallShop, 'customers.csv': `${header}C1,"${'😀'.repeat(1500)}\0,\n` };
    const result = await load(postgres, files, { source: 'long' });
    const [row] = await postgres.rows<{ file: string; record: string }>(
      `SELECT file, content ->> 'record' AS record FROM ops.quarantine WHERE batch_id = $1 AND table_name = 'customers'`,
      [result.batch],
    );
    expect(row).toEqual({ file: 'customers.csv', record: `C1,"${'😀'.repeat(998)}…` });
  });
});

test('a malformed record of a preset’s file belongs to no table', async () => {
  const postgres = await makePostgres();
  const head = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country';
  const lines = ['1,A,LAMP,2,12/1/10 8:26,2.50,,UK', '1,A,"LAMP', '2,A,LAMP,2,12/1/10 8:26,2.50,,UK'];
  const folder = writeFiles({ 'retail.csv.gz': gzipSync([head, ...lines].join('\r')) });
  const result = await load(postgres, join(folder, 'retail.csv.gz'), { preset: 'online-retail' });
  expect(result.files).toEqual([{ file: 'retail.csv.gz', records: 3, mapped: 2, malformed: 1 }]);
  expect(await malformedOf(postgres, result)).toEqual(['3 the quote that opens field 3 is not closed']);
});
