/**
 * Compiles a table's contract and rules to one DuckDB statement that reads every received row, judges it and says what
 * becomes of it. In: received_<table> (line_number, the columns as text, other_columns) and parents_<table> (the keys,
 * and what rules use, of parents in the batch or in production). Out: judged_<table>.
 */
import { sqlText } from '../stores/duckdb/duckdb.ts';
import { type Reference, type Rule, references, rules } from './rules.ts';
import {
  type ColumnKind,
  paymentMethods,
  type ReceivedColumn,
  type TableContract,
  type TableName,
  tableContracts,
} from './tables.ts';

/** What a judgement depends on beyond the rows. */
export interface JudgeContext {
  /** IANA name of the zone that dates and times are local to. */
  readonly timeZone: string;
  /** The day on which the batch was observed, YYYY-MM-DD, in that zone. */
  readonly asOf: string;
}

/** The content of a text column without blanks around it; NULL when nothing is left. */
const trimmed = (name: string): string => `nullif(trim(text_${name}), '')`;

const decimal = (name: string, width: string): string =>
  `CASE WHEN NOT contains(text_${name}, '_') THEN TRY_CAST(trim(text_${name}) AS DECIMAL(${width})) END`;

/**
 * JSON as PostgreSQL's jsonb takes it, which is stricter than DuckDB: no NaN or Infinity, no numbers of a thousand digits,
 * no zero character, no comma before a closing bracket.
 */
const json = (value: string): string =>
  `CASE WHEN json_valid(${value}) AND NOT regexp_matches(${value}, '(^|[^\\\\])(\\\\\\\\)*\\\\u0000')
    AND NOT regexp_matches(regexp_replace(${value}, '"(\\\\.|[^"\\\\])*"', '', 'g'), '(?i)nan|inf|e[+-]?[0-9]{4}')
    THEN json(${value})::VARCHAR END`;

const wordOf = (name: string, words: readonly string[], squeezed: string): string => {
  const cases = words.map(
    (word) => `WHEN ${sqlText(word.toLowerCase().replaceAll(/[ _]/g, ''))} THEN ${sqlText(word)}`,
  );
  return `CASE ${squeezed.replaceAll('$', `text_${name}`)} ${cases.join(' ')} END`;
};

/** SQL that reads the text of a column; NULL where it cannot be read. */
function reading(name: string, kind: ColumnKind): string {
  if (typeof kind !== 'string') return wordOf(name, kind, 'lower(trim($))');
  const value = trimmed(name);
  const readers: Readonly<Record<Extract<ColumnKind, string>, string>> = {
    id: `CASE WHEN length(${value}) <= 64 THEN ${value} END`,
    text: value,
    email: `CASE WHEN regexp_full_match(lower(${value}), '[^@\\s,;<>"]+@[^@\\s,;<>".]+(\\.[^@\\s,;<>".]+)*\\.[a-z0-9-]{2,}') THEN lower(${value}) END`,
    phone: `nullif(CASE WHEN starts_with(${value}, '+') THEN '+' ELSE '' END || regexp_replace(${value}, '[^0-9]', '', 'g'), '')`,
    integer: `CASE WHEN NOT contains(text_${name}, '_') AND TRY_CAST(${value} AS DECIMAL(27,9)) % 1 = 0 THEN TRY_CAST(TRY_CAST(${value} AS DECIMAL(27,9)) AS BIGINT) END`,
    price: decimal(name, '18,4'),
    amount: decimal(name, '18,2'),
    percentage: decimal(name, '7,4'),
    date: `TRY_CAST(try_strptime(${value}, '%Y-%m-%d') AS DATE)`,
    time: `TRY_CAST(${value} AS TIME)`,
    timestamp: `CASE WHEN isfinite(TRY_CAST(${value} AS TIMESTAMPTZ)) THEN CASE WHEN regexp_matches(${value}, '(Z|[+-][0-9]{2}(:?[0-9]{2})?)$') AND contains(${value}, ':') THEN TRY_CAST(${value} AS TIMESTAMPTZ) ELSE local_to_utc(TRY_CAST(${value} AS TIMESTAMP)) END END`,
    json: json(value),
    payment_method: wordOf(name, paymentMethods, `lower(replace(replace(trim($), ' ', ''), '_', ''))`),
  };
  return readers[kind];
}

const settled = ({ name, otherwise }: ReceivedColumn): string =>
  otherwise === undefined ? `read_${name} AS ${name}` : `coalesce(read_${name}, ${otherwise}) AS ${name}`;

/** Columns whose default uses other columns come after those; the contract lists them in that order. */
function settledLayers(columns: readonly ReceivedColumn[]): string {
  const dependent = columns.filter(({ otherwise }) => otherwise?.includes('('));
  const plain = columns.filter((each) => !dependent.includes(each));
  const first = `settled AS (SELECT *, ${plain.map(settled).join(', ')} FROM readable)`;
  if (dependent.length === 0) return `${first}, completed AS (SELECT * FROM settled)`;
  return `${first}, completed AS (SELECT *, ${dependent.map(settled).join(', ')} FROM settled)`;
}

/** The table's rules of each severity, in a fixed order: the bit of a rule is its place. */
export const rulesOf = (table: TableName, severity: 'error' | 'warn'): readonly Rule[] =>
  rules.filter((rule) => rule.table === table && rule.severity === severity);

const bits = (ofRules: readonly Rule[]): string =>
  ofRules.length === 0
    ? '0::UBIGINT'
    : ofRules
        .map(({ broken }, place) => `CASE WHEN ${broken} THEN ${(1n << BigInt(place)).toString()} ELSE 0 END::UBIGINT`)
        .join(' | ');

/** SQL for the list of the rules whose bits are set in a column of judged_<table>. */
export const brokenRules = (table: TableName, bitsColumn = 'broken_errors'): string => {
  const cases = rulesOf(table, bitsColumn === 'broken_errors' ? 'error' : 'warn').map(
    ({ id }, place) => `CASE WHEN ${bitsColumn} & ${(1n << BigInt(place)).toString()} <> 0 THEN ${sqlText(id)} END`,
  );
  return `list_filter([${cases.join(', ')}], lambda rule: rule IS NOT NULL)`;
};

const joinOf = ({ parent, column }: Reference): string =>
  `LEFT JOIN parents_${parent} AS parent_${parent} ON parent_${parent}.key = completed.${column}`;

/** SQL for what children may refer to in a judged table: its key as `key`, and the columns that their rules use. */
export function parentColumns(table: TableName): readonly string[] {
  const used = new Set(references.filter(({ parent }) => parent === table).flatMap(({ uses }) => uses));
  return [`${tableContracts[table].key} AS key`, ...used];
}

/** What tells two rows apart: every column as received. */
const contentHash = (contract: TableContract): string => {
  const parts = contract.columns.map(({ name }) => `coalesce(text_${name}, chr(30))`);
  return `md5(concat_ws(chr(31), ${[...parts, 'other_columns'].join(', ')}))`;
};

/**
 * Macros that the statements use. local_to_utc turns a local time into its instant: a nonexistent one moves forward, as
 * DuckDB does it; of an ambiguous one, where DuckDB takes the last, the offset of the day before gives the first.
 */
export function judgeMacros({ timeZone, asOf }: JudgeContext): string {
  const zone = sqlText(timeZone);
  const last = `timezone(${zone}, moment)`;
  const dayBefore = `${last} - INTERVAL 1 DAY`;
  const first = `timezone('UTC', moment) - (timezone(${zone}, ${dayBefore}) - timezone('UTC', ${dayBefore}))`;
  const body =
    timeZone === 'UTC'
      ? `timezone('UTC', moment)`
      : `CASE WHEN timezone(${zone}, ${first}) = moment THEN ${first} ELSE ${last} END`;
  return `CREATE OR REPLACE MACRO local_to_utc(moment) AS ${body};
CREATE OR REPLACE MACRO observed_day() AS DATE ${sqlText(asOf)};`;
}

/**
 * The statement that makes judged_<table>: line_number; the columns as received (text_<name>, other_columns); as
 * production has them (the contract's stored columns); source_updated_at; content_hash; broken_errors and broken_warnings
 * (bit sets of rulesOf); verdict ('loaded', 'duplicate', 'superseded' or 'quarantined').
 *
 * Exact copies of a row are duplicates of the first. Of the rows of one key that break no rule of severity error, the
 * one with the greatest (source_updated_at, content_hash) is loaded, the others are superseded.
 */
export function judgeStatement(table: TableName): string {
  const contract = tableContracts[table];
  const names = contract.columns.map(({ name }) => name);
  const received = names.map((name) => `${name} AS text_${name}`).join(', ');
  const read = contract.columns.map(({ name, kind }) => `${reading(name, kind)} AS read_${name}`).join(', ');
  const joins = references.filter((each) => each.table === table).map(joinOf);
  const stored = contract.stored.map(({ name, expression }) => `(${expression}) AS ${name}`).join(', ');
  return `CREATE OR REPLACE TABLE judged_${table} AS
WITH texts AS (SELECT line_number, other_columns, ${received} FROM received_${table}),
readable AS (SELECT *, ${read}, observed_day() AS as_of, ${contentHash(contract)} AS content_hash FROM texts),
${settledLayers(contract.columns)},
checked AS MATERIALIZED (
  SELECT completed.*, coalesce(completed.${contract.key}, '') AS row_key, ${contract.updatedAt} AS source_updated_at,
    ${bits(rulesOf(table, 'error'))} AS broken_errors,
    ${bits(rulesOf(table, 'warn'))} AS broken_warnings
  FROM completed ${joins.join(' ')}
),
contested AS (
  SELECT line_number, row_key, source_updated_at, content_hash, broken_errors,
    row_number() OVER (PARTITION BY content_hash ORDER BY line_number) AS copy
  FROM checked WHERE row_key IN (SELECT row_key FROM checked GROUP BY row_key HAVING count(*) > 1)
),
ranked AS (
  SELECT line_number, copy,
    row_number() OVER (
      PARTITION BY row_key, copy = 1 AND broken_errors = 0 ORDER BY source_updated_at DESC NULLS LAST, content_hash DESC
    ) AS place
  FROM contested
)
SELECT checked.line_number, other_columns, ${names.map((name) => `text_${name}`).join(', ')}, ${stored},
  source_updated_at, content_hash, broken_errors, broken_warnings,
  CASE WHEN copy > 1 THEN 'duplicate' WHEN broken_errors <> 0 THEN 'quarantined'
    WHEN place > 1 THEN 'superseded' ELSE 'loaded' END AS verdict
FROM checked LEFT JOIN ranked ON ranked.line_number = checked.line_number`;
}
