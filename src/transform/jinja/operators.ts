/** Python's operators: arithmetic, order, membership. */
import { JinjaError, typeError } from './errors.ts';
import { wholeNumber } from './numbers.ts';
import { percentFormat } from './percent-format.ts';
import {
  equals,
  isHostObject,
  isInt,
  iterate,
  numeric,
  type Operator,
  PyFloat,
  PySet,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from './values.ts';

const divisionByZero = (message: string): JinjaError => new JinjaError('ZeroDivisionError', message);

type Whole = number | bigint;

/** How an operator treats whole numbers: quickly while everything is exact, otherwise with bigints. */
function exactly(
  left: Whole,
  right: Whole,
  quick: (a: number, b: number) => number,
  exact: (a: bigint, b: bigint) => bigint,
): Whole {
  if (typeof left === 'number' && typeof right === 'number') {
    const result = quick(left, right);
    if (Number.isSafeInteger(result)) return result === 0 ? 0 : result;
  }
  return wholeNumber(exact(BigInt(left), BigInt(right)));
}

function floorDivide(left: bigint, right: bigint): bigint {
  const quotient = left / right;
  return left % right !== 0n && left < 0n !== right < 0n ? quotient - 1n : quotient;
}

function powerOfInts(base: Whole, exponent: Whole): Value {
  if (exponent < 0) {
    if (Number(base) === 0) throw divisionByZero('0.0 cannot be raised to a negative power');
    return new PyFloat(Number(base) ** Number(exponent));
  }
  if (Number(exponent) > 100_000 && Math.abs(Number(base)) > 1) {
    throw new JinjaError('OverflowError', 'the result of ** has too many digits');
  }
  return exactly(
    base,
    exponent,
    (a, b) => a ** b,
    (a, b) => a ** b,
  );
}

function calculateInts(operator: Operator, left: Whole, right: Whole): Value {
  switch (operator) {
    case '+':
      return exactly(
        left,
        right,
        (a, b) => a + b,
        (a, b) => a + b,
      );
    case '-':
      return exactly(
        left,
        right,
        (a, b) => a - b,
        (a, b) => a - b,
      );
    case '*':
      return exactly(
        left,
        right,
        (a, b) => a * b,
        (a, b) => a * b,
      );
    case '**':
      return powerOfInts(left, right);
    default:
      return divideInts(operator, left, right);
  }
}

function divideInts(operator: '/' | '//' | '%', left: Whole, right: Whole): Value {
  if (Number(right) === 0) throw divisionByZero('division by zero');
  if (operator === '/') return new PyFloat(Number(left) / Number(right));
  if (operator === '//') return exactly(left, right, (a, b) => Math.floor(a / b), floorDivide);
  return exactly(
    left,
    right,
    (a, b) => a - b * Math.floor(a / b),
    (a, b) => a - b * floorDivide(a, b),
  );
}

/** Quotient and remainder of floats: the remainder has the sign of the divisor. */
function divideFloats(left: number, right: number): { readonly quotient: number; readonly remainder: number } {
  if (right === 0) throw divisionByZero('float division by zero');
  let remainder = left % right;
  let quotient = (left - remainder) / right;
  if (remainder !== 0 && remainder < 0 !== right < 0) {
    remainder += right;
    quotient -= 1;
  }
  const floor = Math.floor(quotient);
  return { quotient: quotient - floor > 0.5 ? floor + 1 : floor, remainder };
}

function powerOfFloats(base: number, exponent: number): number {
  if (base === 0 && exponent < 0) throw divisionByZero('0.0 cannot be raised to a negative power');
  if (base < 0 && Number.isFinite(exponent) && !Number.isInteger(exponent)) {
    throw new JinjaError('ValueError', 'a negative number to a fractional power is not supported');
  }
  const result = base ** exponent;
  if (!Number.isFinite(result) && Number.isFinite(base) && Number.isFinite(exponent)) {
    throw new JinjaError('OverflowError', 'Numerical result out of range');
  }
  return result;
}

function calculateFloats(operator: Operator, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '**':
      return powerOfFloats(left, right);
    case '/':
      if (right === 0) throw divisionByZero('float division by zero');
      return left / right;
    case '//':
      return divideFloats(left, right).quotient;
    case '%':
      return divideFloats(left, right).remainder;
  }
}

function calculateNumbers(operator: Operator, left: Value, right: Value): Value | undefined {
  const leftNumber = numeric(left);
  const rightNumber = numeric(right);
  if (leftNumber === undefined || rightNumber === undefined) return undefined;
  if (left instanceof PyFloat || right instanceof PyFloat) {
    return new PyFloat(calculateFloats(operator, Number(leftNumber), Number(rightNumber)));
  }
  return calculateInts(operator, leftNumber, rightNumber);
}

function addSequences(left: Value, right: Value): Value | undefined {
  if (typeof left === 'string' && typeof right === 'string') return left + right;
  if (Array.isArray(left) && Array.isArray(right)) return [...left, ...right];
  if (left instanceof Tuple && right instanceof Tuple) return new Tuple([...left.items, ...right.items]);
  return undefined;
}

/** As many items as a repeated sequence may have. */
const longestSequence = 2 ** 28;

function repetitions(length: number, times: number | bigint | boolean): number {
  const count = Math.max(0, Number(times));
  if (length * count <= longestSequence) return count;
  throw new JinjaError('OverflowError', `the result of * has more than ${longestSequence} items`);
}

function repeatSequence(sequence: Value, times: Value): Value | undefined {
  if (!isInt(times) && typeof times !== 'boolean') return undefined;
  if (typeof sequence === 'string') return sequence.repeat(repetitions(sequence.length, times));
  const items = sequence instanceof Tuple ? sequence.items : sequence;
  if (!Array.isArray(items)) return undefined;
  const repeated = Array.from({ length: repetitions(items.length, times) }, () => items).flat(1);
  return sequence instanceof Tuple ? new Tuple(repeated) : repeated;
}

function calculateSets(operator: Operator, left: Value, right: Value): Value | undefined {
  if (operator !== '-' || !(left instanceof PySet) || !(right instanceof PySet)) return undefined;
  return new PySet(left.items.filter((item) => !right.has(item)));
}

function calculateSequences(operator: Operator, left: Value, right: Value): Value | undefined {
  if (operator === '+') return addSequences(left, right);
  if (operator === '*') return repeatSequence(left, right) ?? repeatSequence(right, left);
  return calculateSets(operator, left, right);
}

function calculateHostObjects(operator: Operator, left: Value, right: Value): Value | undefined {
  const result = isHostObject(left) ? left.operate?.(operator, right, false) : undefined;
  if (result !== undefined) return result;
  return isHostObject(right) ? right.operate?.(operator, left, true) : undefined;
}

function failOperands(operator: Operator, left: Value, right: Value): never {
  if (operator === '+' && (typeof left === 'string' || Array.isArray(left))) {
    const type = typeName(left);
    throw typeError(`can only concatenate ${type} (not "${typeName(right)}") to ${type}`);
  }
  throw typeError(`unsupported operand type(s) for ${operator}: '${typeName(left)}' and '${typeName(right)}'`);
}

/** The result of an arithmetic operator. Throws JinjaError as Python throws. */
export function calculate(operator: Operator, left: Value, right: Value): Value {
  const number = calculateNumbers(operator, left, right);
  if (number !== undefined) return number;
  if (operator === '%' && typeof left === 'string') return percentFormat(left, right);
  if (left instanceof Undefined) left.fail();
  if (right instanceof Undefined) right.fail();
  return (
    calculateSequences(operator, left, right) ??
    calculateHostObjects(operator, left, right) ??
    failOperands(operator, left, right)
  );
}

/** The value with its sign turned. */
export function negate(value: Value): Value {
  if (value instanceof PyFloat) return new PyFloat(-value.value);
  if (value instanceof Undefined) value.fail();
  const number = numeric(value);
  if (number !== undefined) return typeof number === 'bigint' ? wholeNumber(-number) : 0 - number;
  if (isHostObject(value)) {
    const result = value.operate?.('*', -1, false);
    if (result !== undefined) return result;
  }
  throw typeError(`bad operand type for unary -: '${typeName(value)}'`);
}

/** The value with a plus before it: bools become whole numbers. */
export function plus(value: Value): Value {
  if (value instanceof PyFloat || isHostObject(value)) return value;
  if (value instanceof Undefined) value.fail();
  const number = numeric(value);
  if (number !== undefined) return number;
  throw typeError(`bad operand type for unary +: '${typeName(value)}'`);
}

/** Orders texts by code points, as Python does; JavaScript's own order is by UTF-16 units. */
function compareTexts(left: string, right: string): number {
  let index = 0;
  while (index < left.length && left[index] === right[index]) index += 1;
  const leftPoint = left.codePointAt(index) ?? -1;
  const rightPoint = right.codePointAt(index) ?? -1;
  return leftPoint - rightPoint;
}

function compareItems(left: readonly Value[], right: readonly Value[]): number | undefined {
  for (const [index, item] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    if (!equals(item, other)) return order(item, other);
  }
  return left.length - right.length;
}

function compareNumbers(left: number | bigint, right: number | bigint): number {
  if (left < right) return -1;
  if (left > right) return 1;
  // Not-a-number is neither below, above nor equal to anything, which a NaN as the result expresses.
  return Number.isNaN(left) || Number.isNaN(right) ? Number.NaN : 0;
}

/** Below, equal to or above zero as the values are ordered; undefined where they have no order. */
function order(left: Value, right: Value): number | undefined {
  const leftNumber = numeric(left);
  const rightNumber = numeric(right);
  if (leftNumber !== undefined && rightNumber !== undefined) return compareNumbers(leftNumber, rightNumber);
  if (typeof left === 'string' && typeof right === 'string') return compareTexts(left, right);
  if (Array.isArray(left) && Array.isArray(right)) return compareItems(left, right);
  if (left instanceof Tuple && right instanceof Tuple) return compareItems(left.items, right.items);
  if (isHostObject(left) && left.compare) return left.compare(right);
  if (isHostObject(right) && right.compare) {
    const reversed = right.compare(left);
    return reversed === undefined ? undefined : -reversed;
  }
  return undefined;
}

/** Below, equal to or above zero. Throws TypeError for values that have no order, named with the operator. */
export function compare(left: Value, right: Value, operator = '<'): number {
  if (left instanceof Undefined) left.fail();
  if (right instanceof Undefined) right.fail();
  const result = order(left, right);
  if (result !== undefined) return result;
  throw typeError(`'${operator}' not supported between instances of '${typeName(left)}' and '${typeName(right)}'`);
}

/** Whether Python's `item in container` holds. */
export function contains(container: Value, item: Value): boolean {
  if (typeof container === 'string') {
    if (typeof item === 'string') return container.includes(item);
    throw typeError(`'in <string>' requires string as left operand, not ${typeName(item)}`);
  }
  if (container instanceof Map || container instanceof PySet) return container.has(item);
  if (isHostObject(container) && container.contains) return container.contains(item);
  if (!isIterable(container)) throw typeError(`argument of type '${typeName(container)}' is not iterable`);
  for (const member of iterate(container)) if (equals(member, item)) return true;
  return false;
}

/** Whether a loop can run over the value. */
export function isIterable(value: Value): boolean {
  if (typeof value === 'string' || Array.isArray(value) || value instanceof Map || value instanceof Undefined)
    return true;
  return value instanceof Tuple || value instanceof PySet || (isHostObject(value) && value.iterate !== undefined);
}
