/** Python's strftime and strptime. */
import {
  type CalendarDay,
  type ClockTime,
  calendarDay,
  clockTime,
  dayOfYear,
  isoDate,
  isoTime,
  isoWeek,
  microsPerSecond,
  offsetText,
  twoDigits,
  weekdayOf,
} from './calendar.ts';
import { valueError } from './errors.ts';

const dayNames = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const monthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

/** What can be formatted: a day, a time of it, and the zone's offset and name where there is one. */
export interface Formattable {
  readonly days: number;
  readonly micros: number;
  readonly offset?: number | undefined;
  readonly zoneName?: string | undefined;
}

const twelveHours = (hour: number): number => hour % 12 || 12;

/** Weeks of the year that begin on a weekday (0 for Monday). */
const weekOfYear = (days: number, firstWeekday: number): number =>
  Math.floor((dayOfYear(days) + 6 - ((weekdayOf(days) - firstWeekday + 7) % 7)) / 7);

const directives: Readonly<Record<string, (value: Formattable, day: CalendarDay, time: ClockTime) => string>> = {
  '%': () => '%',
  n: () => '\n',
  t: () => '\t',
  a: ({ days }) => (dayNames[weekdayOf(days)] ?? '').slice(0, 3),
  A: ({ days }) => dayNames[weekdayOf(days)] ?? '',
  b: (_, { month }) => (monthNames[month - 1] ?? '').slice(0, 3),
  h: (_, { month }) => (monthNames[month - 1] ?? '').slice(0, 3),
  B: (_, { month }) => monthNames[month - 1] ?? '',
  c: (value) => formatDate(value, '%a %b %e %H:%M:%S %Y'),
  C: (_, { year }) => twoDigits(Math.floor(year / 100)),
  d: (_, { day }) => twoDigits(day),
  D: (value) => formatDate(value, '%m/%d/%y'),
  e: (_, { day }) => String(day).padStart(2, ' '),
  f: (_, __, { microsecond }) => String(microsecond).padStart(6, '0'),
  F: ({ days }) => isoDate(days),
  G: ({ days }) => String(isoWeek(days).year),
  H: (_, __, { hour }) => twoDigits(hour),
  I: (_, __, { hour }) => twoDigits(twelveHours(hour)),
  j: ({ days }) => String(dayOfYear(days)).padStart(3, '0'),
  m: (_, { month }) => twoDigits(month),
  M: (_, __, { minute }) => twoDigits(minute),
  p: (_, __, { hour }) => (hour < 12 ? 'AM' : 'PM'),
  R: (value) => formatDate(value, '%H:%M'),
  s: ({ days, micros, offset = 0 }) => String(days * 86_400 + Math.floor((micros - offset) / microsPerSecond)),
  S: (_, __, { second }) => twoDigits(second),
  T: ({ micros }) => isoTime(micros - (micros % microsPerSecond)),
  u: ({ days }) => String(weekdayOf(days) + 1),
  U: ({ days }) => twoDigits(weekOfYear(days, 6)),
  V: ({ days }) => twoDigits(isoWeek(days).week),
  w: ({ days }) => String((weekdayOf(days) + 1) % 7),
  W: ({ days }) => twoDigits(weekOfYear(days, 0)),
  x: (value) => formatDate(value, '%m/%d/%y'),
  X: (value) => formatDate(value, '%H:%M:%S'),
  y: (_, { year }) => twoDigits(year % 100),
  Y: (_, { year }) => String(year),
  z: ({ offset }) => (offset === undefined ? '' : offsetText(offset, '')),
  Z: ({ zoneName }) => zoneName ?? '',
};

/** What strftime gives; directives that it does not know stay as they are. */
export function formatDate(value: Formattable, format: string): string {
  const day = calendarDay(value.days);
  const time = clockTime(value.micros);
  return format.replaceAll(/%-?([a-zA-Z%])/g, (whole, letter) => {
    const text = Object.hasOwn(directives, letter) ? directives[letter]?.(value, day, time) : undefined;
    if (text === undefined) return whole;
    return whole.startsWith('%-') ? text.replace(/^[0 ]+(?=\d)/, '') : text;
  });
}

const names = (words: readonly string[], length?: number): string =>
  words.map((word) => word.slice(0, length)).join('|');

const patterns: Readonly<Record<string, string>> = {
  '%': '%',
  a: names(dayNames, 3),
  A: names(dayNames),
  b: names(monthNames, 3),
  B: names(monthNames),
  d: '3[01]|[12]\\d|0?[1-9]| [1-9]',
  f: '\\d{1,6}',
  H: '2[0-3]|[01]?\\d',
  I: '1[0-2]|0?[1-9]',
  j: '36[0-6]|3[0-5]\\d|[12]\\d\\d|0[1-9]\\d|00[1-9]|[1-9]\\d|0?[1-9]',
  m: '1[0-2]|0?[1-9]',
  M: '[0-5]?\\d',
  p: 'AM|PM',
  S: '6[01]|[0-5]?\\d',
  y: '\\d\\d',
  Y: '\\d{4}',
  z: '[+-]\\d\\d:?[0-5]\\d(?::?[0-5]\\d)?|Z',
  Z: 'UTC|GMT',
};

/** The parts that a text gave, by their directives. */
type Parts = Readonly<Record<string, string>>;

function readParts(text: string, format: string): Parts {
  const letters: string[] = [];
  const expanded = format.replaceAll('%T', '%H:%M:%S').replaceAll('%F', '%Y-%m-%d').replaceAll('%D', '%m/%d/%y');
  const source = expanded.replaceAll(/%([a-zA-Z%])|\s+|[.*+?^${}()|[\]\\]/g, (whole, letter) => {
    if (letter === undefined) return whole.trim() === '' ? '\\s+' : `\\${whole}`;
    const pattern = patterns[letter];
    if (pattern === undefined) throw valueError(`'${letter}' is a bad directive in format '${format}'`);
    letters.push(letter);
    return `(${pattern})`;
  });
  const match = new RegExp(`^${source}$`, 'i').exec(text);
  if (!match) throw valueError(`time data '${text}' does not match format '${format}'`);
  return Object.fromEntries(letters.map((letter, index) => [letter, match[index + 1] ?? '']));
}

const indexOfName = (words: readonly string[], text: string): number =>
  words.findIndex((word) => word.slice(0, 3).toLowerCase() === text.slice(0, 3).toLowerCase());

function yearOf({ Y, y }: Parts): number {
  if (Y !== undefined) return Number(Y);
  if (y === undefined) return 1900;
  return Number(y) + (Number(y) < 69 ? 2000 : 1900);
}

function monthOf({ m, b, B }: Parts): number {
  if (m !== undefined) return Number(m);
  const name = B ?? b;
  return name === undefined ? 1 : indexOfName(monthNames, name) + 1;
}

function hourOf({ H, I, p }: Parts): number {
  if (H !== undefined) return Number(H);
  const hour = Number(I ?? 0) % 12;
  return I !== undefined && p?.toUpperCase() === 'PM' ? hour + 12 : hour % 12;
}

function offsetOf({ z }: Parts): number | undefined {
  if (z === undefined) return undefined;
  if (z.toUpperCase() === 'Z') return 0;
  const [hours = 0, minutes = 0, seconds = 0] = (z.slice(1).match(/\d\d/g) ?? []).map(Number);
  const size = ((hours * 60 + minutes) * 60 + seconds) * microsPerSecond;
  return z.startsWith('-') ? -size : size;
}

/** What a text says by a format: its day, time and offset. Throws ValueError where the two do not match. */
export function parseDate(
  text: string,
  format: string,
): { readonly day: CalendarDay; readonly time: ClockTime; readonly offset: number | undefined } {
  const parts = readParts(text, format);
  return {
    day: { year: yearOf(parts), month: parts.j ? 1 : monthOf(parts), day: Number(parts.j ?? parts.d ?? 1) },
    time: {
      hour: hourOf(parts),
      minute: Number(parts.M ?? 0),
      second: Number(parts.S ?? 0),
      microsecond: Number((parts.f ?? '').padEnd(6, '0')),
    },
    offset: offsetOf(parts),
  };
}
