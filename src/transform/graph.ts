/** The graph of relations: an order in which each comes after what it reads, and what lies above each. */
import { MillraceError } from '../kernel/errors.ts';

/** A node by its id, with the ids that it reads; ids that are no node (sources) have nothing above them. */
export interface GraphNode {
  readonly id: string;
  readonly dependsOn: readonly string[];
}

/**
 * The nodes, each after all nodes that it depends on; where that leaves a choice, in the order given.
 * Errors: MR-TRF-003 with the cycle.
 */
export function orderNodes<Node extends GraphNode>(nodes: readonly Node[]): readonly Node[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const done = new Set<Node>();
  const way: string[] = [];

  function visit(node: Node): void {
    if (done.has(node)) return;
    const start = way.indexOf(node.id);
    if (start >= 0) {
      throw new MillraceError('MR-TRF-003', { cycle: [...way.slice(start), node.id].join(' -> ') });
    }
    way.push(node.id);
    for (const id of node.dependsOn) {
      const above = byId.get(id);
      if (above) visit(above);
    }
    way.pop();
    done.add(node);
  }

  nodes.forEach(visit);
  return [...done];
}

/** The ids of all that each node depends on, itself left out. `ordered` is as `orderNodes` gives it. */
export function ancestorsOf(ordered: readonly GraphNode[]): ReadonlyMap<string, ReadonlySet<string>> {
  const ancestors = new Map<string, ReadonlySet<string>>();
  for (const { id, dependsOn } of ordered) {
    ancestors.set(id, new Set(dependsOn.flatMap((above) => [above, ...(ancestors.get(above) ?? [])])));
  }
  return ancestors;
}
