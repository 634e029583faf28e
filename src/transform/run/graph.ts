/** The order of a run: what each node waits for, and what is skipped with it. */
import type { GraphEntry, Manifest } from '../manifest/types.ts';

/** What a run does with nodes: `build` lets tests guard what is below them. */
export type Command = 'build' | 'run' | 'test' | 'seed' | 'snapshot' | 'compile';

/** For each node of the run those that must have ended before it, and those that wait for it. */
export interface RunGraph {
  /** In an order in which each stands after all that it waits for. */
  readonly order: readonly string[];
  readonly waitsFor: ReadonlyMap<string, ReadonlySet<string>>;
  readonly awaitedBy: ReadonlyMap<string, readonly string[]>;
}

const entryOf = (manifest: Manifest, id: string): GraphEntry | undefined =>
  manifest.nodes[id] ?? manifest.unit_tests[id] ?? manifest.sources[id];

const dependenciesOf = (manifest: Manifest, id: string): readonly string[] => {
  const entry = entryOf(manifest, id);
  return entry && 'depends_on' in entry ? entry.depends_on.nodes : [];
};

/** All nodes above each node, by unique_id. */
function ancestorsIn(manifest: Manifest): (id: string) => ReadonlySet<string> {
  const known = new Map<string, ReadonlySet<string>>();
  const ancestors = (id: string): ReadonlySet<string> => {
    const found = known.get(id);
    if (found) return found;
    const above = new Set<string>();
    known.set(id, above);
    for (const parent of dependenciesOf(manifest, id)) {
      above.add(parent);
      for (const ancestor of ancestors(parent)) above.add(ancestor);
    }
    return above;
  };
  return ancestors;
}

/** The selected nodes nearest above a node; unselected ones between are passed through. */
function selectedParents(manifest: Manifest, selected: ReadonlySet<string>): (id: string) => readonly string[] {
  const known = new Map<string, readonly string[]>();
  const through = (id: string): readonly string[] => {
    const found = known.get(id);
    if (found) return found;
    const parents = [
      ...new Set(dependenciesOf(manifest, id).flatMap((parent) => (selected.has(parent) ? [parent] : through(parent)))),
    ];
    known.set(id, parents);
    return parents;
  };
  return through;
}

const isTest = (manifest: Manifest, id: string): boolean => manifest.nodes[id]?.resource_type === 'test';

/** The tests that forbid to build a node when they fail: those that read nothing but what is above it. */
function guardsOf(manifest: Manifest, tests: readonly string[], above: ReadonlySet<string>): readonly string[] {
  return tests.filter((test) => {
    const read = dependenciesOf(manifest, test);
    return read.length > 0 && read.every((id) => above.has(id));
  });
}

/** Orders the selected nodes. Unit tests come before their model when that is built too. */
export function runGraph(manifest: Manifest, selected: ReadonlySet<string>, command: Command): RunGraph {
  const ancestors = ancestorsIn(manifest);
  const parents = selectedParents(manifest, selected);
  const tests = command === 'build' ? [...selected].filter((id) => isTest(manifest, id)) : [];
  const waitsFor = new Map<string, Set<string>>();
  const waitsOf = (id: string): Set<string> => {
    // A test waits for what it reads; where that is not run, as an ephemeral model, for what would have held it up.
    const guarded = isTest(manifest, id) ? dependenciesOf(manifest, id).filter((one) => !selected.has(one)) : [id];
    return new Set([...parents(id), ...guarded.flatMap((one) => guardsOf(manifest, tests, ancestors(one)))]);
  };
  // A unit test needs what its model reads to be there, not the model, which waits for it.
  const modelOf = (id: string): string | undefined => manifest.unit_tests[id]?.depends_on.nodes[0];
  for (const id of selected) waitsFor.set(id, waitsOf(modelOf(id) ?? id));
  for (const id of selected) waitsFor.get(modelOf(id) ?? '')?.add(id);
  const awaitedBy = new Map<string, string[]>();
  for (const [id, waits] of waitsFor) {
    for (const other of waits) {
      const awaiting = awaitedBy.get(other);
      if (awaiting) awaiting.push(id);
      else awaitedBy.set(other, [id]);
    }
  }
  return { order: inOrder(waitsFor), waitsFor, awaitedBy };
}

function inOrder(waitsFor: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] {
  const order = new Set<string>();
  const visit = (id: string): void => {
    if (order.has(id)) return;
    for (const other of waitsFor.get(id) ?? []) visit(other);
    order.add(id);
  };
  for (const id of [...waitsFor.keys()].sort()) visit(id);
  return [...order];
}
