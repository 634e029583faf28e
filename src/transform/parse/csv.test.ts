/** CSV text becomes the rows that were written. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { csvRecords, parseCsv } from './csv.ts';

const quoted = (field: string): string => `"${field.replaceAll('"', '""')}"`;
const needsQuotes = (field: string): boolean => field === '' || /[",\r\n]/.test(field);

test('whatever is written with quotes where they are needed is read again', () => {
  const rows = fc.array(
    fc.array(fc.string({ unit: fc.constantFrom('a', 'é', ' ', '"', ',', '\n', '\r') }), { minLength: 3, maxLength: 3 }),
  );
  fc.assert(
    fc.property(rows, fc.constantFrom('\n', '\r\n'), fc.boolean(), (records, lineEnd, ends) => {
      const lines = [['x', 'y', 'z'], ...records].map((record) =>
        record.map((field) => (needsQuotes(field) ? quoted(field) : field)).join(','),
      );
      const text = lines.join(lineEnd) + (ends ? lineEnd : '');
      expect(parseCsv(text)).toEqual(records.map(([x, y, z]) => ({ x, y, z })));
    }),
  );
});

test('empty lines are left out, missing fields are null and empty ones empty', () => {
  expect(parseCsv('id,name\n\n1,\n2\n')).toEqual([
    { id: '1', name: '' },
    { id: '2', name: null },
  ]);
});

test('nothing has no rows', () => {
  expect(parseCsv('')).toEqual([]);
});

test('fields are split at the delimiter that is asked for', () => {
  expect(csvRecords('a;"b;""c"\n1,2;3\n', ';')).toEqual([
    ['a', 'b;"c'],
    ['1,2', '3'],
  ]);
});

test('a quote that is not closed is an error', () => {
  expect(() => parseCsv('id,name\n1,"a\n2,b')).toThrow('does not end');
});
