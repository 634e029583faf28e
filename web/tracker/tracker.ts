/**
 * The tracker of shop pages: turns page views and the page's own calls into events and brings them to the collector.
 *
 * An event stays in the queue of localStorage until the collector has answered for it, so that a page that is left, a
 * lost network and a collector that refuses for a while lose nothing; what arrives twice counts once, by its event_id.
 */

type Fields = Record<string, unknown>;
type Call = readonly [name: 'track' | 'identify' | 'consent', parameters: ArrayLike<unknown>];

interface Session {
  id: string;
  /** When the last event was, in milliseconds since 1970. */
  at: number;
  source: string;
}

interface TrackedEvent extends Fields {
  readonly event_id: string;
}

/** What is kept in localStorage, by name. */
interface Kept {
  consent: boolean;
  user: string;
  session: Session;
  queue: readonly TrackedEvent[];
  /** Before this time, in milliseconds since 1970, nothing is sent. */
  wait: number;
}

declare global {
  interface Window {
    millrace?: object & { readonly q?: readonly Call[] };
  }
  interface Navigator {
    readonly globalPrivacyControl?: boolean;
  }
  interface Document {
    readonly prerendering?: boolean;
  }
}

const sessionIdle = 30 * 60_000;
const longestWait = 5 * 60_000;
const collectFor = 500;
const queueLength = 500;
/** Characters; at three bytes each a batch stays below the 64 KiB that a page may have on its way when it is left. */
const batchSize = 20_000;
const eventSize = 16_000;
/** Fields of an event; whatever else a page tells goes to its properties. */
const ownFields = ['product_id', 'product_category', 'revenue_amount'];

const script = document.currentScript as HTMLScriptElement;
const { key = '', endpoint = new URL('/v1/events', script.src).href, country, consent: asked } = script.dataset;
const address = `${endpoint}?key=${encodeURIComponent(key)}`;
const refused = navigator.doNotTrack === '1' || navigator.globalPrivacyControl === true;

/** localStorage, or where a browser denies it, something that lasts as long as the page. */
function openStorage(): Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> {
  try {
    localStorage.getItem('millrace');
    return localStorage;
  } catch {
    const values = new Map<string, string>();
    return {
      getItem: (name) => values.get(name) ?? null,
      setItem: (name, value) => values.set(name, value),
      removeItem: (name) => values.delete(name),
    };
  }
}
const storage = openStorage();

function read<Name extends keyof Kept>(name: Name): Kept[Name] | undefined {
  try {
    return JSON.parse(storage.getItem(`millrace.${name}`) ?? '') as Kept[Name];
  } catch {
    return undefined;
  }
}

function write<Name extends keyof Kept>(name: Name, value: Kept[Name]): void {
  try {
    storage.setItem(`millrace.${name}`, JSON.stringify(value));
  } catch {
    // Full: what is there stays.
  }
}

const forget = (...names: (keyof Kept)[]): void => {
  for (const name of names) storage.removeItem(`millrace.${name}`);
};

const isAllowed = (): boolean =>
  !refused && (asked === 'required' ? read('consent') === true : read('consent') !== false);

/** The prefix and 16 of A-Z and 0-9. */
const randomId = (prefix: string): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].reduce(
    (id, byte) => id + 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'[byte % 36],
    prefix,
  );

function deviceType(): string {
  const agent = navigator.userAgent;
  if (/iPad|Tablet|Android(?!.*Mobile)/.test(agent) || (/Mac/.test(agent) && navigator.maxTouchPoints > 1))
    return 'tablet';
  return /Mobi/.test(agent) || Math.min(innerWidth, screen.width) < 600 ? 'mobile' : 'desktop';
}

type Patterns = readonly (readonly [pattern: RegExp, source: string])[];

/** What words of a campaign's medium or source say. */
const words: Patterns = [
  [/social/, 'social'],
  [/^(cpc|ppc|cpm|sem|ads?)$|paid/, 'paid_search'],
  [/mail|newsletter/, 'email'],
  [/referral|affiliate|partner/, 'referral'],
  [/organic/, 'organic'],
];
/** What the host that led here is. */
const hosts: Patterns = [
  [/(^|\.)(web)?mail\.|(^|\.)outlook\./, 'email'],
  [/(^|\.)(facebook|instagram|tiktok|twitter|youtube|pinterest|linkedin|reddit|whatsapp)\.|^(t\.co|x\.com)$/, 'social'],
  [/(^|\.)(google|bing|duckduckgo|yahoo|ecosia|baidu|yandex|qwant|startpage)\./, 'organic'],
];

const sourceOf = (patterns: Patterns, text: string): string | undefined =>
  patterns.find(([pattern]) => pattern.test(text))?.[1];

function trafficSource(): string {
  const query = new URLSearchParams(location.search.toLowerCase());
  const medium = query.get('utm_medium') ?? '';
  const campaign = query.get('utm_source') ?? '';
  const told = sourceOf(words, medium) ?? sourceOf(words, campaign);
  if (told) return told;
  if (query.has('gclid') || query.has('msclkid')) return 'paid_search';
  if (campaign) return sourceOf(hosts, `${campaign}.`) ?? 'referral';
  const host = document.referrer && new URL(document.referrer).host;
  return !host || host === location.host ? 'direct' : (sourceOf(hosts, host) ?? 'referral');
}

function currentSession(now: number): Session {
  const last = read('session');
  const session =
    last && now - last.at <= sessionIdle ? last : { id: randomId('SES_'), source: trafficSource(), at: now };
  session.at = now;
  write('session', session);
  return session;
}

let identified: string | undefined;

function userId(): string {
  const id = identified ?? read('user') ?? randomId('ANON_');
  write('user', id);
  return id;
}

const queue = (): readonly TrackedEvent[] => read('queue') ?? [];

/** As many events as go at once, the oldest first. */
function nextBatch(among: readonly TrackedEvent[]): readonly TrackedEvent[] {
  let size = 0;
  return among.filter((event) => {
    size += JSON.stringify(event).length + 1;
    return size < batchSize;
  });
}

function without(batch: readonly TrackedEvent[]): readonly TrackedEvent[] {
  const ids = batch.map(({ event_id }) => event_id);
  return queue().filter(({ event_id }) => !ids.includes(event_id));
}

let underWay: readonly TrackedEvent[] = [];
let timer = 0;
let failures = 0;

function schedule(): void {
  clearTimeout(timer);
  timer = window.setTimeout(send, Math.max(collectFor, (read('wait') ?? 0) - Date.now()));
}

/** Waits twice as long after each failure, at least as long as the collector asks, and not in step with other pages. */
function postpone(seconds: number): void {
  if (!isAllowed()) return;
  const own = Math.min(longestWait, 1000 * 2 ** failures++);
  write('wait', Date.now() + Math.max(seconds * 1000, own) + Math.random() * own);
}

async function send(): Promise<void> {
  const batch = nextBatch(queue());
  if (underWay.length > 0 || batch.length === 0 || !isAllowed() || !navigator.onLine) return;
  underWay = batch;
  try {
    // As plain text no browser asks first whether it may.
    const { status, headers } = await fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: JSON.stringify(batch),
      credentials: 'omit',
      keepalive: true,
    });
    // Taken, or never to be taken.
    if ([202, 400, 413].includes(status)) {
      failures = 0;
      if (isAllowed()) write('queue', without(batch));
    } else postpone(Number(headers.get('retry-after')) || 0);
  } catch {
    postpone(0);
  }
  underWay = [];
  if (isAllowed() && queue().length > 0) schedule();
}

let beaconed: readonly TrackedEvent[] = [];

/** The page may be gone in a moment: what has not been sent goes without an answer, and once more with one later. */
function leave(): void {
  if (!isAllowed() || Date.now() < (read('wait') ?? 0)) return;
  const batch = nextBatch(without([...underWay, ...beaconed]));
  if (batch.length === 0 || !navigator.sendBeacon(address, JSON.stringify(batch))) return;
  beaconed = [...beaconed, ...batch];
}

function track(type: string, told: Fields = {}): void {
  if (!isAllowed()) return;
  const now = new Date();
  const session = currentSession(now.getTime());
  const region = country ?? /-([a-z]{2})\b/i.exec(navigator.language)?.[1];
  const entries = Object.entries(told);
  const properties = entries.filter(([name]) => !ownFields.includes(name));
  const event = {
    event_id: randomId('EVT_'),
    event_type: type,
    user_id: userId(),
    session_id: session.id,
    event_timestamp: now.toISOString(),
    device_type: deviceType(),
    traffic_source: session.source,
    ...(region && { country_code: region.toUpperCase() }),
    ...Object.fromEntries(entries.filter(([name]) => ownFields.includes(name))),
    ...(properties.length > 0 && { properties: Object.fromEntries(properties) }),
  };
  if (JSON.stringify(event).length > eventSize) return;
  write('queue', [...queue(), event].slice(-queueLength));
  schedule();
}

let seen = '';

/** Tells of the page once for each address that it has. */
function view(): void {
  const { pathname, search } = location;
  if (seen === pathname + search || !isAllowed()) return;
  seen = pathname + search;
  track('page_view', { page: pathname });
}

function viewAgain(): void {
  seen = '';
  view();
}

/** From now on events belong to this user; without an id to an anonymous one again. */
function identify(id?: string): void {
  identified = id ? String(id) : undefined;
  if (!isAllowed()) return;
  if (identified) write('user', identified);
  else forget('user');
}

/** Says whether the visitor consents; without consent all that was stored is removed. */
function consent(given: boolean): void {
  if (refused) return;
  if (given) {
    write('consent', true);
    view();
    return;
  }
  forget('consent', 'user', 'session', 'queue', 'wait');
  // Where consent is required, its absence says enough.
  if (asked !== 'required') write('consent', false);
}

function start(): void {
  const { pushState } = history;
  history.pushState = function (...parameters) {
    pushState.apply(this, parameters);
    view();
  };
  addEventListener('popstate', view);
  addEventListener('pageshow', ({ persisted }) => persisted && viewAgain());
  addEventListener('pagehide', leave);
  document.addEventListener('visibilitychange', () => (document.visibilityState === 'hidden' ? leave() : schedule()));
  addEventListener('online', () => {
    forget('wait');
    schedule();
  });
  const api = { track, identify, consent };
  const calls = window.millrace?.q ?? [];
  window.millrace = api;
  view();
  for (const [name, parameters] of calls) Reflect.apply(api[name], undefined, parameters);
  schedule();
}

if (document.prerendering) document.addEventListener('prerenderingchange', start, { once: true });
else start();

export {};
