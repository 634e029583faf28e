/** Seeds as dbt reads them: the CSV file, and the type that each column is found to have. */
import { readFileSync } from 'node:fs';
import { readDateTime, readIsoDateTime } from '../jinja/date-reading.ts';
import { JinjaError } from '../jinja/errors.ts';
import type { Value } from '../jinja/values.ts';
import { csvRecords } from '../parse/csv.ts';
import { type AgateType, Table } from './table.ts';

const isNull = (text: string): boolean => ['', 'null'].includes(text.trim().toLowerCase());

/** A number as agate reads it: currency signs, percent signs and thousands' commas are left aside. */
function numberOf(text: string): number {
  const bare = text
    .trim()
    .replaceAll(/^%+|%+$/g, '')
    .replace(/^-/, '')
    .replaceAll(/^[$¢£¥€؋৳₵₡₹]+|[$¢£¥€؋৳₵₡₹]+$/g, '')
    .replaceAll(',', '');
  return /^[+-]?(\d[\d_]*\.?[\d_]*|\.\d+)(e[+-]?\d+)?$|^[+-]?(nan|inf(inity)?)$/i.test(bare)
    ? Number(bare.replaceAll('_', ''))
    : Number.NaN;
}

const isNumber = (text: string): boolean =>
  !Number.isNaN(numberOf(text)) || /^[+-]?(nan|inf(inity)?)$/i.test(text.trim());

const parses = (parse: () => unknown): boolean => {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
};

/** Each type with what its values look like, in the order in which they are tried. */
const tests: readonly (readonly [AgateType, (text: string) => boolean])[] = [
  ['Number', isNumber],
  ['Date', (text) => /^\s*\d/.test(text) && parses(() => readDateTime(text.trim(), '%Y-%m-%d'))],
  ['DateTime', (text) => /^\s*\d/.test(text) && parses(() => readDateTime(text.trim(), '%Y-%m-%d %H:%M:%S'))],
  ['ISODateTime', (text) => text.includes('T') && parses(() => readIsoDateTime(text.trim()))],
  ['Boolean', (text) => ['true', 'false'].includes(text.trim().toLowerCase())],
];

const typeOfColumn = (values: readonly string[]): AgateType => {
  const present = values.filter((value) => !isNull(value));
  return tests.find(([, matches]) => present.every(matches))?.[0] ?? 'Text';
};

const columnName = (name: string, index: number): string => name.trim() || String.fromCharCode(97 + (index % 26));

const recordsOf = (path: string, delimiter: string): readonly string[][] =>
  csvRecords(readFileSync(path, 'utf8').replace(/^\ufeff/, ''), delimiter);

const complaint = ([header = [], ...records]: readonly string[][], isWrong: (values: number) => boolean) => {
  const index = records.findIndex(({ length }) => isWrong(length));
  const record = records[index];
  if (!record) return undefined;
  const count = `${record.length} ${record.length === 1 ? 'value' : 'values'}`;
  return `record ${index + 1} (${record.join(', ')}) has ${count}, the header ${header.length}`;
};

/** Which record of a seed has fewer or more values than its header; undefined where all have as many. */
export function unevenRecord(path: string, delimiter: string): string | undefined {
  const records = recordsOf(path, delimiter);
  return complaint(records, (values) => values !== records[0]?.length);
}

/** Reads a seed. `textColumns` are those whose type is given; they are kept as text. */
export function readSeed(path: string, delimiter: string, textColumns: readonly string[]): Table {
  const [header = [], ...records] = recordsOf(path, delimiter);
  const names = header.map(columnName);
  const tooLong = complaint([header, ...records], (values) => values > names.length);
  if (tooLong !== undefined) throw new JinjaError('ValueError', tooLong);
  const types = (): readonly AgateType[] =>
    names.map((name, index) =>
      textColumns.includes(name) ? 'Text' : typeOfColumn(records.map((record) => record[index] ?? '')),
    );
  const data = records.map((record) =>
    names.map((_, index): Value => {
      const text = record[index] ?? '';
      return isNull(text) ? null : text;
    }),
  );
  return new Table(names, types, data);
}

const integerLimit = 2 ** 31;

function numberType(values: readonly Value[]): string {
  const numbers = values.flatMap((value) => (typeof value === 'string' ? [numberOf(value)] : []));
  if (numbers.some((value) => Number.isFinite(value) && !Number.isInteger(value))) return 'float8';
  return numbers.some((value) => value >= integerLimit || value < -integerLimit) ? 'bigint' : 'integer';
}

/** The type of DuckDB for a column of a seed. */
export function columnTypeOf(table: Table, index: number): string {
  switch (table.types[index]) {
    case 'Number':
      return numberType(table.data.map((row) => row[index] ?? null));
    case 'Integer':
      return 'integer';
    case 'Date':
      return 'date';
    case 'DateTime':
    case 'ISODateTime':
      return 'timestamp';
    case 'Boolean':
      return 'boolean';
    default:
      return 'text';
  }
}
