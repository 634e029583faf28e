/** Values as JSON, laid out as Python's json.dumps lays it out, and read as json.loads reads it. */
import { typeError, valueError } from './errors.ts';
import { floatText } from './numbers.ts';
import { Dict, isHostObject, PyFloat, repr, str, Tuple, typeName, type Value } from './values.ts';

export interface JsonLayout {
  readonly sortKeys?: boolean;
  /** Blanks for each level; everything is on one line when left out. */
  readonly indent?: number | undefined;
}

const textJson = (text: string): string =>
  JSON.stringify(text).replaceAll(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

function floatJson(value: number): string {
  if (Number.isFinite(value)) return floatText(value);
  return Number.isNaN(value) ? 'NaN' : `${value < 0 ? '-' : ''}Infinity`;
}

function keyText(key: Value): string {
  if (typeof key === 'string') return key;
  if (key === null) return 'null';
  if (typeof key === 'boolean') return String(key);
  if (typeof key === 'number' || typeof key === 'bigint' || key instanceof PyFloat) return repr(key);
  throw typeError(`keys must be str, int, float, bool or None, not ${typeName(key)}`);
}

function enclose(open: string, parts: readonly string[], close: string, layout: JsonLayout, level: number): string {
  if (parts.length === 0) return open + close;
  if (layout.indent === undefined) return open + parts.join(', ') + close;
  const newline = (depth: number): string => `\n${' '.repeat((layout.indent ?? 0) * depth)}`;
  return open + newline(level + 1) + parts.join(`,${newline(level + 1)}`) + newline(level) + close;
}

function dictJson(dict: Map<Value, Value>, layout: JsonLayout, level: number): string {
  const entries = [...dict].map(([key, value]) => [keyText(key), value] as const);
  if (layout.sortKeys) entries.sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0));
  const parts = entries.map(([key, value]) => `${textJson(key)}: ${write(value, layout, level + 1)}`);
  return enclose('{', parts, '}', layout, level);
}

function listJson(items: readonly Value[], layout: JsonLayout, level: number): string {
  const parts = items.map((item) => write(item, layout, level + 1));
  return enclose('[', parts, ']', layout, level);
}

function write(value: Value, layout: JsonLayout, level: number): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return textJson(value);
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number' || typeof value === 'bigint') return str(value);
  if (value instanceof PyFloat) return floatJson(value.value);
  if (Array.isArray(value)) return listJson(value, layout, level);
  if (value instanceof Tuple) return listJson(value.items, layout, level);
  if (value instanceof Map) return dictJson(value, layout, level);
  const shown = isHostObject(value) ? (value.typeName ?? 'object') : typeName(value);
  throw typeError(`Object of type ${shown} is not JSON serializable`);
}

/** What Python's json.dumps gives. Throws TypeError for values that JSON has no form for. */
export const jsonText = (value: Value, layout: JsonLayout = {}): string => {
  if (layout.indent !== undefined && layout.indent < 0) throw valueError('indent is below zero');
  return write(value, layout, 0);
};

/** A number that was read: a float where it has a point or an exponent, however wide where it is whole. */
function readNumber(value: number, source: string | undefined): Value {
  if (source !== undefined && /[.eE]/.test(source)) return new PyFloat(value);
  return Number.isSafeInteger(value) || source === undefined ? value : BigInt(source);
}

function toDicts(value: unknown): Value {
  if (Array.isArray(value)) return value.map(toDicts);
  const isObject = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  return isObject ? Dict.of(Object.entries(value).map(([key, item]) => [key, toDicts(item)])) : (value as Value);
}

/** What json.loads gives. Throws ValueError where the text is not JSON. */
export function readJson(json: string): Value {
  const revive = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === 'number' ? readNumber(value, context?.source) : value;
  try {
    return toDicts(JSON.parse(json, revive as (key: string, value: unknown) => unknown));
  } catch (thrown) {
    throw valueError(`the text is not JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}
