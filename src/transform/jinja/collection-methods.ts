/** The methods of Python's list, tuple, dict and set. */
import { asIndex, type Method, method } from './call-arguments.ts';
import { JinjaError, valueError } from './errors.ts';
import { compare } from './operators.ts';
import { clampBound, resolveIndex } from './sequences.ts';
import { Dict, equals, iterate, listOf, PySet, repr, Tuple, truthy, type Value } from './values.ts';

const indexError = (message: string): JinjaError => new JinjaError('IndexError', message);

/** The items in order, as Python's sorted gives them; equal ones stay in their order. */
function sortItems(items: readonly Value[], reverse: boolean): Value[] {
  return items.toSorted((left, right) => (reverse ? compare(right, left) : compare(left, right)));
}

function indexOf(
  items: readonly Value[],
  wanted: Value,
  start: Value | undefined,
  end: Value | undefined,
  type: string,
): number {
  const from = clampBound(asIndex(start, 0), items.length);
  const to = clampBound(asIndex(end, items.length), items.length);
  const index = items.slice(from, to).findIndex((item) => equals(item, wanted));
  if (index === -1) throw valueError(`${repr(wanted)} is not in ${type}`);
  return from + index;
}

const countOf = (items: readonly Value[], wanted: Value): number => items.filter((item) => equals(item, wanted)).length;

function popItem(list: Value[], index: Value | undefined): Value {
  if (list.length === 0) throw indexError('pop from empty list');
  const resolved = resolveIndex(asIndex(index, -1), list.length);
  if (resolved === undefined) throw indexError('pop index out of range');
  return list.splice(resolved, 1)[0] ?? null;
}

function removeItem(list: Value[], wanted: Value): null {
  const index = list.findIndex((item) => equals(item, wanted));
  if (index === -1) throw valueError('list.remove(x): x not in list');
  list.splice(index, 1);
  return null;
}

function sortInPlace(list: Value[], reverse: boolean): null {
  const sorted = sortItems(list, reverse);
  list.splice(0, list.length, ...sorted);
  return null;
}

/** Runs what changes a value, and gives None as Python's methods that change their object do. */
const changing = (change: unknown): null => {
  void change;
  return null;
};

export const listMethods: Readonly<Record<string, Method<Value[]>>> = {
  append: method(['object'], (list, item = null) => changing(list.push(item))),
  extend: method(['iterable'], (list, items = null) => changing(list.push(...listOf(items)))),
  insert: method(['index', 'object'], (list, index, item = null) =>
    changing(list.splice(clampBound(asIndex(index, 0), list.length), 0, item)),
  ),
  pop: method(['index?'], popItem),
  remove: method(['value'], (list, value = null) => removeItem(list, value)),
  index: method(['value', 'start?', 'stop?'], (list, value = null, start, stop) =>
    indexOf(list, value, start, stop, 'list'),
  ),
  count: method(['value'], (list, value = null) => countOf(list, value)),
  sort: method(['reverse?'], (list, reverse = null) => sortInPlace(list, truthy(reverse))),
  reverse: method([], (list) => changing(list.reverse())),
  copy: method([], (list) => [...list]),
  clear: method([], (list) => changing(list.splice(0, list.length))),
};

export const tupleMethods: Readonly<Record<string, Method<Tuple>>> = {
  index: method(['value', 'start?', 'stop?'], ({ items }, value = null, start, stop) =>
    indexOf(items, value, start, stop, 'tuple'),
  ),
  count: method(['value'], ({ items }, value = null) => countOf(items, value)),
};

/** The pairs of a dict's constructor or update: those of a dict, or of a sequence of pairs. */
function pairsOf(source: Value): readonly (readonly [Value, Value])[] {
  if (source instanceof Map) return [...source];
  return listOf(source).map((pair, index) => {
    const [key, value, ...more] = listOf(pair);
    if (key === undefined || value === undefined || more.length > 0) {
      throw valueError(`dictionary update sequence element #${index} has length ${listOf(pair).length}; 2 is required`);
    }
    return [key, value];
  });
}

function popKey(dict: Map<Value, Value>, key: Value, fallback: Value | undefined): Value {
  const value = dict.get(key);
  if (value === undefined && fallback === undefined) throw new JinjaError('KeyError', repr(key));
  dict.delete(key);
  return value === undefined ? (fallback ?? null) : value;
}

function popLast(dict: Map<Value, Value>): Tuple {
  const last = [...dict].at(-1);
  if (!last) throw new JinjaError('KeyError', "'popitem(): dictionary is empty'");
  dict.delete(last[0]);
  return new Tuple(last);
}

function setDefault(dict: Map<Value, Value>, key: Value, fallback: Value): Value {
  const present = dict.get(key);
  if (present === undefined) dict.set(key, fallback);
  return present === undefined ? fallback : present;
}

/** Adds or replaces a dict's entries. */
export function updateDict(
  dict: Map<Value, Value>,
  source: Value | undefined,
  named: Iterable<readonly [Value, Value]>,
): null {
  if (source !== undefined) for (const [key, value] of pairsOf(source)) dict.set(key, value);
  for (const [key, value] of named) dict.set(key, value);
  return null;
}

export const dictMethods: Readonly<Record<string, Method<Map<Value, Value>>>> = {
  get: method(['key', 'default?'], (dict, key = null, fallback = null) => {
    const value = dict.get(key);
    return value === undefined ? fallback : value;
  }),
  items: method([], (dict) => [...dict].map((entry) => new Tuple(entry))),
  keys: method([], (dict) => [...dict.keys()]),
  values: method([], (dict) => [...dict.values()]),
  pop: method(['key', 'default?'], (dict, key = null, fallback) => popKey(dict, key, fallback)),
  popitem: method([], popLast),
  setdefault: method(['key', 'default?'], (dict, key = null, fallback = null) => setDefault(dict, key, fallback)),
  copy: method([], (dict) => Dict.of(dict)),
  clear: method([], (dict) => changing(dict.clear())),
  fromkeys: method(['iterable', 'value?'], (_dict, keys = null, value = null) =>
    Dict.of(listOf(keys).map((key) => [key, value])),
  ),
};

const others = (given: readonly (Value | undefined)[]): readonly PySet[] =>
  given.map((value) => (value instanceof PySet ? value : new PySet(iterate(value ?? null))));

const isSubset = (left: PySet, right: PySet): boolean => left.items.every((item) => right.has(item));

function removeMember(set: PySet, item: Value): null {
  if (!set.members.delete(item)) throw new JinjaError('KeyError', repr(item));
  return null;
}

export const setMethods: Readonly<Record<string, Method<PySet>>> = {
  add: method(['element'], (set, item = null) => changing(set.members.set(item, null))),
  update: method(['*'], (set, ...given) =>
    changing(others(given).map((other) => other.items.map((item) => set.members.set(item, null)))),
  ),
  remove: method(['element'], (set, item = null) => removeMember(set, item)),
  discard: method(['element'], (set, item = null) => changing(set.members.delete(item))),
  clear: method([], (set) => changing(set.members.clear())),
  copy: method([], (set) => new PySet(set.items)),
  union: method(['*'], (set, ...given) => new PySet([...set.items, ...others(given).flatMap(({ items }) => items)])),
  intersection: method(['*'], (set, ...given) => {
    const sets = others(given);
    return new PySet(set.items.filter((item) => sets.every((other) => other.has(item))));
  }),
  difference: method(['*'], (set, ...given) => {
    const sets = others(given);
    return new PySet(set.items.filter((item) => !sets.some((other) => other.has(item))));
  }),
  symmetric_difference: method(['other'], (set, other) => {
    const [right = new PySet([])] = others([other]);
    const left = set.items.filter((item) => !right.has(item));
    return new PySet([...left, ...right.items.filter((item) => !set.has(item))]);
  }),
  issubset: method(['other'], (set, other) => others([other]).every((right) => isSubset(set, right))),
  issuperset: method(['other'], (set, other) => others([other]).every((right) => isSubset(right, set))),
  isdisjoint: method(['other'], (set, other) =>
    others([other]).every((right) => !set.items.some((item) => right.has(item))),
  ),
};
