/** How `list` prints what was found. */
import { expect, test } from 'vitest';
import { makeManifest } from './fixture.ts';
import { listEntries } from './list.ts';

const manifest = makeManifest([
  { unique_id: 'source.shop.raw.orders', source_name: 'raw' },
  { unique_id: 'model.shop.orders', tags: ['ü'] },
  { unique_id: 'model.shop.item.v2', name: 'item', fqn: ['shop', 'item', 'v2'], version: 2 },
  { unique_id: 'exposure.shop.board' },
  { unique_id: 'unit_test.shop.item.adds_v2', name: 'adds', version: 2 },
]);
const ids = [
  'source.shop.raw.orders',
  'model.shop.orders',
  'model.shop.item.v2',
  'exposure.shop.board',
  'unit_test.shop.item.adds_v2',
];

test('as selectors, names and paths', () => {
  expect(listEntries(manifest, ids, 'selector')).toEqual([
    'source:shop.raw.orders',
    'shop.orders',
    'shop.item.v2',
    'exposure:shop.board',
    'unit_test:shop.adds_v2',
  ]);
  expect(listEntries(manifest, ids, 'name')).toEqual(['raw.orders', 'orders', 'item.v2', 'board', 'adds']);
  expect(listEntries(manifest, ['model.shop.orders'], 'path')).toEqual(['models/orders.sql']);
});

test('as JSON, of the keys that are asked for', () => {
  expect(
    listEntries(manifest, ['model.shop.orders'], 'json', ['name', 'tags', 'config.materialized', 'config.no']),
  ).toEqual(['{"name": "orders", "tags": ["\\u00fc"], "config.materialized": "view"}']);
  const [line = ''] = listEntries(manifest, ['model.shop.orders'], 'json');
  expect(Object.keys(JSON.parse(line)).sort()).toEqual([
    'config',
    'depends_on',
    'name',
    'original_file_path',
    'package_name',
    'resource_type',
    'tags',
    'unique_id',
  ]);
});
