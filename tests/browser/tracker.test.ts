/** The tracker in Chromium on a page of a shop, against the collector of another origin on a real disk. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { ensureDashboard } from '../../scripts/dashboard.mjs';
import { readEventContract } from '../../src/contracts/events/contract-file.ts';
import { eventJudge } from '../../src/contracts/events/judge-one.ts';
import { kept, startCollector, testKey } from '../setup/collector.ts';
import { makeFolder, root } from '../setup/fixtures.ts';
import { findTool, whyLeftOut } from '../setup/tools.ts';
import { startBrowser } from './browser.ts';

const chromium = findTool('chromium');
const dashboard = join(root, 'web', 'dist');

interface CollectedEvent {
  readonly event_id: string;
  readonly event_type: string;
  readonly user_id: string;
  readonly session_id: string;
  readonly event_timestamp: string;
  readonly traffic_source: string;
  readonly country_code?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
}

interface CollectorCounts {
  readonly sources: readonly { readonly rejected: number }[];
}

/** A web server with one page, whatever is asked for. */
async function openShop() {
  const shop = { page: '', address: '' };
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(shop.page);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  shop.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { shop, close: () => new Promise((resolve) => server.close(resolve)) };
}

beforeAll(() => ensureDashboard(() => {}), 120_000);

test('the built script is below 3 KiB as it is sent, and asks for nothing else', () => {
  const script = readFileSync(join(dashboard, 'tracker.js'));
  expect(gzipSync(script).length).toBeLessThan(3 * 1024);
  expect(script.toString()).not.toMatch(/\bimport\b|\brequire\(/);
});

test('it is served to pages of any origin, and may be kept for an hour', async () => {
  const running = await startCollector(join(makeFolder(), 'collector'), {}, dashboard);
  onTestFinished(running.close);
  const response = await fetch(`${running.address}/tracker.js`);
  expect([response.status, Object.fromEntries(response.headers)]).toMatchObject([
    200,
    {
      'content-type': expect.stringContaining('javascript'),
      'cache-control': 'public, max-age=3600',
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
      'content-security-policy': expect.stringContaining(`default-src 'self'`),
      'x-content-type-options': 'nosniff',
      etag: expect.any(String),
    },
  ]);
});

describe.skipIf(!chromium)(`the tracker on a page${whyLeftOut('chromium', chromium)}`, () => {
  let browser: Browser;
  let shop: Awaited<ReturnType<typeof openShop>>;

  beforeAll(async () => {
    shop = await openShop();
    browser = await startBrowser(chromium ?? '');
  });
  afterAll(async () => {
    await browser?.close();
    await shop?.close();
  });

  interface Surroundings {
    /** Attributes of the script element. */
    readonly attributes?: string;
    /** What stands before the script element. */
    readonly before?: string;
    readonly options?: BrowserContextOptions;
    readonly prepare?: (context: BrowserContext) => Promise<unknown>;
  }

  /** A collector and a browser that has never seen the shop. */
  async function visit({ attributes = '', before = '', options = {}, prepare }: Surroundings = {}) {
    const folder = join(makeFolder(), 'collector');
    const judge = eventJudge(readEventContract(folder));
    const running = await startCollector(folder, { judge, config: { origins: [shop.shop.address] } }, dashboard);
    onTestFinished(async () => {
      const { sources } = (await (await fetch(`${running.address}/api/collector`)).json()) as CollectorCounts;
      expect(sources.filter(({ rejected }) => rejected > 0)).toEqual([]);
      await running.close();
    });
    const script = `<script src="${running.address}/tracker.js" data-key="${testKey.key}" ${attributes} async></script>`;
    shop.shop.page = `<!doctype html><title>Shop</title><link rel="icon" href="data:,">${before}${script}`;
    const context = await browser.newContext({ locale: 'de-AT', ...options });
    onTestFinished(() => context.close());
    await prepare?.(context);
    const page = await context.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    const events = (): readonly CollectedEvent[] => kept(folder).map((line) => JSON.parse(line) as CollectedEvent);
    return {
      page,
      context,
      problems,
      address: running.address,
      events,
      types: () => events().map(({ event_type }) => event_type),
      go: (path = '/') => page.goto(shop.shop.address + path),
    };
  }

  /** Waits until the page has an API and nothing is in its queue. */
  const untilSent = (page: Page): Promise<unknown> =>
    page.waitForFunction(`typeof millrace?.track === 'function' && (localStorage['millrace.queue'] ?? '[]') === '[]'`);
  const ready = (page: Page): Promise<unknown> => page.waitForFunction(`typeof window.millrace?.track === 'function'`);
  const storedNames = (page: Page): Promise<readonly string[]> => page.evaluate('Object.keys(localStorage).sort()');

  test('tells of the page by itself, and of each address that it takes', async () => {
    const { page, go, events, types, problems } = await visit();
    await go('/kettles?utm_source=google&utm_medium=cpc');
    await ready(page);
    await page.evaluate(`history.pushState({}, '', '/kettles/7')`);
    await page.evaluate(`history.pushState({}, '', '/kettles/7#reviews')`);
    await page.goBack();
    await page.goBack();
    await untilSent(page);
    await vi.waitFor(() => expect(types()).toHaveLength(3));
    expect(events().map(({ properties }) => properties?.page)).toEqual(['/kettles', '/kettles/7', '/kettles']);
    const [first] = events();
    expect(first).toEqual({
      event_id: expect.stringMatching(/^EVT_[A-Z0-9]{16}$/),
      event_type: 'page_view',
      user_id: expect.stringMatching(/^ANON_[A-Z0-9]{16}$/),
      session_id: expect.stringMatching(/^SES_[A-Z0-9]{16}$/),
      event_timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      device_type: 'desktop',
      country_code: 'AT',
      traffic_source: 'paid_search',
      properties: { page: '/kettles' },
    });
    expect(new Set(events().map(({ event_id }) => event_id)).size).toBe(3);
    expect(new Set(events().map(({ user_id, session_id }) => user_id + session_id)).size).toBe(1);
    expect(problems).toEqual([]);
  });

  test('tells of what the page tracks, also before the script is there', async () => {
    const stub = `<script>
      window.millrace = { q: [] };
      for (const name of ['track', 'identify', 'consent']) millrace[name] = function () { millrace.q.push([name, arguments]); };
      millrace.identify('CUST0001');
      millrace.track('product_view', { product_id: 'PROD0001', product_category: 'Home', position: 3 });
    </script>`;
    const { page, go, events } = await visit({ before: stub, attributes: 'data-country="gb"' });
    await go();
    await ready(page);
    await page.evaluate(
      `millrace.track('purchase', { product_id: 'PROD0001', revenue_amount: 19.5, order_id: 'O1', quantity: 1 })`,
    );
    await page.evaluate(`millrace.track('signup')`);
    await untilSent(page);
    expect(events().slice(1)).toMatchObject([
      { event_type: 'product_view', product_id: 'PROD0001', product_category: 'Home', properties: { position: 3 } },
      {
        event_type: 'purchase',
        product_id: 'PROD0001',
        revenue_amount: 19.5,
        properties: { order_id: 'O1', quantity: 1 },
      },
      { event_type: 'signup' },
    ]);
    expect(events()[3]).not.toHaveProperty('properties');
    expect(
      new Set(
        events()
          .slice(1)
          .map(({ user_id, country_code }) => `${user_id} ${country_code}`),
      ),
    ).toEqual(new Set(['CUST0001 GB']));
    await page.evaluate(`millrace.identify(); millrace.track('login')`);
    await untilSent(page);
    expect(events()[4]?.user_id).toMatch(/^ANON_/);
  });

  /** The events that wait on a page whose collector does not answer. */
  const waiting = async (page: Page): Promise<readonly Record<string, unknown>[]> =>
    JSON.parse(await page.evaluate(`localStorage['millrace.queue']`));
  const unanswered = (context: BrowserContext): Promise<unknown> =>
    context.route('**/v1/events*', (route) => route.abort());

  test('where a visit comes from is told by its campaign, else by the page that led there', async () => {
    const { page, go } = await visit({
      async prepare(context) {
        await unanswered(context);
        await context.addInitScript(
          `const said = new URLSearchParams(location.search).get('from') ?? '';
           Object.defineProperty(document, 'referrer', { value: said && 'https://' + said + '/' });`,
        );
      },
    });
    const cases = [
      ['', 'direct'],
      ['utm_medium=email&utm_source=june', 'email'],
      ['utm_source=newsletter&from=www.google.com', 'email'],
      ['utm_medium=paid_social', 'social'],
      ['utm_medium=CPC', 'paid_search'],
      ['utm_source=Facebook', 'social'],
      ['utm_source=some-blog', 'referral'],
      ['gclid=1&from=www.google.com', 'paid_search'],
      ['from=www.google.co.uk', 'organic'],
      ['from=l.facebook.com', 'social'],
      ['from=t.co', 'social'],
      ['from=mail.google.com', 'email'],
      ['from=climbing.example', 'referral'],
      [`from=${new URL(shop.shop.address).host}`, 'direct'],
    ];
    for (const [query, source] of cases) {
      await go(`/?${query}`);
      await ready(page);
      expect([query, (await waiting(page))[0]]).toMatchObject([query, { traffic_source: source }]);
      await page.evaluate('localStorage.clear()');
    }
  });

  test.each([
    ['mobile', 390, 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) Mobile/15E148'],
    ['mobile', 412, undefined],
    ['tablet', 820, 'Mozilla/5.0 (Linux; Android 16; SM-X910) Chrome/140'],
    ['desktop', 1280, undefined],
  ])('a device is told from its window and its name: %s, %d wide', async (device, width, userAgent) => {
    const { page, go } = await visit({
      options: { viewport: { width, height: 900 }, ...(userAgent ? { userAgent } : {}) },
      prepare: unanswered,
    });
    await go();
    await ready(page);
    expect(await waiting(page)).toMatchObject([{ device_type: device }]);
  });

  test('a session ends after thirty minutes without an event; where it came from stays with it', async () => {
    const { page, go, events } = await visit();
    await page.clock.install({ time: Date.now() - 7_200_000 });
    await go('/?utm_medium=email');
    await ready(page);
    for (const minutes of [29, 29, 31]) {
      await page.clock.fastForward(minutes * 60_000);
      await page.evaluate(`history.replaceState({}, '', '/'); millrace.track('search', { query: 'kettle' })`);
    }
    await page.clock.runFor(1000);
    await untilSent(page);
    const sessions = events().map(({ session_id }) => session_id);
    expect(sessions.map((session) => sessions.indexOf(session))).toEqual([0, 0, 0, 3]);
    expect(events().map(({ traffic_source }) => traffic_source)).toEqual(['email', 'email', 'email', 'direct']);
    expect(new Set(events().map(({ user_id }) => user_id)).size).toBe(1);
  });

  test('without a network events wait in the browser', async () => {
    const { page, context, go, events, types } = await visit();
    await go();
    await untilSent(page);
    await context.setOffline(true);
    await page.evaluate(`millrace.track('search', { query: 'kettle' }); millrace.track('login')`);
    expect(JSON.parse(await page.evaluate(`localStorage['millrace.queue']`))).toHaveLength(2);
    expect(types()).toEqual(['page_view']);
    await context.setOffline(false);
    await untilSent(page);
    expect(types()).toEqual(['page_view', 'search', 'login']);
    expect(new Set(events().map(({ event_id }) => event_id)).size).toBe(3);
  });

  test('what the collector refuses for a while is sent again when it asked for, and not before', async () => {
    const { page, go, types } = await visit();
    await page.clock.install({ time: Date.now() - 3_600_000 });
    let refusals = 0;
    await page.route('**/v1/events*', async (route) => {
      if (refusals > 0) return route.continue();
      refusals += 1;
      return route.fulfill({
        status: 503,
        headers: {
          'retry-after': '20',
          'access-control-allow-origin': '*',
          'access-control-expose-headers': 'retry-after',
        },
      });
    });
    await go();
    await ready(page);
    await page.clock.runFor(600);
    await page.waitForFunction(`localStorage['millrace.wait'] > 0`);
    await page.clock.runFor(18_000);
    expect(types()).toEqual([]);
    await page.clock.runFor(4_000);
    await untilSent(page);
    expect([types(), refusals]).toEqual([['page_view'], 1]);
  });

  test('the queue holds so many events and drops the oldest; one of many kilobytes is not taken', async () => {
    const { page, context, go } = await visit();
    await go();
    await untilSent(page);
    await context.setOffline(true);
    await page.evaluate(`for (let i = 0; i < 600; i += 1) millrace.track('search', { query: String(i) })`);
    await page.evaluate(`millrace.track('search', { query: 'x'.repeat(20000) })`);
    const queries = (await waiting(page)).map(({ properties }) => (properties as { readonly query: string }).query);
    expect(queries).toEqual(Array.from({ length: 500 }, (_, place) => `${place + 100}`));
  });

  test('what happens last is brought on its way when the page is left, and again until it is answered', async () => {
    const { page, context, go, events } = await visit();
    // The page's clock stands: no timer sends anything.
    await page.clock.install();
    await page.clock.pauseAt(Date.now() + 1000);
    await go();
    await ready(page);
    await page.evaluate(`millrace.track('add_to_cart', { product_id: 'PROD0001' })`);
    expect(events()).toEqual([]);
    await page.close({ runBeforeUnload: false });
    await vi.waitFor(() => expect(events().map(({ event_type }) => event_type)).toEqual(['page_view', 'add_to_cart']));

    const next = await context.newPage();
    await next.goto(`${shop.shop.address}/next`);
    await next.clock.resume();
    await untilSent(next);
    expect(new Set(events().map(({ event_id }) => event_id)).size).toBe(3);
  });

  test.each([
    ['doNotTrack', `'1'`],
    ['globalPrivacyControl', 'true'],
  ])('a browser that says %s is left alone, whatever the page says', async (name, value) => {
    const { page, go, events } = await visit({
      prepare: (context) =>
        context.addInitScript(`Object.defineProperty(Navigator.prototype, '${name}', { get: () => ${value} })`),
    });
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await go();
    await ready(page);
    await page.evaluate(`millrace.consent(true); millrace.identify('CUST0001'); millrace.track('login')`);
    await go('/next');
    expect(await storedNames(page)).toEqual([]);
    expect(asked).not.toContain('/v1/events');
    expect(events()).toEqual([]);
  });

  test('where consent is required nothing is stored or sent before it, and nothing stays after it is taken back', async () => {
    const { page, go, types, events } = await visit({ attributes: 'data-consent="required"' });
    await go();
    await ready(page);
    await page.evaluate(`millrace.identify('CUST0001'); millrace.track('search')`);
    await go('/next');
    await ready(page);
    expect([await storedNames(page), types()]).toEqual([[], []]);
    await page.evaluate(`millrace.consent(true)`);
    await untilSent(page);
    expect(types()).toEqual(['page_view']);
    await go('/third');
    await untilSent(page);
    await vi.waitFor(() => expect(types()).toEqual(['page_view', 'page_view']));
    await page.evaluate(`millrace.track('login'); millrace.consent(false); millrace.track('login')`);
    expect(await storedNames(page)).toEqual([]);
    await go('/fourth');
    await ready(page);
    expect([await storedNames(page), events().length]).toEqual([[], 2]);
  });

  test('where it is not, a refusal is remembered', async () => {
    const { page, go, types } = await visit();
    await go();
    await untilSent(page);
    await page.evaluate(`millrace.consent(false)`);
    await go('/next');
    await ready(page);
    await page.evaluate(`millrace.track('login')`);
    expect([await storedNames(page), types()]).toEqual([['millrace.consent'], ['page_view']]);
    await page.evaluate(`millrace.consent(true)`);
    await untilSent(page);
    expect(types()).toEqual(['page_view', 'page_view']);
  });
});
