/** jinja2's tests: `x is defined`, `x is divisibleby 3`. */
import { didYouMean } from '../../kernel/nearest.ts';
import { readArguments } from './call-arguments.ts';
import { JinjaError } from './errors.ts';
import { filterNames } from './filter-names.ts';
import { calculate, compare, contains, isIterable } from './operators.ts';
import { isCased } from './text-methods.ts';
import {
  Callable,
  equals,
  isHostObject,
  isInt,
  type Kwargs,
  numeric,
  PyFloat,
  str,
  Tuple,
  Undefined,
  type Value,
} from './values.ts';

interface Test {
  readonly parameters: readonly string[];
  readonly holds: (value: Value, ...given: Value[]) => boolean;
}

const plain = (holds: (value: Value) => boolean): Test => ({ parameters: [], holds });
const comparing = (holds: (value: Value, other: Value) => boolean): Test => ({ parameters: ['other'], holds });

const remainder = (value: Value, divisor: Value): Value => calculate('%', value, divisor);

const isSequence = (value: Value): boolean =>
  typeof value === 'string' ||
  Array.isArray(value) ||
  value instanceof Tuple ||
  value instanceof Map ||
  (isHostObject(value) && value.length !== undefined && value.getItem !== undefined);

const isCallable = (value: Value): boolean =>
  value instanceof Callable || value instanceof Undefined || (isHostObject(value) && value.call !== undefined);

/** Python's `is`: small values are the same when they are equal and of one type. */
function isSame(left: Value, right: Value): boolean {
  return left === right;
}

const equal = comparing(equals);
const unequal = comparing((left, right) => !equals(left, right));
const above = comparing((left, right) => compare(left, right, '>') > 0);
const atLeast = comparing((left, right) => compare(left, right, '>=') >= 0);
const below = comparing((left, right) => compare(left, right, '<') < 0);
const atMost = comparing((left, right) => compare(left, right, '<=') <= 0);

const tests: Readonly<Record<string, Test>> = {
  odd: plain((value) => equals(remainder(value, 2), 1)),
  even: plain((value) => equals(remainder(value, 2), 0)),
  divisibleby: { parameters: ['num'], holds: (value, divisor) => equals(remainder(value, divisor ?? null), 0) },
  defined: plain((value) => !(value instanceof Undefined)),
  undefined: plain((value) => value instanceof Undefined),
  filter: plain((value) => typeof value === 'string' && filterNames.some((name) => name === value)),
  test: plain((value) => typeof value === 'string' && Object.hasOwn(tests, value)),
  none: plain((value) => value === null),
  boolean: plain((value) => typeof value === 'boolean'),
  false: plain((value) => value === false),
  true: plain((value) => value === true),
  integer: plain((value) => isInt(value)),
  float: plain((value) => value instanceof PyFloat),
  lower: plain((value) => isCased(str(value), str(value).toLowerCase())),
  upper: plain((value) => isCased(str(value), str(value).toUpperCase())),
  string: plain((value) => typeof value === 'string'),
  mapping: plain((value) => value instanceof Map || (isHostObject(value) && value.isMapping === true)),
  number: plain((value) => numeric(value) !== undefined),
  sequence: plain((value) => isSequence(value) || value instanceof Undefined),
  iterable: plain(isIterable),
  callable: plain(isCallable),
  sameas: comparing(isSame),
  escaped: plain(() => false),
  in: { parameters: ['seq'], holds: (value, container) => contains(container ?? null, value) },
  '==': equal,
  eq: equal,
  equalto: equal,
  '!=': unequal,
  ne: unequal,
  '>': above,
  gt: above,
  greaterthan: above,
  '>=': atLeast,
  ge: atLeast,
  '<': below,
  lt: below,
  lessthan: below,
  '<=': atMost,
  le: atMost,
};

export const testNames: readonly string[] = Object.keys(tests);

/** The test of a name. Throws TemplateRuntimeError where there is none. */
export function findTest(name: string): (value: Value, args: readonly Value[], kwargs: Kwargs) => boolean {
  const test = Object.hasOwn(tests, name) ? tests[name] : undefined;
  if (!test) throw new JinjaError('TemplateRuntimeError', `no test named '${name}'${didYouMean(name, testNames)}`);
  return (value, args, kwargs) => {
    const given = readArguments(name, test.parameters, args, kwargs);
    return test.holds(value, ...given.map((item) => item ?? null));
  };
}
