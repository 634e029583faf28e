/** Python's module itertools, as far as its functions end: each gives a list. */
import { asIndex, makeFunction } from './call-arguments.ts';
import { makeModule } from './modules.ts';
import { Callable, type HostObject, listOf, Tuple, type Value } from './values.ts';

const tuples = (rows: readonly (readonly Value[])[]): Value[] => rows.map((row) => new Tuple(row));

function product(lists: readonly (readonly Value[])[]): readonly (readonly Value[])[] {
  return lists.reduce<readonly (readonly Value[])[]>(
    (rows, list) => rows.flatMap((row) => list.map((item) => [...row, item])),
    [[]],
  );
}

function combinations(items: readonly Value[], length: number): readonly (readonly Value[])[] {
  if (length === 0) return [[]];
  return items.flatMap((item, index) =>
    combinations(items.slice(index + 1), length - 1).map((rest) => [item, ...rest]),
  );
}

function permutations(items: readonly Value[], length: number): readonly (readonly Value[])[] {
  if (length === 0) return [[]];
  return items.flatMap((item, index) =>
    permutations(items.toSpliced(index, 1), length - 1).map((rest) => [item, ...rest]),
  );
}

function zipLongest(lists: readonly (readonly Value[])[], fill: Value): readonly (readonly Value[])[] {
  const length = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length }, (_, index) =>
    lists.map((list) => (index < list.length ? (list[index] ?? null) : fill)),
  );
}

const listsOf = (given: readonly (Value | undefined)[]): readonly (readonly Value[])[] =>
  given.map((value) => listOf(value ?? null));

const chain: HostObject = {
  typeName: 'type',
  getAttribute: (name) =>
    name === 'from_iterable'
      ? makeFunction(name, ['iterable'], (lists = null) => listsOf(listOf(lists)).flat())
      : undefined,
  call: (args) => listsOf(args).flat(),
  toText: () => "<class 'itertools.chain'>",
};

export const itertoolsModule: HostObject = makeModule('itertools', {
  chain,
  product: new Callable('product', (args, kwargs) => {
    const times = asIndex(kwargs.get('repeat'), 1);
    const lists = listsOf(args);
    return tuples(product(Array.from({ length: times }, () => lists).flat()));
  }),
  combinations: makeFunction('combinations', ['iterable', 'r'], (items = null, length) =>
    tuples(combinations(listOf(items), asIndex(length, 0))),
  ),
  permutations: makeFunction('permutations', ['iterable', 'r?'], (items = null, length) => {
    const list = listOf(items);
    return tuples(permutations(list, asIndex(length, list.length)));
  }),
  zip_longest: new Callable('zip_longest', (args, kwargs) =>
    tuples(zipLongest(listsOf(args), kwargs.get('fillvalue') ?? null)),
  ),
  islice: makeFunction('islice', ['iterable', 'start', 'stop?', 'step?'], (items = null, start, stop, step) => {
    const list = listOf(items);
    const [from, to] =
      stop === undefined ? [0, asIndex(start, list.length)] : [asIndex(start, 0), asIndex(stop, list.length)];
    return list.slice(from, to).filter((_, index) => index % asIndex(step, 1) === 0);
  }),
  repeat: makeFunction('repeat', ['object', 'times'], (item = null, times) =>
    Array.from({ length: Math.max(0, asIndex(times, 0)) }, () => item),
  ),
});
