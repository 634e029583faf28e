/** Python's indices and slices of strings, lists and tuples. */

import { asIndex } from './call-arguments.ts';
import { typeError, valueError } from './errors.ts';
import { isHostObject, Tuple, typeName, type Value } from './values.ts';

/** The items of a host's object that is a sequence: one that can be iterated, has a length, and is no mapping. */
function hostItems(value: Value): readonly Value[] | undefined {
  if (!isHostObject(value) || !value.iterate || !value.length || value.isMapping) return undefined;
  return [...value.iterate()];
}

/** The items of a str (its code points), list or tuple; undefined for other values. */
export function sequenceItems(value: Value): readonly Value[] | undefined {
  if (typeof value === 'string') return [...value];
  if (Array.isArray(value)) return value;
  return value instanceof Tuple ? value.items : undefined;
}

/** An index from the start, where a negative one counts from the end; undefined where there is no such item. */
export function resolveIndex(index: number, length: number): number | undefined {
  const resolved = index < 0 ? index + length : index;
  return resolved >= 0 && resolved < length ? resolved : undefined;
}

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

/** Where a slice's bound falls: negative bounds count from the end, and those beyond an end fall on it. */
export function clampBound(bound: number, length: number, low = 0, high = length): number {
  return clamp(bound < 0 ? bound + length : bound, low, high);
}

interface SliceBounds {
  readonly start: Value | undefined;
  readonly stop: Value | undefined;
  readonly step: Value | undefined;
}

function sliceItems(items: readonly Value[], { start, stop, step }: SliceBounds): readonly Value[] {
  const { length } = items;
  const stride = asIndex(step, 1);
  if (stride === 0) throw valueError('slice step cannot be zero');
  const [low, high] = stride > 0 ? [0, length] : [-1, length - 1];
  const from =
    start === undefined || start === null
      ? stride > 0
        ? low
        : high
      : clampBound(asIndex(start, 0), length, low, high);
  const to =
    stop === undefined || stop === null ? (stride > 0 ? high : low) : clampBound(asIndex(stop, 0), length, low, high);
  if (stride === 1) return items.slice(from, Math.max(from, to));
  const result: Value[] = [];
  for (let index = from; stride > 0 ? index < to : index > to; index += stride) result.push(items[index] ?? null);
  return result;
}

/** `value[start:stop:step]`, of the value's own type; of a host's sequence a tuple. Throws TypeError for values that are no sequences. */
export function slice(value: Value, bounds: SliceBounds): Value {
  const items = sequenceItems(value) ?? hostItems(value);
  if (!items) throw typeError(`'${typeName(value)}' object is not subscriptable`);
  const part = sliceItems(items, bounds);
  if (typeof value === 'string') return part.join('');
  return Array.isArray(value) ? [...part] : new Tuple(part);
}
