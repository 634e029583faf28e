/** The contracts of the reference data beside events: the catalog of products and the profiles of users. */
import { sqlName, sqlText } from '../../stores/duckdb/duckdb.ts';
import { countryAliases, countryPattern } from './event-contract.ts';

/** The names of the reference data. */
export const referenceNames = ['catalog', 'profiles'] as const;

/** A kind of reference data. */
export type ReferenceName = (typeof referenceNames)[number];

/** How the text of a column is read, whatever the type that the file has it in. */
type ReferenceKind = 'text' | 'price' | 'rating' | 'count' | 'boolean' | 'country' | 'timestamp';

/** A column as the lake has it. */
export interface ReferenceColumn {
  readonly name: string;
  readonly kind: ReferenceKind;
  /** As DuckDB names it. */
  readonly type: string;
  readonly description: string;
}

/** A rule about one row. */
export interface ReferenceRule {
  /** Such as 'catalog.price.positive'. */
  readonly id: string;
  readonly field: string;
  readonly severity: 'error';
  readonly message: string;
  /** SQL that is true where a row breaks it, over text_<column>, as received, and read_<column>; NULL counts as false. */
  readonly broken: string;
}

/** What each row of a kind of reference data must be. */
export interface ReferenceContract {
  readonly name: ReferenceName;
  /** The column that identifies a row within its source. */
  readonly key: string;
  readonly columns: readonly ReferenceColumn[];
  /** In a fixed order: the bit of a rule in `broken` is its place. */
  readonly rules: readonly ReferenceRule[];
}

const types: Readonly<Record<ReferenceKind, string>> = {
  text: 'VARCHAR',
  price: 'DECIMAL(18,4)',
  rating: 'DECIMAL(3,2)',
  count: 'BIGINT',
  boolean: 'BOOLEAN',
  country: 'VARCHAR',
  timestamp: 'TIMESTAMPTZ',
};

const kindNames: Readonly<Record<Exclude<ReferenceKind, 'text' | 'country'>, string>> = {
  price: 'an amount',
  rating: 'a number',
  count: 'a whole number',
  boolean: 'true or false',
  timestamp: 'a date or timestamp',
};

/** The greatest price or cost of a unit, as for the rows of products.csv. */
const greatestPrice = 100_000_000;

/** SQL that reads the text of a column; NULL where it cannot be read. */
function reading({ name, kind }: ReferenceColumn): string {
  const text = `text_${name}`;
  const number = (type: string): string => `CASE WHEN NOT contains(${text}, '_') THEN TRY_CAST(${text} AS ${type}) END`;
  switch (kind) {
    case 'text':
      return text;
    case 'price':
      return number('DECIMAL(18,4)');
    case 'rating':
      return number('DECIMAL(18,2)');
    case 'count':
      return `CASE WHEN ${number('DECIMAL(27,9)')} % 1 = 0 THEN TRY_CAST(${number('DECIMAL(27,9)')} AS BIGINT) END`;
    case 'boolean':
      return `TRY_CAST(${text} AS BOOLEAN)`;
    case 'country': {
      const aliases = Object.entries(countryAliases).map(
        ([alias, code]) => `WHEN ${sqlText(alias)} THEN ${sqlText(code)}`,
      );
      return `CASE upper(${text}) ${aliases.join(' ')} ELSE upper(${text}) END`;
    }
    case 'timestamp':
      return `CASE WHEN regexp_matches(${text}, '^[0-9]{4}-[0-9]{2}-[0-9]{2}') THEN TRY_CAST(upper(${text}) AS TIMESTAMPTZ) END`;
  }
}

/** The checks that the kind of a column brings: name of the rule, what is wrong, SQL. */
function kindChecks({ name, kind }: ReferenceColumn): readonly (readonly [string, string, string])[] {
  const read = `read_${name}`;
  if (kind === 'text') return [['length', 'is longer than 200 characters', `length(${read}) > 200`]];
  if (kind === 'country')
    return [['known', 'is no ISO code of a country', `NOT regexp_full_match(text_${name}, '${countryPattern}')`]];
  const typed = ['typed', `is not ${kindNames[kind]}`, `${read} IS NULL AND text_${name} IS NOT NULL`] as const;
  switch (kind) {
    case 'price':
      return [typed, ['in_range', `is above ${greatestPrice}`, `${read} > ${greatestPrice}`]];
    case 'rating':
      return [typed, ['in_range', 'is not from 0 to 5', `${read} NOT BETWEEN 0 AND 5`]];
    case 'count':
      return [typed, ['not_negative', 'is below 0', `${read} < 0`]];
    default:
      return [typed];
  }
}

function makeContract(
  name: ReferenceName,
  columns: readonly (readonly [name: string, kind: ReferenceKind, description: string])[],
  further: Readonly<Record<string, readonly (readonly [string, string, string])[]>> = {},
): ReferenceContract {
  const all = columns.map(([column, kind, description]) => ({ name: column, kind, type: types[kind], description }));
  const key = all[0]?.name ?? '';
  const ofKey = [
    ['required', 'is missing', `text_${key} IS NULL`],
    ['length', 'is longer than 64 characters', `length(read_${key}) > 64`],
  ] as const;
  const rules = all.flatMap((column) =>
    [...(column.name === key ? ofKey : kindChecks(column)), ...(further[column.name] ?? [])].map(
      ([check, wrong, broken]): ReferenceRule => ({
        id: `${name}.${column.name}.${check}`,
        field: column.name,
        severity: 'error',
        message: `${column.name} ${wrong}`,
        broken,
      }),
    ),
  );
  return { name, key, columns: all, rules };
}

/** The contracts of the reference data, by name. That a key is unique is seen to where rows are loaded. */
export const referenceContracts: Readonly<Record<ReferenceName, ReferenceContract>> = {
  catalog: makeContract(
    'catalog',
    [
      ['product_id', 'text', 'The product, as events name it.'],
      ['product_name', 'text', 'Its name.'],
      ['category', 'text', 'Its category.'],
      ['subcategory', 'text', 'Its place within the category.'],
      ['brand', 'text', 'Its brand.'],
      ['price', 'price', 'What a unit is sold for.'],
      ['cost', 'price', 'What a unit costs the shop.'],
      ['rating', 'rating', 'The average of its reviews, 0 to 5.'],
      ['review_count', 'count', 'How many reviews it has.'],
      ['is_in_stock', 'boolean', 'Whether it can be bought.'],
    ],
    {
      price: [['positive', 'must be above 0', 'read_price <= 0']],
      cost: [['not_negative', 'must not be below 0', 'read_cost < 0']],
    },
  ),
  profiles: makeContract('profiles', [
    ['user_id', 'text', 'The user, as events name it.'],
    ['user_segment', 'text', 'The segment that the shop has put the user in.'],
    ['preferred_device', 'text', 'The kind of device that the user has most.'],
    ['acquisition_source', 'text', 'What brought the user first.'],
    ['country_code', 'country', 'ISO 3166-1 alpha-2 in either case; UK is taken for GB.'],
    ['city', 'text', 'Where the user lives.'],
    ['account_created_at', 'timestamp', 'When the account was made; in UTC where no offset is given.'],
    ['is_email_subscribed', 'boolean', 'Whether the user has asked for mail.'],
  ]),
};

const bitOf = (place: number): string => `${1n << BigInt(place)}::UBIGINT`;

/**
 * The statement that makes judged_rows of the relation received_rows (file_number SMALLINT, row_number BIGINT, and of the
 * contract's columns those that were `found`, as text). judged_rows has file_number, row_number, the contract's columns,
 * which mean nothing where a rule is broken, and broken UBIGINT, the bit set of the contract's rules. A column that was
 * not found is NULL. Blanks around a text are left out, an empty one is NULL.
 */
export function judgeReferenceStatement(contract: ReferenceContract, found: readonly string[]): string {
  const { columns, rules } = contract;
  const texts = columns.map(({ name }) =>
    found.includes(name) ? `nullif(trim(${sqlName(name)}), '') AS text_${name}` : `NULL::VARCHAR AS text_${name}`,
  );
  const bits = rules.map(({ broken }, place) => `CASE WHEN ${broken} THEN ${bitOf(place)} ELSE 0::UBIGINT END`);
  return `CREATE OR REPLACE TABLE judged_rows AS
WITH texts AS (SELECT file_number, row_number, ${texts.join(', ')} FROM received_rows),
readable AS (SELECT *, ${columns.map((column) => `${reading(column)} AS read_${column.name}`).join(', ')} FROM texts)
SELECT file_number, row_number,
  ${columns.map(({ name, type }) => `TRY_CAST(read_${name} AS ${type}) AS ${name}`).join(', ')},
  ${bits.join('\n  | ')} AS broken
FROM readable`;
}

/** SQL over judged_rows for the ids of the rules that a row breaks: VARCHAR[]. */
export function brokenReferenceRules({ rules }: ReferenceContract): string {
  const cases = rules.map(({ id }, place) => `CASE WHEN broken & ${bitOf(place)} <> 0 THEN ${sqlText(id)} END`);
  return `list_filter([${cases.join(', ')}], lambda rule: rule IS NOT NULL)`;
}
