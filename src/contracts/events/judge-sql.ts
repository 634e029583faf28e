/**
 * Compiles the contract of events to one DuckDB statement that judges every received line and reads it into typed
 * columns. DuckDB's JSON is more lenient than RFC 8259, and gives a string and another value of the same text alike:
 * cheap tests find the lines and values in which that may matter, and only those are looked at closely.
 */
import { sqlName, sqlText } from '../../stores/duckdb/duckdb.ts';
import {
  type Check,
  countryAliases,
  countryPattern,
  deepest,
  type EventContract,
  type EventField,
  eventFields,
  eventRules,
  isString,
  mostBytes,
  recordRule,
  ruleId,
  timestampPattern,
} from './event-contract.ts';
import { lineHash } from './line-hash.ts';

/** A field with the names of its columns within the statement. */
interface Place {
  readonly field: EventField;
  /** What was found: a string's content, any other value's JSON text; NULL where there is none, or JSON null. */
  readonly found: string;
  /** What was read of it; NULL where its kind is another. */
  readonly read: string;
  /** Of a string: true where it holds all checks of the value. Not true of all that do. */
  readonly plain: string;
  /** The instant of a timestamp; NULL where it is none. */
  readonly instant: string;
}

const list = (texts: readonly string[]): string => texts.map(sqlText).join(', ');

const isOneOf = (text: string, words: readonly string[]): string => `list_contains([${list(words)}], ${text})`;

/** What json_transform is to give. */
const shape = (places: readonly Place[]): string =>
  sqlText(
    JSON.stringify(Object.fromEntries(places.map(({ field }) => [field.name, isString(field) ? 'VARCHAR' : 'JSON']))),
  );

const blanks = '[ \\t\\r\\n]*';

/** Matches brackets alone that pair and nest at most so deep. Valid JSON closes each with its own kind. */
const shallow = Array.from({ length: deepest }).reduce((inner) => `(?:[\\[{]${inner}[\\]}])*`, '');

/** SQL for JSON without what its strings say. */
const bareOf = (json: string): string => `regexp_replace(${json}, '"(?:\\\\.|[^"\\\\])*"', '0', 'g')`;

/** Whether JSON that DuckDB takes is JSON as RFC 8259 has it, with no more than may be stored; `bare` is `bareOf` it. */
function isStrict(json: string, bare: string): string {
  const numbers = `regexp_extract_all(${bare}, '[0-9][0-9.eE+-]*')`;
  return `NOT regexp_matches(${json}, '(?:^|[^\\\\])(?:\\\\\\\\)*\\\\u0000')
      AND NOT regexp_matches(${bare}, '(?i)nan|inf|,${blanks}[\\]}]')
      AND (NOT regexp_matches(${bare}, '(?i)e\\+?[0-9]{2}|[0-9]{200}')
        OR list_bool_and(list_transform(${numbers}, lambda number: coalesce(isfinite(TRY_CAST(number AS DOUBLE)), false))))
      AND (strlen(${bare}) <= ${2 * deepest} OR regexp_full_match(regexp_replace(${bare}, '[^\\[\\]{}]', '', 'g'), '${shallow}'))`;
}

/** Whether JSON has a number beyond the doubles, one that is none, or many brackets; true of some that has neither. */
const isDubious = (json: string): string =>
  `(regexp_matches(${json}, '[:\\[,]-?(?:[0-9.]*[eE]\\+?[0-9]{2}|(?i:nan|inf))')
      OR strlen(${json}) > ${2 * deepest} AND regexp_matches(${json}, '[0-9]{200}')
      OR strlen(${json}) > ${2 * deepest} AND regexp_matches(${json}, '(?:[\\[{][^\\[{]*){${deepest - 1}}'))`;

/** Matches what may be another JSON value than a string. */
const otherValue = '(?i)-?(?:[0-9][0-9.e+-]*|nan|inf(?:inity)?)|true|false|[\\[{].*';

/** Letters that no JSON value but a string begins with. */
const sureLetter = '[A-HJ-MO-Za-eghj-mo-su-z]';

/** SQL that is true of what was found only where it was a string, and no spaces are around it. */
function isSure({ field: { kind, checks }, found }: Place): string {
  const words = checks.flatMap((check) => (check.check === 'known' ? check.words : []));
  const isOther = new RegExp(`^(?:${otherValue.replace('(?i)', '')})$`, 'is');
  if (kind === 'timestamp' || kind === 'country' || (words.length > 0 && !words.some((word) => isOther.test(word))))
    return 'true';
  return kind === 'text'
    ? `regexp_full_match(${found}, '${sureLetter}(?:[ -~]*[!-~])?')`
    : `regexp_matches(${found}, '^${sureLetter}')`;
}

/** SQL that is true of a value that holds a check; undefined for a check that looks at more than the value. */
function holds({ field: { kind }, instant }: Place, value: string, check: Check, receivedAt: Date): string | undefined {
  switch (check.check) {
    case 'format':
      return `regexp_full_match(${value}, ${sqlText(check.pattern)})`;
    case 'known':
      return kind === 'country' ? `regexp_full_match(${value}, '${countryPattern}')` : isOneOf(value, check.words);
    case 'length':
      return `length(${value}) <= ${check.most}`;
    case 'not_negative':
      return `${value} >= 0`;
    case 'in_range':
      return 'since' in check
        ? `${instant} >= TIMESTAMPTZ ${sqlText(check.since)}`
        : `${value} <= ${check.most}::DOUBLE`;
    case 'not_future': {
      const latest = new Date(receivedAt.getTime() + check.minutes * 60_000);
      return `${instant} <= TIMESTAMPTZ ${sqlText(latest.toISOString())}`;
    }
    default:
      return undefined;
  }
}

/** SQL for `plain`. */
function isPlain(place: Place, receivedAt: Date): string {
  const { field, found, instant } = place;
  const held = field.checks.flatMap((check) => holds(place, found, check, receivedAt) ?? []);
  const typed = field.kind === 'timestamp' ? [`${instant} IS NOT NULL`] : [];
  return `CASE WHEN ${[isSure(place), ...typed, ...held].join(' AND ')} THEN true ELSE false END`;
}

/** SQL for the instant of a timestamp's text; DuckDB reads no small letters, and wants the seconds. */
const instantOf = (text: string): string =>
  `CASE WHEN regexp_full_match(${text}, '${timestampPattern}') THEN coalesce(TRY_CAST(${text} AS TIMESTAMPTZ),
    TRY_CAST(regexp_replace(upper(${text}), '^(.{16})([Z+-])', '\\1:00\\2') AS TIMESTAMPTZ)) END`;

/** SQL for `read`; `holder` is the JSON text of the object that the field stands in. */
function reading({ field, found, plain }: Place, holder: string): string {
  switch (field.kind) {
    case 'exact':
    case 'text':
    case 'country':
    case 'timestamp': {
      const isOther = `CASE WHEN regexp_full_match(${found}, '${otherValue}') THEN json_type(${holder}, '$.${field.name}') <> 'VARCHAR' END`;
      const text = field.kind === 'text' ? `trim(${found})` : found;
      return `CASE WHEN ${plain} THEN ${found} WHEN ${isOther} THEN NULL ELSE ${text} END`;
    }
    case 'object':
      return `CASE WHEN starts_with(${found}, '{') THEN ${found} END`;
    case 'boolean':
      return `CASE ${found} WHEN 'true' THEN true WHEN 'false' THEN false END`;
    case 'integer':
      return `CASE WHEN TRY_CAST(${found} AS DOUBLE) % 1 = 0 THEN TRY_CAST(${found} AS DOUBLE) END`;
    case 'amount':
    case 'number':
      return `TRY_CAST(${found} AS DOUBLE)`;
  }
}

/** SQL that is true where a field's value is of another kind than its own, or is no number of JSON. */
const isOdd = ({ field: { kind }, found, read }: Place): string =>
  `${read} IS NULL AND ${found} IS NOT NULL${kind === 'amount' ? ` OR NOT isfinite(${read})` : ''}`;

const isMissing = ({ field, found, read }: Place): string =>
  isString(field) ? `(${found} IS NULL OR trim(${read}) = '')` : `${found} IS NULL`;

const isThere = ({ field, found, read }: Place): string =>
  isString(field) ? `${found} IS NOT NULL AND coalesce(trim(${read}) <> '', true)` : `${found} IS NOT NULL`;

/** SQL that is true where a field breaks a check; NULL counts as false. */
function isBroken(place: Place, check: Check, { eventTypes }: EventContract, receivedAt: Date): string {
  const { field, found, read, instant } = place;
  switch (check.check) {
    case 'required': {
      const on = check.on ? ` AND ${isOneOf('read_event_type', check.on)}` : '';
      const holder = field.within ? ` AND (found_${field.within} IS NULL OR read_${field.within} IS NOT NULL)` : '';
      return `${isMissing(place)}${on}${holder}`;
    }
    case 'absent': {
      const others = eventTypes.filter((type) => !check.except.includes(type));
      return `${isThere(place)} AND ${isOneOf('read_event_type', others)}`;
    }
    case 'typed':
      return `${field.kind === 'timestamp' ? instant : read} IS NULL AND ${isThere(place)}`;
    case 'size':
      return `strlen(merged) > ${check.most} AND (${found} IS NULL OR ${read} IS NOT NULL)`;
    default:
      return `NOT ${holds(place, read, check, receivedAt)}${isString(field) ? ` AND trim(${read}) <> ''` : ''}`;
  }
}

const bitOf = (place: number): string => `${1n << BigInt(place)}::UBIGINT`;

/** SQL for the bits of a field. */
const bitsOf = (place: Place, contract: EventContract, receivedAt: Date, bit: (id: string) => string): string =>
  place.field.checks
    .map((check) => {
      const broken = isBroken(place, check, contract, receivedAt);
      return `CASE WHEN ${broken} THEN ${bit(ruleId(place.field, check))} ELSE 0::UBIGINT END`;
    })
    .join(' | ');

/** SQL that is true only where a field breaks no check: of nearly all fields, and cheaper than its bits. */
function isSettled(place: Place, receivedAt: Date): string {
  const { field, found, read, plain } = place;
  const holding = field.checks.flatMap((check) => {
    if (check.check === 'absent') return isOneOf('read_event_type', check.except);
    return holds(place, read, check, receivedAt) ?? [];
  });
  const there = isString(field) ? plain : [`${read} IS NOT NULL`, ...holding].join(' AND ');
  const required = field.checks.find((check) => check.check === 'required');
  if (required && !required.on) return `(${there})`;
  const unneeded = required?.on ? ` AND NOT ${isOneOf('read_event_type', required.on)}` : '';
  const size = field.checks.find((check) => check.check === 'size');
  const small = size ? ` AND coalesce(strlen(merged) <= ${size.most}, true)` : '';
  return `(${there} OR ${found} IS NULL${unneeded})${small}`;
}

/** SQL for the value of a column of the lake. */
function column({ field: { name, kind }, found, read, instant }: Place): string {
  if (kind === 'timestamp') return `${instant} AS ${name}`;
  if (kind === 'amount') return `TRY_CAST(${found} AS DECIMAL(18,2)) AS ${name}`;
  if (kind === 'object') return `merged AS ${name}`;
  if (kind !== 'country') return `nullif(${read}, '') AS ${name}`;
  const aliases = Object.entries(countryAliases).map(([alias, code]) => `WHEN ${sqlText(alias)} THEN ${sqlText(code)}`);
  return `CASE upper(${read}) ${aliases.join(' ')} ELSE nullif(upper(${read}), '') END AS ${name}`;
}

/** SQL for the JSON text of a field that the contract does not have. */
const furtherValue = `json_extract(text, '/' || replace(replace(key, '~', '~0'), '/', '~1'))::VARCHAR`;

/** SQL for further fields as they stand within braces. */
const asEntries = (fields: string): string =>
  `array_to_string(list_transform(${fields}, lambda field: to_json(field.key)::VARCHAR || ':' || field.value), ',')`;

/** The further fields that the properties do not have themselves. */
const added = `CASE WHEN list_has_any(own_keys, further_keys)
    THEN ${asEntries('list_filter(further, lambda field: NOT list_contains(own_keys, field.key))')}
    ELSE further_entries END`;

/** The properties with these, as JSON text. */
const merged = `CASE WHEN coalesce(added, '') = '' THEN read_properties
    WHEN coalesce(read_properties, '{}') = '{}' THEN '{' || added || '}'
    ELSE left(read_properties, -1) || ',' || added || '}' END`;

/** SQL that is true where a list of keys has one twice. */
const hasTwice = (keys: string): string => `list_unique(${keys}) < len(${keys})`;

/**
 * The statement that makes judged_events of the relation received_events (file_number SMALLINT, line VARCHAR): lines
 * that are not blank, of valid UTF-8, without a zero byte, in any order. judged_events has file_number;
 * line_hash, the `lineHash` of the line; broken UBIGINT, the bit set of `eventRules`; the columns of `eventColumns`, which mean
 * nothing where a rule is broken; unknown_fields VARCHAR[], the names of the further fields that are not null, NULL when
 * there is none or the line is malformed. These fields join `properties`, unless it has a key of that name.
 */
export function judgeEventsStatement(contract: EventContract, receivedAt: Date): string {
  const places = eventFields(contract).map((field, index): Place => {
    const name = field.within ? `property_${index}` : field.name;
    return {
      field,
      found: `found_${name}`,
      read: `read_${name}`,
      plain: `plain_${name}`,
      instant: `instant_${name}`,
    };
  });
  const base = places.filter(({ field }) => !field.within);
  const declared = places.filter(({ field }) => field.within);
  const strings = places.filter(({ field }) => isString(field));
  const timestamps = places.filter(({ field }) => field.kind === 'timestamp');
  const names = base.map(({ field }) => field.name);
  const rules = eventRules(contract).map(({ id }) => id);
  const bit = (id: string): string => bitOf(rules.indexOf(id));
  const columns = (among: readonly Place[], of: (place: Place) => string): string => among.map(of).join(',\n    ');
  const ownProperties = `CASE WHEN starts_with(found_properties, '{') THEN found_properties END`;
  return `CREATE OR REPLACE TABLE judged_events AS
WITH received AS (
  SELECT file_number, line, CASE WHEN strlen(line) <= ${mostBytes}
    AND (starts_with(line, '{') OR regexp_matches(line, '^${blanks}\\{')) AND json_valid(line) THEN line END AS text
  FROM received_events
),
transformed AS (
  SELECT *, json_transform(text, ${shape(base)}) AS event, json_keys(text) AS keys FROM received
),
fields AS (
  SELECT file_number, line, text, keys,
    ${columns(base, ({ field, found }) => `event.${sqlName(field.name)}::VARCHAR AS ${found}`)}
  FROM transformed
),
keyed AS (
  SELECT *, ${names.map((name) => `list_contains(keys, ${sqlText(name)})::INTEGER`).join(' + ')} AS known_keys,
    json_keys(${ownProperties}) AS own_keys${declared.length > 0 ? `, json_transform(${ownProperties}, ${shape(declared)}) AS declared` : ''}
  FROM fields
),
irregular AS (
  SELECT *, CASE WHEN len(keys) <> known_keys
    THEN list_filter(keys, lambda key: key NOT IN (${list(names)})) END AS further_keys
    ${declared.map(({ field, found }) => `, declared.${sqlName(field.name)}::VARCHAR AS ${found}`).join('')}
  FROM keyed
),
extended AS (
  SELECT *, CASE WHEN len(further_keys) > 0 THEN list_filter(
      list_transform(further_keys, lambda key: {'key': key, 'value': ${furtherValue}}),
      lambda field: field.value <> 'null') END AS further,
    coalesce(CASE WHEN further_keys IS NOT NULL
        THEN len(keys) <> known_keys + len(further_keys) OR ${hasTwice('further_keys')} END, false)
      OR coalesce(CASE WHEN len(own_keys) > 1 THEN ${hasTwice('own_keys')} END, false) AS repeats,
    ${columns(timestamps, ({ found, instant }) => `${instantOf(found)} AS ${instant}`)}
  FROM irregular
),
tested AS (
  SELECT *, ${columns(strings, (place) => `${isPlain(place, receivedAt)} AS ${place.plain}`)}
  FROM extended
),
readable AS (
  SELECT *, ${columns(places, (place) => `${reading(place, place.field.within ? 'found_properties' : 'text')} AS ${place.read}`)}
  FROM tested
),
gathered AS (
  SELECT *, CASE WHEN len(further) > 0 THEN ${asEntries('further')} END AS further_entries FROM readable
),
dubious AS (
  SELECT *, CASE WHEN repeats OR contains(text, '\\u0000') OR regexp_matches(text, ',${blanks}[\\]}]')
      OR ${base.map(isOdd).join(' OR ')}
      OR ${isDubious('found_properties')} OR ${isDubious('further_entries')}
    THEN ${bareOf('text')} END AS bare,
    ${added} AS added
  FROM gathered
),
complete AS (
  SELECT *, CASE WHEN bare IS NULL THEN text IS NULL ELSE NOT (${isStrict('text', 'bare')}) END AS malformed,
    ${merged} AS merged
  FROM dubious
)
SELECT file_number, ${lineHash('line')} AS line_hash,
  CASE WHEN strlen(line) > ${mostBytes} THEN ${bit(recordRule.tooLong)}
    WHEN malformed THEN ${bit(recordRule.malformed)}
    WHEN repeats THEN ${bit(recordRule.duplicateKey)}
    WHEN ${places.map((place) => isSettled(place, receivedAt)).join(' AND ')} THEN 0::UBIGINT
    ELSE ${places.map((place) => bitsOf(place, contract, receivedAt, bit)).join('\n      | ')}
  END AS broken,
  ${columns(base, column)},
  CASE WHEN len(further) > 0 AND NOT malformed THEN list_transform(further, lambda field: field.key) END AS unknown_fields
FROM complete`;
}

/** SQL over judged_events for the ids of the rules that a line breaks: VARCHAR[]. */
export function brokenEventRules(contract: EventContract): string {
  const cases = eventRules(contract).map(
    ({ id }, place) => `CASE WHEN broken & ${bitOf(place)} <> 0 THEN ${sqlText(id)} END`,
  );
  return `list_filter([${cases.join(', ')}], lambda rule: rule IS NOT NULL)`;
}
