/** Compiles the contract of events to a JSON Schema, draft 2020-12, for tools that check an event before it is sent. */
import {
  blankClass,
  type Check,
  countryPattern,
  type EventContract,
  type EventField,
  eventFields,
  eventRules,
  isString,
  timestampPattern,
} from './event-contract.ts';

type Schema = Readonly<Record<string, unknown>>;

const jsonTypes = {
  exact: 'string',
  text: 'string',
  country: 'string',
  timestamp: 'string',
  amount: 'number',
  object: 'object',
  number: 'number',
  integer: 'integer',
  boolean: 'boolean',
} as const satisfies Record<EventField['kind'], string>;

const notBlank = `[^${blankClass}]`;

/** A field that may be missing may be blank. */
const whole = (pattern: string, optional: boolean): string =>
  optional ? `^(?:${pattern}|${blankClass}*)$` : `^(?:${pattern})$`;

/** The keywords for a check of the value; none for a check that looks beyond it, or that no schema can make. */
function keywords(field: EventField, check: Check, optional: boolean): Schema {
  switch (check.check) {
    case 'typed':
      return field.kind === 'timestamp' ? { pattern: whole(timestampPattern, optional) } : {};
    case 'format':
      return { pattern: whole(check.pattern, optional) };
    case 'known':
      if (field.kind === 'country') return { pattern: whole(countryPattern, optional) };
      return optional
        ? { anyOf: [{ enum: check.words }, { type: 'null' }, { type: 'string', pattern: `^${blankClass}*$` }] }
        : { enum: check.words };
    case 'length': {
      const inner = `${notBlank}(?:[\\s\\S]{0,${check.most - 2}}${notBlank})?`;
      return { pattern: `^${blankClass}*${optional ? `(?:${inner})?` : inner}${blankClass}*$` };
    }
    case 'not_negative':
      return { minimum: 0 };
    case 'in_range':
      return 'most' in check ? { maximum: check.most } : {};
    default:
      return {};
  }
}

function fieldSchema(field: EventField, inner: readonly EventField[]): Schema {
  const optional = !field.checks.some((check) => check.check === 'required' && !check.on);
  const type = jsonTypes[field.kind];
  return {
    ...(field.description ? { description: field.description } : {}),
    type: optional ? [type, 'null'] : type,
    ...Object.assign({}, ...field.checks.map((check) => keywords(field, check, optional))),
    ...(field.kind === 'object' && inner.length > 0 ? { properties: shapeOf(inner, []) } : {}),
  };
}

const shapeOf = (fields: readonly EventField[], inner: readonly EventField[]): Schema =>
  Object.fromEntries(fields.map((field) => [field.name, fieldSchema(field, inner)]));

const whenType = (types: readonly string[], then: Schema): Schema => ({
  if: { properties: { event_type: { enum: types } }, required: ['event_type'] },
  then,
});

/** What events of some types must have or must not have. */
function condition(field: EventField, check: Check, eventTypes: readonly string[]): readonly Schema[] {
  const { name, within } = field;
  if (check.check === 'absent') {
    const others = eventTypes.filter((type) => !check.except.includes(type));
    return [whenType(others, { properties: { [name]: { type: 'null' } } })];
  }
  if (check.check !== 'required' || !check.on) return [];
  const there = { not: { type: 'null' }, ...(isString(field) ? { pattern: notBlank } : {}) };
  const having = { required: [name], properties: { [name]: there } };
  if (!within) return [whenType(check.on, having)];
  const holder = { not: { type: 'null' }, ...having };
  return [whenType(check.on, { required: [within], properties: { [within]: holder } })];
}

/**
 * The JSON Schema of an event: a value that breaks it breaks the contract. Not the other way round: `inSchema` of
 * `eventRules` says which rules it has. Patterns are for ECMAScript with Unicode.
 */
export function eventJsonSchema(contract: EventContract): Schema {
  const fields = eventFields(contract);
  const base = fields.filter(({ within }) => !within);
  const inner = fields.filter(({ within }) => within);
  const beyond = eventRules(contract).filter(({ inSchema }) => !inSchema);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `urn:millrace:event:${contract.version}`,
    title: 'Event',
    description: `What happened on the pages of the shop, version ${contract.version} of the contract. null is as good as missing. Other fields are kept. Beyond this schema are: ${beyond.map(({ id }) => id).join(', ')}.`,
    type: 'object',
    required: base
      .filter(({ checks }) => checks.some((check) => check.check === 'required' && !check.on))
      .map(({ name }) => name),
    properties: shapeOf(base, inner),
    allOf: fields.flatMap((field) => field.checks.flatMap((check) => condition(field, check, contract.eventTypes))),
  };
}
