/** jinja2's filters of lists, dicts and whatever else a loop can run over. */
import { getItem, ownAttribute } from './attributes.ts';
import { asIndex, asText } from './call-arguments.ts';
import { JinjaError, typeError } from './errors.ts';
import { type Filter, type FilterContext, filter, filterIn } from './filter.ts';
import { calculate, compare } from './operators.ts';
import { findTest } from './tests.ts';
import { Dict, equals, type Kwargs, lengthOf, listOf, str, Tuple, truthy, Undefined, type Value } from './values.ts';

type Getter = (item: Value) => Value;

/** Reads `a.b.0` of items; what is not there becomes the fallback, where there is one. */
function attributeGetter(context: FilterContext, attribute: Value, fallback?: Value): Getter {
  const parts = typeof attribute === 'string' ? attribute.split('.').map(asKey) : [attribute];
  return (item) => {
    let value = item;
    for (const part of parts) {
      value = getItem(value, part, context.makeUndefined);
      if (value instanceof Undefined && fallback !== undefined && fallback !== null) value = fallback;
    }
    return value;
  };
}

const asKey = (part: string): Value => (/^\d+$/.test(part) ? Number(part) : part);

/** Several attributes with commas between them make a list to sort by. */
function sortGetter(context: FilterContext, attribute: Value | undefined, fold: (value: Value) => Value): Getter {
  if (attribute === undefined || attribute === null) return fold;
  const names = typeof attribute === 'string' ? attribute.split(',') : [attribute];
  const getters = names.map((name) => attributeGetter(context, name));
  const [only] = getters;
  if (getters.length === 1 && only) return (item) => fold(only(item));
  return (item) => getters.map((get) => fold(get(item)));
}

const foldCase = (value: Value): Value => (typeof value === 'string' ? value.toLowerCase() : value);
const foldUnless = (caseSensitive: Value | undefined): Getter =>
  truthy(caseSensitive ?? false) ? (value) => value : foldCase;

/** Sorts items by what a getter reads of them; equal ones stay in their order. */
function sortBy(items: readonly Value[], get: Getter, reverse: boolean): Value[] {
  const keyed = items.map((item) => ({ item, key: get(item) }));
  keyed.sort((left, right) => (reverse ? compare(right.key, left.key) : compare(left.key, right.key)));
  return keyed.map(({ item }) => item);
}

const getterFor = (context: FilterContext, attribute: Value | undefined): Getter =>
  attribute === undefined || attribute === null ? (item) => item : attributeGetter(context, attribute);

function extreme(context: FilterContext, items: readonly Value[], get: Getter, wanted: 'min' | 'max'): Value {
  const [first, ...rest] = items;
  if (first === undefined) return context.makeUndefined('No aggregated item, sequence was empty.', wanted);
  return rest.reduce((best, item) => {
    const order = compare(get(item), get(best));
    return (wanted === 'min' ? order < 0 : order > 0) ? item : best;
  }, first);
}

const extremeFilter = (wanted: 'min' | 'max'): Filter =>
  filterIn(['case_sensitive?', 'attribute?'], (context, input, [caseSensitive, attribute]) => {
    const fold = foldUnless(caseSensitive);
    const get = getterFor(context, attribute);
    return extreme(context, listOf(input), (item) => fold(get(item)), wanted);
  });

function unique(items: readonly Value[], get: Getter): Value[] {
  const seen = new Dict();
  return items.filter((item) => {
    const key = get(item);
    const isNew = !seen.has(key);
    seen.set(key, null);
    return isNew;
  });
}

function groupBy(items: readonly Value[], get: Getter, fold: Getter): Value[] {
  const groups: { key: Value; grouper: Value; list: Value[] }[] = [];
  for (const item of sortBy(items, (member) => fold(get(member)), false)) {
    const grouper = get(item);
    const key = fold(grouper);
    const last = groups.at(-1);
    if (last && equals(last.key, key)) last.list.push(item);
    else groups.push({ key, grouper, list: [item] });
  }
  return groups.map(({ grouper, list }) => new Tuple([grouper, list], ['grouper', 'list']));
}

function batch(items: readonly Value[], size: number, fill: Value | undefined): Value[] {
  const batches: Value[][] = [];
  for (let start = 0; start < items.length; start += size) batches.push(items.slice(start, start + size));
  const last = batches.at(-1);
  while (fill !== undefined && fill !== null && last && last.length < size) last.push(fill);
  return batches;
}

/** So many parts of nearly equal length; the longer ones come first, the shorter are filled up. */
function slices(items: readonly Value[], count: number, fill: Value | undefined): Value[] {
  const size = Math.floor(items.length / count);
  const longer = items.length % count;
  return Array.from({ length: count }, (_, index) => {
    const start = index * size + Math.min(index, longer);
    const part = items.slice(start, start + size + (index < longer ? 1 : 0));
    return fill !== undefined && fill !== null && index >= longer && longer > 0 ? [...part, fill] : part;
  });
}

function dictSort(input: Value, caseSensitive: boolean, by: Value, reverse: boolean): Value[] {
  if (!(input instanceof Map)) throw typeError('dictsort takes a dict');
  if (by !== 'key' && by !== 'value') {
    throw new JinjaError('FilterArgumentError', "You can only sort by either 'key' or 'value'");
  }
  const fold = foldUnless(caseSensitive);
  const pairs = [...input].map((pair) => new Tuple(pair));
  return sortBy(pairs, (pair) => fold((pair as Tuple).items[by === 'key' ? 0 : 1] ?? null), reverse);
}

function reverse(input: Value): Value {
  return typeof input === 'string' ? [...input].reverse().join('') : listOf(input).reverse();
}

function itemsOf(input: Value): Value[] {
  if (input instanceof Undefined) return [];
  if (input instanceof Map) return [...input].map((pair) => new Tuple(pair));
  throw typeError('Can only get item pairs from a mapping.');
}

/** The items to map or select from; whatever is false, 0 and None too, has none. */
const itemsOrNone = (input: Value): Value[] => (truthy(input) ? listOf(input) : []);

/** A test by its name and arguments, or whether the value is true where no name was given. */
function predicate(args: readonly Value[], kwargs: Kwargs): (value: Value) => boolean {
  const [name, ...rest] = args;
  if (name === undefined) return truthy;
  const holds = findTest(asText(name));
  return (value) => holds(value, rest, kwargs);
}

const selectFilter =
  (wanted: boolean): Filter =>
  (_context, input, args, kwargs) => {
    const holds = predicate(args, kwargs);
    return itemsOrNone(input).filter((item) => holds(item) === wanted);
  };

const selectAttributeFilter =
  (wanted: boolean): Filter =>
  (context, input, [attribute, ...args], kwargs) => {
    if (attribute === undefined) throw new JinjaError('FilterArgumentError', 'Missing parameter for attribute name');
    const get = attributeGetter(context, attribute);
    const holds = predicate(args, kwargs);
    return itemsOrNone(input).filter((item) => holds(get(item)) === wanted);
  };

/** `map('filter', ...)` or `map(attribute='name', default=...)`. */
const mapFilter =
  (findFilter: (name: string) => Filter): Filter =>
  (context, input, args, kwargs) => {
    const [name, ...rest] = args;
    if (name === undefined) {
      const get = mappedAttribute(context, kwargs);
      return itemsOrNone(input).map(get);
    }
    const apply = findFilter(asText(name));
    return itemsOrNone(input).map((item) => apply(context, item, rest, kwargs));
  };

function mappedAttribute(context: FilterContext, kwargs: Kwargs): Getter {
  const attribute = kwargs.get('attribute');
  const unknown = [...kwargs.keys()].find((key) => key !== 'attribute' && key !== 'default');
  if (attribute === undefined) throw new JinjaError('FilterArgumentError', 'map requires a filter argument');
  if (unknown !== undefined) throw new JinjaError('FilterArgumentError', `Unexpected keyword argument '${unknown}'`);
  return attributeGetter(context, attribute, kwargs.get('default'));
}

/** An attribute, even where there is an item of its name. */
function attributeOf(context: FilterContext, value: Value, name: string): Value {
  if (value instanceof Undefined) return value.getAttribute(name);
  return ownAttribute(value, name) ?? context.makeUndefined(`no attribute '${name}'`, name);
}

/** The filters; `map` finds the one it applies by its name. */
export const sequenceFilters = (findFilter: (name: string) => Filter) =>
  ({
    attr: filterIn(['name'], (context, input, [name]) => attributeOf(context, input, asText(name))),
    batch: filter(['linecount', 'fill_with?'], (input, size, fill) => batch(listOf(input), asIndex(size, 1), fill)),
    count: filter([], lengthOf),
    dictsort: filter(
      ['case_sensitive?', 'by?', 'reverse?'],
      (input, caseSensitive = false, by = 'key', isReverse = false) =>
        dictSort(input, truthy(caseSensitive), by, truthy(isReverse)),
    ),
    first: filterIn([], (context, input) => {
      const [first] = listOf(input);
      return first === undefined ? context.makeUndefined('No first item, sequence was empty.', 'first') : first;
    }),
    groupby: filterIn(
      ['attribute', 'default?', 'case_sensitive?'],
      (context, input, [attribute = null, fallback, caseSensitive]) =>
        groupBy(listOf(input), attributeGetter(context, attribute, fallback), foldUnless(caseSensitive)),
    ),
    items: filter([], itemsOf),
    join: filterIn(['d?', 'attribute?'], (context, input, [separator = '', attribute]) =>
      listOf(input).map(getterFor(context, attribute)).map(str).join(str(separator)),
    ),
    last: filterIn([], (context, input) => {
      const last = listOf(input).at(-1);
      return last === undefined ? context.makeUndefined('No last item, sequence was empty.', 'last') : last;
    }),
    length: filter([], lengthOf),
    list: filter([], listOf),
    map: mapFilter(findFilter),
    max: extremeFilter('max'),
    min: extremeFilter('min'),
    reject: selectFilter(false),
    rejectattr: selectAttributeFilter(false),
    reverse: filter([], reverse),
    select: selectFilter(true),
    selectattr: selectAttributeFilter(true),
    slice: filter(['slices', 'fill_with?'], (input, count, fill) => slices(listOf(input), asIndex(count, 1), fill)),
    sort: filterIn(
      ['reverse?', 'case_sensitive?', 'attribute?'],
      (context, input, [isReverse = false, caseSensitive, attribute]) =>
        sortBy(listOf(input), sortGetter(context, attribute, foldUnless(caseSensitive)), truthy(isReverse)),
    ),
    sum: filterIn(['attribute?', 'start?'], (context, input, [attribute, start = 0]) =>
      listOf(input)
        .map(getterFor(context, attribute))
        .reduce((total, item) => calculate('+', total, item), start),
    ),
    unique: filterIn(['case_sensitive?', 'attribute?'], (context, input, [caseSensitive, attribute]) => {
      const fold = foldUnless(caseSensitive);
      const get = getterFor(context, attribute);
      return unique(listOf(input), (item) => fold(get(item)));
    }),
  }) as const;
