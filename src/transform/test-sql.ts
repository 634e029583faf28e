/** The SQL of tests: what each generic test selects, how failing rows are counted and fetched; and the tests' names. */
import { type JsonValue, sqlText } from '../stores/duckdb/duckdb.ts';
import type { JsonObject } from './template.ts';

/** A kind of test: which arguments it takes besides the column, and its SQL over a relation (or a subquery). */
export interface GenericTest {
  readonly required: readonly string[];
  readonly optional: readonly string[];
  readonly sql: (relation: string, column: string, given: JsonObject) => string;
}

/** A value as Python's str() writes it, for that is how dbt puts values into names and SQL. */
export function pythonText(value: JsonValue): string {
  if (value === true) return 'True';
  if (value === false) return 'False';
  return value === null ? 'None' : String(value);
}

const listOf = (value: JsonValue | undefined): readonly JsonValue[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value as JsonValue];

/** Each kind by its name. A failing row of `unique` and `accepted_values` is a value with its number of records. */
export const genericTests: ReadonlyMap<string, GenericTest> = new Map(
  Object.entries<GenericTest>({
    unique: {
      required: [],
      optional: [],
      sql: (relation, column) =>
        `select ${column} as unique_field, count(*) as n_records
from ${relation}
where ${column} is not null
group by ${column}
having count(*) > 1`,
    },
    not_null: {
      required: [],
      optional: [],
      sql: (relation, column) => `select *\nfrom ${relation}\nwhere ${column} is null`,
    },
    accepted_values: {
      required: ['values'],
      optional: ['quote'],
      sql: (relation, column, given) => {
        const texts = listOf(given.values).map(pythonText);
        const values = given.quote === false ? texts : texts.map(sqlText);
        return `select ${column} as value_field, count(*) as n_records
from ${relation}
where ${column} not in (${values.join(', ')})
group by ${column}`;
      },
    },
    relationships: {
      required: ['to', 'field'],
      optional: [],
      sql: (relation, column, given) =>
        `select child.*
from ${relation} as child
anti join (select ${given.field} as to_field from ${given.to}) as parent on ${column} = parent.to_field
where ${column} is not null`,
    },
  }),
);

/** The name that dbt gives to a generic test: kind, relation, and the arguments in the order of their names. */
export function testName(kind: string, relation: string, given: JsonObject): string {
  const parts = Object.keys(given)
    .sort()
    .flatMap((name) => {
      const value = given[name];
      return (typeof value === 'object' && value !== null ? Object.values(value) : [value ?? null]) as JsonValue[];
    })
    .map((value) => pythonText(value).replace(/[^0-9a-zA-Z_]+/g, '_'));
  return `${kind}_${relation}_${parts.join('__')}`;
}

/** For each select its number and how many rows it yields: columns test (from 0) and failures, in no order. */
export const failureCounts = (selects: readonly string[]): string =>
  selects.map((sql, index) => `select ${index} as test, count(*) as failures from (\n${sql}\n)`).join('\nunion all\n');

/** The first rows that a test's select yields. */
export const failingRows = (sql: string): string => `select * from (\n${sql}\n) limit 5`;
