/** Numbers and dates as the reader sees them. The page is in English, so the locale is the reader's kind of English. */
import type { DateRange } from './api.ts';

const locale = globalThis.navigator?.languages.find((tag) => /^en\b/.test(tag)) ?? 'en';

/** Formatters are costly to make and are asked for once per figure. */
function kept<Key extends string, Made>(make: (key: Key) => Made): (key: Key) => Made {
  const made = new Map<Key, Made>();
  return (key) => {
    const known = made.get(key) ?? make(key);
    made.set(key, known);
    return known;
  };
}

const moneyFormat = (options: Intl.NumberFormatOptions) =>
  kept(
    (currency: string) =>
      new Intl.NumberFormat(locale, { style: 'currency', currency, currencyDisplay: 'narrowSymbol', ...options }),
  );

const exactMoney = moneyFormat({});
const wholeMoney = moneyFormat({ maximumFractionDigits: 0 });
const shortMoney = moneyFormat({ notation: 'compact', maximumFractionDigits: 2, minimumFractionDigits: 0 });
const exactCount = new Intl.NumberFormat(locale);
const shortCount = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 2 });
const sharePercent = new Intl.NumberFormat(locale, {
  style: 'percent',
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});
const changePercent = new Intl.NumberFormat(locale, {
  style: 'percent',
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
  signDisplay: 'exceptZero',
});

const withMinusSign = (text: string): string => text.replaceAll('-', '−');

/** An amount to the cent. */
export const money = (value: number, currency: string): string => withMinusSign(exactMoney(currency).format(value));

/** An amount without cents. */
const moneyInUnits = (value: number, currency: string): string => withMinusSign(wholeMoney(currency).format(value));

/** An amount such as $1.23M. */
export const moneyInShort = (value: number, currency: string): string =>
  withMinusSign(shortMoney(currency).format(value));

/** A number of things. */
export const count = (value: number): string => withMinusSign(exactCount.format(value));

/** The ways to write an amount, the exact one first, each shorter than the one before. */
export const moneyForms = (value: number, currency: string): readonly string[] => [
  money(value, currency),
  moneyInUnits(value, currency),
  moneyInShort(value, currency),
];

/** The ways to write a number of things, the exact one first. */
export const countForms = (value: number): readonly string[] => [count(value), withMinusSign(shortCount.format(value))];

/** A fraction as a percentage. */
export const percent = (fraction: number): string => withMinusSign(sharePercent.format(fraction));

/** A fraction as a percentage with its sign. */
export const signedPercent = (fraction: number): string => withMinusSign(changePercent.format(fraction));

const dayFormat = (options: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat(locale, { timeZone: 'UTC', ...options });

const mediumDay = dayFormat({ day: 'numeric', month: 'short', year: 'numeric' });
const weekday = dayFormat({ weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' });
const dayAndMonth = dayFormat({ day: 'numeric', month: 'short' });
const monthOnly = dayFormat({ month: 'short' });

const asDay = (date: string): Date => new Date(`${date}T00:00:00Z`);

/** A date with its weekday. */
export const fullDay = (date: string): string => weekday.format(asDay(date));

/** A date without its year. */
export const shortDay = (date: string): string => dayAndMonth.format(asDay(date));

/** The month of a date. */
export const month = (date: string): string => monthOnly.format(asDay(date));

/** A range of dates, with what the two have in common said once. */
export const dayRange = (range: DateRange): string => mediumDay.formatRange(asDay(range.from), asDay(range.to));

const instantFormat = kept(
  (timeZone: string) => new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone }),
);

/** A moment in the shop's time zone. */
export const instant = (iso: string, timeZone: string): string => instantFormat(timeZone).format(new Date(iso));
