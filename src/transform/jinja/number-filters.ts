/** jinja2's filters of numbers, and those that say what to do where there is no value. */
import { asIndex, asText } from './call-arguments.ts';
import { JinjaError, typeError } from './errors.ts';
import { filter } from './filter.ts';
import { parseFloatText, parseIntText, roundHalfEven, wholeNumber } from './numbers.ts';
import { compare, negate } from './operators.ts';
import { isHostObject, numeric, PyFloat, truthy, typeName, Undefined, type Value } from './values.ts';

/** A finite float without its decimals. */
const truncateFloat = (value: number): Value | undefined =>
  Number.isFinite(value) ? wholeNumber(BigInt(Math.trunc(value))) : undefined;

/** What Python's int gives; undefined where it would refuse. */
function toInt(value: Value, base: number): Value | undefined {
  if (value instanceof Undefined) return value.fail();
  if (value instanceof PyFloat) return truncateFloat(value.value);
  const number = numeric(value);
  if (number !== undefined) return number;
  if (isHostObject(value)) return hostNumber(value, truncateFloat);
  if (typeof value !== 'string') return undefined;
  const whole = parseIntText(value, base);
  if (whole !== undefined) return whole;
  const float = parseFloatText(value);
  return float === undefined ? undefined : truncateFloat(float);
}

function hostNumber(value: Value, convert: (number: number) => Value | undefined): Value | undefined {
  const text = isHostObject(value) ? parseFloatText(value.toText()) : undefined;
  return text === undefined ? undefined : convert(text);
}

function toFloat(value: Value): Value | undefined {
  if (value instanceof Undefined) return value.fail();
  const number = numeric(value);
  if (number !== undefined) return new PyFloat(Number(number));
  if (isHostObject(value)) return hostNumber(value, (float) => new PyFloat(float));
  const float = typeof value === 'string' ? parseFloatText(value) : undefined;
  return float === undefined ? undefined : new PyFloat(float);
}

function absolute(value: Value): Value {
  if (value instanceof PyFloat) return new PyFloat(Math.abs(value.value));
  const number = numeric(value);
  if (number === undefined && !isHostObject(value)) throw typeError(`bad operand type for abs(): '${typeName(value)}'`);
  const known = number ?? value;
  return compare(known, 0) < 0 ? negate(known) : known;
}

function roundInt(value: number | bigint, decimals: number): Value {
  return decimals >= 0 ? value : wholeNumber(BigInt(roundHalfEven(Number(value), decimals)));
}

function round(value: Value, decimals: number, method: string): Value {
  if (!['common', 'ceil', 'floor'].includes(method)) {
    throw new JinjaError('FilterArgumentError', 'method must be common, ceil or floor');
  }
  const number = numeric(value);
  if (number === undefined) throw typeError(`type ${typeName(value)} doesn't define __round__ method`);
  if (method === 'common') {
    return value instanceof PyFloat ? new PyFloat(roundHalfEven(value.value, decimals)) : roundInt(number, decimals);
  }
  const scale = 10 ** decimals;
  const scaled = Number(number) * scale;
  return new PyFloat((method === 'ceil' ? Math.ceil(scaled) : Math.floor(scaled)) / scale);
}

const defaultFilter = filter(['default_value?', 'boolean?'], (input, fallback = '', boolean = false) =>
  input instanceof Undefined || (truthy(boolean) && !truthy(input)) ? fallback : input,
);

export const numberFilters = {
  abs: filter([], absolute),
  d: defaultFilter,
  default: defaultFilter,
  float: filter(['default?'], (input, fallback = new PyFloat(0)) => toFloat(input) ?? fallback),
  int: filter(['default?', 'base?'], (input, fallback = 0, base) => toInt(input, asIndex(base, 10)) ?? fallback),
  round: filter(['precision?', 'method?'], (input, precision, method = 'common') =>
    round(input, asIndex(precision, 0), asText(method)),
  ),
} as const;
