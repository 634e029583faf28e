/** Python's timedelta, date, time and datetime as values of templates. */

import {
  calendarDay,
  checkedDayNumber,
  checkedMicros,
  clockTime,
  dayOfYear,
  isoDate,
  isoTime,
  isoWeek,
  microsPerDay,
  microsPerSecond,
  offsetText,
  weekdayOf,
} from './calendar.ts';
import { asIndex, asText, bindMethod, type Method, method } from './call-arguments.ts';
import { formatDate } from './date-format.ts';
import { JinjaError, typeError } from './errors.ts';
import { type HostObject, numeric, type Operator, PyFloat, Tuple, type Value } from './values.ts';
import { type Instant, shift, utc, Zone } from './zones.ts';

const methodOf = <Self>(
  methods: Readonly<Record<string, Method<Self>>>,
  name: string,
  self: Self,
): Value | undefined => {
  const found = Object.hasOwn(methods, name) ? methods[name] : undefined;
  return found && bindMethod(name, found, self);
};

/** A span of time, in whole days and microseconds of a day. */
export class TimeDelta implements HostObject {
  readonly typeName = 'datetime.timedelta';
  readonly days: number;
  readonly micros: number;

  constructor(days: number, micros: number) {
    const moved = shift({ days, micros: 0 }, micros);
    this.days = moved.days;
    this.micros = moved.micros;
  }

  get totalMicros(): number {
    return this.days * microsPerDay + this.micros;
  }

  getAttribute(name: string): Value | undefined {
    if (name === 'days') return this.days;
    if (name === 'seconds') return Math.floor(this.micros / microsPerSecond);
    if (name === 'microseconds') return this.micros % microsPerSecond;
    if (name !== 'total_seconds') return undefined;
    return bindMethod(
      name,
      method([], () => new PyFloat(this.totalMicros / microsPerSecond)),
      this,
    );
  }

  toText(): string {
    const days = this.days === 0 ? '' : `${this.days} day${Math.abs(this.days) === 1 ? '' : 's'}, `;
    return days + isoTime(this.micros).replace(/^0/, '');
  }

  toRepr(): string {
    const parts = [
      ['days', this.days],
      ['seconds', Math.floor(this.micros / microsPerSecond)],
      ['microseconds', this.micros % microsPerSecond],
    ].filter(([, value]) => value !== 0);
    return `datetime.timedelta(${parts.map(([name, value]) => `${name}=${value}`).join(', ') || '0'})`;
  }

  truthy(): boolean {
    return this.totalMicros !== 0;
  }

  equals(other: Value): boolean {
    return other instanceof TimeDelta && other.totalMicros === this.totalMicros;
  }

  compare(other: Value): number | undefined {
    return other instanceof TimeDelta ? this.totalMicros - other.totalMicros : undefined;
  }

  hashKey(): string {
    return `timedelta ${this.totalMicros}`;
  }

  operate(operator: Operator, other: Value, reflected: boolean): Value | undefined {
    if (other instanceof TimeDelta) return reflected ? undefined : this.#withDelta(operator, other);
    const factor = numeric(other);
    if (factor === undefined) return undefined;
    if (operator === '*') return new TimeDelta(0, Math.round(this.totalMicros * Number(factor)));
    if (reflected || (operator !== '/' && operator !== '//')) return undefined;
    if (Number(factor) === 0) throw new JinjaError('ZeroDivisionError', 'division by zero');
    const quotient = this.totalMicros / Number(factor);
    return new TimeDelta(0, operator === '/' ? Math.round(quotient) : Math.floor(quotient));
  }

  #withDelta(operator: Operator, other: TimeDelta): Value | undefined {
    if (operator === '+') return new TimeDelta(this.days + other.days, this.micros + other.micros);
    if (operator === '-') return new TimeDelta(this.days - other.days, this.micros - other.micros);
    if (other.totalMicros === 0) throw new JinjaError('ZeroDivisionError', 'division by zero');
    if (operator === '/') return new PyFloat(this.totalMicros / other.totalMicros);
    if (operator === '//') return Math.floor(this.totalMicros / other.totalMicros);
    const remainder = this.totalMicros - Math.floor(this.totalMicros / other.totalMicros) * other.totalMicros;
    return operator === '%' ? new TimeDelta(0, remainder) : undefined;
  }
}

/** Attributes that a date and a datetime share. */
function dayAttribute(days: number, name: string): Value | undefined {
  const { year, month, day } = calendarDay(days);
  return new Map([
    ['year', year],
    ['month', month],
    ['day', day],
  ]).get(name);
}

const isoCalendar = (days: number): Tuple => {
  const { year, week, weekday } = isoWeek(days);
  return new Tuple([year, week, weekday], ['year', 'week', 'weekday']);
};

/** Adds a timedelta to whatever has days. */
function addDelta<Result>(
  operator: Operator,
  other: Value,
  reflected: boolean,
  add: (days: number, micros: number) => Result,
): Result | undefined {
  if (!(other instanceof TimeDelta)) return undefined;
  if (operator === '+') return add(other.days, other.micros);
  return operator === '-' && !reflected ? add(-other.days, -other.micros) : undefined;
}

export class PyDate implements HostObject {
  readonly typeName = 'datetime.date';
  readonly days: number;

  constructor(days: number) {
    calendarDay(days);
    this.days = days;
  }

  getAttribute(name: string): Value | undefined {
    return dayAttribute(this.days, name) ?? methodOf(dateMethods, name, this);
  }

  toText(): string {
    return isoDate(this.days);
  }

  toRepr(): string {
    const { year, month, day } = calendarDay(this.days);
    return `datetime.date(${year}, ${month}, ${day})`;
  }

  equals(other: Value): boolean {
    return other instanceof PyDate && other.days === this.days;
  }

  compare(other: Value): number | undefined {
    return other instanceof PyDate ? this.days - other.days : undefined;
  }

  hashKey(): string {
    return `date ${this.days}`;
  }

  operate(operator: Operator, other: Value, reflected: boolean): Value | undefined {
    if (operator === '-' && other instanceof PyDate && !reflected) return new TimeDelta(this.days - other.days, 0);
    return addDelta(
      operator,
      other,
      reflected,
      (days, micros) => new PyDate(this.days + days + (micros < 0 ? Math.floor(micros / microsPerDay) + 1 : 0)),
    );
  }

  format(specification: string): string {
    return formatDate({ days: this.days, micros: 0 }, specification);
  }
}

function replaceDay(days: number, year: Value | undefined, month: Value | undefined, day: Value | undefined): number {
  const now = calendarDay(days);
  return checkedDayNumber({
    year: asIndex(year, now.year),
    month: asIndex(month, now.month),
    day: asIndex(day, now.day),
  });
}

const dateMethods: Readonly<Record<string, Method<PyDate>>> = {
  isoformat: method([], (date) => date.toText()),
  strftime: method(['format'], (date, format) => date.format(asText(format))),
  weekday: method([], ({ days }) => weekdayOf(days)),
  isoweekday: method([], ({ days }) => weekdayOf(days) + 1),
  isocalendar: method([], ({ days }) => isoCalendar(days)),
  toordinal: method([], ({ days }) => days + 719_163),
  replace: method(
    ['year?', 'month?', 'day?'],
    ({ days }, year, month, day) => new PyDate(replaceDay(days, year, month, day)),
  ),
};

export class PyTime implements HostObject {
  readonly typeName = 'datetime.time';
  readonly micros: number;

  constructor(micros: number) {
    this.micros = micros;
  }

  getAttribute(name: string): Value | undefined {
    const time: Readonly<Record<string, number>> = { ...clockTime(this.micros) };
    return Object.hasOwn(time, name) ? time[name] : methodOf(timeMethods, name, this);
  }

  toText(): string {
    return isoTime(this.micros);
  }

  toRepr(): string {
    return `datetime.time(${timeParts(this.micros, 2).join(', ')})`;
  }

  equals(other: Value): boolean {
    return other instanceof PyTime && other.micros === this.micros;
  }

  compare(other: Value): number | undefined {
    return other instanceof PyTime ? this.micros - other.micros : undefined;
  }

  hashKey(): string {
    return `time ${this.micros}`;
  }
}

const timeMethods: Readonly<Record<string, Method<PyTime>>> = {
  isoformat: method([], (time) => time.toText()),
  strftime: method(['format'], ({ micros }, format) => formatDate({ days: -25_567, micros }, asText(format))),
};

/** Hours, minutes, seconds and microseconds, without the zeros at their end beyond so many. */
function timeParts(micros: number, least: number): readonly number[] {
  const { hour, minute, second, microsecond } = clockTime(micros);
  const parts = [hour, minute, second, microsecond];
  while (parts.length > least && parts.at(-1) === 0) parts.pop();
  return parts;
}

export class PyDateTime implements HostObject {
  readonly typeName = 'datetime.datetime';
  /** What a clock of the zone shows. */
  readonly local: Instant;
  readonly zone: Zone | undefined;

  constructor(local: Instant, zone?: Zone | undefined) {
    calendarDay(local.days);
    this.local = local;
    this.zone = zone;
  }

  /** The instant in UTC; a datetime without a zone is taken for UTC. */
  get instant(): Instant {
    return this.zone ? this.zone.toUtc(this.local) : this.local;
  }

  get offset(): number | undefined {
    return this.zone?.offsetAt(this.instant);
  }

  getAttribute(name: string): Value | undefined {
    if (name === 'tzinfo') return this.zone ?? null;
    const time: Readonly<Record<string, number>> = { ...clockTime(this.local.micros) };
    if (Object.hasOwn(time, name)) return time[name];
    return dayAttribute(this.local.days, name) ?? methodOf(dateTimeMethods, name, this);
  }

  isoText(separator: string): string {
    const { offset, local } = this;
    return isoDate(local.days) + separator + isoTime(local.micros) + (offset === undefined ? '' : offsetText(offset));
  }

  toText(): string {
    return this.isoText(' ');
  }

  toRepr(): string {
    const { year, month, day } = calendarDay(this.local.days);
    const parts = [year, month, day, ...timeParts(this.local.micros, 2)].map(String);
    if (this.zone) parts.push(`tzinfo=${this.zone.toRepr()}`);
    return `datetime.datetime(${parts.join(', ')})`;
  }

  #difference(other: PyDateTime): TimeDelta {
    this.#checkSameKind(other, 'subtract');
    const [left, right] = [this.instant, other.instant];
    return new TimeDelta(left.days - right.days, left.micros - right.micros);
  }

  #checkSameKind(other: PyDateTime, what: string): void {
    if ((this.zone === undefined) !== (other.zone === undefined)) {
      throw typeError(`can't ${what} offset-naive and offset-aware datetimes`);
    }
  }

  equals(other: Value): boolean {
    if (!(other instanceof PyDateTime) || (this.zone === undefined) !== (other.zone === undefined)) return false;
    return this.#difference(other).totalMicros === 0;
  }

  compare(other: Value): number | undefined {
    if (!(other instanceof PyDateTime)) return undefined;
    this.#checkSameKind(other, 'compare');
    return this.#difference(other).totalMicros;
  }

  hashKey(): string {
    const { days, micros } = this.instant;
    return `datetime ${days} ${micros} ${this.zone !== undefined}`;
  }

  operate(operator: Operator, other: Value, reflected: boolean): Value | undefined {
    if (operator === '-' && other instanceof PyDateTime && !reflected) return this.#difference(other);
    return addDelta(operator, other, reflected, (days, micros) => {
      const moved = shift(this.local, micros);
      return new PyDateTime({ days: moved.days + days, micros: moved.micros }, this.zone);
    });
  }

  format(specification: string): string {
    const zoneName = this.zone?.abbreviationAt(this.instant);
    return formatDate({ ...this.local, offset: this.offset, zoneName }, specification);
  }

  /** The same instant on the clocks of another zone. */
  inZone(zone: Zone): PyDateTime {
    const { instant } = this;
    return new PyDateTime(shift(instant, zone.offsetAt(instant)), zone);
  }
}

/** A zone that was given: None for none, or the fallback. */
export function asZone(value: Value | undefined, fallback: Zone | undefined): Zone | undefined {
  if (value === undefined) return fallback;
  if (value === null) return undefined;
  if (value instanceof Zone) return value;
  throw typeError('tzinfo argument must be None or of a tzinfo subclass');
}

function replaceParts(moment: PyDateTime, given: readonly (Value | undefined)[]): PyDateTime {
  const [year, month, day, hour, minute, second, microsecond, zone] = given;
  const time = clockTime(moment.local.micros);
  const micros = checkedMicros({
    hour: asIndex(hour, time.hour),
    minute: asIndex(minute, time.minute),
    second: asIndex(second, time.second),
    microsecond: asIndex(microsecond, time.microsecond),
  });
  return new PyDateTime({ days: replaceDay(moment.local.days, year, month, day), micros }, asZone(zone, moment.zone));
}

const dateTimeMethods: Readonly<Record<string, Method<PyDateTime>>> = {
  isoformat: method(['sep?'], (moment, separator = 'T') => moment.isoText(asText(separator))),
  strftime: method(['format'], (moment, format) => moment.format(asText(format))),
  date: method([], ({ local }) => new PyDate(local.days)),
  time: method([], ({ local }) => new PyTime(local.micros)),
  weekday: method([], ({ local }) => weekdayOf(local.days)),
  isoweekday: method([], ({ local }) => weekdayOf(local.days) + 1),
  isocalendar: method([], ({ local }) => isoCalendar(local.days)),
  timestamp: method([], ({ instant }) => new PyFloat(instant.days * 86_400 + instant.micros / microsPerSecond)),
  replace: method(
    ['year?', 'month?', 'day?', 'hour?', 'minute?', 'second?', 'microsecond?', 'tzinfo?'],
    (moment, ...given) => replaceParts(moment, given),
  ),
  astimezone: method(['tz?'], (moment, zone) => moment.inZone(asZone(zone, utc) ?? utc)),
  utcoffset: method([], ({ offset }) => (offset === undefined ? null : new TimeDelta(0, offset))),
  tzname: method([], (moment) => moment.zone?.abbreviationAt(moment.instant) ?? null),
  toordinal: method([], ({ local }) => local.days + 719_163),
  timetuple: method([], ({ local }) => {
    const { year, month, day } = calendarDay(local.days);
    const { hour, minute, second } = clockTime(local.micros);
    return new Tuple([year, month, day, hour, minute, second, weekdayOf(local.days), dayOfYear(local.days), -1]);
  }),
};
