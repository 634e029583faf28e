/** Time zones: fixed offsets, and named ones with their summer times. */

import { microsPerDay, microsPerSecond, offsetText } from './calendar.ts';
import { makeFunction } from './call-arguments.ts';
import { typeError, valueError } from './errors.ts';
import { Callable, type HostObject, isHostObject, type Value } from './values.ts';

/** Days since 1970 and microseconds of the day. */
export interface Instant {
  readonly days: number;
  readonly micros: number;
}

/** An instant moved by so many microseconds. */
export function shift({ days, micros }: Instant, by: number): Instant {
  const total = micros + by;
  const carried = Math.floor(total / microsPerDay);
  return { days: days + carried, micros: total - carried * microsPerDay };
}

/** A zone, as tzinfo of a datetime. */
export class Zone implements HostObject {
  readonly typeName: string = 'timezone';
  readonly name: string;
  /** The offset in microseconds at an instant of UTC. */
  readonly offsetAt: (utc: Instant) => number;
  /** The zone's short name at an instant of UTC. */
  readonly abbreviationAt: (utc: Instant) => string;
  readonly #repr: string;

  constructor(
    name: string,
    repr: string,
    offsetAt: (utc: Instant) => number,
    abbreviationAt: (utc: Instant) => string = () => name,
  ) {
    this.name = name;
    this.#repr = repr;
    this.offsetAt = offsetAt;
    this.abbreviationAt = abbreviationAt;
  }

  /** The instant of UTC at which clocks of the zone show a local time. */
  toUtc(local: Instant): Instant {
    const guess = shift(local, -this.offsetAt(local));
    return shift(local, -this.offsetAt(guess));
  }

  getAttribute(name: string): Value | undefined {
    if (name === 'localize') return localizeFunction(this);
    return name === 'zone' || name === 'key' ? this.name : undefined;
  }

  toText(): string {
    return this.name;
  }

  toRepr(): string {
    return this.#repr;
  }
}

/** `zone.localize(moment)`: a datetime without a zone as what the zone's clocks show. */
const localizeFunction = (zone: Zone): Value =>
  makeFunction('localize', ['dt', 'is_dst?'], (moment = null) => {
    const replace = isHostObject(moment) ? moment.getAttribute('replace') : undefined;
    if (!(isHostObject(moment) && replace instanceof Callable)) throw typeError('localize() takes a datetime');
    if (moment.getAttribute('tzinfo') !== null) throw valueError('Not naive datetime (tzinfo is already set)');
    return replace.call([], new Map([['tzinfo', zone]]));
  });

export const utc = new Zone('UTC', 'datetime.timezone.utc', () => 0);

/** A zone whose clocks are always so many microseconds ahead of UTC. */
export function fixedZone(offset: number, deltaRepr: string): Zone {
  return offset === 0 ? utc : new Zone(`UTC${offsetText(offset)}`, `datetime.timezone(${deltaRepr})`, () => offset);
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(name: string): Intl.DateTimeFormat {
  const known = formatters.get(name);
  if (known) return known;
  try {
    const made = new Intl.DateTimeFormat('en-GB', { timeZone: name, timeZoneName: 'longOffset', year: 'numeric' });
    formatters.set(name, made);
    return made;
  } catch {
    throw valueError(`unknown time zone '${name}'`);
  }
}

/** An instant as a Date, in whole milliseconds. */
export const toDate = ({ days, micros }: Instant): Date => new Date(days * 86_400_000 + Math.floor(micros / 1000));

function namedOffset(name: string, instant: Instant): number {
  const text =
    formatterOf(name)
      .formatToParts(toDate(instant))
      .find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const [, sign = '+', hours = '0', minutes = '0', seconds = '0'] =
    /GMT(?:([+-])(\d+):(\d+)(?::(\d+))?)?/.exec(text.replace('\u2212', '-')) ?? [];
  const size = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
  return (sign === '-' ? -size : size) * microsPerSecond;
}

function abbreviation(name: string, instant: Instant): string {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'short' });
  return format.formatToParts(toDate(instant)).find(({ type }) => type === 'timeZoneName')?.value ?? name;
}

/** The zone of a name such as 'Europe/London'. Throws ValueError for unknown names. */
function namedZone(name: string): Zone {
  formatterOf(name);
  return new Zone(
    name,
    `<DstTzInfo '${name}'>`,
    (instant) => namedOffset(name, instant),
    (instant) => abbreviation(name, instant),
  );
}

/** A function of one name that makes zones. */
export const zoneFunction = makeFunction('timezone', ['zone'], (name = null) => namedZone(String(name)));
