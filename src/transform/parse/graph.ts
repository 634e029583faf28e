/** Who reads whom: the maps of a manifest, and the way round a cycle. */
import { MillraceError } from '../../kernel/errors.ts';
import type { ManifestNode } from '../manifest/types.ts';

/** What has a place in the graph. */
export interface Linked {
  readonly unique_id: string;
  readonly depends_on?: { readonly nodes: readonly string[] };
}

/** unique_id -> the unique_ids that it reads, and that read it, sorted. */
export function graphMaps(entries: Iterable<Linked>): {
  readonly parents: Readonly<Record<string, readonly string[]>>;
  readonly children: Readonly<Record<string, readonly string[]>>;
} {
  const parents: Record<string, string[]> = {};
  const children: Record<string, string[]> = {};
  const all = [...entries];
  for (const entry of all) children[entry.unique_id] = [];
  for (const entry of all) {
    const reads = entry.depends_on?.nodes ?? [];
    parents[entry.unique_id] = [...reads].sort();
    for (const id of reads) children[id]?.push(entry.unique_id);
  }
  for (const list of Object.values(children)) list.sort();
  return { parents, children };
}

/** Refuses models that form a cycle. Errors: MR-TRF-109 with the way round. */
export function refuseCycles(nodes: Readonly<Record<string, ManifestNode>>): void {
  const done = new Set<string>();
  const way: string[] = [];
  const onWay = new Set<string>();
  const label = (id: string): string => {
    const node = nodes[id];
    return node ? `${node.name} (${node.original_file_path})` : id;
  };
  const visit = (id: string): void => {
    if (done.has(id)) return;
    if (onWay.has(id)) {
      const round = [...way.slice(way.indexOf(id)), id];
      throw new MillraceError('MR-TRF-109', { cycle: round.map(label).join(' -> ') });
    }
    way.push(id);
    onWay.add(id);
    for (const parent of nodes[id]?.depends_on.nodes ?? []) visit(parent);
    way.pop();
    onWay.delete(id);
    done.add(id);
  };
  for (const id of Object.keys(nodes)) visit(id);
}
