/** Results as a person or a program wants them: a table for the terminal, CSV by RFC 4180, or a JSON array of objects. */
import Table from 'cli-table3';
import type { JsonValue, QueryResult } from '../stores/duckdb/duckdb.ts';

/** How a result is written. */
export type TableFormat = 'table' | 'csv' | 'json';

const isNumeric = (type: string): boolean => /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL|FLOAT|DOUBLE)/.test(type);

const plain = (value: JsonValue | undefined): string => {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
};

/** A value as the terminal shows it: no control characters, which could act on the terminal. */
export const visible = (value: JsonValue | undefined): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  plain(value).replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, ' ');

/** Rows and columns as a table with lines, numbers to the right. */
function renderTable(result: QueryResult): string {
  const table = new Table({
    head: result.columns.map(({ name }) => name),
    colAligns: result.columns.map(({ type }) => (isNumeric(type) ? 'right' : 'left')),
    style: { head: [], border: [], compact: true },
  });
  for (const row of result.rows) table.push(result.columns.map(({ name }) => visible(row[name])));
  const { length } = result.rows;
  return `${table.toString()}\n${length} ${length === 1 ? 'row' : 'rows'}\n`;
}

const csvField = (value: JsonValue | undefined): string => {
  if (value === '') return '""';
  const text = plain(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** A text that a spreadsheet would take for a formula, with an apostrophe before it; all else as it is. */
const harmless = (value: JsonValue | undefined): JsonValue | undefined =>
  typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;

/** CSV with a header, lines ending with LF; NULL is an empty field, an empty text "", and no text is a formula. */
function renderCsv(result: QueryResult): string {
  const header = result.columns.map(({ name }) => csvField(harmless(name))).join(',');
  const fieldOf = (value: JsonValue | undefined, type: string): string =>
    csvField(isNumeric(type) ? value : harmless(value));
  const lines = result.rows.map((row) => result.columns.map(({ name, type }) => fieldOf(row[name], type)).join(','));
  return `${[header, ...lines].join('\n')}\n`;
}

/** The result in the wanted form, ending with a line end. */
export function renderResult(result: QueryResult, format: TableFormat): string {
  if (format === 'json') return `${JSON.stringify(result.rows, null, 2)}\n`;
  return format === 'csv' ? renderCsv(result) : renderTable(result);
}
