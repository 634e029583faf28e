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

/** The UTC calendar day of an instant, as YYYY-MM-DD. */
export const isoDay = (instant: Date): string => instant.toISOString().slice(0, 10);

/** A span in milliseconds as a person reads it: '840 ms', '3.2 s', '4 min 05 s'. */
export function humanDuration(milliseconds: number): string {
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 59_950) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}
