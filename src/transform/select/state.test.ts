/** What `state:` finds of changes since an earlier manifest. */
import { describe, expect, test } from 'vitest';
import type { Manifest } from '../manifest/types.ts';
import { makeManifest, type PartialEntry } from './fixture.ts';
import { selectEntries } from './select.ts';

const now = new Date('2026-01-01T00:00:00Z');

function compare(words: string, before: Manifest, after: Manifest) {
  return selectEntries(after, { select: [words], earlier: { manifest: before }, indirect: 'empty', now });
}

const model = (fields: object = {}): PartialEntry => ({ unique_id: 'model.shop.orders', ...fields });

const changes: readonly (readonly [string, PartialEntry, PartialEntry, readonly string[]])[] = [
  ['nothing', model(), model(), []],
  ['a body', model(), model({ raw_code: 'select 2' }), ['modified', 'modified.body']],
  ['a config', model(), model({ unrendered_config: { unique_key: 'a' } }), ['modified', 'modified.configs']],
  ['a tag', model(), model({ unrendered_config: { tags: ['a'] } }), []],
  ['a schema', model(), model({ unrendered_config: { schema: 'a' } }), ['modified', 'modified.relation']],
  ['a description', model(), model({ description: 'new' }), []],
  [
    'a description that is kept',
    model({ config: { persist_docs: { relation: true } } }),
    model({ config: { persist_docs: { relation: true } }, description: 'new' }),
    ['modified', 'modified.persisted_descriptions'],
  ],
  ['a folder', model(), model({ fqn: ['shop', 'a', 'orders'] }), ['modified']],
  ['access', model(), model({ access: 'public' }), ['modified']],
  [
    "a seed's rows",
    { unique_id: 'seed.shop.a', checksum: { name: 'sha256', checksum: '1' } },
    { unique_id: 'seed.shop.a', checksum: { name: 'sha256', checksum: '2' } },
    ['modified', 'modified.body'],
  ],
  [
    "a source's table",
    { unique_id: 'source.shop.raw.a', source_name: 'raw', identifier: 'a' },
    { unique_id: 'source.shop.raw.a', source_name: 'raw', identifier: 'b' },
    ['modified', 'modified.relation'],
  ],
  [
    "a generic test's severity",
    { unique_id: 'test.shop.t', test_metadata: { name: 'unique' } },
    {
      unique_id: 'test.shop.t',
      test_metadata: { name: 'unique' },
      raw_code: 'x',
      unrendered_config: { severity: 'warn' },
    },
    ['modified', 'modified.body', 'modified.configs'],
  ],
  [
    "an exposure's owner",
    { unique_id: 'exposure.shop.e', owner: { name: 'a' } },
    { unique_id: 'exposure.shop.e', owner: { name: 'b' } },
    ['modified'],
  ],
  [
    "a unit test's rows",
    { unique_id: 'unit_test.shop.m.u', given: [] },
    { unique_id: 'unit_test.shop.m.u', given: [{ input: "ref('a')", rows: [] }] },
    ['modified'],
  ],
];

const kinds = [
  'modified',
  ...['body', 'configs', 'persisted_descriptions', 'relation', 'macros'].map((kind) => `modified.${kind}`),
];

describe('a change of', () => {
  test.each(changes)('%s', (_, before, after, expected) => {
    const [one, other] = [makeManifest([before]), makeManifest([after])];
    const found = kinds.filter((kind) => compare(`state:${kind}`, one, other).ids.length > 0);
    expect(found.sort()).toEqual([...expected].sort());
    const unmodified = compare('state:unmodified', one, other).ids.length > 0;
    expect(unmodified).toBe(!expected.includes('modified'));
  });
});

test('a macro counts for everything that calls it, through other macros too', () => {
  const calls = { depends_on: { macros: ['macro.shop.a'], nodes: [] } };
  const macros = (sql: string) => ({
    'macro.shop.a': { depends_on: { macros: ['macro.shop.b'] } },
    'macro.shop.b': { macro_sql: sql, depends_on: { macros: ['macro.shop.a'] } },
  });
  const entries = [model(calls), { unique_id: 'model.shop.free' }];
  const [before, after] = [makeManifest(entries, macros('1')), makeManifest(entries, macros('2'))];
  expect(compare('state:modified', before, after).ids).toEqual(['model.shop.orders']);
  expect(compare('state:modified.macros', before, after).ids).toEqual(['model.shop.orders']);
});

test('new and old', () => {
  const before = makeManifest([model()]);
  const after = makeManifest([
    model(),
    { unique_id: 'model.shop.more' },
    { unique_id: 'source.shop.raw.s', source_name: 'raw' },
  ]);
  expect(compare('state:new', before, after).ids).toEqual(['model.shop.more', 'source.shop.raw.s']);
  expect(compare('state:old', before, after).ids).toEqual(['model.shop.orders']);
  expect(compare('state:modified', before, after).ids).toEqual(['model.shop.more']);
});

describe('contracts', () => {
  const column = (type: string, constraints: readonly object[] = []) => ({ name: 'id', data_type: type, constraints });
  const contracted = (columns: object, checksum: string, fields: object = {}) =>
    model({ contract: { enforced: true, checksum }, columns, config: { materialized: 'table' }, ...fields });
  const before = makeManifest([contracted({ id: column('integer', [{ type: 'not_null' }]) }, 'a')]);

  test.each([
    ['a longer text', contracted({ id: column('INTEGER(4)', [{ type: 'not_null' }]) }, 'b'), []],
    ['a column removed', contracted({}, 'b'), ['the column id was removed']],
    [
      'a type and a constraint',
      contracted({ id: column('text') }, 'b'),
      ['the type of the column id was integer and is text', 'the constraint not_null of the column id was removed'],
    ],
    [
      'a view instead of a table',
      contracted({ id: column('integer', [{ type: 'not_null' }]) }, 'b', { config: { materialized: 'view' } }),
      ['it was a table with constraints and is a view'],
    ],
  ])('%s', (_, after, breaks) => {
    const { ids, warnings } = compare('state:modified.contract', before, makeManifest([after]));
    expect(ids).toEqual(['model.shop.orders']);
    const sentence = 'The contract of model.shop.orders (models/orders.sql) breaks for those who rely on it: ';
    expect(warnings).toEqual(breaks.length > 0 ? [`${sentence}${breaks.join('; ')}`] : []);
  });

  test('a model that is gone is told of, one with a version is refused', () => {
    expect(compare('state:modified', before, makeManifest([])).warnings.join()).toContain('deleted or renamed');
    const versioned = makeManifest([contracted({}, 'a', { version: 1 })]);
    expect(() => compare('state:modified', versioned, makeManifest([]))).toThrow(
      expect.objectContaining({ code: 'MR-SEL-007' }),
    );
    const past = makeManifest([contracted({}, 'a', { version: 1, deprecation_date: '2025-01-01T00:00:00+00:00' })]);
    expect(compare('state:modified', past, makeManifest([])).warnings.join()).not.toContain('deleted');
  });
});

test('an unknown kind names the nearest', () => {
  const manifest = makeManifest([]);
  expect(() => compare('state:modifed', manifest, manifest)).toThrow(
    expect.objectContaining({ code: 'MR-SEL-003', details: expect.objectContaining({ nearest: 'modified' }) }),
  );
});
