/** What a selection finds, which tests come along, and what is said of selections that are wrong or find nothing. */
import { assert, constantFrom, property, subarray } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeManifest, reads, shopManifest } from './fixture.ts';
import { type SelectionOptions, selectEntries } from './select.ts';
import { readSelectors } from './selectors-file.ts';

const now = new Date('2026-01-01T00:00:00Z');

const select = (options: Omit<SelectionOptions, 'now'>, manifest = shopManifest) =>
  selectEntries(manifest, { keepsEmpty: true, ...options, now });

/** The last parts of the ids that the words select. */
const namesOf = (words: string, options: Omit<SelectionOptions, 'now'> = {}): string =>
  select({ select: [words], ...options })
    .ids.map((id) => id.split('.').at(-1))
    .join(' ');

const withoutTests: SelectionOptions['indirect'] = 'empty';

describe('criteria', () => {
  test.each([
    ['orders', 'orders'],
    ['shop.orders', 'orders'],
    ['staging', 'stg_orders'],
    ['shop.staging.stg_orders', 'stg_orders'],
    ['*orders', 'orders stg_orders unique_orders'],
    ['tag:night*', 'stg_orders totals'],
    ['tag:quick', 'adds'],
    ['source:raw', 'orders'],
    ['source:shop.raw.o*', 'orders'],
    ['path:models/far', ''],
    ['path:models', 'board far beside orders stg_orders totals orders fits unique_orders adds'],
    ['path:seeds/*.csv', 'rates'],
    ['seeds/rates.csv', 'rates'],
    ['file:rates', 'rates'],
    ['rates.csv', 'rates'],
    ['package:other', 'far'],
    ['package:this,resource_type:seed', 'rates'],
    ['config.materialized:table', 'orders'],
    ['config.meta.labels:b', 'orders'],
    ['config.meta.owner.more:b', ''],
    ['config.severity:WARN', 'fits'],
    ['config.enabled:TRUE,resource_type:seed', 'rates'],
    ['test_type:generic', 'unique_orders'],
    ['test_type:singular', 'fits'],
    ['test_type:data', 'fits unique_orders'],
    ['test_type:unit', 'adds'],
    ['test_name:uni*', 'unique_orders'],
    ['exposure:board', 'board'],
    ['unit_test:shop.adds', 'adds'],
    ['resource_type:seed', 'rates'],
    ['version:none,tag:nightly', 'stg_orders totals'],
  ])('%s', (words, names) => {
    expect(namesOf(words, { indirect: withoutTests })).toBe(names);
  });
});

describe('relatives', () => {
  test.each([
    ['+totals', 'orders stg_orders totals rates orders'],
    ['1+totals', 'orders totals'],
    ['0+totals', 'totals'],
    ['stg_orders+1', 'orders stg_orders'],
    ['stg_orders+,+totals', 'orders stg_orders totals'],
    ['@rates', 'board orders stg_orders totals rates orders fits unique_orders adds'],
  ])('%s', (words, names) => {
    expect(namesOf(words, { indirect: withoutTests })).toBe(names);
  });
});

describe('tests that come along', () => {
  test.each([
    ['eager', 'orders', 'orders fits unique_orders adds'],
    ['cautious', 'orders', 'orders unique_orders adds'],
    ['empty', 'orders', 'orders'],
    ['buildable', 'totals', 'totals fits'],
    ['cautious', 'totals', 'totals'],
    ['cautious', 'orders totals', 'orders totals fits unique_orders adds'],
  ] as const)('%s: %s', (indirect, words, names) => {
    expect(namesOf(words, { indirect })).toBe(names);
  });

  test('those of what is excluded go with it', () => {
    expect(select({ select: ['orders+'], exclude: ['totals'] }).ids).toEqual([
      'exposure.shop.board',
      'model.shop.orders',
      'test.shop.unique_orders',
      'unit_test.shop.orders.adds',
    ]);
  });
});

test('nothing is selected twice, whatever the order of a union, and an intersection is within it', () => {
  const criteria = ['tag:nightly', 'orders', '+totals', 'stg_orders+', 'resource_type:test', '*'];
  assert(
    property(
      subarray(criteria, { minLength: 1 }),
      constantFrom('eager', 'cautious', 'buildable', 'empty'),
      (words, indirect) => {
        const found = select({ select: [...words], indirect }).ids;
        expect(select({ select: [[...words].reverse().join(' ')], indirect }).ids).toEqual(found);
        expect(new Set(found).size).toBe(found.length);
        const within = select({ select: [words.join(',')], indirect }).ids;
        expect(found).toEqual(expect.arrayContaining([...within]));
      },
    ),
  );
});

test('what is disabled is not found, nor an empty file by what runs', () => {
  const manifest = makeManifest([
    { unique_id: 'model.shop.on' },
    { unique_id: 'model.shop.off', config: { enabled: false }, ...reads('model.shop.on') },
    { unique_id: 'model.shop.blank', raw_code: '\n' },
  ]);
  expect(select({}, manifest).ids).toEqual(['model.shop.blank', 'model.shop.on']);
  expect(select({ select: ['on+'], keepsEmpty: false }, manifest).ids).toEqual(['model.shop.on']);
  expect(select({ keepsEmpty: false }, manifest).ids).toEqual(['model.shop.on']);
});

test('versions are found by name, by dot and by underscore', () => {
  const version = (v: number, latest = 2) => ({
    unique_id: `model.shop.item.v${v}`,
    name: 'item',
    fqn: ['shop', 'item', `v${v}`],
    version: v,
    latest_version: latest,
  });
  const manifest = makeManifest([version(1), version(2), version(3)]);
  const found = (words: string) =>
    select({ select: [words] }, manifest)
      .ids.map((id) => id.slice(-2))
      .join(' ');
  expect(['item', 'item.v2', 'item_v3', 'it*'].map(found)).toEqual(['v1 v2 v3', 'v2', 'v3', 'v1 v2 v3']);
  expect(['version:old', 'version:latest', 'version:prerelease', 'version:none'].map(found)).toEqual([
    'v1',
    'v2',
    'v3',
    '',
  ]);
});

test('a criterion that finds nothing is named, each once', () => {
  const { ids, warnings } = select({ select: ['order tag:x,tag:y', 'order', 'orders'], indirect: 'empty' });
  expect(ids).toEqual(['model.shop.orders']);
  expect(warnings).toEqual([
    "The selection 'order' finds nothing that is enabled.",
    "The selection 'tag:x,tag:y' finds nothing that is enabled.",
  ]);
});

test('results of an earlier run, and sources that have newer rows', () => {
  const earlier = {
    results: [
      { unique_id: 'model.shop.orders', status: 'error' },
      { unique_id: 'model.shop.totals', status: 'skipped' },
    ],
    sources: [{ unique_id: 'source.shop.raw.orders', max_loaded_at: '2024-01-01T00:00:00Z' }],
    currentSources: [{ unique_id: 'source.shop.raw.orders', max_loaded_at: '2024-01-01T00:00:00.000001Z' }],
  };
  expect(namesOf('result:error result:skipped', { earlier, indirect: 'empty' })).toBe('orders totals');
  expect(namesOf('source_status:fresher+1', { earlier, indirect: 'empty' })).toBe('stg_orders orders');
  const unchanged = { ...earlier, currentSources: earlier.sources };
  expect(namesOf('source_status:fresher', { earlier: unchanged })).toBe('');
});

describe('mistakes', () => {
  test.each([
    ['tags:nightly', 'MR-SEL-001', 'tag'],
    ['selector:mine', 'MR-SEL-004', '--selector'],
    ['@orders+', 'MR-SEL-002', 'exclude each other'],
    ['source:a.b.c.d', 'MR-SEL-002', 'source'],
    ['path:/home', 'MR-SEL-002', "project's folder"],
    ['test_type:generics', 'MR-SEL-003', 'generic'],
    ['resource_type:models', 'MR-SEL-003', 'model'],
    ['version:newest', 'MR-SEL-003', 'latest'],
    ['state:changed', 'MR-SEL-005', 'manifest.json'],
    ['result:error', 'MR-SEL-005', 'run_results.json'],
  ])('%s', (words, code, hint) => {
    let thrown: unknown;
    try {
      select({ select: [words] });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code });
    const { message, remedy } = thrown as { message: string; remedy: string };
    expect(`${message} ${remedy}`).toContain(hint);
  });

  test('a selector that is not there names the nearest', () => {
    const selectors = readSelectors('selectors: [{name: nightly, definition: tag:nightly}]', 'selectors.yml');
    expect(() => select({ selector: 'nihgtly', selectors })).toThrow(expect.objectContaining({ code: 'MR-SEL-006' }));
  });
});
