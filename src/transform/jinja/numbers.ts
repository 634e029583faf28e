/** Python's numbers as text and back: whole numbers of any size, and floats as their shortest text. */

/** A whole number as it is kept: a JavaScript number where it is exact, otherwise a bigint. */
export function wholeNumber(value: bigint): number | bigint {
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}

/** The exponent and the digits of a finite float that is not zero, in the fewest digits that read back to it. */
function shortestDigits(value: number): { readonly digits: string; readonly exponent: number } {
  const [mantissa = '', exponent = '0'] = Math.abs(value).toExponential().split('e');
  return { digits: mantissa.replace('.', ''), exponent: Number(exponent) };
}

/** The exponent as Python writes it: a sign, and two digits at least. */
export function exponentText(exponent: number): string {
  return `e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** A float as Python prints it: 1.0, 0.1, 1e+16, 1e-05, inf, nan. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const sign = value < 0 ? '-' : '';
  const { digits, exponent } = shortestDigits(value);
  if (exponent < -4 || exponent >= 16) {
    const rest = digits.length > 1 ? `.${digits.slice(1)}` : '';
    return `${sign}${digits.slice(0, 1)}${rest}${exponentText(exponent)}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`;
}

const decimalText = /^[+-]?(?:\d+(?:_\d+)*)$/;
const floatPattern = /^[+-]?(?:(?:\d+(?:_\d+)*)(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?$/i;
const specialFloats = /^([+-]?)(inf|infinity|nan)$/i;

/** What Python's float(text) gives; undefined where it would refuse. */
export function parseFloatText(text: string): number | undefined {
  const trimmed = text.trim();
  const special = specialFloats.exec(trimmed);
  if (special) {
    const size = special[2]?.toLowerCase() === 'nan' ? Number.NaN : Number.POSITIVE_INFINITY;
    return special[1] === '-' ? -size : size;
  }
  return floatPattern.test(trimmed) ? Number(trimmed.replaceAll('_', '')) : undefined;
}

const digitPatterns: Readonly<Record<number, RegExp>> = {
  2: /^[01]+(?:_[01]+)*$/,
  8: /^[0-7]+(?:_[0-7]+)*$/,
  16: /^[0-9a-f]+(?:_[0-9a-f]+)*$/i,
};
const prefixes: Readonly<Record<number, string>> = { 2: '0b', 8: '0o', 16: '0x' };

function parsePrefixed(text: string, base: number): number | bigint | undefined {
  const negative = text.startsWith('-');
  const unsigned = text.replace(/^[+-]/, '').toLowerCase();
  const prefix = prefixes[base];
  if (prefix === undefined) return undefined;
  const digits = unsigned.startsWith(prefix) ? unsigned.slice(2).replace(/^_/, '') : unsigned;
  if (!digitPatterns[base]?.test(digits)) return undefined;
  const size = BigInt(prefix + digits.replaceAll('_', ''));
  return wholeNumber(negative ? -size : size);
}

/** What Python's int(text, base) gives for the bases 2, 8, 10 and 16 (0 reads the prefix); undefined where it would refuse. */
export function parseIntText(text: string, base = 10): number | bigint | undefined {
  const trimmed = text.trim();
  if (base === 0) {
    const prefixed = /^[+-]?0([box])/i.exec(trimmed)?.[1]?.toLowerCase();
    return parseIntText(trimmed, prefixed === undefined ? 10 : { b: 2, o: 8, x: 16 }[prefixed]);
  }
  if (base !== 10) return parsePrefixed(trimmed, base);
  return decimalText.test(trimmed) ? wholeNumber(BigInt(trimmed.replace('+', '').replaceAll('_', ''))) : undefined;
}

/** Rounds half to even at a number of decimals, by the float's exact value as Python's round does. */
export function roundHalfEven(value: number, decimals: number): number {
  if (!Number.isFinite(value)) return value;
  if (decimals > 22 || Math.abs(value) >= 1e21) return value;
  return Number(exactFixed(value, decimals));
}

/** The float's exact binary value as a fraction: value = units / 2 ** shift. */
export function exactFraction(value: number): { readonly units: bigint; readonly shift: number } {
  let shift = 0;
  let scaled = value;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    shift += 1;
  }
  return { units: BigInt(scaled), shift };
}

/** A finite float with exactly so many decimals (negative: rounded to tens, hundreds ...), half to even on its exact value. */
export function exactFixed(value: number, decimals: number): string {
  const negative = value < 0 || Object.is(value, -0);
  const { units, shift } = exactFraction(Math.abs(value));
  const scale = 10n ** BigInt(Math.abs(decimals));
  const numerator = decimals >= 0 ? units * scale : units;
  const denominator = decimals >= 0 ? 1n << BigInt(shift) : (1n << BigInt(shift)) * scale;
  const rounded = divideHalfEven(numerator, denominator);
  const digits = decimals >= 0 ? rounded.toString().padStart(decimals + 1, '0') : (rounded * scale).toString();
  const text = decimals > 0 ? `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}` : digits;
  return negative ? `-${text}` : text;
}

/** The whole number nearest to a quotient of positive numbers, half to even. */
export function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  const up = twice > denominator || (twice === denominator && quotient % 2n === 1n);
  return up ? quotient + 1n : quotient;
}

/** So many significant digits of a positive finite float, half to even on its exact value, and the exponent of the first. */
export function significantDigits(
  value: number,
  count: number,
): { readonly digits: string; readonly exponent: number } {
  if (value === 0) return { digits: '0'.repeat(count), exponent: 0 };
  const { units, shift } = exactFraction(value);
  const denominator = 1n << BigInt(shift);
  let exponent = shortestDigits(value).exponent;
  const places = count - 1 - exponent;
  const scale = 10n ** BigInt(Math.abs(places));
  let digits = divideHalfEven(
    places >= 0 ? units * scale : units,
    places >= 0 ? denominator : denominator * scale,
  ).toString();
  if (digits.length > count) {
    digits = digits.slice(0, count);
    exponent += 1;
  }
  return { digits, exponent };
}
