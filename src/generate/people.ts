/** Makes the buyers of a sample: registered customers with their habits, and guests. */
import type { Faker } from '@faker-js/faker';
import { faker as de } from '@faker-js/faker/locale/de';
import { faker as enAu } from '@faker-js/faker/locale/en_AU';
import { faker as enCa } from '@faker-js/faker/locale/en_CA';
import { faker as enGb } from '@faker-js/faker/locale/en_GB';
import { faker as enIn } from '@faker-js/faker/locale/en_IN';
import { faker as enUs } from '@faker-js/faker/locale/en_US';
import { faker as es } from '@faker-js/faker/locale/es';
import { faker as fr } from '@faker-js/faker/locale/fr';
import { faker as it } from '@faker-js/faker/locale/it';
import { faker as nl } from '@faker-js/faker/locale/nl';
import type { SalesDay } from './calendar.ts';
import { type Country, countries, type PeopleLocale } from './countries.ts';
import { cumulate, drawIndex, type Random, weighted } from './random.ts';

const fakers: Readonly<Record<PeopleLocale, Faker>> = {
  de,
  en_AU: enAu,
  en_CA: enCa,
  en_GB: enGb,
  en_IN: enIn,
  en_US: enUs,
  es,
  fr,
  it,
  nl,
};

/** Whoever places an order. */
export interface Buyer {
  /** Empty for a guest. */
  readonly id: string;
  readonly country: Country;
  readonly address: string;
  /** The payment method that most of the buyer's orders use. */
  readonly usualPayment: string;
}

/** A registered customer. */
export interface Customer extends Buyer {
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
  readonly phone: string;
  /** Days since 1970-01-01. */
  readonly registeredOn: number;
  readonly city: string;
  /** Empty where addresses name none. */
  readonly state: string;
  readonly ageGroup: string;
  /** How readily the customer buys, relative to others; 0 for those who never do. */
  readonly loyalty: number;
}

/** Everyone who may buy. */
export interface People {
  /** By registration date, as they registered. */
  readonly customers: readonly Customer[];
  readonly guests: readonly Buyer[];
  /** For each export after the first: the customers that changed since the one before, by their place in the list. */
  readonly changes: readonly ReadonlyMap<number, Customer>[];
}

/** How many of each to make. */
export interface PeopleCounts {
  readonly customers: number;
  readonly guests: number;
}

const neverBuy = 0.1;
const loyaltySpread = 0.95;
/** A cap that keeps the keenest customer within what one household orders. */
const greatestLoyalty = 8;
/** The share of customers who had registered before the first day of the sample, and for how many days back. */
const establishedShare = 0.3;
const establishedDays = 540;
/** The shares of customers who from one export to the next move, get another phone, or another email address. */
const movingShare = 0.04;
const newPhoneShare = 0.02;
const newEmailShare = 0.015;
/** The share of those who move that may move to another country. */
const emigrationShare = 0.1;

/** RFC 2606 keeps .example for fiction, so that no message can reach a stranger. */
const mailDomains = [
  'inboxly.example',
  'postnest.example',
  'mailharbor.example',
  'quickletter.example',
  'letterbox.example',
];

const drawCountry = weighted(countries.map((country) => [country, country.weight] as const));
const drawAgeGroup = weighted([
  ['18-24', 12],
  ['25-34', 27],
  ['35-44', 24],
  ['45-54', 17],
  ['55-64', 12],
  ['65+', 8],
]);
const drawPaymentIn = new Map(countries.map((country) => [country, weighted<string>(country.payments)]));

/** A payment method as people of the country use them. */
export const drawPayment = (random: Random, country: Country): string =>
  drawPaymentIn.get(country)?.(random) ?? 'Other';

interface Home {
  readonly city: string;
  readonly state: string;
  readonly address: string;
}

function drawHome(faker: Faker, country: Country): Home {
  const city = faker.location.city();
  const state = country.hasStates ? faker.location.state() : '';
  const district = `${state} ${faker.location.zipCode()}`.trim();
  return { city, state, address: `${faker.location.streetAddress()}, ${city}, ${district}, ${country.name}` };
}

/** Email addresses of which no two are equal. */
function distinctEmails(random: Random): (faker: Faker, firstName: string, lastName: string) => string {
  const taken = new Set<string>();
  return (faker, firstName, lastName) => {
    const name = faker.internet
      .username({ firstName, lastName })
      .toLowerCase()
      .replace(/[^a-z0-9._-]/g, '');
    const domain = random.pick(mailDomains);
    let email = `${name}@${domain}`;
    for (let number = 2; taken.has(email); number += 1) email = `${name}${number}@${domain}`;
    taken.add(email);
    return email;
  };
}

/** Registration days in ascending order; those within the sample follow demand. */
function drawRegistrations(random: Random, days: readonly SalesDay[], count: number): Float64Array {
  const totals = cumulate(days.map(({ demand }) => demand));
  const first = (days[0] as SalesDay).day;
  const registrations = Float64Array.from({ length: count }, () =>
    random.chance(establishedShare) ? first - random.integer(1, establishedDays) : first + drawIndex(random, totals),
  );
  return registrations.sort();
}

/** Every country's faker draws from a seed of its own, and none of them asks the machine for the date. */
function seedFakers(seed: number, referenceDate: string): void {
  Object.values(fakers).forEach((faker, index) => {
    faker.seed([seed, index]);
    faker.setDefaultRefDate(`${referenceDate}T00:00:00Z`);
  });
}

type EmailSource = ReturnType<typeof distinctEmails>;

const phoneIn = (country: Country): string => fakers[country.locale].phone.number({ style: 'international' });

/** The customer in another home; who goes to another country pays and is called as people there do. */
function relocate(random: Random, customer: Customer): Customer {
  const country = random.chance(emigrationShare) ? drawCountry(random) : customer.country;
  const home = drawHome(fakers[country.locale], country);
  if (country === customer.country) return { ...customer, ...home };
  return { ...customer, ...home, country, usualPayment: drawPayment(random, country), phone: phoneIn(country) };
}

/** The customer a while later: the same object when nothing has changed. */
function drawLaterState(random: Random, customer: Customer, emailFor: EmailSource): Customer {
  const { country, firstName, lastName } = customer;
  const kind = random.fraction();
  if (kind < movingShare) return relocate(random, customer);
  if (kind < movingShare + newPhoneShare) return { ...customer, phone: phoneIn(country) };
  if (kind < movingShare + newPhoneShare + newEmailShare) {
    return { ...customer, email: emailFor(fakers[country.locale], firstName, lastName) };
  }
  return customer;
}

/** The customers that change from export to export; each had registered by the day of the export before. */
function drawChanges(
  random: Random,
  registered: readonly Customer[],
  exportDays: readonly number[],
  emailFor: EmailSource,
): readonly ReadonlyMap<number, Customer>[] {
  const current = [...registered];
  return exportDays.slice(0, -1).map((dayBefore) => {
    const changed = new Map<number, Customer>();
    for (const [place, customer] of current.entries()) {
      if (customer.registeredOn > dayBefore) break;
      const later = drawLaterState(random, customer, emailFor);
      if (later === customer) continue;
      changed.set(place, later);
      current[place] = later;
    }
    return changed;
  });
}

/**
 * Makes the buyers at one go, because faker's state is shared by the whole process. `asOf` is YYYY-MM-DD; `exportDays`
 * are the days on which the shop's customers are exported, in ascending order.
 */
export function makePeople(
  random: Random,
  seed: number,
  asOf: string,
  days: readonly SalesDay[],
  counts: PeopleCounts,
  exportDays: readonly number[] = [],
): People {
  seedFakers(seed, asOf);
  const emailFor = distinctEmails(random);
  const digits = Math.max(4, String(counts.customers).length);
  const drawBuyer = (id: string): Buyer & Home => {
    const country = drawCountry(random);
    const home = drawHome(fakers[country.locale], country);
    return { id, country, usualPayment: drawPayment(random, country), ...home };
  };
  const drawCustomer = (registeredOn: number, index: number): Customer => {
    const buyer = drawBuyer(`CUST${String(index + 1).padStart(digits, '0')}`);
    const faker = fakers[buyer.country.locale];
    const firstName = faker.person.firstName();
    const lastName = faker.person.lastName();
    return {
      ...buyer,
      firstName,
      lastName,
      email: emailFor(faker, firstName, lastName),
      phone: phoneIn(buyer.country),
      registeredOn,
      ageGroup: drawAgeGroup(random),
      loyalty: random.chance(neverBuy) ? 0 : Math.min(Math.exp(loyaltySpread * random.normal()), greatestLoyalty),
    };
  };
  const customers = Array.from(drawRegistrations(random, days, counts.customers), drawCustomer);
  const guests = Array.from({ length: counts.guests }, () => drawBuyer(''));
  return { customers, guests, changes: drawChanges(random, customers, exportDays, emailFor) };
}
