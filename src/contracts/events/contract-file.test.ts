/** The contract file of a shop: what it adds, and what a wrong one is told. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeFolder } from '../../../tests/setup/fixtures.ts';
import { MillraceError } from '../../kernel/errors.ts';
import { readEventContract, resolveEventContract } from './contract-file.ts';
import { baseContract, eventRules, mostRules } from './event-contract.ts';

const resolve = (text: string) => resolveEventContract('contract.yml', text);

function failure(text: string): MillraceError {
  try {
    resolve(text);
  } catch (thrown) {
    if (thrown instanceof MillraceError) return thrown;
    throw thrown;
  }
  throw new Error('the file was taken');
}

describe('a contract file', () => {
  test.each(['', '\n# nothing but a comment\n', '{}', 'version: 1', 'event_types:\nproperties: {}'])(
    'that adds nothing changes nothing: %j',
    (text) => {
      expect(resolve(text)).toEqual(baseContract);
    },
  );

  test('adds words and properties, and rules for them', () => {
    const contract = resolve(`version: 1
event_types: [wishlist_add, purchase]
device_types: [kiosk]
traffic_sources: [affiliate, affiliate]
properties:
  coupon: { type: text, values: [SPRING, AUTUMN], required_on: [wishlist_add], description: What was redeemed. }
  score: { type: integer }
`);
    expect(contract.eventTypes).toEqual([...baseContract.eventTypes, 'wishlist_add']);
    expect(contract.deviceTypes).toEqual([...baseContract.deviceTypes, 'kiosk']);
    expect(contract.trafficSources).toEqual([...baseContract.trafficSources, 'affiliate']);
    expect(contract.properties).toEqual([
      {
        name: 'coupon',
        type: 'text',
        requiredOn: ['wishlist_add'],
        values: ['SPRING', 'AUTUMN'],
        description: 'What was redeemed.',
      },
      { name: 'score', type: 'integer', requiredOn: [], description: '' },
    ]);
    const before = eventRules(baseContract).map(({ id }) => id);
    const after = eventRules(contract).map(({ id }) => id);
    expect(after.slice(0, before.length)).toEqual(before);
    expect(after.slice(before.length)).toEqual([
      'events.properties.coupon.required',
      'events.properties.coupon.typed',
      'events.properties.coupon.known',
      'events.properties.score.typed',
    ]);
  });

  test.each([
    ['event_type: [x]', 'event_type', 'the top', 'event_types'],
    ['properties: { a: { typ: text } }', 'typ', 'properties.a', 'type'],
    ['properties: { a: { type: txt } }', 'txt', 'properties.a.type', 'text'],
    ['properties: { a: { type: text, required_on: [purchas] } }', 'purchas', 'properties.a.required_on', 'purchase'],
  ])('with an unknown word is told the nearest: %s', (text, word, place, nearest) => {
    const error = failure(text);
    expect(error).toMatchObject({ code: 'MR-EVT-002', exitCode: 2 });
    expect(error.message).toContain(`the unknown word ${word} at ${place}`);
    expect(error.remedy).toContain(nearest);
  });

  test.each([
    ['- event_types', 'the top'],
    ['event_types: wishlist', 'event_types'],
    ['event_types: [Wish List]', 'event_types'],
    ['event_types: [true]', 'event_types'],
    ['event_types: [""]', 'event_types'],
    ['version: one', 'version'],
    ['version: 0', 'version'],
    ['properties: [a]', 'properties'],
    ['properties: { a: text }', 'properties.a'],
    ['properties: { a: }', 'properties.a'],
    ['properties: { a b: { type: text } }', 'properties.a b'],
    ['properties: { constructor: { type: text } }', 'properties.constructor'],
    ['properties: { a: { type: text }, A: { type: text } }', 'properties.A'],
    ['properties: { a: { type: number, values: ["1"] } }', 'properties.a.values'],
    ['properties: { a: { type: text, values: [1] } }', 'properties.a.values'],
    ['properties: { a: { type: text, description: 1 } }', 'properties.a.description'],
  ])('with a wrong value is told the place: %s', (text, place) => {
    const error = failure(text);
    expect(error.code).toBe('MR-EVT-003');
    expect(error.message).toContain(`is wrong at ${place}:`);
  });

  test.each(['a: {', 'version: 1\nversion: 1'])('that is no YAML is refused: %j', (text) => {
    expect(failure(text).code).toBe('MR-EVT-001');
  });

  test('for a version that is yet to come is refused', () => {
    expect(failure('version: 2')).toMatchObject({ code: 'MR-EVT-004', message: expect.stringContaining('version 2') });
  });

  test('has room for as many rules as a row has bits', () => {
    const properties = (count: number): string =>
      `properties: {${Array.from({ length: count }, (_, index) => `p${index}: { type: number }`).join(', ')}}`;
    const room = mostRules - eventRules(baseContract).length;
    expect(eventRules(resolve(properties(room))).length).toBe(mostRules);
    expect(failure(properties(room + 1)).message).toContain('properties');
  });

  test('is the one of the home, if there is one', () => {
    const home = makeFolder();
    expect(readEventContract(home)).toEqual(baseContract);
    writeFileSync(join(home, 'contract.yml'), 'device_types: [kiosk]');
    expect(readEventContract(home).deviceTypes).toContain('kiosk');
    const other = makeFolder();
    mkdirSync(join(other, 'contract.yml'));
    expect(() => readEventContract(other)).toThrow(expect.objectContaining({ code: 'MR-EVT-001' }));
  });
});

describe('the hash of a contract', () => {
  test('changes with what decides about events, and with nothing else', () => {
    const deciding = [
      'event_types: [wishlist_add]',
      'device_types: [kiosk]',
      'traffic_sources: [affiliate]',
      'properties: { a: { type: text } }',
      'properties: { a: { type: number } }',
      'properties: { b: { type: text } }',
      'properties: { a: { type: text, required_on: [purchase] } }',
      'properties: { a: { type: text, required_on: [login] } }',
      'properties: { a: { type: text, values: [x] } }',
    ];
    const hash = (text: string): string => resolve(text).hash;
    expect(new Set(['', ...deciding].map(hash)).size).toBe(deciding.length + 1);
    expect(hash('properties: { a: { type: text, description: Whatever. } }')).toBe(
      hash('properties: { a: { type: text } }'),
    );
    expect(hash('event_types: [a, b]')).toBe(hash('event_types: [b, a]'));
    expect(baseContract.hash).toMatch(/^[0-9a-f]{16}$/);
  });
});
