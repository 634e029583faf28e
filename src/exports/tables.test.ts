/** A result as a table, as CSV and as JSON. */
import { expect, test } from 'vitest';
import type { QueryResult } from '../stores/duckdb/duckdb.ts';
import { renderResult } from './tables.ts';

const result: QueryResult = {
  columns: [
    { name: 'product', type: 'VARCHAR' },
    { name: 'sold, net', type: 'DECIMAL(18,2)' },
    { name: 'tags', type: 'VARCHAR[]' },
  ],
  rows: [
    { product: 'a "small" lamp,\nred', 'sold, net': 12.5, tags: ['x', 'y'] },
    { product: '', 'sold, net': null, tags: null },
  ],
};

test('CSV quotes what needs it, and tells an empty text from no value', () => {
  expect(renderResult(result, 'csv')).toBe(
    'product,"sold, net",tags\n"a ""small"" lamp,\nred",12.5,"[""x"",""y""]"\n"",,\n',
  );
});

test('CSV has no text that a spreadsheet takes for a formula; numbers stay as they are', () => {
  const texts = ['=cmd()', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '1-1', "'=1"];
  const columns = [
    { name: '=text', type: 'VARCHAR' },
    { name: 'number', type: 'BIGINT' },
  ];
  // An integer beyond what a number holds is text.
  const rows = texts.map((text) => ({ '=text': text, number: '-9007199254740993' }));
  const fields = ["'=cmd()", "'+1", "'-1", "'@SUM(A1)", "'\t=1", `"'\r=1"`, '1-1', "'=1"];
  expect(renderResult({ columns, rows }, 'csv')).toBe(
    ["'=text,number", ...fields.map((field) => `${field},-9007199254740993`), ''].join('\n'),
  );
});

test('JSON is an array of objects', () => {
  expect(JSON.parse(renderResult(result, 'json'))).toEqual(result.rows);
});

test('a table has numbers to the right, its number of rows, and nothing that acts on a terminal', () => {
  const table = renderResult(
    { columns: result.columns.slice(0, 2), rows: [{ product: '\u001b[2Jx\u0007', 'sold, net': 3 }] },
    'table',
  );
  expect(table).toBe(
    '┌─────────┬───────────┐\n│ product │ sold, net │\n├─────────┼───────────┤\n│  [2Jx   │         3 │\n└─────────┴───────────┘\n1 row\n',
  );
});
