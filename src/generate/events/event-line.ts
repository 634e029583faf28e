/** Writes events as lines of JSON, their fields in the order of the contract. */
import type { Category } from '../assortment.ts';
import { dateOf } from '../calendar.ts';
import type { Product } from '../products.ts';
import type { Random } from '../random.ts';
import { money } from '../rows.ts';
import type { Visitor } from './visitors.ts';

/** What happens in a visit: a text of JSON for what follows the fields that all events have. */
export interface Step {
  readonly type:
    | 'page_view'
    | 'product_view'
    | 'add_to_cart'
    | 'remove_from_cart'
    | 'begin_checkout'
    | 'purchase'
    | 'search'
    | 'signup'
    | 'login';
  readonly details: string;
}

/** One event as it is written. */
export interface EventLine {
  /** Milliseconds since 1970-01-01 UTC. */
  readonly at: number;
  /** Without its line end. */
  readonly text: string;
}

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const base = digits.length;
/** All texts of three digits in base 36. */
const triples = Array.from(
  { length: base ** 3 },
  (_, number) =>
    `${digits[Math.floor(number / base ** 2)]}${digits[Math.floor(number / base) % base]}${digits[number % base]}`,
);
const tripleCount = triples.length;
/** It has no factor in common with 36, so that counting in steps of it meets every number of six digits once. */
const stride = 1_234_567_891;

/** Ids of 16 letters and digits after a prefix, of which no two are equal; ten of the sixteen are drawn. */
export function idSource(random: Random): (prefix: string) => string {
  let count = random.integer(0, base ** 6 - 1);
  return (prefix) => {
    count = (count + stride) % base ** 6;
    const drawn = Math.floor(random.fraction() * base ** 10);
    const high = Math.floor(drawn / tripleCount);
    const higher = Math.floor(high / tripleCount);
    const text = `${triples[drawn % tripleCount]}${triples[high % tripleCount]}${triples[higher % tripleCount]}`;
    const counted = `${triples[Math.floor(count / tripleCount)]}${triples[count % tripleCount]}`;
    return `${prefix}${text}${counted}${digits[Math.floor(higher / tripleCount)]}`;
  };
}

const millisecondsPerDay = 86_400_000;
const padded = (count: number, width: number): readonly string[] =>
  Array.from({ length: count }, (_, number) => String(number).padStart(width, '0'));
const twoDigits = padded(60, 2);
const threeDigits = padded(1000, 3);

/** Writes instants as ISO 8601 in UTC, with milliseconds. */
function instantWriter(): (at: number) => string {
  let [knownDay, date] = [Number.NaN, ''];
  return (at) => {
    const day = Math.floor(at / millisecondsPerDay);
    if (day !== knownDay) [knownDay, date] = [day, dateOf(day)];
    const rest = at - day * millisecondsPerDay;
    const [hour, minute] = [Math.floor(rest / 3_600_000), Math.floor(rest / 60_000) % 60];
    const [second, fraction] = [Math.floor(rest / 1000) % 60, rest % 1000];
    return `${date}T${twoDigits[hour]}:${twoDigits[minute]}:${twoDigits[second]}.${threeDigits[fraction]}Z`;
  };
}

/** Who does what follows, in which session. */
export interface SessionHeader {
  readonly visitor: Visitor;
  readonly sessionId: string;
  readonly device: string;
  readonly source: string;
}

/** Writes the events of a session; each call is one event at an instant. */
export function eventWriter(
  newId: (prefix: string) => string,
): (session: SessionHeader) => (step: Step, at: number) => EventLine {
  const write = instantWriter();
  return ({ visitor, sessionId, device, source }) => {
    const who = `","user_id":"${visitor.id}","session_id":"${sessionId}","event_timestamp":"`;
    const country = visitor.country === undefined ? '' : `,"country_code":"${visitor.country}"`;
    const how = `","device_type":"${device}"${country},"traffic_source":"${source}"`;
    return ({ type, details }, at) => ({
      at,
      text: `{"event_id":"${newId('EVT_')}","event_type":"${type}${who}${write(at)}${how}${details}}`,
    });
  };
}

const productDetails = new WeakMap<Product, string>();

const ofProduct = (product: Product): string => {
  const known = productDetails.get(product);
  if (known !== undefined) return known;
  const text = `,"product_id":"${product.id}","product_category":${JSON.stringify(product.category.name)}`;
  productDetails.set(product, text);
  return text;
};

const bare = (type: Step['type']): Step => ({ type, details: '' });

/** The steps of visits. */
export const steps = {
  login: bare('login'),
  signup: bare('signup'),
  checkout: bare('begin_checkout'),
  page: (page: string): Step => ({ type: 'page_view', details: `,"properties":{"page":"${page}"}` }),
  categoryPage: (category: Category): Step => ({
    type: 'page_view',
    details: `,"product_category":${JSON.stringify(category.name)},"properties":{"page":"category"}`,
  }),
  search: (query: string): Step => ({ type: 'search', details: `,"properties":{"query":${JSON.stringify(query)}}` }),
  view: (product: Product): Step => ({ type: 'product_view', details: ofProduct(product) }),
  add: (product: Product, quantity: number): Step => ({
    type: 'add_to_cart',
    details: `${ofProduct(product)},"properties":{"quantity":${quantity}}`,
  }),
  remove: (product: Product): Step => ({ type: 'remove_from_cart', details: ofProduct(product) }),
  /** `amount` is in cents. */
  purchase: (product: Product, amount: number, orderId: string, quantity: number): Step => ({
    type: 'purchase',
    details: `${ofProduct(product)},"revenue_amount":${money(amount)},"properties":{"order_id":"${orderId}","quantity":${quantity}}`,
  }),
} as const;
