/** A query's result as a table of Python values. */
import type { JsonValue, QueryResult } from '../../stores/duckdb/duckdb.ts';
import { readIsoDateTime } from '../jinja/date-reading.ts';
import { PyDate } from '../jinja/dates.ts';
import { PyDecimal } from '../jinja/decimal.ts';
import { jsonText } from '../jinja/json-text.ts';
import { floatText, wholeNumber } from '../jinja/numbers.ts';
import { toPython, type Value } from '../jinja/values.ts';
import { type AgateType, Table } from './table.ts';

type Convert = (value: JsonValue) => Value;

const asText: Convert = (value) => (typeof value === 'object' ? jsonText(toPython(value)) : String(value));

/** What a text is read as; the text itself where it stands for nothing that Python has, such as infinity. */
const readOr =
  (read: (text: string) => Value): Convert =>
  (value) => {
    try {
      return read(String(value));
    } catch {
      return String(value);
    }
  };

const asDate = readOr((text) => new PyDate(readIsoDateTime(text).local.days));

const asDateTime = readOr(readIsoDateTime);

const asDecimal = readOr(PyDecimal.parse);

/** How values of a type of DuckDB are read, and what agate calls the type. */
function readerOf(type: string): readonly [AgateType, Convert] {
  if (/^U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$/.test(type)) {
    return ['Integer', (value) => (typeof value === 'string' ? wholeNumber(BigInt(value)) : toPython(value))];
  }
  const scale = /^DECIMAL\(\d+,\s*(\d+)\)$/.exec(type)?.[1];
  if (scale !== undefined) return ['Number', (value) => asDecimal(Number(value).toFixed(Number(scale)))];
  if (type === 'DOUBLE' || type === 'FLOAT') {
    return ['Number', (value) => asDecimal(typeof value === 'number' ? floatText(value) : value)];
  }
  if (type === 'BOOLEAN') return ['Boolean', toPython];
  if (type === 'DATE') return ['Date', asDate];
  if (type.startsWith('TIMESTAMP')) return ['DateTime', asDateTime];
  return ['Text', asText];
}

/** The result with values as Python's database driver gives them: decimals, dates, texts. */
export function tableOf({ columns, rows }: QueryResult, print: (text: string) => void): Table {
  const readers = columns.map(({ type }) => readerOf(type));
  const data = rows.map((row) =>
    columns.map(({ name }, index) => {
      const value = row[name] ?? null;
      return value === null ? null : (readers[index]?.[1](value) ?? null);
    }),
  );
  return new Table(
    columns.map(({ name }) => name),
    readers.map(([type]) => type),
    data,
    print,
  );
}
