/**
 * Compiles a table's contract and rules to one DuckDB statement that reads every received row, judges it and says what it
 * is by itself. In: received_<table> (row_number, file_number, line_number, the columns as text, other_columns) and
 * standard_countries (standards.ts). Out: judged_<table>. What needs a row's parents, or what production has, is decided where it is loaded.
 */
import { sqlText } from '../stores/duckdb/duckdb.ts';
import { emailAddress } from './personal-data.ts';
import { type Rule, rulesOf, type Severity } from './rules.ts';
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

/** Whole numbers of whatever notation, such as 2.0 and 1e3; as nearly all are plain digits, the costly way is for others. */
function integer(name: string): string {
  const value = trimmed(name);
  const plain = `TRY_CAST(${value} AS BIGINT)`;
  const exact = `TRY_CAST(${value} AS DECIMAL(27,9))`;
  return `CASE WHEN ${plain}::VARCHAR = ${value} THEN ${plain}
    WHEN NOT contains(text_${name}, '_') AND ${exact} % 1 = 0 THEN TRY_CAST(${exact} AS BIGINT) END`;
}

const decimal = (name: string, width: string): string =>
  `CASE WHEN NOT contains(text_${name}, '_') THEN TRY_CAST(trim(text_${name}) AS DECIMAL(${width})) END`;

/** Levels of brackets that a JSON value may have; PostgreSQL's stack ends after some thousands. */
const deepestJson = 100;

/** Matches brackets alone that pair and nest at most so deep. Valid JSON closes each with its own kind. */
const shallow = Array.from({ length: deepestJson }).reduce((inner) => `(?:[\\[{]${inner}[\\]}])*`, '');

/**
 * JSON as PostgreSQL's jsonb takes it, which is stricter than DuckDB: no NaN or Infinity, no numbers of a thousand digits,
 * no zero character, no comma before a closing bracket, no nesting without end.
 */
function json(value: string): string {
  const withoutStrings = `regexp_replace(${value}, '"(\\\\.|[^"\\\\])*"', '', 'g')`;
  return `CASE WHEN json_valid(${value}) AND NOT regexp_matches(${value}, '(^|[^\\\\])(\\\\\\\\)*\\\\u0000')
    AND NOT regexp_matches(${withoutStrings}, '(?i)nan|inf|e[+-]?[0-9]{4}|[0-9]{1000}')
    AND (length(${value}) <= ${2 * deepestJson}
      OR regexp_full_match(regexp_replace(${withoutStrings}, '[^\\[\\]{}]', '', 'g'), '${shallow}'))
    THEN json(${value})::VARCHAR END`;
}

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
    email: `CASE WHEN regexp_full_match(lower(${value}), ${sqlText(emailAddress)}) THEN lower(${value}) END`,
    phone: `nullif(CASE WHEN starts_with(${value}, '+') THEN '+' ELSE '' END || regexp_replace(${value}, '[^0-9]', '', 'g'), '')`,
    integer: integer(name),
    price: decimal(name, '18,4'),
    amount: decimal(name, '18,2'),
    percentage: decimal(name, '7,4'),
    date: `TRY_CAST(try_strptime(${value}, '%Y-%m-%d') AS DATE)`,
    time: `TRY_CAST(${value} AS TIME)`,
    timestamp: `CASE WHEN isfinite(TRY_CAST(${value} AS TIMESTAMPTZ)) THEN CASE WHEN regexp_matches(${value}, '(Z|[+-][0-9]{2}(:?[0-9]{2})?)$') AND contains(${value}, ':') THEN TRY_CAST(${value} AS TIMESTAMPTZ) ELSE local_to_utc(TRY_CAST(${value} AS TIMESTAMP)) END END`,
    json: json(value),
    country: `coalesce(standard_${name}.name, ${value})`,
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

const bitOf = (place: number): string => (1n << BigInt(place)).toString();

const bits = (ofRules: readonly { readonly broken: string }[]): string =>
  ofRules.length === 0
    ? '0::UBIGINT'
    : ofRules.map(({ broken }, place) => `CASE WHEN ${broken} THEN ${bitOf(place)} ELSE 0 END::UBIGINT`).join(' | ');

const bitsColumns: Readonly<Record<Severity, string>> = { error: 'broken_errors', warn: 'broken_warnings' };

/** SQL for the list of the rules of a severity that a row of judged_<table> breaks, given the rules it was judged by. */
export function brokenRules(rules: readonly Rule[], table: TableName, severity: Severity): string {
  const column = bitsColumns[severity];
  const cases = rulesOf(rules, table, severity).map(
    ({ id }, place) => `CASE WHEN ${column} & ${bitOf(place)} <> 0 THEN ${sqlText(id)} END`,
  );
  return cases.length === 0 ? '[]::VARCHAR[]' : `list_filter([${cases.join(', ')}], lambda rule: rule IS NOT NULL)`;
}

/** What tells two rows apart: every column as received. */
const contentHash = (contract: TableContract): string => {
  const parts = contract.columns.map(({ name }) => `coalesce(text_${name}, chr(30))`);
  return `md5(concat_ws(chr(31), ${[...parts, 'other_columns'].join(', ')}))::UUID`;
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

/** The verdicts, as one byte a row. */
const verdict = `ENUM ('clean', 'broken', 'duplicate')`;

/**
 * Which rows have rivals: another row with the same key. Keys are first grouped by their hashes, which need a fraction of
 * the memory that keys do; the few rows whose hashes meet are then compared by what they are.
 */
function rivalsStatement(table: TableName): string {
  const key = `coalesce(${tableContracts[table].key}, '')`;
  return `UPDATE judged_${table} AS judged SET verdict = settled.verdict, contested = settled.contested
FROM (
  WITH repeated AS (SELECT hash(${key}) AS key_hash FROM judged_${table} GROUP BY key_hash HAVING count(*) > 1),
  rivals AS (
    SELECT row_number, ${key} AS row_key, verdict, row_number() OVER (PARTITION BY content_hash ORDER BY row_number) AS copy
    FROM judged_${table} WHERE hash(${key}) IN (FROM repeated)
  ),
  counted AS (
    SELECT *, count(*) FILTER (copy = 1 AND verdict = 'clean') OVER (PARTITION BY row_key) AS clean FROM rivals
  )
  SELECT row_number, CASE WHEN copy > 1 THEN 'duplicate' ELSE verdict END AS verdict,
    copy = 1 AND verdict = 'clean' AND clean > 1 AS contested
  FROM counted
) AS settled
WHERE judged.row_number = settled.row_number AND (settled.contested OR settled.verdict <> judged.verdict)`;
}

/**
 * The statements that make judged_<table> by those of the rules that are about single rows: row_number, file_number,
 * line_number; the row as production has it (the contract's stored columns); source_updated_at; content_hash;
 * broken_errors and broken_warnings (bit sets of `rulesOf`); verdict: 'duplicate' (an exact copy of an earlier row),
 * 'broken' (breaks a rule of severity error) or 'clean'; contested: the row is clean, and another clean row has its key.
 * What was received is not repeated: received_<table> has it.
 */
export function judgeStatement(table: TableName, rules: readonly Rule[]): string {
  const contract = tableContracts[table];
  const names = contract.columns.map(({ name }) => name);
  const received = names.map((name) => `${name} AS text_${name}`).join(', ');
  const read = contract.columns.map(({ name, kind }) => `${reading(name, kind)} AS read_${name}`).join(', ');
  const stored = contract.stored.map(({ name, expression }) => `(${expression}) AS ${name}`).join(', ');
  const place = 'row_number, file_number, line_number';
  const countries = contract.columns.filter(({ kind }) => kind === 'country').map(({ name }) => name);
  const codes = countries.map((name) => `, standard_${name}.code AS code_${name}`).join('');
  const standards = countries
    .map((name) => ` LEFT JOIN standard_countries AS standard_${name} ON standard_${name}.text = trim(text_${name})`)
    .join('');
  return `CREATE OR REPLACE TABLE judged_${table} AS
WITH texts AS (SELECT ${place}, other_columns, ${received} FROM received_${table}),
readable AS (
  SELECT texts.*, ${read}${codes}, observed_day() AS as_of, ${contentHash(contract)} AS content_hash
  FROM texts${standards}
),
${settledLayers(contract.columns)},
checked AS (
  SELECT *, ${contract.updatedAt} AS source_updated_at,
    ${bits(rulesOf(rules, table, 'error'))} AS broken_errors,
    ${bits(rulesOf(rules, table, 'warn'))} AS broken_warnings
  FROM completed
)
SELECT ${place}, ${stored}, source_updated_at, content_hash, broken_errors, broken_warnings,
  CASE WHEN broken_errors <> 0 THEN 'broken' ELSE 'clean' END::${verdict} AS verdict, false AS contested
FROM checked;
${rivalsStatement(table)}`;
}
