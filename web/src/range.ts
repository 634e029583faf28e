/** Date ranges of the dashboard: what counts as a date in the URL, and the presets, counted from the last day with data. */
import type { DateRange } from './api.ts';

const toTime = (date: string): number => Date.parse(`${date}T00:00:00Z`);

const toDate = (time: number): string => new Date(time).toISOString().slice(0, 10);

/** Whether a value is a day that exists, written YYYY-MM-DD. */
export function isDate(value: unknown): value is string {
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(value)) return false;
  const time = toTime(value);
  return !Number.isNaN(time) && toDate(time) === value;
}

/** The day that lies `days` after a date, or before it when negative. */
export const addDays = (date: string, days: number): string => toDate(toTime(date) + days * 86_400_000);

function oneYearBefore(date: string): string {
  const year = String(Number(date.slice(0, 4)) - 1).padStart(4, '0');
  const day = date.slice(4) === '-02-29' ? '-02-28' : date.slice(4);
  return year + day;
}

/** A named range. */
interface Preset {
  readonly id: '7d' | '30d' | '90d' | '12m' | 'all';
  /** What comes after the word Last, or the whole name. */
  readonly name: string;
  readonly startsWithLast: boolean;
  /** The range, given the days that have data. */
  readonly rangeOf: (available: DateRange) => DateRange;
}

const lastDays = (count: number) => (available: DateRange) => ({
  from: addDays(available.to, 1 - count),
  to: available.to,
});

/** The presets in the order they are shown. */
export const presets: readonly Preset[] = [
  { id: '7d', name: '7 days', startsWithLast: true, rangeOf: lastDays(7) },
  { id: '30d', name: '30 days', startsWithLast: true, rangeOf: lastDays(30) },
  { id: '90d', name: '90 days', startsWithLast: true, rangeOf: lastDays(90) },
  {
    id: '12m',
    name: '12 months',
    startsWithLast: true,
    rangeOf: ({ to }) => ({ from: addDays(oneYearBefore(to), 1), to }),
  },
  { id: 'all', name: 'All time', startsWithLast: false, rangeOf: (available) => available },
];

/** The range after one of its ends was chosen: the other end gives way when the two would cross. */
export function withEnd(range: DateRange, end: 'from' | 'to', date: string): DateRange {
  if (end === 'from') return { from: date, to: date > range.to ? date : range.to };
  return { from: date < range.from ? date : range.from, to: date };
}

/** Whether two ranges are the same days. */
export const sameRange = (left: DateRange | undefined, right: DateRange): boolean =>
  left?.from === right.from && left.to === right.to;

/** The search parameters of the overview: a whole range or none. */
interface RangeSearch {
  readonly from?: string;
  readonly to?: string;
}

/** Keeps from and to when both are dates and in order; anything else in the URL falls back to the default range. */
export function parseRangeSearch(search: Readonly<Record<string, unknown>>): RangeSearch {
  const { from, to } = search;
  return isDate(from) && isDate(to) && from <= to ? { from, to } : {};
}
