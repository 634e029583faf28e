/** Turns the times of the shop's clock into instants. */

/** The instant (milliseconds since 1970-01-01 UTC) of a time on the shop's clock (seconds since 1970-01-01 00:00). */
export type ShopClock = (localSeconds: number) => number;

/** No zone changes its offset within a quarter of an hour of UTC. */
const quarterHour = 900_000;
const day = 86_400_000;

/** How far the zone is before UTC at an instant, in milliseconds. */
function offsetsOf(timeZone: string): (instant: number) => number {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
  const known = new Map<number, number>();
  return (instant) => {
    const quarter = Math.floor(instant / quarterHour);
    let offset = known.get(quarter);
    if (offset === undefined) {
      const start = quarter * quarterHour;
      offset = Date.parse(`${format.format(start).replace(' ', 'T')}Z`) - start;
      known.set(quarter, offset);
    }
    return offset;
  };
}

/**
 * A clock in a time zone, as ingestion reads it: a time that comes twice is the first, one that is left out moves
 * forward. Throws RangeError for a zone that is not known.
 */
export function shopClock(timeZone: string): ShopClock {
  if (timeZone === 'UTC') return (seconds) => seconds * 1000;
  const offsetAt = offsetsOf(timeZone);
  return (seconds) => {
    const local = seconds * 1000;
    const before = offsetAt(local - day);
    const first = local - before;
    if (offsetAt(first) === before) return first;
    const after = offsetAt(local + day);
    const last = local - after;
    return offsetAt(last) === after ? last : first;
  };
}
