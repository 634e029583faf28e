/** Which days of a chart get a label: every so many days, weeks or months, as many as there is room for. */
import { month, shortDay } from '../format.ts';

/** A kind of label: which days it is for. */
type Rhythm = (date: string, index: number) => boolean;

const weekOf = (date: string): number => Math.floor((Date.parse(`${date}T00:00:00Z`) / 86_400_000 + 3) / 7);

const isMonday = (date: string): boolean => new Date(`${date}T00:00:00Z`).getUTCDay() === 1;

const everyDays =
  (step: number): Rhythm =>
  (_date, index) =>
    index % step === 0;

const everyWeeks =
  (step: number): Rhythm =>
  (date) =>
    isMonday(date) && weekOf(date) % step === 0;

const everyMonths =
  (step: number): Rhythm =>
  (date) => {
    const months = 12 * Number(date.slice(0, 4)) + Number(date.slice(5, 7)) - 1;
    return date.endsWith('-01') && months % step === 0;
  };

const dayRhythms: readonly Rhythm[] = [
  everyDays(1),
  everyDays(2),
  everyDays(3),
  everyDays(5),
  everyWeeks(1),
  everyDays(10),
  everyWeeks(2),
];
const monthRhythms: readonly Rhythm[] = [1, 2, 3, 6, 12, 24, 60, 120].map(everyMonths);

const daysOf = (dates: readonly string[], rhythm: Rhythm): readonly string[] => dates.filter(rhythm);

/** A month's label; the year stands below the first one and each January. */
const monthLabel = (date: string, first: boolean): string =>
  first || date.slice(5, 7) === '01' ? `${month(date)}\n${date.slice(0, 4)}` : month(date);

/**
 * Date -> label, for at least one and at most `room` of the dates. The dates are consecutive, the room is three or more.
 * Months are followed by the year on a second line where it begins.
 */
export function dayTicks(dates: readonly string[], room: number): ReadonlyMap<string, string> {
  const days = dayRhythms.map((rhythm) => daysOf(dates, rhythm)).find((ticks) => ticks.length <= room);
  if (days) return new Map(days.map((date) => [date, shortDay(date)]));
  const months = monthRhythms.map((rhythm) => daysOf(dates, rhythm)).find((ticks) => ticks.length <= room) ?? [];
  return new Map(months.map((date, index) => [date, monthLabel(date, index === 0)]));
}
