/** Time as a dependency: code that needs the hour is handed a Clock, so that tests can hold it still. */

/** Gives the present instant. */
export type Clock = () => Date;

/** The machine's own clock. */
export const systemClock: Clock = () => new Date();

/** A clock that always answers the same instant. */
export const fixedClock =
  (instant: Date): Clock =>
  () =>
    new Date(instant.getTime());

/** The calendar day of an instant in a time zone, YYYY-MM-DD. */
export const dayIn = (instant: Date, timeZone: string): string =>
  new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(instant);

/** How far a zone's clocks are before UTC at an instant, in milliseconds. */
function offsetAt(instant: Date, timeZone: string): number {
  const shown = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' }).format(instant);
  return Date.parse(`${shown.replace(' ', 'T')}Z`) - Math.floor(instant.getTime() / 1000) * 1000;
}

/** The last second of a calendar day (YYYY-MM-DD) in a time zone. */
export function endOfDay(day: string, timeZone: string): Date {
  const asUtc = new Date(`${day}T23:59:59Z`);
  const guess = new Date(asUtc.getTime() - offsetAt(asUtc, timeZone));
  return new Date(asUtc.getTime() - offsetAt(guess, timeZone));
}

/** A span in milliseconds as a person reads it: '840 ms', '3.2 s', '4 min 05 s'. */
export function humanDuration(milliseconds: number): string {
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 59_950) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}
