/** Configs that apply to nothing or are misspelt, and parts of dbt_project.yml that have no effect. */
import { closest, distance } from 'fastest-levenshtein';
import { slipOf } from '../../kernel/nearest.ts';
import type { GraphEntry, JsonMap } from '../manifest/types.ts';
import { type ConfigKind, knownConfigs } from './config.ts';
import { type ConfiguredKind, configuredKinds } from './definition.ts';
import { isMap } from './json.ts';
import type { Workspace } from './workspace.ts';

type Fqn = readonly string[];

/** The ways to the folders of a tree that have configs of their own. */
function configuredPaths(tree: JsonMap, way: Fqn = []): readonly Fqn[] {
  const entries = Object.entries(tree);
  const isFolder = ([key, value]: readonly [string, unknown]): boolean => isMap(value) && !key.startsWith('+');
  const own = entries.some((entry) => !isFolder(entry)) && way.length > 0 ? [way] : [];
  const inner = entries.filter(isFolder).flatMap(([key, value]) => configuredPaths(value as JsonMap, [...way, key]));
  return [...own, ...inner];
}

const kindOf: Readonly<Partial<Record<string, ConfiguredKind>>> = {
  model: 'models',
  seed: 'seeds',
  snapshot: 'snapshots',
  source: 'sources',
  test: 'data_tests',
  unit_test: 'unit_tests',
  exposure: 'exposures',
};

const startsWith = (fqn: Fqn, way: Fqn): boolean => way.every((part, index) => fqn[index] === part);

/** Mappings that are the value of a config, and no folders. */
const valuesOfConfigs: readonly string[] = [
  'meta',
  'vars',
  'persist_docs',
  'quoting',
  'column_types',
  'grants',
  'docs',
  'contract',
  'freshness',
  'snapshot_meta_column_names',
];

/** Warns of folders in dbt_project.yml in which there is nothing, with the nearest one that there is. */
export function warnOfUnusedConfigs(workspace: Workspace, entries: readonly GraphEntry[]): void {
  const { root } = workspace;
  const { file } = root;
  for (const kind of configuredKinds) {
    const fqns = entries.filter((entry) => kindOf[entry.resource_type] === kind).map((entry) => entry.fqn);
    if (!Object.values(kindOf).includes(kind)) continue;
    for (const way of configuredPaths(root.unrendered[kind])) {
      if (valuesOfConfigs.includes(way.at(-1) ?? '') || fqns.some((fqn) => startsWith(fqn, way))) continue;
      const known = fqns.filter((fqn) => startsWith(fqn, way.slice(0, -1))).flatMap((fqn) => fqn[way.length - 1] ?? []);
      const slip = known.length > 0 ? slipOf(way.at(-1) ?? '', known) : undefined;
      const hint = slip === undefined ? '' : `; did you mean ${slip}?`;
      workspace.warn(
        `${file.path}:${file.line([kind, ...way.slice(0, -1)], way.at(-1))}: ${[kind, ...way].join('.')} applies to nothing${hint}`,
      );
    }
  }
}

/** The known config that this one is a slip of the pen of. */
function slipOfConfig(key: string, known: readonly string[]): string | undefined {
  const nearest = closest(key, [...known]);
  const isSlip = !known.includes(key) && distance(key, nearest) <= (key.length < 6 ? 1 : 2);
  return isSlip ? nearest : undefined;
}

/** Warns of configs that nothing asks for and that are nearly named as one that is; authors may have configs of their own. */
export function warnOfConfigSlips(workspace: Workspace, entries: readonly GraphEntry[]): void {
  const told = new Set<string>();
  for (const { resource_type: kind, config, name, original_file_path: path } of entries) {
    if (kindOf[kind] === undefined) continue;
    const known = knownConfigs(kind as ConfigKind);
    for (const key of Object.keys(config)) {
      const meant = told.has(`${kind} ${key}`) ? undefined : slipOfConfig(key, known);
      if (meant === undefined) continue;
      told.add(`${kind} ${key}`);
      workspace.warn(`${path}: ${name} has the config ${key}, which is unknown; did you mean ${meant}?`);
    }
  }
}

/** Notes what a project sets and this engine leaves aside. */
export function warnOfIgnored(workspace: Workspace): void {
  const { file } = workspace.root;
  const comment = isMap(file.value) ? file.value['query-comment'] : undefined;
  if (comment === undefined || comment === null || comment === '') return;
  workspace.warn(
    `${file.path}:${file.line([], 'query-comment')}: query-comment has no effect: queries are sent without one`,
  );
}
