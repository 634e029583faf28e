/** Buyers can be told apart, however many there are. */
import { expect, test } from 'vitest';
import { dayOf, salesDays } from './calendar.ts';
import { makePeople } from './people.ts';
import { createRandom } from './random.ts';

const asOf = '2026-11-21';
const days = salesDays(dayOf(asOf));

test('20,000 customers have as many emails, so that names that come up twice are told apart', () => {
  const { customers, guests } = makePeople(createRandom(3, 0), 3, asOf, days, { customers: 20_000, guests: 5 });
  const emails = customers.map(({ email }) => email);
  expect(new Set(emails).size).toBe(20_000);
  expect(emails.filter((email) => !/^[a-z0-9._-]+@[a-z]+\.example$/.test(email))).toEqual([]);
  expect(customers[0]?.id).toBe('CUST00001');
  expect(guests.map(({ id }) => id)).toEqual(['', '', '', '', '']);
});

test('customers come in the order of registration, some from before the first day of trade, none from after the last', () => {
  const { customers } = makePeople(createRandom(3, 0), 3, asOf, days, { customers: 1_000, guests: 0 });
  const registrations = customers.map(({ registeredOn }) => registeredOn);
  expect(registrations).toEqual(registrations.toSorted((one, other) => one - other));
  const established = registrations.filter((day) => day < dayOf('2024-11-21')).length;
  expect(established / 1_000).toBeCloseTo(0.3, 1);
  expect(registrations.at(-1)).toBeLessThan(dayOf(asOf));
});
