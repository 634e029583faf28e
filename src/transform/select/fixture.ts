/** A small manifest for the tests of selection. */
import type { GraphEntry, Manifest, ManifestMacro } from '../manifest/types.ts';

/** What a test says of an entry; the rest is as a parser would leave it. */
export type PartialEntry = { readonly unique_id: string } & Readonly<Record<string, unknown>>;

const folderOf: Readonly<Record<string, string>> = { seed: 'seeds', snapshot: 'snapshots', analysis: 'analyses' };

function completeEntry(partial: PartialEntry): GraphEntry {
  const [type = '', packageName = '', ...rest] = partial.unique_id.split('.');
  const name = rest.at(-1) ?? '';
  const { config = {}, depends_on: dependsOn = {}, ...fields } = partial as Record<string, object>;
  return {
    name,
    resource_type: type,
    package_name: packageName,
    fqn: [packageName, ...(type === 'unit_test' ? [name] : rest)],
    original_file_path: `${folderOf[type] ?? 'models'}/${name}.${type === 'seed' ? 'csv' : 'sql'}`,
    patch_path: null,
    tags: [],
    raw_code: 'select 1',
    unrendered_config: {},
    description: '',
    columns: {},
    contract: { enforced: false, checksum: null },
    ...fields,
    config: { enabled: true, materialized: type === 'test' ? 'test' : 'view', tags: [], meta: {}, ...config },
    depends_on: { macros: [], nodes: [], ...dependsOn },
  } as unknown as GraphEntry;
}

const collections: Readonly<Record<string, string>> = {
  source: 'sources',
  exposure: 'exposures',
  metric: 'metrics',
  unit_test: 'unit_tests',
  semantic_model: 'semantic_models',
  saved_query: 'saved_queries',
};

/** A manifest of the project 'shop' with these entries, and macros by their unique_ids. */
export function makeManifest(
  entries: readonly PartialEntry[],
  macros: Readonly<Record<string, Partial<ManifestMacro>>> = {},
): Manifest {
  const manifest: Record<string, Record<string, unknown>> = {
    metadata: { project_name: 'shop' },
    macros: Object.fromEntries(
      Object.entries(macros).map(([id, macro]) => [id, { macro_sql: '', depends_on: { macros: [] }, ...macro }]),
    ),
  };
  for (const kind of ['nodes', ...Object.values(collections), 'docs', 'groups', 'disabled']) manifest[kind] ??= {};
  for (const partial of entries) {
    const entry = completeEntry(partial);
    const kind = manifest[collections[entry.resource_type] ?? 'nodes'];
    if (kind) kind[entry.unique_id] = entry;
  }
  return manifest as unknown as Manifest;
}

/** What reads other entries. */
export const reads = (...nodes: readonly string[]): { readonly depends_on: { readonly nodes: readonly string[] } } => ({
  depends_on: { nodes },
});

/** A shop: a source, a seed, three models one above the other, a model beside them, and tests of one and of two parents. */
export const shopManifest: Manifest = makeManifest([
  { unique_id: 'source.shop.raw.orders', source_name: 'raw' },
  { unique_id: 'seed.shop.rates', tags: ['slow'] },
  {
    unique_id: 'model.shop.staging.stg_orders',
    name: 'stg_orders',
    tags: ['nightly'],
    ...reads('source.shop.raw.orders'),
  },
  {
    unique_id: 'model.shop.orders',
    config: { materialized: 'table', meta: { owner: 'sales', labels: ['a', 'b'] } },
    ...reads('model.shop.staging.stg_orders', 'seed.shop.rates'),
  },
  { unique_id: 'model.shop.totals', tags: ['nightly'], ...reads('model.shop.orders') },
  { unique_id: 'model.shop.beside', raw_code: ' ' },
  { unique_id: 'model.other.far', original_file_path: 'models/far/far.sql' },
  { unique_id: 'test.shop.unique_orders', test_metadata: { name: 'unique' }, ...reads('model.shop.orders') },
  { unique_id: 'test.shop.fits', config: { severity: 'Warn' }, ...reads('model.shop.orders', 'model.shop.totals') },
  { unique_id: 'unit_test.shop.orders.adds', config: { tags: 'quick' }, ...reads('model.shop.orders') },
  { unique_id: 'exposure.shop.board', ...reads('model.shop.totals') },
]);
