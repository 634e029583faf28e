/** Python's values in JavaScript, as templates and their hosts exchange them, and how they print, compare and convert. */
import type { JsonValue } from '../../stores/duckdb/duckdb.ts';
import { JinjaError, typeError } from './errors.ts';
import { floatText, wholeNumber } from './numbers.ts';

/**
 * A value of a template: str is string; int is number (a safe integer) or bigint; float is PyFloat; bool is boolean;
 * None is null; list is an array, which templates may change; dict is a Map; the others have classes of their own.
 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | PyFloat
  | Undefined
  | Tuple
  | PySet
  | Callable
  | HostObject
  | Value[]
  | Map<Value, Value>;

/** The arguments that were given by name. */
export type Kwargs = ReadonlyMap<string, Value>;

/** Operators that a host's object may define for itself. */
export type Operator = '+' | '-' | '*' | '/' | '//' | '%' | '**';

/** An object that the host gives to templates: a relation, the config, a date. Members that are left out are not supported. */
export interface HostObject {
  /** What error messages call its type. */
  readonly typeName?: string;
  /** Whether Python takes it for a mapping. */
  readonly isMapping?: boolean;
  /** JavaScript's undefined where there is no such attribute; getItem is asked then. */
  getAttribute(name: string): Value | undefined;
  getItem?(key: Value): Value | undefined;
  call?(args: readonly Value[], kwargs: Kwargs): Value | Promise<Value>;
  /** What `{{ object }}` prints. */
  toText(): string;
  /** How it looks within a printed list; its text when left out. */
  toRepr?(): string;
  iterate?(): Iterable<Value>;
  length?(): number;
  truthy?(): boolean;
  contains?(value: Value): boolean;
  equals?(other: Value): boolean;
  /** Below, equal to or above zero; undefined where the two cannot be ordered. */
  compare?(other: Value): number | undefined;
  /** The result of `this operator other`, or of `other operator this` when reflected; undefined where it has none. */
  operate?(operator: Operator, other: Value, reflected: boolean): Value | undefined;
  /** What format(object, specification) gives, where the specification is not empty. */
  format?(specification: string): string;
  /** Equal for equal objects; needed only of objects that serve as keys of a dict and are equal without being the same. */
  hashKey?(): string;
}

/** A float: kept apart from whole numbers, since 1.0 prints as 1.0. */
export class PyFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** A list that cannot be changed. */
export class Tuple {
  readonly items: readonly Value[];
  /** Names of the items, where they can be asked for as attributes. */
  readonly names: readonly string[];

  constructor(items: readonly Value[], names: readonly string[] = []) {
    this.items = items;
    this.names = names;
  }
}

/** Something that can be called: a host's function, a method, a macro. */
export class Callable {
  readonly name: string;
  readonly call: (args: readonly Value[], kwargs: Kwargs) => Value | Promise<Value>;

  constructor(name: string, call: (args: readonly Value[], kwargs: Kwargs) => Value | Promise<Value>) {
    this.name = name;
    this.call = call;
  }
}

/** Calls a macro from within so many other macro calls. */
export type CallWithin = (args: readonly Value[], kwargs: Kwargs, depth: number) => Value | Promise<Value>;

/** A callable whose calls are named in the stack of an error, and counted, so that endless recursion ends. */
export class Macro extends Callable {
  readonly callWithin: CallWithin;

  constructor(name: string, callWithin: CallWithin) {
    super(name, (args, kwargs) => callWithin(args, kwargs, 0));
    this.callWithin = callWithin;
  }
}

/** What a name, attribute or item that is not there gives: prints as nothing, is false, and fails when it is used. */
export class Undefined {
  readonly message: string;
  readonly name: string;
  readonly kind: 'UndefinedError' | 'SecurityError';

  constructor(message: string, name: string, kind: 'UndefinedError' | 'SecurityError' = 'UndefinedError') {
    this.message = message;
    this.name = name;
    this.kind = kind;
  }

  fail(): never {
    throw new JinjaError(this.kind, this.message);
  }

  getAttribute(_name: string): Value {
    return this.fail();
  }

  getItem(_key: Value): Value {
    return this.fail();
  }

  call(_args: readonly Value[], _kwargs: Kwargs): Value {
    return this.fail();
  }
}

/** An undefined whose attributes, items and calls are undefined too, as dbt has it while it parses a project. */
export class LenientUndefined extends Undefined {
  override getAttribute(name: string): Value {
    return new LenientUndefined(this.message, name, this.kind);
  }

  override getItem(_key: Value): Value {
    return this;
  }

  override call(_args: readonly Value[], _kwargs: Kwargs): Value {
    return this;
  }
}

/** Makes the undefined for something that is not there. */
export type MakeUndefined = (message: string, name: string, kind?: 'UndefinedError' | 'SecurityError') => Undefined;

export const strictUndefined: MakeUndefined = (message, name, kind) => new Undefined(message, name, kind);

/** The undefined that dbt uses while it parses. */
export const lenientUndefined: MakeUndefined = (message, name, kind) => new LenientUndefined(message, name, kind);

/** Keys that a JavaScript Map compares as Python compares the values they stand for. */
type HashKey = string | number | bigint | object | null;

function joinedHash(kind: string, items: readonly Value[]): string {
  return `\u0000${kind}${items.map((item) => hashText(item)).join('')}`;
}

function hashText(value: Value): string {
  const key = hashKey(value);
  if (typeof key === 'string') return `s${key.length}:${key}`;
  return typeof key === 'object' && key !== null ? `o${repr(value)};` : `n${String(key)};`;
}

/** Equal for Python-equal values (1, 1.0 and True are); throws TypeError for values that cannot be keys. */
function hashKey(value: Value): HashKey {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' || value === null)
    return value;
  if (typeof value === 'boolean') return Number(value);
  if (value instanceof PyFloat) return Number.isInteger(value.value) ? wholeNumber(BigInt(value.value)) : value.value;
  if (value instanceof Tuple) return joinedHash('tuple', value.items);
  if (Array.isArray(value) || value instanceof Map || value instanceof PySet) {
    throw typeError(`unhashable type: '${typeName(value)}'`);
  }
  if (isHostObject(value) && value.hashKey) return `\u0000host${value.hashKey()}`;
  return value;
}

/** A dict: a Map whose keys are the same when Python says that they are equal. Every dict that a template makes is one. */
export class Dict extends Map<Value, Value> {
  // The field is declared without a value: Map's constructor must not be given entries before it exists.
  readonly #keys = new Map<HashKey, Value>();

  static of(entries: Iterable<readonly [Value, Value]>): Dict {
    const dict = new Dict();
    for (const [key, value] of entries) dict.set(key, value);
    return dict;
  }

  #stored(key: Value): Value {
    if (typeof key === 'string') return key;
    const stored = this.#keys.get(hashKey(key));
    return stored === undefined ? key : stored;
  }

  override get(key: Value): Value | undefined {
    return super.get(this.#stored(key));
  }

  override has(key: Value): boolean {
    return super.has(this.#stored(key));
  }

  override set(key: Value, value: Value): this {
    const stored = this.#stored(key);
    if (typeof key !== 'string' && !super.has(stored)) this.#keys.set(hashKey(key), key);
    return super.set(stored, value);
  }

  override delete(key: Value): boolean {
    const stored = this.#stored(key);
    if (typeof key !== 'string') this.#keys.delete(hashKey(key));
    return super.delete(stored);
  }

  override clear(): void {
    this.#keys.clear();
    super.clear();
  }
}

/** A set; it keeps the order in which its members came. */
export class PySet {
  readonly members: Dict;

  constructor(items: Iterable<Value>) {
    this.members = Dict.of([...items].map((item) => [item, null]));
  }

  get items(): readonly Value[] {
    return [...this.members.keys()];
  }

  has(value: Value): boolean {
    return this.members.has(value);
  }
}

export function isHostObject(value: Value): value is HostObject {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Map) &&
    !(value instanceof PyFloat) &&
    !(value instanceof Tuple) &&
    !(value instanceof PySet) &&
    !(value instanceof Callable) &&
    !(value instanceof Undefined)
  );
}

/** Python's name of the value's type, for messages. */
export function typeName(value: Value): string {
  if (value === null) return 'NoneType';
  if (typeof value === 'string') return 'str';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number' || typeof value === 'bigint') return 'int';
  if (value instanceof PyFloat) return 'float';
  if (Array.isArray(value)) return 'list';
  if (value instanceof Map) return 'dict';
  if (value instanceof Tuple) return 'tuple';
  if (value instanceof PySet) return 'set';
  if (value instanceof Undefined) return 'Undefined';
  if (value instanceof Macro) return 'Macro';
  if (value instanceof Callable) return 'function';
  return value.typeName ?? 'object';
}

/** How jinja2's messages name an object: 'None', or the type and 'object'. */
export const describeType = (value: Value): string => (value === null ? 'None' : `${typeName(value)} object`);

export const isInt = (value: Value): value is number | bigint => typeof value === 'number' || typeof value === 'bigint';

/** What Python's str(value) gives, and what a template prints. */
export function str(value: Value): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  if (value instanceof Undefined) return '';
  if (isHostObject(value)) return value.toText();
  return repr(value);
}

const namedEscapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escapeCharacter(character: string): string {
  const named = namedEscapes[character];
  if (named !== undefined) return named;
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, '0')}`;
  return `\\U${code.toString(16).padStart(8, '0')}`;
}

function textRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replaceAll(/[\\\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu, escapeCharacter);
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote;
}

/** What Python's repr(value) gives: how a value looks within a printed list. */
export function repr(value: Value): string {
  if (value === null) return 'None';
  if (typeof value === 'string') return textRepr(value);
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (value instanceof PyFloat) return floatText(value.value);
  if (Array.isArray(value)) return `[${value.map(repr).join(', ')}]`;
  if (value instanceof Map) {
    return `{${[...value].map(([key, item]) => `${repr(key)}: ${repr(item)}`).join(', ')}}`;
  }
  if (value instanceof Tuple) return `(${value.items.map(repr).join(', ')}${value.items.length === 1 ? ',' : ''})`;
  if (value instanceof PySet) return value.members.size ? `{${value.items.map(repr).join(', ')}}` : 'set()';
  if (value instanceof Undefined) return 'Undefined';
  if (value instanceof Macro) return `<Macro '${value.name}'>`;
  if (value instanceof Callable) return `<function ${value.name}>`;
  return value.toRepr ? value.toRepr() : value.toText();
}

/** Whether Python takes the value for true. */
export function truthy(value: Value): boolean {
  if (typeof value === 'boolean') return value;
  if (value === null || value instanceof Undefined) return false;
  if (value instanceof PyFloat) return value.value !== 0;
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Map) return value.size > 0;
  if (value instanceof Tuple) return value.items.length > 0;
  if (value instanceof PySet) return value.members.size > 0;
  if (isHostObject(value)) return value.truthy?.() ?? (value.length ? value.length() > 0 : true);
  return Boolean(value);
}

/** A number (bool included) as JavaScript's own; undefined for anything else. */
export function numeric(value: Value): number | bigint | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return Number(value);
  return value instanceof PyFloat ? value.value : undefined;
}

const allEqual = (left: readonly Value[], right: readonly Value[]): boolean =>
  left.length === right.length && left.every((item, index) => equals(item, right[index] ?? null));

function mapsEqual(left: Map<Value, Value>, right: Map<Value, Value>): boolean {
  if (left.size !== right.size) return false;
  for (const [key, value] of left) {
    const other = right.get(key);
    if (other === undefined || !equals(value, other)) return false;
  }
  return true;
}

/** Whether Python's == holds. */
export function equals(left: Value, right: Value): boolean {
  if (left === right) return true;
  const leftNumber = numeric(left);
  if (leftNumber !== undefined) {
    const rightNumber = numeric(right);
    // A bigint and a number compare by their values with == alone.
    // biome-ignore lint/suspicious/noDoubleEquals: 1n == 1 holds as it does in Python
    if (rightNumber !== undefined) return leftNumber == rightNumber;
  }
  if (Array.isArray(left)) return Array.isArray(right) && allEqual(left, right);
  if (left instanceof Tuple) return right instanceof Tuple && allEqual(left.items, right.items);
  if (left instanceof Map) return right instanceof Map && mapsEqual(left, right);
  if (left instanceof PySet) return right instanceof PySet && mapsEqual(left.members, right.members);
  if (left instanceof Undefined) return right instanceof Undefined;
  if (isHostObject(left) && left.equals) return left.equals(right);
  if (isHostObject(right) && right.equals) return right.equals(left);
  return false;
}

/** The members that a loop over the value meets: items, characters of a str, keys of a dict. Throws TypeError for the rest. */
export function iterate(value: Value): Iterable<Value> {
  if (Array.isArray(value) || typeof value === 'string') return value;
  if (value instanceof Tuple || value instanceof PySet) return value.items;
  if (value instanceof Map) return value.keys();
  if (value instanceof Undefined) return [];
  if (isHostObject(value) && value.iterate) return value.iterate();
  throw typeError(`'${typeName(value)}' object is not iterable`);
}

/** The items of a list or tuple, or whatever else a loop would meet, as an array of its own. */
export const listOf = (value: Value): Value[] => [...iterate(value)];

/** What Python's len(value) gives; a str counts code points. */
export function lengthOf(value: Value): number {
  if (Array.isArray(value)) return value.length;
  if (typeof value === 'string') return [...value].length;
  if (value instanceof Map) return value.size;
  if (value instanceof Tuple) return value.items.length;
  if (value instanceof PySet) return value.members.size;
  if (value instanceof Undefined) return 0;
  if (isHostObject(value) && value.length) return value.length();
  throw typeError(`object of type '${typeName(value)}' has no len()`);
}

/** Data as Python values: objects become dicts, arrays lists, whole numbers int and other numbers float. */
export function toPython(json: JsonValue | bigint | undefined): Value {
  if (json === undefined || json === null) return null;
  if (typeof json === 'number') return Number.isSafeInteger(json) ? json : new PyFloat(json);
  if (typeof json === 'bigint') return wholeNumber(json);
  if (typeof json !== 'object') return json;
  if (Array.isArray(json)) return json.map((item: JsonValue) => toPython(item));
  return Dict.of(Object.entries(json).map(([key, item]) => [key, toPython(item)]));
}

/** A dict's key as JSON names it. */
function jsonKey(key: Value): string {
  if (typeof key === 'boolean') return String(key);
  return key === null ? 'null' : str(key);
}

/** The value as data: tuples and sets become arrays, floats numbers, undefined null, a host's object its text. */
export function fromPython(value: Value): JsonValue {
  if (value === null || value instanceof Undefined) return null;
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof PyFloat) return value.value;
  if (Array.isArray(value)) return value.map(fromPython);
  if (value instanceof Tuple || value instanceof PySet) return value.items.map(fromPython);
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, item]) => [jsonKey(key), fromPython(item)]));
  }
  return str(value);
}
