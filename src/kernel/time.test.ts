/** Spans of time and days as people read them. */
import { expect, test } from 'vitest';
import { dayIn, endOfDay, humanDuration } from './time.ts';

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

test.each([
  ['2024-02-29T23:59:59.999Z', 'UTC', '2024-02-29'],
  ['2024-02-29T23:30:00Z', 'Europe/Paris', '2024-03-01'],
  ['2024-03-01T03:30:00Z', 'America/New_York', '2024-02-29'],
])('%s is in %s on %s', (instant, zone, day) => {
  expect(dayIn(new Date(instant), zone)).toBe(day);
});

test.each([
  ['2024-02-29', 'UTC', '2024-02-29T23:59:59.000Z'],
  ['2024-07-01', 'Europe/Paris', '2024-07-01T21:59:59.000Z'],
  ['2024-10-27', 'Europe/London', '2024-10-27T23:59:59.000Z'],
  ['2024-03-31', 'Europe/London', '2024-03-31T22:59:59.000Z'],
  ['2024-11-03', 'America/New_York', '2024-11-04T04:59:59.000Z'],
  ['2024-01-01', 'Asia/Kathmandu', '2024-01-01T18:14:59.000Z'],
])('the last second of %s in %s is %s', (day, zone, instant) => {
  expect(endOfDay(day, zone).toISOString()).toBe(instant);
  expect(dayIn(endOfDay(day, zone), zone)).toBe(day);
});
