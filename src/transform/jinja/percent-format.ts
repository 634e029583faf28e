/** Python's % formatting: 'as %s and %05.2f' % (a, b). */
import { typeError, valueError } from './errors.ts';
import { floatDigits } from './format-specification.ts';
import { parseFloatText } from './numbers.ts';
import { isInt, numeric, PyFloat, repr, str, Tuple, typeName, Undefined, type Value } from './values.ts';

interface Conversion {
  readonly flags: string;
  readonly width: number;
  readonly precision: number | undefined;
  readonly type: string;
}

const conversions = /%(?:\(([^)]*)\))?([-#0 +]*)(\*|\d+)?(?:\.(\*|\d+)?)?([hlL])?([\s\S]|$)/g;

function pad(sign: string, text: string, { flags, width }: Conversion, zeros: boolean): string {
  const missing = Math.max(0, width - [...sign].length - [...text].length);
  if (flags.includes('-')) return sign + text + ' '.repeat(missing);
  if (zeros && flags.includes('0')) return sign + '0'.repeat(missing) + text;
  return ' '.repeat(missing) + sign + text;
}

function signOf(negative: boolean, flags: string): string {
  if (negative) return '-';
  if (flags.includes('+')) return '+';
  return flags.includes(' ') ? ' ' : '';
}

function wholePart(value: Value, type: string): bigint {
  const number = numeric(value);
  const isReal = value instanceof PyFloat && 'oxX'.includes(type);
  if (number === undefined || isReal) {
    const needed = 'oxX'.includes(type) ? 'an integer' : 'a real number';
    throw typeError(`%${type} format: ${needed} is required, not ${typeName(value)}`);
  }
  return BigInt(typeof number === 'number' ? Math.trunc(number) : number);
}

const radices: Readonly<Record<string, readonly [radix: number, prefix: string]>> = {
  o: [8, '0o'],
  x: [16, '0x'],
  X: [16, '0X'],
};

function formatWhole(value: Value, conversion: Conversion): string {
  const { flags, type, precision } = conversion;
  const whole = wholePart(value, type);
  const [radix, prefix] = radices[type] ?? [10, ''];
  const digits = (whole < 0n ? -whole : whole).toString(radix).padStart(precision ?? 0, '0');
  const sign = signOf(whole < 0n, flags) + (flags.includes('#') ? prefix : '');
  return pad(sign, type === 'X' ? digits.toUpperCase() : digits, conversion, true);
}

function formatReal(value: Value, conversion: Conversion): string {
  const { flags, type, precision } = conversion;
  if (value instanceof Undefined) value.fail();
  const number = numeric(value);
  if (number === undefined) throw typeError(`must be real number, not ${typeName(value)}`);
  const real = Number(number);
  const digits = floatDigits(Math.abs(real), type, precision, flags.includes('#'));
  const sign = signOf(real < 0 || Object.is(real, -0), flags);
  return pad(sign, 'EFG'.includes(type) ? digits.toUpperCase() : digits, conversion, Number.isFinite(real));
}

function formatCharacter(value: Value): string {
  if (isInt(value)) return String.fromCodePoint(Number(value));
  if (typeof value === 'string' && [...value].length === 1) return value;
  throw typeError('%c requires int or char');
}

function formatOne(value: Value, conversion: Conversion): string {
  const { type, precision } = conversion;
  if ('diuoxX'.includes(type)) return formatWhole(value, conversion);
  if ('eEfFgG'.includes(type)) return formatReal(value, conversion);
  const text = type === 'c' ? formatCharacter(value) : type === 's' ? str(value) : repr(value);
  return pad('', precision === undefined ? text : [...text].slice(0, precision).join(''), conversion, false);
}

/** The values that a template takes one after the other. */
class Values {
  readonly #items: readonly Value[];
  readonly #all: Value;
  #index = 0;

  constructor(values: Value) {
    this.#all = values;
    this.#items = values instanceof Tuple ? values.items : [values];
  }

  next(): Value {
    const item = this.#items[this.#index];
    if (item === undefined) throw typeError('not enough arguments for format string');
    this.#index += 1;
    return item;
  }

  named(name: string): Value {
    if (!(this.#all instanceof Map)) throw typeError('format requires a mapping');
    const value = this.#all.get(name);
    if (value === undefined) throw valueError(`'${name}' is not a key of the values to format`);
    return value;
  }

  /** Throws TypeError where values are left over. */
  finish(): void {
    const takesAny = this.#all instanceof Map || Array.isArray(this.#all) || this.#all instanceof Undefined;
    if (this.#index < this.#items.length && !(takesAny && this.#index === 0)) {
      throw typeError('not all arguments converted during string formatting');
    }
  }
}

const starOr = (text: string | undefined, values: Values): number | undefined =>
  text === '*' ? Number(numeric(values.next()) ?? 0) : parseFloatText(text ?? '');

/**
 * What Python's `template % values` gives.
 * @throws JinjaError as Python throws: TypeError for values that do not fit, ValueError for an unknown conversion.
 */
export function percentFormat(template: string, values: Value): string {
  const source = new Values(values);
  const text = template.replaceAll(conversions, (_, name, flags, width, precision, _length, type) => {
    if (type === '%') return '%';
    if (type === '') throw valueError('incomplete format');
    if (!'diouxXeEfFgGcrsa'.includes(type)) throw valueError(`unsupported format character '${type}'`);
    const widthValue = starOr(width, source) ?? 0;
    const conversion = {
      flags: widthValue < 0 ? `${flags}-` : flags,
      width: Math.abs(widthValue),
      precision: starOr(precision, source),
      type,
    };
    return formatOne(name === undefined ? source.next() : source.named(name), conversion);
  });
  source.finish();
  return text;
}
