/** Python's modules datetime and pytz, as dbt gives them to templates. */

import { checkedDayNumber, checkedMicros, microsPerDay, microsPerSecond } from './calendar.ts';
import { asIndex, asNumber, asText, makeFunction } from './call-arguments.ts';
import { readDateTime, readIsoDateTime, readIsoDay, zoneOfOffset } from './date-reading.ts';
import { asZone, PyDate, PyDateTime, PyTime, TimeDelta } from './dates.ts';
import { typeError } from './errors.ts';
import { makeModule, makeType } from './modules.ts';
import type { HostObject, Value } from './values.ts';
import { type Instant, shift, utc, type Zone, zoneFunction } from './zones.ts';

/** Tells the present instant. */
export type Now = () => Date;

const instantOf = (date: Date): Instant => shift({ days: 0, micros: 0 }, date.getTime() * 1000);

/** What the machine's clock shows at an instant. */
const localInstant = (date: Date): Instant => shift(instantOf(date), -date.getTimezoneOffset() * 60 * microsPerSecond);

const timeParameters = ['hour?', 'minute?', 'second?', 'microsecond?'];

const microsOf = ([hour, minute, second, microsecond]: readonly (Value | undefined)[]): number =>
  checkedMicros({
    hour: asIndex(hour, 0),
    minute: asIndex(minute, 0),
    second: asIndex(second, 0),
    microsecond: asIndex(microsecond, 0),
  });

const dayOf = ([year, month, day]: readonly (Value | undefined)[]): number =>
  checkedDayNumber({ year: asIndex(year, 0), month: asIndex(month, 0), day: asIndex(day, 0) });

const deltaUnits: readonly (readonly [name: string, micros: number])[] = [
  ['days?', microsPerDay],
  ['seconds?', microsPerSecond],
  ['microseconds?', 1],
  ['milliseconds?', 1000],
  ['minutes?', 60 * microsPerSecond],
  ['hours?', 3600 * microsPerSecond],
  ['weeks?', 7 * microsPerDay],
];

const timeDeltaType = makeType(
  'datetime.timedelta',
  deltaUnits.map(([name]) => name),
  (...given) => {
    const micros = deltaUnits.map(([, unit], index) =>
      given[index] === undefined ? 0 : asNumber(given[index]) * unit,
    );
    return new TimeDelta(0, Math.round(micros.reduce((total, part) => total + part, 0)));
  },
  {},
);

function fromTimestamp(seconds: Value | undefined, zone: Zone | undefined): PyDateTime {
  const moment = shift({ days: 0, micros: 0 }, Math.round(asNumber(seconds) * microsPerSecond));
  return zone ? new PyDateTime(moment, utc).inZone(zone) : new PyDateTime(moment);
}

function combine(date: Value | undefined, time: Value | undefined): PyDateTime {
  if (!(date instanceof PyDate) || !(time instanceof PyTime)) throw typeError('combine() takes a date and a time');
  return new PyDateTime({ days: date.days, micros: time.micros });
}

const dateType = (now: Now): HostObject =>
  makeType('datetime.date', ['year', 'month', 'day'], (...given) => new PyDate(dayOf(given)), {
    today: makeFunction('today', [], () => new PyDate(localInstant(now()).days)),
    fromisoformat: makeFunction('fromisoformat', ['date_string'], (text) => new PyDate(readIsoDay(asText(text)))),
    min: new PyDate(-719_162),
    max: new PyDate(2_932_896),
  });

const dateTimeType = (now: Now): HostObject =>
  makeType(
    'datetime.datetime',
    ['year', 'month', 'day', ...timeParameters, 'tzinfo?'],
    (...given) => new PyDateTime({ days: dayOf(given), micros: microsOf(given.slice(3)) }, asZone(given[7], undefined)),
    {
      now: makeFunction('now', ['tz?'], (zone) => {
        const wanted = asZone(zone, undefined);
        return wanted ? new PyDateTime(instantOf(now()), utc).inZone(wanted) : new PyDateTime(localInstant(now()));
      }),
      today: makeFunction('today', [], () => new PyDateTime(localInstant(now()))),
      utcnow: makeFunction('utcnow', [], () => new PyDateTime(instantOf(now()))),
      strptime: makeFunction('strptime', ['date_string', 'format'], (text, format) =>
        readDateTime(asText(text), asText(format)),
      ),
      fromisoformat: makeFunction('fromisoformat', ['date_string'], (text) => readIsoDateTime(asText(text))),
      fromtimestamp: makeFunction('fromtimestamp', ['timestamp', 'tz?'], (seconds, zone) =>
        fromTimestamp(seconds, asZone(zone, undefined)),
      ),
      utcfromtimestamp: makeFunction('utcfromtimestamp', ['timestamp'], (seconds) => fromTimestamp(seconds, undefined)),
      combine: makeFunction('combine', ['date', 'time'], combine),
      min: new PyDateTime({ days: -719_162, micros: 0 }),
      max: new PyDateTime({ days: 2_932_896, micros: microsPerDay - 1 }),
    },
  );

const timeType = makeType('datetime.time', timeParameters, (...given) => new PyTime(microsOf(given)), {});

const timezoneType = makeType(
  'datetime.timezone',
  ['offset'],
  (offset) => {
    if (offset instanceof TimeDelta) return zoneOfOffset(offset.totalMicros);
    throw typeError('timezone() argument 1 must be datetime.timedelta');
  },
  { utc },
);

/** The module datetime; the present instant comes from the host. */
export const datetimeModule = (now: Now): HostObject =>
  makeModule('datetime', {
    date: dateType(now),
    datetime: dateTimeType(now),
    time: timeType,
    timedelta: timeDeltaType,
    timezone: timezoneType,
  });

/** The module pytz: timezone(name), utc and UTC. */
export const pytzModule: HostObject = makeModule('pytz', { timezone: zoneFunction, utc, UTC: utc });

/** A datetime in UTC, for hosts: the start of a run. */
export const utcDateTime = (date: Date): PyDateTime => new PyDateTime(instantOf(date), utc);
