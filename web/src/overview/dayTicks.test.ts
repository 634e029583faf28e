/** The labels below a chart of days: as many as fit, on days that people count by. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addDays } from '../range.ts';
import { dayTicks } from './dayTicks.ts';

const days = (from: string, count: number) => Array.from({ length: count }, (_, index) => addDays(from, index));

test('a week has a label on each day', () => {
  const week = days('2026-11-14', 7);
  expect([...dayTicks(week, 10).keys()]).toEqual(week);
});

test('a quarter on a wide chart has a label each Monday', () => {
  const ticks = [...dayTicks(days('2026-08-23', 90), 15).keys()];
  expect(ticks).toHaveLength(13);
  expect(ticks.every((date) => new Date(date).getUTCDay() === 1)).toBe(true);
});

test('two years name months, and the year at the first label and in January', () => {
  expect([...dayTicks(days('2024-11-21', 730), 8).values()]).toEqual([
    'Jan\n2025',
    'Apr',
    'Jul',
    'Oct',
    'Jan\n2026',
    'Apr',
    'Jul',
    'Oct',
  ]);
});

test('there is always a label, never more than room, and each on a day of the chart', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 20_000 }),
      fc.integer({ min: 1, max: 4_000 }),
      fc.integer({ min: 3, max: 30 }),
      (start, count, room) => {
        const dates = days(addDays('1990-01-01', start), count);
        const ticks = [...dayTicks(dates, room).keys()];
        expect(ticks.length).toBeLessThanOrEqual(room);
        expect(ticks.every((date) => date >= (dates[0] ?? '') && date <= (dates.at(-1) ?? ''))).toBe(true);
        expect(ticks.length).toBeGreaterThan(0);
      },
    ),
    { numRuns: 200 },
  );
});
