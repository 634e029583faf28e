/** Every defect that a line of events can have: one or more for each rule of the contract, and what is no defect but is noticed. */
import type { Random } from '../random.ts';
import { drawCard, drawEmail, drawPhone } from './personal-data.ts';

/**
 * What becomes of the line: quarantined for its rules (error), or because it is no record (malformed); loaded with its
 * personal data masked (masked), or with fields that the contract does not have (drift).
 */
export type EventOutcome = 'error' | 'malformed' | 'masked' | 'drift';

/** A clean event, with an id that no other has. */
export type CleanEvent = Readonly<Record<string, unknown>> & { readonly event_type: string };

/** A line with a defect, without its end. */
export interface FaultyLine {
  readonly line: string | Uint8Array;
  /** What is wrong, in short. */
  readonly planted: string;
}

/** A defect of a line. */
export interface EventDefect {
  readonly outcome: EventOutcome;
  /** The rules that the line breaks, in the order of the contract. */
  readonly rules: readonly string[];
  /** At most once in a sample. */
  readonly isLarge?: true;
  /** The line; undefined for an event that does not suit. */
  readonly write: (random: Random, event: CleanEvent) => FaultyLine | undefined;
}

type Values = Readonly<Record<string, unknown>>;

const withValues = (event: CleanEvent, values: Values): string => JSON.stringify({ ...event, ...values });

/** How an absent value is written: not at all, or as null; a text may also be blank. */
const absentValues = [undefined, null];
const blankValues = [...absentValues, '', ' ', '   '];
const noTexts = [17, true, { id: 'x' }, ['x'], -0.5];
const tooLong = (random: Random): string => 'X'.repeat(random.integer(65, 300));

const fieldDefect = (
  field: string,
  rule: string,
  draw: (random: Random) => unknown,
  types?: readonly string[],
): EventDefect => ({
  outcome: 'error',
  rules: [`events.${field}.${rule}`],
  write: (random, event) => {
    if (types && !types.includes(event.event_type)) return undefined;
    const value = draw(random);
    const planted = value === undefined ? '' : JSON.stringify(value);
    return { line: withValues(event, { [field]: value }), planted: planted.slice(0, 80) };
  },
});

const oneOf =
  (values: readonly unknown[]) =>
  (random: Random): unknown =>
    random.pick(values);

const withProduct = ['product_view', 'add_to_cart', 'remove_from_cart'];
const withoutRevenue = ['page_view', 'login', 'search', 'begin_checkout', ...withProduct];

/** A text field that every event has. */
const textDefects = (field: string): readonly EventDefect[] => [
  fieldDefect(field, 'required', oneOf(blankValues)),
  fieldDefect(field, 'typed', oneOf(noTexts)),
];

const fieldDefects: readonly EventDefect[] = [
  ...textDefects('event_id'),
  fieldDefect('event_id', 'format', oneOf(['EVT_1', 'x'.repeat(65), 'EVT 0123456789', 'EVT_ÄÖÜ012345', 'a/b/c/d/e/f'])),
  ...textDefects('event_type'),
  fieldDefect('event_type', 'known', oneOf(['Page_View', 'page-view', 'checkout', 'refund', 'heartbeat'])),
  ...textDefects('user_id'),
  fieldDefect('user_id', 'length', tooLong),
  ...textDefects('session_id'),
  fieldDefect('session_id', 'length', tooLong),
  fieldDefect('event_timestamp', 'required', oneOf(blankValues)),
  fieldDefect(
    'event_timestamp',
    'typed',
    oneOf([
      'yesterday',
      '2024-02-30T10:00:00Z',
      '2023-02-29T10:00:00Z',
      '2024-13-01T10:00:00Z',
      '2024-05-01T25:00:00Z',
      '2024-05-01T10:00:00',
      '2024-05-01',
      '01/05/2024 10:00',
      1_714_557_600,
      true,
    ]),
  ),
  fieldDefect('event_timestamp', 'in_range', oneOf(['1999-12-31T23:59:59.999Z', '1970-01-01T00:00:00Z'])),
  fieldDefect('event_timestamp', 'not_future', oneOf(['2999-01-01T00:00:00Z', '2199-06-30T12:00:00+02:00'])),
  ...textDefects('device_type'),
  fieldDefect('device_type', 'known', oneOf(['Mobile', 'phone', 'smart-tv', 'desktop ', 'bot'])),
  fieldDefect('country_code', 'typed', oneOf(noTexts)),
  fieldDefect('country_code', 'known', oneOf(['XX', 'EUR', 'Germany', 'D', 'ZZ'])),
  ...textDefects('traffic_source'),
  fieldDefect('traffic_source', 'known', oneOf(['Organic', 'paid', 'affiliate', 'google', 'e-mail'])),
  fieldDefect('product_id', 'required', oneOf(blankValues), withProduct),
  fieldDefect('product_id', 'typed', oneOf(noTexts)),
  fieldDefect('product_id', 'length', tooLong),
  fieldDefect('product_category', 'typed', oneOf(noTexts)),
  fieldDefect('product_category', 'length', (random) => 'Y'.repeat(random.integer(201, 400))),
  fieldDefect('revenue_amount', 'required', oneOf(absentValues), ['purchase']),
  fieldDefect('revenue_amount', 'absent', oneOf([0, 12.5, 1e6]), withoutRevenue),
  fieldDefect('revenue_amount', 'typed', oneOf(['12.50', 'free', true, [12.5], { amount: 12.5 }]), ['purchase']),
  fieldDefect('revenue_amount', 'not_negative', oneOf([-0.01, -12.5, -1e9]), ['purchase']),
  fieldDefect('revenue_amount', 'in_range', oneOf([1_000_000_000_000.01, 1e13, 1e300]), ['purchase']),
  fieldDefect('properties', 'typed', oneOf(['{}', 17, ['a'], true])),
  fieldDefect('properties', 'size', (random) => ({ note: 'n'.repeat(random.integer(8192, 12_000)) })),
];

/** Several rules at once. */
const severalRules: readonly EventDefect[] = [
  {
    outcome: 'error',
    rules: ['events.device_type.known', 'events.traffic_source.required'],
    write: (_, event) => ({
      line: withValues(event, { device_type: 'console', traffic_source: null }),
      planted: 'device_type "console", traffic_source null',
    }),
  },
  {
    outcome: 'error',
    rules: [
      'events.event_id.format',
      'events.user_id.typed',
      'events.event_timestamp.typed',
      'events.properties.typed',
    ],
    write: (_, event) => ({
      line: withValues(event, { event_id: '?', user_id: 7, event_timestamp: 'noon', properties: [] }),
      planted: 'event_id "?", user_id 7, event_timestamp "noon", properties []',
    }),
  },
];

/** A text in which a key occurs twice; the value that comes last is as good as the first. */
const repeatedKeys: EventDefect = {
  outcome: 'error',
  rules: ['events.record.duplicate_key'],
  write: (random, event) => {
    const text = JSON.stringify(event);
    if (random.chance(0.5)) return { line: text.replace('{', '{"device_type":"mobile",'), planted: 'device_type' };
    const { properties: _, ...rest } = event;
    const line = JSON.stringify(rest).replace(/\}$/, ',"properties":{"page":"home","page":"offers"}}');
    return { line, planted: 'properties.page' };
  },
};

const tooLongLine: EventDefect = {
  outcome: 'error',
  rules: ['events.record.too_long'],
  isLarge: true,
  write: (_, event) => ({
    line: withValues(event, { properties: { note: 'z'.repeat(1_048_576) } }),
    planted: 'more than 1 MiB',
  }),
};

const malformed = (planted: string, write: (text: string, random: Random) => string | Uint8Array): EventDefect => ({
  outcome: 'malformed',
  rules: ['events.record.malformed'],
  write: (random, event) => ({ line: write(JSON.stringify(event), random), planted }),
});

/** The text of an event with one more field, whose value is a text of JSON or something like it. */
const withField = (text: string, value: string): string => text.replace(/\}$/, `,"extra":${value}}`);

function withBadByte(text: string, random: Random): Uint8Array {
  const bytes = Buffer.from(withField(text, '"caf*"'));
  bytes[bytes.lastIndexOf('*')] = random.pick([0xe9, 0xff, 0xc3, 0x80]);
  return bytes;
}

const malformedLines: readonly EventDefect[] = [
  malformed('truncated', (text, random) => text.slice(0, random.integer(1, text.length - 1))),
  malformed('array', (text) => `[${text}]`),
  malformed('scalar', (_, random) => random.pick(['17', '"page_view"', 'true', 'null', '-0.5'])),
  malformed('text', (_, random) =>
    random.pick(['page_view', 'event_id,event_type', '<event/>', "{'event_id': 'EVT_1'}"]),
  ),
  malformed('two objects', (text) => `${text}${text}`),
  malformed('text after the object', (text) => `${text};`),
  malformed('trailing comma', (text) => text.replace(/\}$/, ',}')),
  malformed('comment', (text) => text.replace('{', '{/* event */')),
  malformed('not a number', (text, random) => withField(text, random.pick(['NaN', 'Infinity', '-Infinity']))),
  malformed('huge number', (text, random) => withField(text, random.pick(['1e999', `${'9'.repeat(1200)}`, '-1e400']))),
  malformed('deep nesting', (text) => withField(text, `${'['.repeat(150)}${']'.repeat(150)}`)),
  malformed('lone surrogate', (text, random) =>
    withField(text, random.pick(['"\\ud83d"', '"\\udc00 x"', '"\\ud83d\\ud83d"'])),
  ),
  malformed('escaped zero', (text) => withField(text, '"a\\u0000b"')),
  malformed('zero byte', (text) => withField(text, '"a\0b"')),
  malformed('control character', (text) => withField(text, '"a\u0001b"')),
  malformed('not UTF-8', withBadByte),
  malformed('byte order mark', (text) => `\uFEFF${text}`),
];

/** Events to which a line can be added without a purchase more. */
const harmless = ['page_view', 'product_view', 'search'];

/** Personal data in a field, and the field with it. */
const masked = (draw: (random: Random) => string, place: (text: string, event: CleanEvent) => Values): EventDefect => ({
  outcome: 'masked',
  rules: [],
  write: (random, event) => {
    if (!harmless.includes(event.event_type)) return undefined;
    const planted = draw(random);
    return { line: withValues(event, place(planted, event)), planted };
  },
});

const asSearch = (text: string): Values => ({ event_type: 'search', properties: { query: text } });

const personalData: readonly EventDefect[] = [
  masked(drawEmail, (text) => asSearch(`order of ${text}`)),
  masked(drawPhone, (text) => asSearch(`call ${text} please`)),
  masked(drawCard, (text) => asSearch(text)),
  masked(drawEmail, (text) => ({ properties: { page: 'account', contact: { addresses: ['none', text] } } })),
  masked(drawPhone, (text) => ({ properties: { page: 'account', phone: text } })),
  masked(drawCard, (text) => ({ properties: { page: 'cart', note: `my card is ${text}, thanks` } })),
  masked(drawEmail, (text) => ({ product_category: `for ${text}` })),
  masked(drawPhone, (text) => ({ product_category: text })),
  // A session of its own, for it is of another user than the event beside it.
  masked(drawEmail, (text, event) => ({ user_id: text, session_id: `S-${String(event.event_id)}` })),
  masked(drawEmail, (text) => ({ form_input: text })),
];

const drift = (field: string, value: unknown): EventDefect => ({
  outcome: 'drift',
  rules: [],
  write: (_, event) =>
    harmless.includes(event.event_type) ? { line: withValues(event, { [field]: value }), planted: field } : undefined,
});

const newFields: readonly EventDefect[] = [
  drift('app_version', '4.2.0'),
  drift('viewport', { width: 390, height: 844 }),
  drift('experiments', ['checkout-b', 'search-a']),
  drift('is_returning', true),
];

/** All defects of lines. */
export const eventDefects: readonly EventDefect[] = [
  ...fieldDefects,
  ...severalRules,
  repeatedKeys,
  tooLongLine,
  ...malformedLines,
  ...personalData,
  ...newFields,
];
