/** The lines of records: those that the file really has, whatever stands before them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeFolder, smallLimits } from '../../../tests/setup/fixtures.ts';
import { openDuckDB } from '../../stores/duckdb/duckdb.ts';
import { readCsvFile } from './files.ts';
import { readTable } from './read.ts';

/** A record as it is written, `@` being a token that no other record has and `$` any line end. */
type Shape = readonly [kind: 'good' | 'malformed' | 'blank', ...texts: string[]];

const shapes: readonly Shape[] = [
  ['good', '@,x', '@,', '"@","x"', '@,"x ""y"""', '@,"x,y"', ' "@" ,x', '@, "x" ', '@,x""', '@,5" pipe', '@,""""'],
  ['good', '@,"x$y"', '@,"x""$y"', '@,"x" "$y"', '"@$$x",y', '@, "$x"', '"@","$"'],
  ['malformed', '@', '"@"', '@,x,y', '@,"x$y",z', '"@$x"', '   '],
  ['malformed', '@,"x"y', '@,"5" pipe"', '"@ "x", y",z', '@,"x"y"z"'],
  ['blank', ''],
];

const record = fc
  .constantFrom(...shapes)
  .chain(([kind, ...texts]) => fc.record({ kind: fc.constant(kind), text: fc.constantFrom(...texts) }));

const files = fc.record({
  end: fc.constantFrom('\n', '\r\n', '\r'),
  inner: fc.constantFrom('\n', '\r\n', '\r'),
  mark: fc.boolean(),
  header: fc.constantFrom('customer_id,first_name', '"customer_id","first_name"', 'Customer_ID,"a$b"'),
  records: fc.array(record, { maxLength: 12 }),
  ended: fc.boolean(),
});

type Drawn = typeof files extends fc.Arbitrary<infer T> ? T : never;

/** What a generator of files knows and a reader has to find out. */
interface Written {
  readonly text: string;
  readonly good: readonly (readonly [token: string, line: number])[];
  readonly malformed: readonly (readonly [line: number, record: string])[];
}

function write({ end, inner, mark, header, records, ended }: Drawn): Written {
  // DuckDB cannot be told that lines end in CR LF, and would take another one within the header for the kind of the file.
  const innerOfHeader = end === '\r\n' ? end : inner;
  const good: [string, number][] = [];
  const malformed: [number, string][] = [];
  const linesIn = (text: string): number => text.split(inner).length;
  const head = header.replaceAll('$', innerOfHeader);
  const texts = [head];
  let line = 1 + head.split(innerOfHeader).length;
  records.forEach(({ kind, text }, index) => {
    const token = `t${index}`;
    const written = text.replaceAll('@', token).replaceAll('$', inner);
    texts.push(written);
    if (kind === 'good') good.push([token, line]);
    if (kind === 'malformed') malformed.push([line, written]);
    line += linesIn(written);
  });
  // Without its line end a last record that is empty does not exist.
  return { text: `${mark ? '\uFEFF' : ''}${texts.join(end)}${ended ? end : ''}`, good, malformed };
}

test('every good record keeps its line and every malformed one is found on its own, with its text', async () => {
  const folder = makeFolder();
  const path = join(folder, 'customers.csv');
  await fc.assert(
    fc.asyncProperty(files, async (drawn) => {
      const { text, good, malformed } = write(drawn);
      writeFileSync(path, text);
      const duckdb = await openDuckDB(':memory:', { ...smallLimits(folder), threads: 1 });
      try {
        const reading = await readTable(duckdb, await readCsvFile(path), 'customers');
        const rows = await duckdb.rows<{ token: string; line_number: number }>(
          `SELECT regexp_extract(customer_id, 't\\d+') AS token, line_number FROM received_customers ORDER BY line_number`,
        );
        expect(rows.map(({ token, line_number }) => [token, line_number])).toEqual(good);
        expect(reading.malformed.map(({ line, record }) => [line, record])).toEqual(malformed);
        expect(reading.records).toBe(good.length + malformed.length);
      } finally {
        duckdb.close();
      }
    }),
    { numRuns: 80 },
  );
});
