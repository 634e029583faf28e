/** Exposures and groups as YAML declares them. */

import type { JsonValue } from '../../stores/duckdb/duckdb.ts';
import { noUse, type ParsedNode, parseScope } from '../context/parse-context.ts';
import type { JsonMap, ManifestExposure, ManifestGroup } from '../manifest/types.ts';
import { type ConfigKind, configOf, unrenderedConfig } from './config.ts';
import { asMap, isMap, type Mutable, textList, textOr, unique } from './json.ts';
import type { PropertyEntry } from './properties.ts';
import { packageOf, readTemplate, templateError, type Workspace } from './workspace.ts';
import { mistake } from './yaml.ts';

const exposureTypes: readonly JsonValue[] = ['dashboard', 'notebook', 'analysis', 'ml', 'application'];
const maturities: readonly JsonValue[] = ['low', 'medium', 'high'];

/** The fully qualified name of what a property file declares. */
export const fqnOfEntry = (entry: PropertyEntry): readonly string[] => [
  entry.packageName,
  ...entry.path.split('/').slice(0, -1),
  entry.name,
];

/** Who answers for something; a name or an address is needed. */
function ownerOf(entry: PropertyEntry): JsonMap {
  const owner = entry.value.owner;
  if (!isMap(owner) || (owner.name === undefined && owner.email === undefined)) {
    throw mistake(entry.place, `${entry.name} needs an owner with a name or an email`, 'owner');
  }
  return { name: null, ...owner, email: owner.email ?? null };
}

/** Where the configs of what a property file declares come from. */
export const sourcesOfConfig = (workspace: Workspace, entry: PropertyEntry, kind: ConfigKind) => ({
  kind,
  fqn: fqnOfEntry(entry),
  own: packageOf(workspace, entry.packageName),
  root: workspace.root,
  patch: asMap(entry.value.config),
});

/** Who such configs are of, for messages. */
export const ownerName = (workspace: Workspace, kind: string, entry: PropertyEntry) => ({
  name: `the ${kind} ${entry.name}`,
  root: packageOf(workspace, entry.packageName).root,
  paths: [entry.originalPath],
});

/** What an exposure's depends_on refers to. */
async function usedBy(workspace: Workspace, entry: PropertyEntry) {
  const use = noUse();
  const node: ParsedNode = {
    packageName: entry.packageName,
    database: workspace.target.database,
    schema: workspace.target.schema,
    identifier: entry.name,
    model: () => ({ name: entry.name }),
  };
  const text = textList(entry.value.depends_on).map((line) => `{{ ${line} }}`);
  try {
    await readTemplate(text.join('\n'), entry.originalPath).render(parseScope(workspace.host, node, use));
  } catch (thrown) {
    throw templateError(thrown, entry.originalPath);
  }
  return use;
}

/** An exposure. Errors: MR-TRF-102 and 120. */
export async function readExposure(workspace: Workspace, entry: PropertyEntry): Promise<Mutable<ManifestExposure>> {
  const { value } = entry;
  if (!exposureTypes.includes(value.type ?? null)) {
    throw mistake(entry.place, `the type of an exposure is one of ${exposureTypes.join(', ')}`, 'type');
  }
  if (value.maturity !== undefined && value.maturity !== null && !maturities.includes(value.maturity)) {
    throw mistake(entry.place, `the maturity of an exposure is one of ${maturities.join(', ')}`, 'maturity');
  }
  const sources = sourcesOfConfig(workspace, entry, 'exposure');
  const merged = configOf(sources, ownerName(workspace, 'exposure', entry));
  const folder = packageOf(workspace, entry.packageName).configs.exposures;
  const tags = unique([
    ...textList(folder.tags ?? folder['+tags']),
    ...textList(value.tags),
    ...textList(merged.tags),
  ]).sort();
  const meta = { ...asMap(folder.meta ?? folder['+meta']), ...asMap(value.meta), ...asMap(merged.meta) };
  const use = await usedBy(workspace, entry);
  return {
    name: entry.name,
    resource_type: 'exposure',
    package_name: entry.packageName,
    path: entry.path,
    original_file_path: entry.originalPath,
    unique_id: `exposure.${entry.packageName}.${entry.name}`,
    fqn: fqnOfEntry(entry),
    type: String(value.type),
    owner: ownerOf(entry),
    label: textOr(value.label, null),
    maturity: textOr(value.maturity, null),
    url: textOr(value.url, null),
    description: textOr(value.description, ''),
    config: { ...merged, enabled: merged.enabled === true, tags, meta },
    unrendered_config: unrenderedConfig(sources),
    meta,
    tags,
    refs: use.refs,
    sources: use.sources,
    metrics: use.metrics,
    depends_on: { macros: use.macros, nodes: [] },
    created_at: workspace.now,
  };
}

/** A group's configs: those of the folder of models that it stands in count, but for hooks. */
function groupConfig(workspace: Workspace, entry: PropertyEntry): JsonMap {
  const config = configOf(sourcesOfConfig(workspace, entry, 'group'), ownerName(workspace, 'group', entry));
  return Object.fromEntries(Object.entries(config).filter(([key]) => !key.endsWith('-hook')));
}

/** A group. Errors: MR-TRF-102. */
export const readGroup = (workspace: Workspace, entry: PropertyEntry): ManifestGroup => ({
  name: entry.name,
  resource_type: 'group',
  package_name: entry.packageName,
  path: entry.path,
  original_file_path: entry.originalPath,
  unique_id: `group.${entry.packageName}.${entry.name}`,
  owner: ownerOf(entry),
  description: textOr(entry.value.description, null),
  config: groupConfig(workspace, entry),
});
