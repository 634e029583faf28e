/** Who visits the shop, with what, and what brings them; people without an account. */
import { countries } from '../countries.ts';
import { type Random, weighted } from '../random.ts';

/** Somebody who visits. */
export interface Visitor {
  /** The customer's id, or one of their own. */
  readonly id: string;
  /** ISO 3166-1 alpha-2; undefined where the browser does not tell. */
  readonly country: string | undefined;
  /** What most visits are made with. */
  readonly device: string;
  /** What brought them first. */
  readonly source: string;
}

/** The shares of what visits are made with. */
export const drawDevice = weighted([
  ['mobile', 58],
  ['desktop', 36],
  ['tablet', 6],
]);
/** What brings somebody for the first time. */
export const drawFirstSource = weighted([
  ['organic', 38],
  ['paid_search', 18],
  ['direct', 16],
  ['social', 13],
  ['referral', 9],
  ['email', 6],
]);
/** Those who know the shop come by themselves, or because of a message. */
const drawLaterSource = weighted([
  ['direct', 37],
  ['organic', 27],
  ['email', 18],
  ['paid_search', 8],
  ['social', 6],
  ['referral', 4],
]);
const usualDeviceShare = 0.85;
const unknownCountryShare = 0.02;
/** The share of visits without a name that are not the visitor's first, and among how many of the latest. */
const returningShare = 0.3;
const rememberedVisitors = 4096;

const drawCountry = weighted(countries.map(({ code, weight }) => [code, weight] as const));

/** What a session is made with. */
export const drawSessionDevice = (random: Random, usual: string): string =>
  random.chance(usualDeviceShare) ? usual : drawDevice(random);

/** What brings somebody who was here before. */
export const drawReturnSource = (random: Random): string => drawLaterSource(random);

/** People without an account. */
export interface Strangers {
  /** Somebody who was never here. */
  readonly arrive: (country?: string) => Visitor;
  /** Somebody, of whom a part was here before. */
  readonly any: () => { readonly visitor: Visitor; readonly isFirst: boolean };
}

/** Makes visitors without an account, numbered as they come. */
export function openStrangers(random: Random): Strangers {
  const remembered: Visitor[] = [];
  let [arrived, place] = [0, 0];
  const drawVisitorCountry = (): string | undefined =>
    random.chance(unknownCountryShare) ? undefined : drawCountry(random);
  const arrive = (country = drawVisitorCountry()): Visitor => {
    arrived += 1;
    const id = `VIS${String(arrived).padStart(6, '0')}`;
    return { id, country, device: drawDevice(random), source: drawFirstSource(random) };
  };
  return {
    arrive,
    any() {
      if (remembered.length > 0 && random.chance(returningShare)) {
        return { visitor: random.pick(remembered), isFirst: false };
      }
      const visitor = arrive();
      remembered[place] = visitor;
      place = (place + 1) % rememberedVisitors;
      return { visitor, isFirst: true };
    },
  };
}
