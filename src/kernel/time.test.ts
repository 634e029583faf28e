/** Spans of time and days as people read them. */
import { expect, test } from 'vitest';
import { humanDuration, isoDay } from './time.ts';

test.each([
  [0, '0 ms'],
  [839.6, '840 ms'],
  [999.4, '999 ms'],
  [999.6, '1.0 s'],
  [3_200, '3.2 s'],
  [59_940, '59.9 s'],
  [59_960, '1 min 00 s'],
  [245_000, '4 min 05 s'],
  [3_599_600, '60 min 00 s'],
])('%s ms is %s', (milliseconds, text) => {
  expect(humanDuration(milliseconds)).toBe(text);
});

test('the day of an instant is that of UTC', () => {
  expect(isoDay(new Date('2024-02-29T23:59:59.999Z'))).toBe('2024-02-29');
});
