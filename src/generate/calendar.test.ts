/** The days of a sample and what their dates bring. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dateOf, dayOf, type SalesDay, salesDays } from './calendar.ts';

const demandOn = (days: readonly SalesDay[], date: string): number =>
  days.find(({ day }) => day === dayOf(date))?.demand ?? Number.NaN;

describe('dayOf', () => {
  test('is the inverse of dateOf', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100_000 }), (day) => {
        expect(dayOf(dateOf(day))).toBe(day);
      }),
    );
  });

  test.each(['2025-02-29', '2025-13-01', '2025-1-1', '01/02/2025', 'today', ''])('%j is no date', (text) => {
    expect(dayOf(text)).toBeNaN();
  });
});

describe('salesDays', () => {
  test.each([
    ['2026-11-21', '2024-11-21', '2026-11-20'],
    ['2024-02-29', '2022-03-01', '2024-02-28'],
    ['2026-01-01', '2024-01-01', '2025-12-31'],
  ])('covers the 24 months before %s: %s to %s, each day once', (asOf, first, last) => {
    const days = salesDays(dayOf(asOf)).map(({ day }) => day);
    expect(dateOf(days[0] ?? 0)).toBe(first);
    expect(dateOf(days.at(-1) ?? 0)).toBe(last);
    expect(days).toEqual(Array.from({ length: days.length }, (_, index) => dayOf(first) + index));
  });

  test('Black Friday stands out, Christmas is quiet, Sundays beat Wednesdays', () => {
    const days = salesDays(dayOf('2026-06-01'));
    expect(demandOn(days, '2024-11-29')).toBeGreaterThan(1.8 * demandOn(days, '2024-11-22'));
    expect(demandOn(days, '2024-12-02')).toBeGreaterThan(1.8 * demandOn(days, '2024-12-09'));
    expect(demandOn(days, '2025-11-28')).toBeGreaterThan(1.8 * demandOn(days, '2025-11-21'));
    expect(demandOn(days, '2025-12-25')).toBeLessThan(0.5 * demandOn(days, '2025-12-18'));
    expect(demandOn(days, '2025-05-11')).toBeGreaterThan(demandOn(days, '2025-05-14'));
  });
});
