/** Divides customers into segments by what they did: fixed shares of them, whoever fits best. */
import type { Member } from './members.ts';

export type Segment = 'power_buyer' | 'browser' | 'occasional' | 'new_user';

/** The share of the customers that each segment has; the others are occasional. */
const newShare = 0.2;
const powerShare = 0.05;
const browserShare = 0.3;

/** The segment of each customer, at the places of the list, which is by registration. */
export function segmentsOf(members: readonly Readonly<Member>[]): readonly Segment[] {
  const count = members.length;
  const segments = new Array<Segment>(count).fill('occasional');
  const newcomers = Math.round(count * newShare);
  segments.fill('new_user', count - newcomers);
  const known = Array.from({ length: count - newcomers }, (_, place) => place);
  const ordersOf = (place: number): number => members[place]?.orders ?? 0;
  const visitsPerOrder = (place: number): number => (members[place]?.visits ?? 0) / (1 + ordersOf(place));
  known.sort((one, other) => ordersOf(other) - ordersOf(one) || one - other);
  const buyers = known.splice(0, Math.round(count * powerShare));
  known.sort((one, other) => visitsPerOrder(other) - visitsPerOrder(one) || one - other);
  const browsers = known.slice(0, Math.round(count * browserShare));
  for (const place of buyers) segments[place] = 'power_buyer';
  for (const place of browsers) segments[place] = 'browser';
  return segments;
}
