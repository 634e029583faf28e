/** Texts read as dates and datetimes: by ISO 8601 as fromisoformat reads it, and by a format as strptime does. */
import { checkedDayNumber, checkedMicros, microsPerSecond } from './calendar.ts';
import { parseDate } from './date-format.ts';
import { PyDateTime, TimeDelta } from './dates.ts';
import { valueError } from './errors.ts';
import { fixedZone, utc, type Zone } from './zones.ts';

const isoDateTime =
  /^(\d{4}-?\d\d-?\d\d)(?:[\s\S](\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,](\d{1,6})\d*)?)?)?(Z|[+-]\d\d(?::?\d\d)?)?)?$/;

const notIso = (text: string): Error => valueError(`Invalid isoformat string: '${text}'`);

/** The zone whose clocks are so many microseconds ahead of UTC. */
export const zoneOfOffset = (offset: number): Zone => fixedZone(offset, new TimeDelta(0, offset).toRepr());

function zoneOfText(text: string | undefined): Zone | undefined {
  if (!text) return undefined;
  if (text === 'Z') return utc;
  const [hours = 0, minutes = 0] = (text.slice(1).match(/\d\d/g) ?? []).map(Number);
  const offset = (hours * 60 + minutes) * 60 * microsPerSecond * (text.startsWith('-') ? -1 : 1);
  return zoneOfOffset(offset);
}

/** The number of the day that a text such as 2024-02-29 names. Throws ValueError. */
export function readIsoDay(text: string): number {
  const match = /^(\d{4})-?(\d\d)-?(\d\d)$/.exec(text);
  if (!match) throw notIso(text);
  const [, year, month, day] = match.map(Number);
  return checkedDayNumber({ year: year ?? 0, month: month ?? 0, day: day ?? 0 });
}

/** Reads a day, or a day with a time, a fraction of a second and an offset. Throws ValueError. */
export function readIsoDateTime(text: string): PyDateTime {
  const match = isoDateTime.exec(text);
  if (!match) throw notIso(text);
  const [, date = '', hour = '0', minute = '0', second = '0', fraction = '', zone] = match;
  const time = {
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
    microsecond: Number(fraction.padEnd(6, '0')),
  };
  return new PyDateTime({ days: readIsoDay(date), micros: checkedMicros(time) }, zoneOfText(zone));
}

/** A day of the year that was read as one of January goes on into the later months. */
function dayFrom(day: { readonly year: number; readonly month: number; readonly day: number }): number {
  return day.day > 31 ? checkedDayNumber({ ...day, day: 1 }) + day.day - 1 : checkedDayNumber(day);
}

/** Reads a text by a format, as strptime does. Throws ValueError where it does not match, and for days that do not exist. */
export function readDateTime(text: string, format: string): PyDateTime {
  const { day, time, offset } = parseDate(text, format);
  const zone = offset === undefined ? undefined : zoneOfOffset(offset);
  return new PyDateTime({ days: dayFrom(day), micros: checkedMicros(time) }, zone);
}
