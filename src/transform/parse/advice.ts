/** What authors should know of a project that is right, but not what they may think: what has an end, and what does nothing. */
import type { ManifestNode, ManifestSource } from '../manifest/types.ts';
import { isMap } from './json.ts';

/** The parts of a manifest that advice is about. */
export interface Advised {
  readonly nodes: Readonly<Record<string, ManifestNode>>;
  readonly sources: Readonly<Record<string, ManifestSource>>;
}

const nameOf = ({ name, version }: ManifestNode): string =>
  version === null || version === undefined ? name : `${name}.v${version}`;

/** That a model is past its day, and that another reads what is or will be. */
function onDeprecation(node: ManifestNode, { nodes }: Advised, now: Date): readonly string[] {
  const path = node.original_file_path;
  const own = node.deprecation_date;
  const past = own && new Date(own) < now ? [`${path}: the model ${nameOf(node)} is deprecated since ${own}`] : [];
  const read = node.depends_on.nodes.flatMap((id) => {
    const other = nodes[id];
    if (!other?.deprecation_date) return [];
    const tense = new Date(other.deprecation_date) < now ? 'is deprecated since' : 'will be deprecated on';
    const newer = String(other.latest_version ?? '') === String(other.version ?? '') ? '' : latestOf(other);
    return [`${path}: ${node.name} reads ${nameOf(other)}, which ${tense} ${other.deprecation_date}${newer}`];
  });
  return [...past, ...read];
}

const latestOf = ({ name, latest_version: latest }: ManifestNode): string =>
  `; its latest version is ref('${name}', v=${JSON.stringify(latest)})`;

/** That constraints are not those of a table. */
function onConstraints(node: ManifestNode): readonly string[] {
  const { materialized } = node.config;
  if (!node.contract.enforced || ['table', 'incremental'].includes(materialized)) return [];
  const constraints = [...(node.constraints ?? []), ...Object.values(node.columns).flatMap((one) => one.constraints)];
  if (!constraints.some((one) => one.warn_unsupported !== false)) return [];
  return [
    `${node.original_file_path}: the constraints of ${nameOf(node)} do nothing, for it is no table: ${materialized}`,
  ];
}

const hasEventTime = (config: unknown): boolean => isMap(config) && Boolean(config.event_time);

/** That each batch of a model reads all rows. */
function onBatches(node: ManifestNode, { nodes, sources }: Advised): readonly string[] {
  const { materialized, incremental_strategy: strategy } = node.config;
  if (materialized !== 'incremental' || strategy !== 'microbatch') return [];
  const filtered = node.depends_on.nodes.some((id) => hasEventTime((nodes[id] ?? sources[id])?.config));
  if (filtered) return [];
  return [
    `${node.original_file_path}: nothing that the microbatch model ${nameOf(node)} reads has an event_time, so that every batch reads all rows`,
  ];
}

/** Sentences with the file of whom they concern. `now` is the day that decides what is past. */
export const adviceOn = (project: Advised, now: Date): readonly string[] =>
  Object.values(project.nodes).flatMap((node) => [
    ...(node.resource_type === 'model'
      ? [...onDeprecation(node, project, now), ...onConstraints(node), ...onBatches(node, project)]
      : []),
  ]);
