/** Words that were meant, and messages that ask for them. */
import { expect, test } from 'vitest';
import { MillraceError } from './errors.ts';
import { nearest, slipOf } from './nearest.ts';

test('a slip of the pen is recognised, another word is not', () => {
  expect(slipOf('stg_order', ['daily', 'stg_orders'])).toBe('stg_orders');
  expect(slipOf('nothing', ['daily', 'stg_orders'])).toBeUndefined();
  expect(slipOf('nothing', [])).toBeUndefined();
});

test('a message asks for a word only where one is near', () => {
  const told = (name: string) => new MillraceError('MR-QRY-004', { name, nearest: nearest(name, ['pareto']) }).remedy;
  expect(told('paretto')).toBe('Did you mean pareto? `millrace report list` shows all reports.');
  expect(told('weather')).toBe('`millrace report list` shows all reports.');
});
