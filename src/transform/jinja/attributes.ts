/** Attributes and items of values, in jinja2's order: `a.b` asks for the attribute first, `a['b']` for the item. */
import { braceFormat, type FieldAccess } from './brace-format.ts';
import { asText, bindMethod, type Method, readArguments } from './call-arguments.ts';
import { dictMethods, listMethods, setMethods, tupleMethods, updateDict } from './collection-methods.ts';
import { typeError } from './errors.ts';
import { resolveIndex, sequenceItems } from './sequences.ts';
import { textMethods } from './text-methods.ts';
import {
  Callable,
  describeType,
  isHostObject,
  isInt,
  type MakeUndefined,
  PyFloat,
  PySet,
  repr,
  strictUndefined,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from './values.ts';

function methodIn<Self>(
  methods: Readonly<Record<string, Method<Self>>>,
  name: string,
  self: Self,
): Callable | undefined {
  const found = Object.hasOwn(methods, name) ? methods[name] : undefined;
  return found && bindMethod(name, found, self);
}

function textAttribute(text: string, name: string): Callable | undefined {
  if (name === 'format') return new Callable(name, (args, kwargs) => braceFormat(text, args, kwargs, fieldAccess));
  if (name !== 'format_map') return methodIn(textMethods, name, text);
  return new Callable(name, (args, kwargs) => {
    const [values] = readArguments(name, ['mapping'], args, kwargs);
    if (!(values instanceof Map)) throw typeError(`'${typeName(values ?? null)}' object is not a mapping`);
    return braceFormat(text, [], new Map([...values].map(([key, item]) => [asText(key), item])), fieldAccess);
  });
}

function dictAttribute(dict: Map<Value, Value>, name: string): Callable | undefined {
  if (name !== 'update') return methodIn(dictMethods, name, dict);
  return new Callable(name, (args, kwargs) => {
    const [source] = readArguments(name, ['source?'], args, new Map());
    return updateDict(dict, source, kwargs);
  });
}

function tupleAttribute(tuple: Tuple, name: string): Value | undefined {
  const index = tuple.names.indexOf(name);
  return index === -1 ? methodIn(tupleMethods, name, tuple) : tuple.items[index];
}

function numberAttribute(value: number | bigint | boolean | PyFloat, name: string): Value | undefined {
  const isFloat = value instanceof PyFloat;
  const number = isFloat ? value.value : Number(value);
  if (name === 'real' || (name === 'numerator' && !isFloat)) return typeof value === 'boolean' ? number : value;
  if (name === 'imag') return isFloat ? new PyFloat(0) : 0;
  if (name === 'denominator' && !isFloat) return 1;
  if (name === 'is_integer') return new Callable(name, () => Number.isInteger(number));
  if (name !== 'bit_length' || isFloat) return undefined;
  return new Callable(name, () => BigInt(value).toString(2).replace(/^-/, '').replace(/^0$/, '').length);
}

/** The attribute that a value has of itself, items left aside; undefined where it has none of that name. */
export function ownAttribute(value: Value, name: string): Value | undefined {
  if (typeof value === 'string') return textAttribute(value, name);
  if (Array.isArray(value)) return methodIn(listMethods, name, value);
  if (value instanceof Map) return dictAttribute(value, name);
  if (value instanceof Tuple) return tupleAttribute(value, name);
  if (value instanceof PySet) return methodIn(setMethods, name, value);
  if (isInt(value) || typeof value === 'boolean' || value instanceof PyFloat) return numberAttribute(value, name);
  if (value instanceof Callable) return name === 'name' ? value.name : undefined;
  return isHostObject(value) ? value.getAttribute(name) : undefined;
}

/** The item that a value has under a key; undefined where it has none. */
function ownItem(value: Value, key: Value): Value | undefined {
  if (value instanceof Map) return isHashable(key) ? value.get(key) : undefined;
  if (isHostObject(value)) return value.getItem?.(key);
  if (!isInt(key) && typeof key !== 'boolean') return undefined;
  const items = sequenceItems(value);
  const index = items && resolveIndex(Number(key), items.length);
  return index === undefined ? undefined : items?.[index];
}

const isHashable = (key: Value): boolean => !(Array.isArray(key) || key instanceof Map || key instanceof PySet);

const isInternal = (name: string): boolean => name.startsWith('__') && name.endsWith('__');

const unsafe = (value: Value, name: string, makeUndefined: MakeUndefined): Undefined =>
  makeUndefined(`access to attribute ${repr(name)} of '${typeName(value)}' object is unsafe.`, name, 'SecurityError');

const noAttribute = (value: Value, name: string, makeUndefined: MakeUndefined): Undefined =>
  isInternal(name)
    ? unsafe(value, name, makeUndefined)
    : makeUndefined(`'${describeType(value)}' has no attribute ${repr(name)}`, name);

/** `value.name`: the attribute, or else the item of that name, or else an undefined. */
export function getAttribute(value: Value, name: string, makeUndefined: MakeUndefined): Value {
  if (value instanceof Undefined) return value.getAttribute(name);
  const attribute = ownAttribute(value, name);
  if (attribute !== undefined) return attribute;
  const item = ownItem(value, name);
  return item === undefined ? noAttribute(value, name, makeUndefined) : item;
}

/** `value[key]`: the item, or else the attribute of that name, or else an undefined. */
export function getItem(value: Value, key: Value, makeUndefined: MakeUndefined): Value {
  if (value instanceof Undefined) return value.getItem(key);
  const item = ownItem(value, key);
  if (item !== undefined) return item;
  if (typeof key !== 'string') return makeUndefined(`${describeType(value)} has no element ${repr(key)}`, repr(key));
  const attribute = ownAttribute(value, key);
  return attribute === undefined ? noAttribute(value, key, makeUndefined) : attribute;
}

const fieldAccess: FieldAccess = {
  attribute: (value, name) => getAttribute(value, name, strictUndefined),
  item: (value, key) => getItem(value, key, strictUndefined),
};
