/** The graph that a selection walks: every enabled entry of a manifest with what it reads and what reads it. */
import type { GraphEntry, Manifest, ResourceType } from '../manifest/types.ts';

/** By unique_id. */
export interface SelectionGraph {
  readonly entries: ReadonlyMap<string, GraphEntry>;
  readonly parents: ReadonlyMap<string, readonly string[]>;
  readonly children: ReadonlyMap<string, readonly string[]>;
}

/** What the manifest keeps among its nodes. */
export const nodeTypes = [
  'model',
  'seed',
  'snapshot',
  'analysis',
  'test',
  'operation',
  'sql_operation',
] as const satisfies readonly ResourceType[];

/** Whether entries of a type are nodes of the manifest. */
export const isNodeType = (type: string): boolean => nodeTypes.some((nodeType) => nodeType === type);

/** What an entry reads; sources and seeds read nothing. */
export function parentIds(entry: GraphEntry): readonly string[] {
  return 'depends_on' in entry ? ((entry.depends_on as { nodes?: readonly string[] }).nodes ?? []) : [];
}

/** Every entry of a manifest that can be selected, enabled or not, by its unique_id. */
export function graphEntries(manifest: Manifest): ReadonlyMap<string, GraphEntry> {
  const { nodes, sources, exposures, metrics, unit_tests, semantic_models, saved_queries } = manifest;
  const all: readonly Readonly<Record<string, GraphEntry>>[] = [
    nodes,
    sources,
    exposures,
    metrics,
    unit_tests,
    semantic_models,
    saved_queries,
  ];
  return new Map(all.flatMap((entries) => Object.entries(entries)));
}

const isEnabled = (entry: GraphEntry): boolean => entry.resource_type === 'exposure' || entry.config.enabled !== false;

/** The graph of what is enabled. */
export function selectionGraph(manifest: Manifest): SelectionGraph {
  const entries = new Map([...graphEntries(manifest)].filter(([, entry]) => isEnabled(entry)));
  const parents = new Map<string, readonly string[]>();
  const children = new Map<string, string[]>();
  for (const [id, entry] of entries) {
    const above = parentIds(entry).filter((parent) => entries.has(parent));
    parents.set(id, above);
    for (const parent of above) {
      const below = children.get(parent);
      if (below) below.push(id);
      else children.set(parent, [id]);
    }
  }
  return { entries, parents, children };
}

/** All that lies within so many steps of the ids; one of them only where another leads to it. */
export function reach(
  edges: ReadonlyMap<string, readonly string[]>,
  ids: ReadonlySet<string>,
  depth: number,
): ReadonlySet<string> {
  const found = new Set<string>();
  let layer: ReadonlySet<string> = ids;
  for (let step = 0; step < depth && layer.size > 0; step++) {
    const next = new Set<string>();
    for (const id of layer) for (const beside of edges.get(id) ?? []) if (!found.has(beside)) next.add(beside);
    for (const id of next) found.add(id);
    layer = next;
  }
  return found;
}
