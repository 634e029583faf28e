/** Lineage of warehouse/ and of what stands before it: every column is resolved, and has its way back to a file. */
import { expect, test } from 'vitest';
import { origins } from '../../src/ingest/origins.ts';
import { compileWarehouse } from '../../src/publish/models.ts';
import { readCatalog, relationId } from '../../src/transform/lineage/catalog.ts';
import { resolveDeclared } from '../../src/transform/lineage/declared.ts';
import { createGraph, figuresOf, type Step } from '../../src/transform/lineage/graph.ts';
import { resolveLineage } from '../../src/transform/lineage/lineage.ts';
import { buildModels, emptyProduction, warehouseProject } from './production.ts';

const project = await warehouseProject();

/** The sources of the project, empty, and all that it makes of them. */
async function wholeLineage() {
  const duckdb = await emptyProduction();
  await buildModels(project, duckdb);
  const catalog = await readCatalog(duckdb);
  return {
    catalog,
    declared: await resolveDeclared(duckdb, origins),
    models: await resolveLineage(duckdb, catalog, await compileWarehouse(project, duckdb)),
  };
}

/** The source tables that come from files; what the pipeline tells the models of a build does not. */
const sources = Object.values(project.manifest.sources)
  .filter(({ source_name }) => source_name !== 'pipeline')
  .map(({ schema, identifier }) => ({ schema, identifier }));

const ends = (step: Step): readonly Step[] => (step.next.length === 0 ? [step] : step.next.flatMap(ends));

test('every column of every model is resolved, of columns that exist', async () => {
  const { catalog, models } = await wholeLineage();
  expect(figuresOf(models).filter(({ columns, resolved }) => columns !== resolved)).toEqual([]);
  expect(models.flatMap(({ problems }) => problems)).toEqual([]);
  for (const { id, columns, rows } of models) {
    expect(catalog.find({ identifier: id })?.columns.map(({ name }) => name)).toEqual(columns.map(({ name }) => name));
    for (const { relation, column } of [...rows, ...columns.flatMap(({ parents }) => parents)]) {
      const [identifier = '', schema = ''] = relation.split('.').reverse();
      const found = catalog.find({ schema, identifier })?.columns.map(({ name }) => name);
      expect(found, relation).toContain(column);
    }
  }
});

test('every column of every source has its way back to a file, or to the load that makes it', async () => {
  const { declared } = await wholeLineage();
  const graph = createGraph(declared);
  for (const relation of sources) {
    const id = relationId(relation);
    const columns = declared.find((each) => each.id === id)?.columns ?? [];
    expect(columns.length, id).toBeGreaterThan(0);
    for (const { name, unresolved } of columns) {
      expect(unresolved).toBeUndefined();
      for (const end of ends(graph.up({ relation: id, column: name }))) {
        expect(end.madeBy, `${id}.${name} ends at ${end.relation}.${end.column}`).toMatch(/^the (file|event|load)/);
      }
    }
  }
});

test('sources have the columns that are declared, in their order', async () => {
  const { catalog, declared } = await wholeLineage();
  for (const relation of sources) {
    const columns = declared.find(({ id }) => id === relationId(relation))?.columns.map(({ name }) => name);
    expect(columns).toEqual(
      catalog.find({ schema: relation.schema, identifier: relation.identifier })?.columns.map(({ name }) => name),
    );
  }
});

test('from a mart the way leads back to the file', async () => {
  const { declared, models } = await wholeLineage();
  const graph = createGraph([...declared, ...models]);
  const way = [graph.up({ relation: 'dim_customers', column: 'email_domain' })];
  for (let last = way[0]; last?.next[0]; last = last.next[0]) way.push(last.next[0]);
  expect(way.map(({ relation, column, use }) => `${relation}.${column} ${use ?? ''}`.trim())).toEqual([
    'dim_customers.email_domain',
    'stg_customer_snapshots.email_domain unchanged',
    'production.customer_snapshots.email_domain unchanged',
    'postgres:production.customer_snapshots.email transformed',
    'postgres:production.customers.email unchanged',
    'postgres:staging.customers.email transformed',
    'file:customers.csv.email unchanged',
  ]);
  const below = JSON.stringify(graph.down({ relation: 'file:customers.csv', column: 'email' }));
  expect(below).toContain('"relation":"dim_customers","column":"email_token"');
  expect(below).not.toContain('"column":"city"');
});
