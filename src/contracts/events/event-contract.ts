/**
 * The contract of click events: each field and each rule declared once, as plain data. judge-sql.ts compiles it to one
 * DuckDB statement, judge-one.ts to a Zod schema, json-schema.ts to a JSON Schema.
 */
import { createHash } from 'node:crypto';
import countries from 'i18n-iso-countries/codes.json' with { type: 'json' };

/**
 * What a field's JSON value must be, and how it is read. exact: a string, as written; text: a string without the spaces
 * around it; country: a string, in upper case; timestamp: a string of `timestampPattern`; amount: a number, rounded to
 * two places, half away from zero.
 */
export type FieldKind =
  | 'exact'
  | 'text'
  | 'country'
  | 'timestamp'
  | 'amount'
  | 'object'
  | 'number'
  | 'integer'
  | 'boolean';

/**
 * A check of one field; the rule that it makes is named for it. JSON null counts as missing, and where a string belongs
 * one of nothing but spaces. `required` and `absent` look whether the field is there, `typed` at a value that is there, all others at one
 * that could be read.
 */
export type Check =
  /** Missing: on events of these types, or on all. */
  | { readonly check: 'required'; readonly on?: readonly string[] }
  /** There, on events of a known type other than these. */
  | { readonly check: 'absent'; readonly except: readonly string[] }
  /** Not of the field's kind. */
  | { readonly check: 'typed' }
  /** Not matched as a whole; in the regular expressions that RE2 and JavaScript have in common. */
  | { readonly check: 'format'; readonly pattern: string; readonly says: string }
  /** None of these; of a country, not its ISO code. */
  | { readonly check: 'known'; readonly words: readonly string[] }
  /** More characters (Unicode code points). */
  | { readonly check: 'length'; readonly most: number }
  | { readonly check: 'not_negative' }
  /** Above, of a number. */
  | { readonly check: 'in_range'; readonly most: number }
  /** Before this instant. Beyond a JSON Schema: offsets make the order of texts another than that of instants. */
  | { readonly check: 'in_range'; readonly since: string }
  /** Over so many minutes after receipt. Beyond a JSON Schema: it knows no clock. */
  | { readonly check: 'not_future'; readonly minutes: number }
  /** More UTF-8 bytes of minified text, with the further fields. Beyond a JSON Schema: it counts no bytes. */
  | { readonly check: 'size'; readonly most: number };

/** One field of an event. */
export interface EventField {
  readonly name: string;
  /** Where it stands: in the event itself, or in its `properties`. */
  readonly within?: 'properties';
  readonly kind: FieldKind;
  readonly checks: readonly Check[];
  readonly description: string;
}

/** The kinds that a property of contract.yml can have. */
export const propertyTypes = ['text', 'number', 'integer', 'boolean', 'timestamp'] as const;

/** A property that a shop has declared. */
export interface EventProperty {
  readonly name: string;
  readonly type: (typeof propertyTypes)[number];
  /** The event types that must have it. */
  readonly requiredOn: readonly string[];
  /** The only texts it can be; undefined: any. */
  readonly values?: readonly string[];
  readonly description: string;
}

/** What a shop adds to the base contract. */
export type ContractExtension = Omit<EventContract, 'version' | 'hash'>;

/** A contract that is in force: the base and what the shop adds to it. */
export interface EventContract {
  /** Of the base contract. */
  readonly version: number;
  readonly eventTypes: readonly string[];
  readonly deviceTypes: readonly string[];
  readonly trafficSources: readonly string[];
  readonly properties: readonly EventProperty[];
  /** Tells contracts apart that judge differently. */
  readonly hash: string;
}

/** A rule about one event. */
export interface EventRule {
  /** Such as 'events.user_id.required'. */
  readonly id: string;
  /** The field, 'record' for the event as a whole, or 'properties.NAME'. */
  readonly field: string;
  readonly severity: 'error';
  readonly message: string;
  /** Whether the JSON Schema has it. */
  readonly inSchema: boolean;
}

/** The version of the base contract; it grows with every change of it. */
export const baseVersion = 1;

/** Lines beyond are not judged any further. */
export const mostBytes = 1_048_576;

/** Levels of brackets that an event may have. */
export const deepest = 100;

/** The letters of a text that count as blank: those that DuckDB's trim removes, as a class for regular expressions. */
export const blankClass = '\\p{Zs}';

const day =
  '(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)';
const time = '(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\\.[0-9]+)?)?';
const offset = '(?:[Zz]|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)';

/** ISO 8601, a day that is in the calendar and a time with its offset from UTC, or Z for none. */
export const timestampPattern = `${day}[Tt]${time}${offset}`;

/** The codes that a country can have, ISO 3166-1 alpha-2 and XK for Kosovo. */
const countryCodes: readonly string[] = countries.map(([code]) => String(code)).sort();

/** What is taken for one of them. */
export const countryAliases: Readonly<Record<string, string>> = { UK: 'GB' };

const eitherCase = (letter: string): string => `${letter}${letter.toLowerCase()}`;

/** What each country code and alias matches in either case; spelled out, as folding would take further letters for these. */
export const countryPattern: string = Object.entries(
  Object.groupBy([...countryCodes, ...Object.keys(countryAliases)], (code) => code.charAt(0)),
)
  .map(([first, codes = []]) => `[${eitherCase(first)}][${codes.map((code) => eitherCase(code.charAt(1))).join('')}]`)
  .join('|');

/** The base contract's words. */
export const baseWords = {
  eventTypes: [
    'page_view',
    'product_view',
    'add_to_cart',
    'remove_from_cart',
    'begin_checkout',
    'purchase',
    'search',
    'signup',
    'login',
  ],
  deviceTypes: ['mobile', 'desktop', 'tablet'],
  trafficSources: ['organic', 'paid_search', 'social', 'email', 'referral', 'direct'],
} as const;

const required = { check: 'required' } as const;
const typed = { check: 'typed' } as const;

/** The fields of an event under these words, in the order of the lake's columns. */
const baseFields = (
  words: Pick<EventContract, 'eventTypes' | 'deviceTypes' | 'trafficSources'>,
): readonly EventField[] => [
  {
    name: 'event_id',
    kind: 'exact',
    checks: [
      required,
      typed,
      { check: 'format', pattern: '[A-Za-z0-9_.:-]{8,64}', says: '8 to 64 of A-Z a-z 0-9 _ - . :' },
    ],
    description: 'What the event is known by: another event with the same id is a copy of it, or is refused.',
  },
  {
    name: 'event_type',
    kind: 'exact',
    checks: [required, typed, { check: 'known', words: words.eventTypes }],
    description: 'What happened.',
  },
  {
    name: 'user_id',
    kind: 'text',
    checks: [required, typed, { check: 'length', most: 64 }],
    description: 'Who did it: the id of the customer, or one of its own for a guest.',
  },
  {
    name: 'session_id',
    kind: 'text',
    checks: [required, typed, { check: 'length', most: 64 }],
    description: 'The visit that it was part of.',
  },
  {
    name: 'event_timestamp',
    kind: 'timestamp',
    checks: [
      required,
      typed,
      { check: 'in_range', since: '2000-01-01T00:00:00Z' },
      { check: 'not_future', minutes: 5 },
    ],
    description: 'When it happened: ISO 8601 with an offset from UTC or Z, such as 2026-03-01T09:30:00.250Z.',
  },
  {
    name: 'device_type',
    kind: 'exact',
    checks: [required, typed, { check: 'known', words: words.deviceTypes }],
    description: 'The kind of device.',
  },
  {
    name: 'country_code',
    kind: 'country',
    checks: [typed, { check: 'known', words: [...countryCodes, ...Object.keys(countryAliases)] }],
    description: 'The country of the visitor, ISO 3166-1 alpha-2 in either case; UK is taken for GB.',
  },
  {
    name: 'traffic_source',
    kind: 'exact',
    checks: [required, typed, { check: 'known', words: words.trafficSources }],
    description: 'What brought the visitor.',
  },
  {
    name: 'product_id',
    kind: 'text',
    checks: [
      { check: 'required', on: ['product_view', 'add_to_cart', 'remove_from_cart'] },
      typed,
      { check: 'length', most: 64 },
    ],
    description: 'The product that it was about.',
  },
  {
    name: 'product_category',
    kind: 'text',
    checks: [typed, { check: 'length', most: 200 }],
    description: 'The category of that product.',
  },
  {
    name: 'revenue_amount',
    kind: 'amount',
    checks: [
      { check: 'required', on: ['purchase'] },
      { check: 'absent', except: ['purchase'] },
      typed,
      { check: 'not_negative' },
      { check: 'in_range', most: 1e12 },
    ],
    description: 'What the purchase of the product came to, in the currency of the shop.',
  },
  {
    name: 'properties',
    kind: 'object',
    checks: [typed, { check: 'size', most: 8192 }],
    description: 'Whatever else is known: a purchase has order_id and quantity, a search has query.',
  },
];

const propertyField = ({ name, type, requiredOn, values, description }: EventProperty): EventField => ({
  name,
  within: 'properties',
  kind: type === 'text' ? 'exact' : type,
  checks: [
    ...(requiredOn.length > 0 ? [{ check: 'required', on: requiredOn } as const] : []),
    typed,
    ...(values ? [{ check: 'known', words: values } as const] : []),
  ],
  description,
});

/** The fields of an event: those of the base contract, then the declared properties. */
export const eventFields = (contract: ContractExtension): readonly EventField[] => [
  ...baseFields(contract),
  ...contract.properties.map(propertyField),
];

/** The rules about the line, in the order in which they are decided; an event that breaks one is not judged any further. */
const recordRules = [
  [
    'malformed',
    'the line is not one JSON object, or holds what is not to be stored: a zero character, half of a surrogate pair, a number beyond 1.8e308, more than 100 levels of brackets',
  ],
  ['duplicate_key', 'a key occurs twice in the event, or in its properties'],
  ['too_long', `the line has more than ${mostBytes} bytes`],
] as const;

const kindNames: Readonly<Record<FieldKind, string>> = {
  exact: 'a string',
  text: 'a string',
  country: 'a string',
  timestamp: 'a timestamp of ISO 8601 with an offset or Z',
  amount: 'a number',
  object: 'an object',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
};

function broken({ kind }: EventField, check: Check): string {
  switch (check.check) {
    case 'required':
      return check.on ? `is missing on ${check.on.join(', ')}` : 'is missing';
    case 'absent':
      return `is there on another type than ${check.except.join(', ')}`;
    case 'typed':
      return `is not ${kindNames[kind]}`;
    case 'format':
      return `is not ${check.says}`;
    case 'known':
      return kind === 'country' ? 'is no ISO code of a country' : `is none of ${check.words.join(', ')}`;
    case 'length':
      return `is longer than ${check.most} characters`;
    case 'not_negative':
      return 'is below 0';
    case 'in_range':
      return 'since' in check ? `is before ${check.since.slice(0, 10)}` : `is above ${check.most}`;
    case 'not_future':
      return `is over ${check.minutes} minutes after receipt`;
    case 'size':
      return `takes more than ${check.most} bytes, with the fields that the contract does not have`;
  }
}

const isInSchema = (check: Check): boolean =>
  check.check !== 'size' && check.check !== 'not_future' && !('since' in check);

/** Whether a field's JSON value is to be a string. */
export const isString = ({ kind }: EventField): boolean =>
  kind === 'exact' || kind === 'text' || kind === 'country' || kind === 'timestamp';

/** Where a field stands, as rules and documents name it: `user_id`, `properties.coupon`. */
export const pathOf = ({ name, within }: EventField): string => (within ? `${within}.${name}` : name);

/** The id of the rule that a check of a field makes. */
export const ruleId = (field: EventField, { check }: Check): string => `events.${pathOf(field)}.${check}`;

/** Every rule of a contract in a fixed order: the bit of a rule in `broken` is its place. */
export const eventRules = (contract: ContractExtension): readonly EventRule[] => [
  ...recordRules.map(
    ([name, message]): EventRule => ({
      id: `events.record.${name}`,
      field: 'record',
      severity: 'error',
      message,
      inSchema: false,
    }),
  ),
  ...eventFields(contract).flatMap((field) =>
    field.checks.map(
      (check): EventRule => ({
        id: ruleId(field, check),
        field: pathOf(field),
        severity: 'error',
        message: `${pathOf(field)} ${broken(field, check)}`,
        inSchema: isInSchema(check),
      }),
    ),
  ),
];

/** The rules about the line, by name. */
export const recordRule = {
  malformed: 'events.record.malformed',
  duplicateKey: 'events.record.duplicate_key',
  tooLong: 'events.record.too_long',
} as const;

/** How many rules a contract can have: one bit each. */
export const mostRules = 64;

/** What a field's rules decide by; the order of words is left out, and what is only said. */
const decisive = ({ description: _, checks, ...field }: EventField): unknown => ({
  ...field,
  checks: checks.map((check) =>
    'words' in check
      ? { ...check, words: [...check.words].sort() }
      : 'on' in check
        ? { ...check, on: [...(check.on ?? [])].sort() }
        : check,
  ),
});

/** The contract of the base and these additions. It has no more than `mostRules` rules, which is the caller's to see to. */
export function makeEventContract(extension: ContractExtension): EventContract {
  const parts = eventFields(extension).map(decisive);
  const hash = createHash('sha256')
    .update(JSON.stringify([baseVersion, parts]))
    .digest('hex')
    .slice(0, 16);
  return { version: baseVersion, ...extension, hash };
}

/** The contract of a shop that adds nothing. */
export const baseContract: EventContract = makeEventContract({ ...baseWords, properties: [] });

const columnTypes: Readonly<Partial<Record<FieldKind, string>>> = { timestamp: 'TIMESTAMPTZ', amount: 'DECIMAL(18,2)' };

/** The typed columns of one event, in the order of the lake. */
export const eventColumns: readonly { readonly name: string; readonly type: string; readonly description: string }[] =
  baseFields(baseWords).map(({ name, kind, description }) => ({
    name,
    type: columnTypes[kind] ?? 'VARCHAR',
    description,
  }));
