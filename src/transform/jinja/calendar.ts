/** Days, months and weeks of Python's calendar, as plain numbers: days count from 1 January 1970. */
import { valueError } from './errors.ts';

export const microsPerSecond = 1_000_000;
export const microsPerDay = 86_400 * microsPerSecond;
const millisPerDay = 86_400_000;

export interface CalendarDay {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

export interface ClockTime {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly microsecond: number;
}

/** The number of a day; a day or month too many goes on into the next. */
function dayNumber(year: number, month: number, day: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getTime() / millisPerDay;
}

export function calendarDay(days: number): CalendarDay {
  const date = new Date(days * millisPerDay);
  const year = date.getUTCFullYear();
  if (!(year >= 1 && year <= 9999)) throw valueError('date value out of range');
  return { year, month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

/** The number of a day that exists. Throws ValueError for others. */
export function checkedDayNumber({ year, month, day }: CalendarDay): number {
  if (!(year >= 1 && year <= 9999)) throw valueError(`year ${year} is out of range`);
  if (!(month >= 1 && month <= 12)) throw valueError('month must be in 1..12');
  if (!(day >= 1 && day <= dayNumber(year, month + 1, 0) - dayNumber(year, month, 0))) {
    throw valueError('day is out of range for month');
  }
  return dayNumber(year, month, day);
}

/** Microseconds since midnight. Throws ValueError for hours, minutes, seconds or microseconds that do not exist. */
export function checkedMicros({ hour, minute, second, microsecond }: ClockTime): number {
  const inRange = (value: number, limit: number, name: string): void => {
    if (!(value >= 0 && value < limit)) throw valueError(`${name} must be in 0..${limit - 1}`);
  };
  inRange(hour, 24, 'hour');
  inRange(minute, 60, 'minute');
  inRange(second, 60, 'second');
  inRange(microsecond, microsPerSecond, 'microsecond');
  return ((hour * 60 + minute) * 60 + second) * microsPerSecond + microsecond;
}

export function clockTime(micros: number): ClockTime {
  const seconds = Math.floor(micros / microsPerSecond);
  return {
    hour: Math.floor(seconds / 3600),
    minute: Math.floor(seconds / 60) % 60,
    second: seconds % 60,
    microsecond: micros % microsPerSecond,
  };
}

/** 0 for Monday to 6 for Sunday. */
export const weekdayOf = (days: number): number => (((days + 3) % 7) + 7) % 7;

/** 1 for the first day of January. */
export const dayOfYear = (days: number): number => days - dayNumber(calendarDay(days).year, 1, 1) + 1;

/** Year, week and weekday as ISO 8601 counts them. */
export function isoWeek(days: number): { readonly year: number; readonly week: number; readonly weekday: number } {
  const thursday = days - weekdayOf(days) + 3;
  const { year } = calendarDay(thursday);
  return { year, week: Math.floor((dayOfYear(thursday) - 1) / 7) + 1, weekday: weekdayOf(days) + 1 };
}

export const twoDigits = (value: number): string => String(value).padStart(2, '0');

export function isoDate(days: number): string {
  const { year, month, day } = calendarDay(days);
  return `${String(year).padStart(4, '0')}-${twoDigits(month)}-${twoDigits(day)}`;
}

/** HH:MM:SS, with microseconds where there are any. */
export function isoTime(micros: number): string {
  const { hour, minute, second, microsecond } = clockTime(micros);
  const fraction = microsecond === 0 ? '' : `.${String(microsecond).padStart(6, '0')}`;
  return `${twoDigits(hour)}:${twoDigits(minute)}:${twoDigits(second)}${fraction}`;
}

/** An offset from UTC as +HH:MM, with seconds where there are any. */
export function offsetText(offset: number, separator = ':'): string {
  const { hour, minute, second } = clockTime(Math.abs(offset));
  const seconds = second === 0 ? '' : separator + twoDigits(second);
  return (offset < 0 ? '-' : '+') + twoDigits(hour) + separator + twoDigits(minute) + seconds;
}
