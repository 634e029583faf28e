/** Ranges from the URL, from presets and from the two date fields. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addDays, isDate, parseRangeSearch, presets, sameRange, withEnd } from './range.ts';

const date = fc.integer({ min: 0, max: 40_000 }).map((days) => addDays('1970-01-01', days));
const range = fc.tuple(date, date).map(([a, b]) => (a <= b ? { from: a, to: b } : { from: b, to: a }));

const rangeOf = (id: string, available: { from: string; to: string }) =>
  presets.find((preset) => preset.id === id)?.rangeOf(available);

describe('dates', () => {
  test.each(['2026-11-20', '2024-02-29', '0001-01-01'])('%s is one', (text) => {
    expect(isDate(text)).toBe(true);
  });

  test.each(['2026-02-29', '2026-13-01', '2026-1-1', '20261120', '2026-11-20T00:00', '', 20261120, null, undefined])(
    '%s is none',
    (value) => {
      expect(isDate(value)).toBe(false);
    },
  );
});

describe('the range in the URL', () => {
  test('is kept when both days are given in order', () => {
    expect(parseRangeSearch({ from: '2026-01-01', to: '2026-01-01', other: 1 })).toEqual({
      from: '2026-01-01',
      to: '2026-01-01',
    });
  });

  test.each([
    {},
    { from: '2026-01-01' },
    { to: '2026-01-01' },
    { from: '2026-01-02', to: '2026-01-01' },
    { from: 'yesterday', to: '2026-01-01' },
    { from: 2026, to: '2026-01-01' },
  ])('%j falls back to the default', (search) => {
    expect(parseRangeSearch(search)).toEqual({});
  });
});

describe('presets', () => {
  const available = { from: '2024-11-21', to: '2026-11-20' };

  test('count back from the last day with data', () => {
    expect(rangeOf('7d', available)).toEqual({ from: '2026-11-14', to: '2026-11-20' });
    expect(rangeOf('30d', available)).toEqual({ from: '2026-10-22', to: '2026-11-20' });
    expect(rangeOf('90d', available)).toEqual({ from: '2026-08-23', to: '2026-11-20' });
    expect(rangeOf('12m', available)).toEqual({ from: '2025-11-21', to: '2026-11-20' });
    expect(rangeOf('all', available)).toEqual(available);
  });

  test('twelve months around a leap day begin on the first of March', () => {
    expect(rangeOf('12m', { from: '2000-01-01', to: '2024-02-29' })?.from).toBe('2023-03-01');
    expect(rangeOf('12m', { from: '2000-01-01', to: '2025-02-28' })?.from).toBe('2024-02-29');
  });
});

describe('choosing one end', () => {
  test('keeps the chosen day and never crosses the other', () => {
    fc.assert(
      fc.property(range, date, fc.constantFrom('from' as const, 'to' as const), (before, chosen, end) => {
        const after = withEnd(before, end, chosen);
        expect(after[end]).toBe(chosen);
        expect(after.from <= after.to).toBe(true);
      }),
    );
  });

  test('leaves the other end alone when it need not move', () => {
    const before = { from: '2026-01-10', to: '2026-01-20' };
    expect(sameRange(withEnd(before, 'from', '2026-01-05'), { from: '2026-01-05', to: '2026-01-20' })).toBe(true);
    expect(sameRange(withEnd(before, 'to', '2026-01-05'), { from: '2026-01-05', to: '2026-01-05' })).toBe(true);
  });
});
