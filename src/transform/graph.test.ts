/** The order of nodes and what lies above them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ancestorsOf, type GraphNode, orderNodes } from './graph.ts';

const node = (id: string, ...dependsOn: string[]): GraphNode => ({ id, dependsOn });
const idsOf = (nodes: readonly GraphNode[]): readonly string[] => nodes.map(({ id }) => id);

/** Graphs without cycles: a node depends on nodes of smaller numbers only, and they come in any order. */
const acyclic = fc
  .array(fc.array(fc.nat(), { maxLength: 4 }), { maxLength: 12 })
  .map((links) =>
    links.map((targets, index) => node(`n${index}`, ...(index > 0 ? targets.map((to) => `n${to % index}`) : []))),
  )
  .chain((nodes) => fc.shuffledSubarray(nodes, { minLength: nodes.length }));

describe('orderNodes', () => {
  test('puts every node once, after all that it depends on', () => {
    fc.assert(
      fc.property(acyclic, (nodes) => {
        const order = idsOf(orderNodes(nodes));
        expect([...order].sort()).toEqual([...idsOf(nodes)].sort());
        for (const { id, dependsOn } of nodes) {
          for (const above of dependsOn) expect(order.indexOf(above)).toBeLessThan(order.indexOf(id));
        }
      }),
    );
  });

  test('keeps the given order where it may, and passes over what is no node', () => {
    expect(idsOf(orderNodes([node('c'), node('b', 'd', 'source.x.y'), node('a'), node('d')]))).toEqual([
      'c',
      'd',
      'b',
      'a',
    ]);
  });

  test('tells a cycle from its first node round to it', () => {
    const nodes = [node('top', 'a'), node('a', 'b'), node('b', 'c'), node('c', 'a')];
    expect(() => orderNodes(nodes)).toThrow('The models form a cycle: a -> b -> c -> a.');
  });

  test('a node that reads itself is a cycle', () => {
    expect(() => orderNodes([node('a', 'a')])).toThrow('a -> a');
  });
});

describe('ancestorsOf', () => {
  test('has all that is above, sources too, and not the node itself', () => {
    const ancestors = ancestorsOf(orderNodes([node('c', 'b'), node('b', 'a', 'source.x.y'), node('a')]));
    expect(ancestors.get('c')).toEqual(new Set(['a', 'b', 'source.x.y']));
    expect(ancestors.get('a')).toEqual(new Set());
  });
});
