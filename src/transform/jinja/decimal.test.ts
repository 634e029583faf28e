/** Decimals calculate exactly, as Python's do. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PyDecimal } from './decimal.ts';
import { calculate, compare } from './operators.ts';
import { equals, PyFloat, str } from './values.ts';

const decimal = (text: string): PyDecimal => PyDecimal.parse(text);

describe('a decimal', () => {
  test.each([
    ['1.10', '+', '2', '3.10'],
    ['1.1', '-', '2.25', '-1.15'],
    ['1.10', '*', '2.0', '2.200'],
    ['1', '/', '3', '0.3333333333333333333333333333'],
    ['10', '/', '4', '2.5'],
    ['1.00', '/', '2', '0.50'],
    ['100', '/', '1.0', '1.0E+2'],
    ['0', '/', '3.00', '0E+2'],
    ['2', '/', '3', '0.6666666666666666666666666667'],
    ['-7.5', '//', '2', '-3'],
    ['-7.5', '%', '2', '-1.5'],
    ['2.50', '**', '2', '6.2500'],
    ['2', '**', '-1', '0.5'],
    ['10', '**', '30', '1.000000000000000000000000000E+30'],
    ['123456789012345678901234567890', '+', '1', '1.234567890123456789012345679E+29'],
    ['1e5', '+', '1', '100001'],
    ['0.0000001', '*', '1', '1E-7'],
  ] as const)('%s %s %s is %s', (left, operator, right, result) => {
    expect(str(calculate(operator, decimal(left), decimal(right)))).toBe(result);
  });

  test('is ordered by its value, beside whole numbers and floats too', () => {
    expect(compare(decimal('1.50'), decimal('1.5'))).toBe(0);
    expect(compare(decimal('1.5'), 2)).toBeLessThan(0);
    expect(compare(decimal('1.5'), new PyFloat(1.5))).toBe(0);
    expect(compare(decimal('0.1'), new PyFloat(0.1))).toBeLessThan(0);
    expect(compare(decimal('1e30'), new PyFloat(Number.POSITIVE_INFINITY))).toBeLessThan(0);
    expect(equals(decimal('0.25'), new PyFloat(0.25))).toBe(true);
    expect(() => calculate('+', decimal('1'), 'a')).toThrow('unsupported operand');
    expect(() => decimal('x')).toThrow('not a decimal number');
  });

  test('prints what it was read from', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 10n ** 20n }), fc.integer({ min: 1, max: 6 }), (digits, scale) => {
        const text = String(digits)
          .padStart(scale + 1, '0')
          .replace(new RegExp(`(\\d{${scale}})$`), '.$1');
        expect(decimal(text).toText()).toBe(text);
      }),
    );
  });
});
