/** Rows of catalogue and profiles that break a rule each, beside the good ones. */
import type { CsvFile } from '../csv.ts';
import type { Random } from '../random.ts';
import type { Row } from '../rows.ts';
import { type ReferenceName, referenceColumns } from './reference.ts';

/** A defect of a row: the column that is wrong, and what stands there. */
interface ReferenceDefect {
  readonly column: string;
  readonly rule: string;
  readonly values: readonly string[];
}

const defect = (column: string, rule: string, values: readonly string[]): ReferenceDefect => ({ column, rule, values });

const longText = (column: string): ReferenceDefect =>
  defect(column, 'length', ['Y'.repeat(201), 'word '.repeat(60).trim()]);

const defects: Readonly<Record<ReferenceName, readonly ReferenceDefect[]>> = {
  catalog: [
    defect('product_id', 'required', ['', ' ']),
    defect('product_id', 'length', ['P'.repeat(65), 'P'.repeat(120)]),
    longText('product_name'),
    longText('category'),
    longText('subcategory'),
    longText('brand'),
    defect('price', 'typed', ['free', '12,50', '1_000']),
    defect('price', 'in_range', ['100000000.01', '2000000000']),
    defect('price', 'positive', ['0', '-4.99']),
    defect('cost', 'typed', ['unknown', '4,20', '1_0']),
    defect('cost', 'in_range', ['100000000.01', '2000000000']),
    defect('cost', 'not_negative', ['-0.01', '-12']),
    defect('rating', 'typed', ['good', '4/5']),
    defect('rating', 'in_range', ['6', '-1', '5.01']),
    defect('review_count', 'typed', ['many', '2.5']),
    defect('review_count', 'not_negative', ['-1', '-250']),
    defect('is_in_stock', 'typed', ['perhaps', 'in stock']),
  ],
  profiles: [
    defect('user_id', 'required', ['', ' ']),
    defect('user_id', 'length', ['U'.repeat(65), 'U'.repeat(120)]),
    longText('user_segment'),
    longText('preferred_device'),
    longText('acquisition_source'),
    defect('country_code', 'known', ['XX', 'Germany', 'EUR']),
    longText('city'),
    defect('account_created_at', 'typed', ['yesterday', '2024-02-30', '01/02/2024']),
    defect('is_email_subscribed', 'typed', ['perhaps', 'subscribed']),
  ],
};

/** A column that says something else in a row that contradicts another, and what it says. */
const contradicting: Readonly<Record<ReferenceName, readonly [column: string, value: string]>> = {
  catalog: ['brand', 'Another brand'],
  profiles: ['city', 'Another city'],
};

/**
 * The rows with faulty ones behind them: copies of good rows with an id of their own, and two that have the id of another
 * row, one of them with its content.
 */
export function spoilReference(
  random: Random,
  name: ReferenceName,
  rows: readonly Row[],
  file: string,
  manifest: CsvFile,
): readonly Row[] {
  const columns = Object.keys(referenceColumns[name]);
  const spoiled: Row[] = [...rows];
  const add = (row: Row, outcome: string, rule: string, planted: string): void => {
    spoiled.push(row);
    manifest.add([file, spoiled.length, outcome, rule, planted]);
  };
  const withValue = (row: Row, column: string, value: string): Row =>
    row.map((old, place) => (columns[place] === column ? value : old));
  for (const { column, rule, values } of defects[name]) {
    const [id, ...rest] = random.pick(rows);
    const value = random.pick(values);
    add(
      withValue([`${id}N${spoiled.length}`, ...rest], column, value),
      'error',
      `${name}.${column}.${rule}`,
      value.slice(0, 80),
    );
  }
  const again = random.pick(rows);
  add(again, 'duplicate', '', String(again[0]));
  const other = random.pick(rows);
  add(withValue(other, ...contradicting[name]), 'conflict', `${name}.${columns[0]}.unique`, String(other[0]));
  return spoiled;
}
