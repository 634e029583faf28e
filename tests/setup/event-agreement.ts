/** Holds that the three forms of the contract of events agree: the statement, the judge of one event, the JSON Schema. */
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { expect } from 'vitest';
import { resolveEventContract } from '../../src/contracts/events/contract-file.ts';
import { type EventContract, eventRules } from '../../src/contracts/events/event-contract.ts';
import { eventJsonSchema } from '../../src/contracts/events/json-schema.ts';
import { eventJudge } from '../../src/contracts/events/judge-one.ts';
import type { DuckDB } from '../../src/stores/duckdb/duckdb.ts';
import { eventLines, judgeLines } from './event-lines.ts';

/** The moment at which the lines are received. */
export const receivedAt = new Date('2026-06-01T12:00:00.123Z');

/** A contract with a property of each kind. */
export const extended: EventContract = resolveEventContract(
  'contract.yml',
  `event_types: [refund]
traffic_sources: [affiliate]
properties:
  coupon: { type: text, required_on: [refund], values: [SPRING, "5", "true", "é"] }
  note: { type: text }
  score: { type: number }
  quantity: { type: integer, required_on: [purchase] }
  is_gift: { type: boolean, required_on: [refund] }
  delivered_at: { type: timestamp }
`,
);

const isBlank = (value: unknown): boolean =>
  value === null || value === undefined || (typeof value === 'string' && /^\p{Zs}*$/u.test(value));

/** The rules that a complaint of ajv stands for. */
function rulesOf({
  keyword,
  instancePath,
  schemaPath,
  data,
  schema,
  params,
  parentSchema,
}: ErrorObject): readonly string[] {
  const field = instancePath.slice(1).replaceAll('/', '.');
  const rule = (check: string, of = field): string => `events.${of}.${check}`;
  const within: readonly string[] = parentSchema?.properties?.properties?.required ?? [];
  if (schemaPath.includes('/anyOf/') || keyword === 'if') return [];
  switch (keyword) {
    case 'required':
      if (params.missingProperty === 'properties') return within.map((name) => rule('required', `properties.${name}`));
      return [rule('required', [field, params.missingProperty].filter(Boolean).join('.'))];
    case 'not':
      return [rule('required', [field, ...(field === 'properties' ? (parentSchema?.required ?? []) : [])].join('.'))];
    case 'type':
      if (schema === 'null') return [rule('absent')];
      return [rule(data === null ? 'required' : 'typed')];
    case 'minimum':
      return [rule('not_negative')];
    case 'maximum':
      return [rule('in_range')];
    case 'enum':
    case 'anyOf':
      return typeof data === 'string' && !isBlank(data)
        ? [rule('known')]
        : data === null || !isBlank(data)
          ? []
          : [rule('required')];
    case 'pattern':
      if (isBlank(data)) return [rule('required')];
      if (/timestamp|_at$/.test(field)) return [rule('typed')];
      return [rule(field === 'event_id' ? 'format' : field === 'country_code' ? 'known' : 'length')];
    default:
      throw new Error(`ajv complains of ${keyword}`);
  }
}

/** Makes the function that gives the rules which a value breaks by the JSON Schema, in the order of the contract. */
function schemaJudge(contract: EventContract): (value: unknown) => readonly string[] {
  const validate = new Ajv2020({ allErrors: true, verbose: true, strict: false }).compile(eventJsonSchema(contract));
  const order = eventRules(contract).map(({ id }) => id);
  return (value) => {
    validate(value);
    const broken = new Set((validate.errors ?? []).flatMap(rulesOf));
    const strange = [...broken].filter((id) => !order.includes(id));
    if (strange.length > 0) throw new Error(`no rule of the contract: ${strange.join(', ')}`);
    return order.filter((id) => broken.has(id));
  };
}

/** Judges random lines in all forms; gives the rules that were broken at least once. */
export async function holdAgreement(
  duckdb: DuckDB,
  contract: EventContract,
  lines: number,
  seed?: number,
): Promise<ReadonlySet<string>> {
  const judge = eventJudge(contract);
  const bySchema = schemaJudge(contract);
  const inSchema = new Set(eventRules(contract).flatMap((rule) => (rule.inSchema ? [rule.id] : [])));
  const met = new Set<string>();
  const batch = 500;
  await fc.assert(
    fc.asyncProperty(
      fc.array(eventLines(contract, receivedAt), { minLength: batch, maxLength: batch, size: 'max' }),
      async (received) => {
        const bySql = await judgeLines(duckdb, contract, received, receivedAt);
        for (const [index, line] of received.entries()) {
          const broken = judge(line, receivedAt);
          for (const id of broken) met.add(id);
          expect({ line, broken: bySql[index] }).toEqual({ line, broken });
          if (broken.some((id) => id.startsWith('events.record.'))) continue;
          expect({ line, broken: bySchema(JSON.parse(line)) }).toEqual({
            line,
            broken: broken.filter((id) => inSchema.has(id)),
          });
        }
      },
    ),
    { numRuns: Math.ceil(lines / batch), ...(seed === undefined ? {} : { seed }), endOnFailure: true },
  );
  return met;
}
