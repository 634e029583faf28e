/** Compiles the contract of events to a Zod schema, behind a function that judges the text of one event. */
import { z } from 'zod';
import {
  blankClass,
  type Check,
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
import { entriesOf, inspect, storedBytes } from './json-text.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/** An event with what a check of several of its parts needs. */
interface Received {
  readonly event: JsonObject;
  readonly storedBytes: number;
  readonly receivedAt: Date;
}

const blank = new RegExp(blankClass, 'u');

/** A text without the spaces around it, as DuckDB's trim has it. */
function trim(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && blank.test(text.charAt(from))) from += 1;
  while (from < to && blank.test(text.charAt(to - 1))) to -= 1;
  return text.slice(from, to);
}

const isMissing = (field: EventField, value: unknown): boolean =>
  value === undefined || value === null || (isString(field) && typeof value === 'string' && trim(value) === '');

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const whole = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`, 'u');
const timestamp = whole(timestampPattern);
const parts = /^(.{16})(?::([0-9]{2}))?(?:\.([0-9]+))?(?:[Zz]|([+-])([0-9]{2}):?([0-9]{2})?)$/;

/** Milliseconds since 1970, cut off after microseconds; undefined when the text is no timestamp. */
function readInstant(text: string): number | undefined {
  if (!timestamp.test(text)) return undefined;
  const [, toMinutes = '', seconds = '00', fraction = '', sign, hours = '00', minutes = '00'] = parts.exec(text) ?? [];
  const offset = (Number(hours) * 60 + Number(minutes)) * 60_000;
  const local = Date.parse(`${toMinutes.toUpperCase()}:${seconds}Z`);
  return local - (sign === '-' ? -offset : offset) + Number(`0.${fraction.slice(0, 6)}`) * 1000;
}

/** As `readInstant`; several checks ask about the same text in turn. */
const instantOf = ((): typeof readInstant => {
  let last: { readonly text: string; readonly instant: number | undefined } = { text: '', instant: undefined };
  return (text) => {
    if (text !== last.text) last = { text, instant: readInstant(text) };
    return last.instant;
  };
})();

/** What a value that is there and could be read must be; undefined for a check that looks at more than that. */
function holds(field: EventField, check: Check): ((value: never) => boolean) | undefined {
  switch (check.check) {
    case 'format': {
      const pattern = whole(check.pattern);
      return (value: string) => pattern.test(value);
    }
    case 'known': {
      const words = new Set(check.words);
      if (field.kind !== 'country') return (value: string) => words.has(value);
      return (value: string) => /^[A-Za-z]{2}$/.test(value) && words.has(value.toUpperCase());
    }
    case 'length':
      return (value: string) => [...trim(value)].length <= check.most;
    case 'not_negative':
      return (value: number) => value >= 0;
    case 'in_range': {
      if (!('since' in check)) return (value: number) => value <= check.most;
      const since = Date.parse(check.since);
      return (value: string) => (instantOf(value) ?? since) >= since;
    }
    default:
      return undefined;
  }
}

/** The schema of what a field's value must be to be read. */
function kindSchema(field: EventField, inner: readonly EventField[]): z.ZodType {
  const requiredRule = field.checks.find((check) => check.check === 'required' && !check.on);
  const typedId = `events.${field.within ? 'properties.' : ''}${field.name}.typed`;
  const error = ({ input }: { readonly input?: unknown }): string =>
    requiredRule && isMissing(field, input) ? ruleId(field, requiredRule) : typedId;
  switch (field.kind) {
    case 'amount':
    case 'number':
      return z.number({ error });
    case 'integer':
      return z.number({ error }).refine(Number.isInteger, { error: typedId });
    case 'boolean':
      return z.boolean({ error });
    case 'object':
      return z.object(shapeOf(inner, []), { error });
    case 'timestamp':
      return z
        .string({ error })
        .refine((text) => instantOf(text) !== undefined || isMissing(field, text), { error: typedId });
    default:
      return z.string({ error });
  }
}

function fieldSchema(field: EventField, inner: readonly EventField[]): z.ZodType {
  let schema = kindSchema(field, inner);
  for (const check of field.checks) {
    const error = ruleId(field, check);
    const held = holds(field, check) as ((value: unknown) => boolean) | undefined;
    if (held) schema = schema.refine((value) => held(value) || isMissing(field, value), { error });
    if (check.check === 'required' && !check.on) schema = schema.refine((value) => !isMissing(field, value), { error });
  }
  return field.checks.some((check) => check.check === 'required' && !check.on) ? schema : schema.nullish();
}

const shapeOf = (fields: readonly EventField[], inner: readonly EventField[]): Record<string, z.ZodType> =>
  Object.fromEntries(fields.map((field) => [field.name, fieldSchema(field, inner)]));

/** The object that a field stands in; undefined where it is none. */
function holderOf({ within }: EventField, event: JsonObject): JsonObject | undefined {
  if (!within) return event;
  const holder = event[within] ?? {};
  return isObject(holder) ? holder : undefined;
}

/** Whether an event holds a check that looks at more than one value; undefined for other checks. */
function holdsBeside(
  field: EventField,
  check: Check,
  eventTypes: readonly string[],
): ((received: Received) => boolean) | undefined {
  switch (check.check) {
    case 'required': {
      const on: readonly unknown[] | undefined = check.on;
      if (!on) return undefined;
      return ({ event }) => {
        const holder = holderOf(field, event);
        return !on.includes(event.event_type) || !holder || !isMissing(field, holder[field.name]);
      };
    }
    case 'absent': {
      const others: readonly unknown[] = eventTypes.filter((type) => !check.except.includes(type));
      return ({ event }) => !others.includes(event.event_type) || isMissing(field, event[field.name]);
    }
    case 'not_future': {
      const margin = check.minutes * 60_000;
      return ({ event, receivedAt }) => {
        const value = event[field.name];
        const instant = typeof value === 'string' ? instantOf(value) : undefined;
        return instant === undefined || instant <= receivedAt.getTime() + margin;
      };
    }
    case 'size':
      return (received) => received.storedBytes <= check.most;
    default:
      return undefined;
  }
}

/** The schema of a received event; the message of an issue is the id of the rule that is broken. */
function receivedSchema(contract: EventContract): z.ZodType {
  const fields = eventFields(contract);
  const inner = fields.filter(({ within }) => within);
  const base = fields.filter(({ within }) => !within);
  const event = z.object(shapeOf(base, inner));
  let schema: z.ZodType = z.object({ event, storedBytes: z.number(), receivedAt: z.date() });
  for (const field of fields) {
    for (const check of field.checks) {
      const beside = holdsBeside(field, check, contract.eventTypes);
      if (!beside) continue;
      schema = schema.refine((received) => beside(received as Received), {
        error: ruleId(field, check),
        when: () => true,
      });
    }
  }
  return schema;
}

/** The bytes that the properties take in the lake, with the fields that the contract does not have. */
function bytesOfProperties(text: string, event: JsonObject, known: ReadonlySet<string>): number {
  // A number of four characters can take twenty-three, nothing grows more.
  if (text.length * 6 <= 8192) return 0;
  const own = event.properties ?? {};
  if (!isObject(own)) return 0;
  const entries = entriesOf(text);
  const further = entries.filter(([key, value]) => !known.has(key) && value !== 'null' && !Object.hasOwn(own, key));
  const ownText = event.properties ? entries.find(([key]) => key === 'properties')?.[1] : undefined;
  const added = further.map(([key, value]) => storedBytes(JSON.stringify(key)) + 1 + storedBytes(value));
  const commas = Math.max(0, further.length - (Object.keys(own).length > 0 ? 0 : 1));
  return storedBytes(ownText ?? '{}') + added.reduce((sum, each) => sum + each, 0) + commas;
}

/**
 * Makes the function that judges the text of one event by a contract. It gives the ids of the rules that are broken, in
 * their order: none when the event is accepted. It agrees with `judgeEventsStatement` on every text.
 */
export function eventJudge(contract: EventContract): (text: string, receivedAt: Date) => readonly string[] {
  const schema = receivedSchema(contract);
  const rules = eventRules(contract).map(({ id }) => id);
  const known = new Set(eventFields(contract).flatMap(({ name, within }) => (within ? [] : [name])));
  return (text, receivedAt) => {
    if (text.length * 3 > mostBytes && Buffer.byteLength(text) > mostBytes) return [recordRule.tooLong];
    let event: unknown;
    try {
      event = JSON.parse(text);
    } catch {
      return [recordRule.malformed];
    }
    if (!isObject(event) || !text.isWellFormed()) return [recordRule.malformed];
    const problem = inspect(text);
    if (problem) return [problem === 'malformed' ? recordRule.malformed : recordRule.duplicateKey];
    const received: Received = { event, storedBytes: bytesOfProperties(text, event, known), receivedAt };
    const judged = schema.safeParse(received);
    if (judged.success) return [];
    const broken = new Set(judged.error.issues.map(({ message }) => message));
    return rules.filter((id) => broken.has(id));
  };
}
