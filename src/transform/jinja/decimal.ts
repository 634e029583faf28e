/** Python's Decimal: results have the 28 digits of its usual context. */
import { JinjaError, valueError } from './errors.ts';
import { divideHalfEven, exactFraction } from './numbers.ts';
import { type HostObject, isInt, type Operator, PyFloat, type Value } from './values.ts';

const decimalPattern = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i;
const mostDigits = 28;

const sizeOf = (digits: bigint): bigint => (digits < 0n ? -digits : digits);

/** A number of decimal digits: digits / 10 ** scale; a scale below zero stands for zeros that were not written. */
export class PyDecimal implements HostObject {
  readonly typeName = 'decimal.Decimal';
  readonly #digits: bigint;
  readonly #scale: number;

  constructor(digits: bigint, scale: number) {
    this.#digits = digits;
    this.#scale = scale;
  }

  /** Reads a decimal's text, as databases give it. Throws ValueError. */
  static parse(text: string): PyDecimal {
    const [, sign = '', whole = '', fraction = '', exponent = '0'] = decimalPattern.exec(text.trim()) ?? [];
    if (whole + fraction === '') throw valueError(`'${text}' is not a decimal number`);
    const digits = BigInt(whole + fraction);
    return new PyDecimal(sign === '-' ? -digits : digits, fraction.length - Number(exponent));
  }

  getAttribute(): undefined {
    return undefined;
  }

  /** Plain digits, or with an exponent where Python writes one. */
  toText(): string {
    const sign = this.#digits < 0n ? '-' : '';
    const digits = String(sizeOf(this.#digits));
    const exponent = digits.length - 1 - this.#scale;
    if (this.#scale < 0 || exponent < -6) {
      const rest = digits.length > 1 ? `.${digits.slice(1)}` : '';
      return `${sign}${digits.slice(0, 1)}${rest}E${exponent < 0 ? '' : '+'}${exponent}`;
    }
    if (this.#scale === 0) return sign + digits;
    const padded = digits.padStart(this.#scale + 1, '0');
    return `${sign}${padded.slice(0, -this.#scale)}.${padded.slice(-this.#scale)}`;
  }

  toRepr(): string {
    return `Decimal('${this.toText()}')`;
  }

  truthy(): boolean {
    return this.#digits !== 0n;
  }

  /** Equal for equal numbers, however many zeros end them. */
  hashKey(): string {
    if (this.#digits === 0n) return 'decimal 0';
    const [digits, scale] = withoutZeros(this.#digits, this.#scale, Number.NEGATIVE_INFINITY);
    return `decimal ${digits} ${scale}`;
  }

  equals(other: Value): boolean {
    return this.compare(other) === 0;
  }

  compare(other: Value): number | undefined {
    if (other instanceof PyFloat && !Number.isFinite(other.value)) {
      return Number.isNaN(other.value) ? undefined : -other.value;
    }
    const right = other instanceof PyFloat ? ofFloat(other.value) : asDecimal(other);
    if (!right) return undefined;
    const [one, two] = this.#aligned(right);
    return one === two ? 0 : one < two ? -1 : 1;
  }

  operate(operator: Operator, value: Value, reflected: boolean): Value | undefined {
    const other = asDecimal(value);
    if (!other) return undefined;
    const [left, right]: readonly [PyDecimal, PyDecimal] = reflected ? [other, this] : [this, other];
    switch (operator) {
      case '+':
        return left.#sum(right);
      case '-':
        return left.#sum(new PyDecimal(-right.#digits, right.#scale));
      case '*':
        return rounded(left.#digits * right.#digits, left.#scale + right.#scale);
      case '/':
        return left.#divided(right);
      case '//':
        return left.#wholeQuotient(right);
      case '%':
        return left.#remainder(right);
      case '**':
        return left.#power(right);
    }
  }

  #at(scale: number): bigint {
    return this.#digits * 10n ** BigInt(scale - this.#scale);
  }

  /** The digits of both at the larger of their scales. */
  #aligned(other: PyDecimal): readonly [bigint, bigint, number] {
    const scale = Math.max(this.#scale, other.#scale);
    return [this.#at(scale), other.#at(scale), scale];
  }

  #sum(other: PyDecimal): PyDecimal {
    const [one, two, scale] = this.#aligned(other);
    return rounded(one + two, scale);
  }

  #refuseZero(): void {
    if (this.#digits === 0n) throw new JinjaError('ZeroDivisionError', 'division by zero');
  }

  #divided(other: PyDecimal): PyDecimal {
    other.#refuseZero();
    const negative = this.#digits < 0n !== other.#digits < 0n;
    const [numerator, denominator] = [sizeOf(this.#digits), sizeOf(other.#digits)];
    const places = quotientPlaces(numerator, denominator);
    const scaled = numerator * 10n ** BigInt(places);
    const quotient = divideHalfEven(scaled, denominator);
    const isExact = quotient * denominator === scaled;
    const [digits, left] = isExact ? withoutZeros(quotient, places, 0) : [quotient, places];
    return new PyDecimal(negative ? -digits : digits, left + this.#scale - other.#scale);
  }

  /** Towards zero, as Python divides decimals. */
  #wholeQuotient(other: PyDecimal): PyDecimal {
    other.#refuseZero();
    const [one, two] = this.#aligned(other);
    return rounded(one / two, 0);
  }

  /** With the sign of the dividend, as Python has it for decimals. */
  #remainder(other: PyDecimal): PyDecimal {
    other.#refuseZero();
    const [one, two, scale] = this.#aligned(other);
    return rounded(one % two, scale);
  }

  /** By whole exponents up to 999 alone; undefined for others. */
  #power(exponent: PyDecimal): PyDecimal | undefined {
    const power = Number(exponent.toText());
    if (!Number.isInteger(power) || Math.abs(power) > 999) return undefined;
    const raised = rounded(this.#digits ** BigInt(Math.abs(power)), this.#scale * Math.abs(power));
    return power < 0 ? new PyDecimal(1n, 0).#divided(raised) : raised;
  }
}

/** The number with as many digits as results have, half to even. */
function rounded(digits: bigint, scale: number): PyDecimal {
  const excess = String(sizeOf(digits)).length - mostDigits;
  if (excess <= 0) return new PyDecimal(digits, scale);
  const size = divideHalfEven(sizeOf(digits), 10n ** BigInt(excess));
  return rounded(digits < 0n ? -size : size, scale - excess);
}

/** A finite float's exact value. */
function ofFloat(value: number): PyDecimal {
  const { units, shift } = exactFraction(value);
  return new PyDecimal(units * 5n ** BigInt(shift), shift);
}

/** After how many places a quotient has all the digits that it is given. */
function quotientPlaces(numerator: bigint, denominator: bigint): number {
  const longer = String(numerator).length - String(denominator).length;
  const places = Math.max(mostDigits - longer, 0);
  const digits = String((numerator * 10n ** BigInt(places)) / denominator).length;
  return Math.max(places - (digits - mostDigits), 0);
}

/** Drops the zeros that end a quotient, down to so many places. */
function withoutZeros(digits: bigint, places: number, least: number): readonly [bigint, number] {
  let shorter = digits;
  let left = places;
  while (left > least && shorter % 10n === 0n) {
    shorter /= 10n;
    left -= 1;
  }
  return [shorter, left];
}

function asDecimal(value: Value): PyDecimal | undefined {
  if (value instanceof PyDecimal) return value;
  return isInt(value) ? new PyDecimal(BigInt(value), 0) : undefined;
}
