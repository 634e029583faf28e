/** Python's format specifications, as in '{:>10,.2f}': how a value is laid out as text. */
import { typeError, valueError } from './errors.ts';
import { exactFixed, exponentText, floatText, significantDigits } from './numbers.ts';
import { isHostObject, isInt, PyFloat, str, typeName, type Value } from './values.ts';

/** What a specification says; parts that it leaves out are empty or undefined. */
export interface FormatSpecification {
  readonly fill: string;
  readonly align: '<' | '>' | '^' | '=' | '';
  readonly sign: '+' | '-' | ' ' | '';
  readonly alternate: boolean;
  readonly width: number;
  readonly grouping: ',' | '_' | '';
  readonly precision: number | undefined;
  readonly type: string;
}

const pattern = /^(?:([\s\S])?([<>=^]))?([-+ ])?(z)?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([bcdeEfFgGnosxX%])?$/u;

function parseSpecification(text: string): FormatSpecification {
  const match = pattern.exec(text);
  if (!match) throw valueError(`Invalid format specifier '${text}'`);
  const [, fill, align, sign, , alternate, zero, width, grouping, precision, type] = match;
  return {
    fill: fill ?? (zero && !align ? '0' : ' '),
    align: (align ?? (zero ? '=' : '')) as FormatSpecification['align'],
    sign: (sign ?? '') as FormatSpecification['sign'],
    alternate: alternate !== undefined,
    width: Number(width ?? 0),
    grouping: (grouping ?? '') as FormatSpecification['grouping'],
    precision: precision === undefined ? undefined : Number(precision),
    type: type ?? '',
  };
}

/** Pads a text to the width; the sign, if there is one, stays before padding with align '='. */
function pad(sign: string, text: string, { fill, align, width }: FormatSpecification, natural: '<' | '>'): string {
  const missing = width - [...sign].length - [...text].length;
  if (missing <= 0) return sign + text;
  switch (align || natural) {
    case '<':
      return sign + text + fill.repeat(missing);
    case '^':
      return fill.repeat(Math.floor(missing / 2)) + sign + text + fill.repeat(Math.ceil(missing / 2));
    case '=':
      return sign + fill.repeat(missing) + text;
    default:
      return fill.repeat(missing) + sign + text;
  }
}

function signText(negative: boolean, { sign }: FormatSpecification): string {
  if (negative) return '-';
  return sign === '-' ? '' : sign;
}

/** Puts a separator between each so many digits of the whole part. */
function group(digits: string, separator: string, size: number): string {
  return separator ? digits.replaceAll(new RegExp(`\\B(?=(?:[\\da-fA-F]{${size}})+$)`, 'g'), separator) : digits;
}

/** Digits with separators, filled with zeros up to the width as '{:08,}' asks. */
function groupToWidth(whole: string, rest: string, sign: string, specification: FormatSpecification, size = 3): string {
  const { grouping, fill, align, width } = specification;
  let digits = whole;
  let text = group(digits, grouping, size) + rest;
  while (grouping && fill === '0' && align === '=' && sign.length + text.length < width) {
    digits = `0${digits}`;
    text = group(digits, grouping, size) + rest;
  }
  return text;
}

const radices: Readonly<Record<string, { readonly radix: number; readonly prefix: string }>> = {
  b: { radix: 2, prefix: '0b' },
  o: { radix: 8, prefix: '0o' },
  x: { radix: 16, prefix: '0x' },
  X: { radix: 16, prefix: '0X' },
};

function formatInt(value: number | bigint, specification: FormatSpecification): string {
  const { type, alternate, precision } = specification;
  if (precision !== undefined) throw valueError('Precision not allowed in integer format specifier');
  if (type === 'c') return pad('', String.fromCodePoint(Number(value)), specification, '<');
  const size = BigInt(value) < 0n ? -BigInt(value) : BigInt(value);
  const { radix, prefix } = radices[type] ?? { radix: 10, prefix: '' };
  const plain = size.toString(radix);
  const sign = signText(value < 0, specification) + (alternate ? prefix : '');
  const digits = type === 'X' ? plain.toUpperCase() : plain;
  return pad(sign, groupToWidth(digits, '', sign, specification, radix === 10 ? 3 : 4), specification, '>');
}

function exponentForm(size: number, precision: number, alternate: boolean): string {
  const { digits, exponent } = significantDigits(size, precision + 1);
  const point = precision > 0 || alternate ? '.' : '';
  return `${digits.slice(0, 1)}${point}${digits.slice(1)}${exponentText(exponent)}`;
}

/** The shorter of fixed and exponent form with so many significant digits, as %g gives. */
function generalForm(size: number, precision: number, alternate: boolean, limit = precision): string {
  const significant = Math.max(precision, 1);
  const { digits, exponent } = significantDigits(size, significant);
  const isExponent = exponent < -4 || exponent >= Math.max(limit, 1);
  const text = isExponent ? exponentForm(size, significant - 1, alternate) : exactFixedDigits(digits, exponent);
  if (alternate) return text;
  const [mantissa = '', tail] = text.split('e');
  const trimmed = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  return tail === undefined ? trimmed : `${trimmed}e${tail}`;
}

/** Significant digits and an exponent as fixed text. */
function exactFixedDigits(digits: string, exponent: number): string {
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${whole}.${digits.slice(exponent + 1)}`;
}

/** A float without a type: as it prints, or with a precision as %g, but never without a decimal. */
function plainForm(size: number, precision: number | undefined): string {
  if (precision === undefined) return floatText(size);
  const text = generalForm(size, precision, false, precision - 1);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** The digits of a float that is not negative, without sign and separators. */
export function floatDigits(size: number, type: string, precision: number | undefined, alternate: boolean): string {
  if (!Number.isFinite(size)) return `${floatText(size)}${type === '%' ? '%' : ''}`;
  switch (type.toLowerCase()) {
    case 'e':
      return exponentForm(size, precision ?? 6, alternate);
    case 'f':
      return exactFixed(size, precision ?? 6) + (alternate && precision === 0 ? '.' : '');
    case '%':
      return `${exactFixed(size * 100, precision ?? 6)}%`;
    case 'g':
    case 'n':
      return generalForm(size, precision ?? 6, alternate);
    default:
      return plainForm(size, precision);
  }
}

function formatFloat(value: number, specification: FormatSpecification): string {
  const { type, precision, alternate } = specification;
  const negative = value < 0 || Object.is(value, -0);
  const digits = floatDigits(Math.abs(value), type, precision, alternate);
  const cased = type === 'E' || type === 'G' || type === 'F' ? digits.toUpperCase() : digits;
  const [, whole = '', rest = ''] = /^(\d*)([\s\S]*)$/.exec(cased) ?? [];
  const sign = signText(negative, specification);
  return pad(sign, groupToWidth(whole, rest, sign, specification), specification, '>');
}

function formatString(value: string, specification: FormatSpecification): string {
  const { type, precision, align } = specification;
  if (type !== '' && type !== 's') throw valueError(`Unknown format code '${type}' for object of type 'str'`);
  if (align === '=' && specification.fill !== '0') {
    throw valueError("'=' alignment not allowed in string format specifier");
  }
  const cut = precision === undefined ? value : [...value].slice(0, precision).join('');
  return pad('', cut, align === '=' ? { ...specification, align: '<' } : specification, '<');
}

function formatNumber(value: number | bigint | PyFloat, text: string): string {
  const specification = parseSpecification(text);
  const { type } = specification;
  if (type === 's') throw valueError(`Unknown format code 's' for object of type '${typeName(value)}'`);
  if (value instanceof PyFloat) {
    if ('bcdoxX'.includes(type) && type) throw valueError(`Unknown format code '${type}' for object of type 'float'`);
    return formatFloat(value.value, specification);
  }
  const asFloat = type !== '' && 'eEfFgG%'.includes(type);
  return asFloat ? formatFloat(Number(value), specification) : formatInt(value, specification);
}

/** What Python's format(value, specification) gives. Throws ValueError or TypeError where Python does. */
export function formatValue(value: Value, specification: string): string {
  if (specification === '') return str(value);
  if (typeof value === 'string') return formatString(value, parseSpecification(specification));
  if (typeof value === 'boolean') return formatNumber(Number(value), specification);
  if (isInt(value) || value instanceof PyFloat) return formatNumber(value, specification);
  if (isHostObject(value) && value.format) return value.format(specification);
  throw typeError(`unsupported format string passed to ${typeName(value)}.__format__`);
}
