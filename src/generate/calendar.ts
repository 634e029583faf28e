/** The days of a sample, each with the demand that its date brings: growth, season, weekday, sales and holidays. */

const millisecondsPerDay = 86_400_000;

/** One day of trade. */
export interface SalesDay {
  /** Days since 1970-01-01. */
  readonly day: number;
  /** January is 0. */
  readonly month: number;
  /** How much is bought, relative to the other days. */
  readonly demand: number;
}

/** The length of a sample, up to its as-of date. */
const months = 24;

/** January to December: quiet in February, a dip in summer, a peak before Christmas. */
const demandByMonth = [0.86, 0.76, 0.88, 0.93, 0.97, 0.95, 0.84, 0.83, 0.97, 1.06, 1.38, 1.6];
/** Sunday to Saturday. */
const demandByWeekday = [1.22, 0.94, 0.89, 0.9, 0.93, 1.02, 1.2];
/** Demand at the end of the 24 months over that at their start. */
const growth = 1.9;

/** The date of a day as YYYY-MM-DD. */
export const dateOf = (day: number): string => new Date(day * millisecondsPerDay).toISOString().slice(0, 10);

/** The days since 1970-01-01 of a date written YYYY-MM-DD; NaN where there is no such date. */
export function dayOf(date: string): number {
  const day = Date.parse(`${date}T00:00:00Z`) / millisecondsPerDay;
  return Number.isInteger(day) && dateOf(day) === date ? day : Number.NaN;
}

/** From Friday after the fourth Thursday of November to the Monday after it. */
function isBlackFridayWeekend(day: number, weekday: number): boolean {
  const sinceFriday = (weekday + 2) % 7;
  if (sinceFriday > 3) return false;
  const friday = new Date((day - sinceFriday) * millisecondsPerDay);
  return friday.getUTCMonth() === 10 && friday.getUTCDate() >= 23 && friday.getUTCDate() <= 29;
}

function demandOfDate(day: number): number {
  const date = new Date(day * millisecondsPerDay);
  const month = date.getUTCMonth();
  const ordinary = (demandByMonth[month] as number) * (demandByWeekday[date.getUTCDay()] as number);
  if (isBlackFridayWeekend(day, date.getUTCDay())) return ordinary * 2;
  const christmas = month === 11 && date.getUTCDate() >= 24;
  return christmas ? ordinary * 0.4 : ordinary;
}

/** The days of the 24 months before the as-of date, which is itself left out because it may not have ended. */
export function salesDays(asOf: number): readonly SalesDay[] {
  const end = new Date(asOf * millisecondsPerDay);
  const start = Date.UTC(end.getUTCFullYear(), end.getUTCMonth() - months, end.getUTCDate()) / millisecondsPerDay;
  return Array.from({ length: asOf - start }, (_, index) => {
    const day = start + index;
    return {
      day,
      month: new Date(day * millisecondsPerDay).getUTCMonth(),
      demand: demandOfDate(day) * growth ** (index / (asOf - start)),
    };
  });
}
