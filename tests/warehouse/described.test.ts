/** What warehouse/ says of itself is whole: every column has a description, every mart a grain that is tested. */
import { expect, test } from 'vitest';
import { readCatalog } from '../../src/transform/lineage/catalog.ts';
import type { ManifestNode } from '../../src/transform/manifest/types.ts';
import { buildModels, emptyProduction, warehouseProject } from './production.ts';

const { manifest } = await warehouseProject();

const nodes: readonly ManifestNode[] = Object.values(manifest.nodes);
const models = nodes.filter(({ resource_type: type }) => type === 'model' || type === 'seed');
const tests = nodes.filter(({ resource_type: type }) => type === 'test');

/** The columns of a model that a generic test of this name is about. */
const columnsTested = ({ unique_id: id }: ManifestNode, kind: string): readonly (string | null | undefined)[] =>
  tests.filter((one) => one.attached_node === id && one.test_metadata?.name === kind).map((one) => one.column_name);

test('every model and every column that a build makes has a description, and no other column has one', async () => {
  const duckdb = await emptyProduction();
  await buildModels(await warehouseProject(), duckdb);
  const catalog = await readCatalog(duckdb);
  for (const { alias, description, columns } of models) {
    expect(description.trim(), alias).not.toBe('');
    const made = catalog.find({ identifier: alias })?.columns.map(({ name }) => name) ?? [];
    const described = Object.values(columns).filter((column) => column.description.trim() !== '');
    expect(described.map(({ name }) => name).sort(), alias).toEqual([...made].sort());
  }
});

test('every fact and dimension has a column that is tested to be unique and present', () => {
  const marts = models.filter(({ name }) => /^(fct|fact|dim|agg)_/.test(name));
  expect(marts.length).toBeGreaterThan(0);
  for (const mart of marts) {
    const present = columnsTested(mart, 'not_null');
    const grain = columnsTested(mart, 'unique').filter((column) => present.includes(column));
    expect(grain.length, mart.name).toBeGreaterThan(0);
  }
});

test('every model is reached by a test', () => {
  const reached = new Set(tests.flatMap(({ depends_on: { nodes: read } }) => read));
  expect(models.filter(({ unique_id: id }) => !reached.has(id)).map(({ name }) => name)).toEqual([]);
});
