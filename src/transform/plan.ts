/** The steps of a build: each node with the tests that it makes possible and those that guard it. */
import { ancestorsOf } from './graph.ts';
import type { Model, Project, Seed, Test } from './manifest.ts';

/** One node and what runs right after it. */
export interface Step {
  /** Undefined in the first step, whose tests need nothing to be built. */
  readonly node: Seed | Model | undefined;
  /** The tests of which this node is the last that they read. */
  readonly tests: readonly Test[];
  /** The tests of which the node has everything above it: one that fails with severity error forbids to build it. */
  readonly guards: readonly Test[];
}

/** A project's steps in order. */
export function planBuild(project: Project): readonly Step[] {
  const ancestors = ancestorsOf(project.nodes);
  const positions = new Map(project.nodes.map((node, index) => [node.id, index]));
  const testsAt = Map.groupBy(project.tests, (test) =>
    test.dependsOn.reduce((last, id) => Math.max(last, positions.get(id) ?? -1), -1),
  );
  const guardsOf = (node: Seed | Model): readonly Test[] => {
    const above = ancestors.get(node.id) ?? new Set();
    return project.tests.filter((test) => test.dependsOn.length > 0 && test.dependsOn.every((id) => above.has(id)));
  };
  return [
    { node: undefined, tests: testsAt.get(-1) ?? [], guards: [] },
    ...project.nodes.map((node, index) => ({ node, tests: testsAt.get(index) ?? [], guards: guardsOf(node) })),
  ];
}
