/**
 * Compiles the contract of events to a DuckDB statement that tells plain events from others, and reads them. Plain is an
 * event that breaks no rule and is written as most programs write it: compact JSON with the contract's fields in their
 * order, no escapes, nothing else. It is known by being the same, letter for letter, when it is put together again from
 * what was read of it. Nothing is decided about the others: judge-sql.ts looks at them closely.
 */
import { sqlText } from '../../stores/duckdb/duckdb.ts';
import {
  type Check,
  countryAliases,
  type EventContract,
  type EventField,
  eventFields,
  isString,
} from './event-contract.ts';

/** A longer line may break a limit on bytes: it is not plain. */
const longestLine = 4096;

const checkOf = <Name extends Check['check']>(field: EventField, name: Name) =>
  field.checks.find((check): check is Extract<Check, { check: Name }> => check.check === name);

const isAlways = (field: EventField): boolean => {
  const required = checkOf(field, 'required');
  return required !== undefined && required.on === undefined;
};

const list = (texts: readonly string[]): string => texts.map(sqlText).join(', ');

/** Simple objects: texts, numbers that every program reads alike, true, false and null. */
const text = '"[^"\\\\\\x00-\\x1f]*"';
const property = `${text}:(?:${text}|-?(?:0|[1-9][0-9]{0,14})(?:\\.[0-9]{1,15})?|true|false|null)`;
const simpleObject = `\\{(?:${property}(?:,${property})*)?\\}`;

const plainTimestamp = '2[0-9]{3}-[01][0-9]-[0-3][0-9]T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,6})?Z';
const plainAmount = '(?:0|[1-9][0-9]{0,11})(?:\\.[0-9]{1,2})?';

const isAlias = (word: string): boolean => word in countryAliases;

/** The words that a field may have, of one that has a list of them. */
const wordsOf = (field: EventField): readonly string[] | undefined =>
  field.kind === 'text' ? undefined : checkOf(field, 'known')?.words;

/** SQL for the type of a field that has a list of words: each takes a byte or two, and is compared as a number. */
export function wordType(field: EventField): string | undefined {
  const words = wordsOf(field);
  return words && `ENUM (${list(words)})`;
}

/** SQL over what was read: conditions that together say that a field breaks no rule about itself. */
function valueConditions(field: EventField): readonly string[] {
  const { name, kind } = field;
  const most = checkOf(field, 'length')?.most;
  const words = wordsOf(field);
  const format = checkOf(field, 'format')?.pattern;
  switch (kind) {
    case 'exact':
      return [
        ...(words ? [`word_${name} IS NOT NULL`] : []),
        ...(format ? [`regexp_full_match(${name}, ${sqlText(format)})`] : []),
      ];
    case 'text':
      return [`strlen(${name}) BETWEEN 1 AND ${most}`];
    case 'country':
      return [`word_${name} IS NOT NULL`, `word_${name} NOT IN (${list((words ?? []).filter(isAlias))})`];
    case 'timestamp':
      return [`regexp_full_match(${name}, '${plainTimestamp}')`, `instant_${name} IS NOT NULL`];
    case 'amount':
      return [`regexp_full_match(${name}, '${plainAmount}')`];
    case 'object':
      return [
        `regexp_full_match(${name}, ${sqlText(simpleObject)})`,
        `list_unique(json_keys(${name})) = len(json_keys(${name}))`,
      ];
    default:
      return ['false'];
  }
}

/** SQL over what was read: conditions about a field beside the type of its event and the time of its receipt. */
function eventConditions(field: EventField, receivedAt: Date): readonly string[] {
  const { name } = field;
  const on = checkOf(field, 'required')?.on;
  const except = checkOf(field, 'absent')?.except;
  const future = checkOf(field, 'not_future');
  const latest = new Date(receivedAt.getTime() + (future?.minutes ?? 0) * 60_000).toISOString();
  return [
    ...(on ? [`(${name} IS NOT NULL OR word_event_type NOT IN (${list(on)}))`] : []),
    ...(except ? [`(${name} IS NULL OR word_event_type IN (${list(except)}))`] : []),
    ...(future ? [`instant_${name} <= TIMESTAMPTZ ${sqlText(latest)}`] : []),
  ];
}

function conditionsOf(field: EventField, receivedAt: Date): readonly string[] {
  const value = valueConditions(field).join(' AND ');
  return [isAlways(field) ? value : `(${field.name} IS NULL OR ${value})`, ...eventConditions(field, receivedAt)];
}

/** The line as it is when it is put together of what was read; what is NULL is left out, or stands as null. */
function together(fields: readonly EventField[], nulls: boolean): string {
  const parts = fields.flatMap((field, place): readonly string[] => {
    const { name } = field;
    const label = `${place === 0 ? '{' : ','}"${name}":`;
    const quote = isString(field) ? '"' : '';
    if (isAlways(field)) return [sqlText(`${label}${quote}`), name, sqlText(quote)];
    // concat takes NULL for an empty text: cheaper than to put each field together on its own.
    const otherwise = nulls ? `${label}null` : '';
    return [
      `CASE WHEN ${name} IS NULL THEN ${sqlText(otherwise)} ELSE ${sqlText(`${label}${quote}`)} END`,
      name,
      ...(quote === '' ? [] : [`CASE WHEN ${name} IS NOT NULL THEN ${sqlText(quote)} END`]),
    ];
  });
  return `concat(${parts.join(', ')}, '}')`;
}

/** Whether a line tells what is NULL: its last field does so nearly always, and is cheaper to look at than all of it. */
function hasNulls(fields: readonly EventField[]): string {
  const last = fields.at(-1)?.name;
  return `CASE WHEN ${last} IS NULL THEN ends_with(line, ${sqlText(`,"${last}":null}`)}) ELSE contains(line, ':null') END`;
}

/** The text of a field. DuckDB shortens numbers: of an amount that was written with two decimals they come back. */
function fieldText({ name, kind }: EventField): string {
  const json = `event.${name}::VARCHAR`;
  if (kind !== 'amount') return `${json} AS ${name}`;
  const decimals = `TRY_CAST(${json} AS DECIMAL(18,2))::VARCHAR`;
  return `CASE WHEN event.${name} IS NOT NULL AND contains(line, concat('"${name}":', ${decimals})) THEN ${decimals} ELSE ${json} END AS ${name}`;
}

function column(field: EventField): string {
  const { name, kind } = field;
  if (wordsOf(field)) return `word_${name} AS ${name}`;
  if (kind === 'timestamp') return `instant_${name} AS ${name}`;
  return kind === 'amount' ? `TRY_CAST(${name} AS DECIMAL(18,2)) AS ${name}` : name;
}

/** The fields that are text of their own, in one: line feeds stand around each. */
const joined = (fields: readonly EventField[]): string =>
  `concat(chr(10), ${fields.map(({ name }) => `${name}, chr(10)`).join(', ')})`;

/** No text begins or ends with a blank; among other letters than those of ASCII there are more blanks than the space. */
const noBlanks = (fields: readonly EventField[]): string =>
  `CASE WHEN length(texts) = strlen(texts) THEN NOT contains(texts, ' ' || chr(10)) AND NOT contains(texts, chr(10) || ' ')
      ELSE ${fields.map(({ name }) => `coalesce(trim(${name}) = ${name}, true)`).join(' AND ')} END`;

/** Events that must have a property which a shop declared, or that have any, are looked at closely. */
function declaredConditions({ properties }: EventContract): readonly string[] {
  const types = [...new Set(properties.flatMap(({ requiredOn }) => requiredOn))];
  if (properties.length === 0) return [];
  return ['properties IS NULL', ...(types.length > 0 ? [`word_event_type NOT IN (${list(types)})`] : [])];
}

/**
 * The query over the relation received_events (as for judge-sql.ts) that gives file_number, line, plain, texts (the fields
 * that may be any text, joined), and the columns of `eventColumns`; these mean nothing where an event is not plain.
 */
export function screenedEvents(contract: EventContract, receivedAt: Date): string {
  const fields = eventFields(contract).filter(({ within }) => !within);
  const struct = Object.fromEntries(fields.map((field) => [field.name, isString(field) ? 'VARCHAR' : 'JSON']));
  const words = fields.flatMap((field) => {
    const type = wordType(field);
    return type ? [`TRY_CAST(event.${field.name} AS ${type}) AS word_${field.name}`] : [];
  });
  const instants = fields.filter(({ kind }) => kind === 'timestamp').map(({ name }) => name);
  const texts = fields.filter(({ kind, checks }) => kind === 'text' || checks.some(({ check }) => check === 'format'));
  const conditions = [
    noBlanks(texts),
    ...declaredConditions(contract),
    ...fields.flatMap((field) => conditionsOf(field, receivedAt)),
  ];
  const same = `line = CASE WHEN ${hasNulls(fields)} THEN ${together(fields, true)} ELSE ${together(fields, false)} END`;
  return `WITH parsed AS (
  SELECT file_number, line, TRY(json_transform(
    CASE WHEN strlen(line) <= ${longestLine} AND NOT contains(line, '\\') THEN line END, ${sqlText(JSON.stringify(struct))})) AS event
  FROM received_events
),
extracted AS (
  SELECT file_number, line, ${[...fields.map(fieldText), ...words].join(', ')},
    ${instants.map((name) => `TRY_CAST(event.${name} AS TIMESTAMPTZ) AS instant_${name}`).join(', ')}
  FROM parsed
),
fields AS (
  SELECT *, ${joined(texts)} AS texts FROM extracted
),
screened AS (
  SELECT *, coalesce(CASE WHEN ${same} THEN ${conditions.join('\n    AND ')} END, false) AS plain FROM fields
)
SELECT file_number, line, plain, texts, ${fields.map(column).join(', ')} FROM screened`;
}
