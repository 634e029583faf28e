/** The overview page in Chromium: every figure on it is the warehouse's, for the range that was asked for. */
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureDashboard } from '../../scripts/dashboard.mjs';
import { generateSample, type SampleOptions } from '../../src/generate/sample.ts';
import { afterTheLast, makeFolder, makeHome, runMillrace } from '../setup/fixtures.ts';
import { findTool, whyLeftOut } from '../setup/tools.ts';
import { type Server, startBrowser, startServer } from './browser.ts';
import { type Range, readExpected, readShown } from './figures.ts';

const chromium = findTool('chromium');

const sample: SampleOptions = { seed: 42, asOf: '2026-07-01', customers: 300, products: 100, transactions: 2000 };
/** The last twelve months of it. */
const lastYear: Range = { from: '2025-07-01', to: '2026-06-30' };

describe.skipIf(!chromium)(`the overview page${whyLeftOut('chromium', chromium)}`, () => {
  const atEnd = afterTheLast();
  let settings: Readonly<Record<string, string>>;
  let server: Server;
  let browser: Browser;

  async function publish(source: string, options: SampleOptions): Promise<void> {
    const folder = join(makeFolder(atEnd), source);
    await generateSample(folder, options);
    const words = ['run', '--input', folder, '--source', source, '--as-of', options.asOf];
    expect(await runMillrace(words, settings)).toMatchObject({ code: 0, stderr: '' });
  }

  beforeAll(async () => {
    await ensureDashboard(() => {});
    settings = await makeHome(atEnd);
    await publish('first', sample);
    server = await startServer(settings);
    browser = await startBrowser(chromium ?? '');
  }, 240_000);

  afterAll(async () => {
    await browser?.close();
    expect(await server?.stop()).toBe(0);
  });

  /** Gives the work a page; nothing may go wrong on it, and it may ask nobody but the server for anything. */
  async function withPage(work: (page: Page) => Promise<void>, look: BrowserContextOptions = {}): Promise<void> {
    const context = await browser.newContext({ locale: 'en-US', viewport: { width: 1280, height: 900 }, ...look });
    const problems: string[] = [];
    context.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) problems.push(`${message.type()}: ${message.text()}`);
    });
    context.on('weberror', (error) => problems.push(String(error.error())));
    context.on('request', (request) => {
      if (!request.url().startsWith(`${server.address}/`)) problems.push(`asked ${request.url()}`);
    });
    try {
      await work(await context.newPage());
    } finally {
      await context.close();
    }
    expect(problems).toEqual([]);
  }

  const open = async (page: Page, range?: Range): Promise<void> => {
    await page.goto(`${server.address}/${range ? `?from=${range.from}&to=${range.to}` : ''}`);
  };

  /** Waits for the range, then compares all that is shown with the warehouse. */
  async function expectFigures(page: Page, range: Range): Promise<void> {
    await page.locator(`[data-state="ready"][data-from="${range.from}"][data-to="${range.to}"]`).waitFor();
    expect(await readShown(page)).toEqual(await readExpected(settings, range));
  }

  const searchOf = (page: Page): string => new URL(page.url()).search;

  async function type(page: Page, end: 'from' | 'to', day: string): Promise<void> {
    await page.getByTestId(`range-${end}`).fill(day);
    await page.getByTestId(`range-${end}`).press('Enter');
  }

  test('shows the last twelve months under a policy that lets in nothing foreign', () =>
    withPage(async (page) => {
      const answer = await page.goto(server.address);
      expect(answer?.headers()['content-security-policy']).toMatch(/^default-src 'self';/);
      await expectFigures(page, lastYear);
      expect(searchOf(page)).toBe('');
    }));

  test('follows the days that are typed; a reload keeps them', () =>
    withPage(async (page) => {
      await open(page);
      await type(page, 'from', '2026-02-10');
      await type(page, 'to', '2026-03-05');
      await expectFigures(page, { from: '2026-02-10', to: '2026-03-05' });
      expect(searchOf(page)).toBe('?from=2026-02-10&to=2026-03-05');
      await page.reload();
      await expectFigures(page, { from: '2026-02-10', to: '2026-03-05' });
      expect(await page.getByTestId('range-from').inputValue()).toBe('2026-02-10');
      expect(await page.getByTestId('range-to').inputValue()).toBe('2026-03-05');
    }));

  test('follows a preset; Back returns to the range before', () =>
    withPage(async (page) => {
      await open(page, { from: '2025-11-28', to: '2025-11-28' });
      await expectFigures(page, { from: '2025-11-28', to: '2025-11-28' });
      await page.getByTestId('preset-30d').click();
      await expectFigures(page, { from: '2026-06-01', to: '2026-06-30' });
      expect(searchOf(page)).toBe('?from=2026-06-01&to=2026-06-30');
      expect(await page.getByTestId('preset-30d').getAttribute('aria-pressed')).toBe('true');
      await page.goBack();
      await expectFigures(page, { from: '2025-11-28', to: '2025-11-28' });
      await page.getByTestId('preset-all').click();
      await expectFigures(page, { from: '2024-07-01', to: '2026-06-30' });
    }));

  test('says so when a range has no sales, and leads to where there are some', () =>
    withPage(async (page) => {
      await open(page, { from: '2020-01-01', to: '2020-02-29' });
      await page.getByTestId('empty').waitFor();
      expect(await page.getByTestId('kpi-net-revenue').textContent()).toBe('$0.00');
      expect(await page.getByTestId('kpi-aov').textContent()).toBe('–');
      expect(await page.getByTestId('top-product').count()).toBe(0);
      await page.getByRole('button', { name: 'Show all of it' }).click();
      await expectFigures(page, { from: '2024-07-01', to: '2026-06-30' });
    }));

  test('shows the default range for days in the address that are none', () =>
    withPage(async (page) => {
      await open(page, { from: '2026-02-30', to: 'today' });
      await expectFigures(page, lastYear);
    }));

  test('draws the chart from the days of the range', () =>
    withPage(async (page) => {
      await open(page, { from: '2026-05-01', to: '2026-05-31' });
      const chart = page.getByRole('img', { name: 'Line chart of net revenue by day, May 1 – 31, 2026' });
      await chart.locator('canvas').hover();
      const { days } = await readExpected(settings, { from: '2026-05-01', to: '2026-05-31' });
      const lines = chart.locator('div', { has: page.getByText(/^\d+ orders?$/) }).locator('> :not(:has(*))');
      const [day, amount, orders] = await lines.allTextContents();
      expect(day).toBe('Sat, May 16, 2026');
      expect(days).toContain(`${day} ${orders?.replace(/ orders?/, '')} ${amount}`);
    }));

  test.for([320, 375, 768, 1000])('needs no scrolling sideways at a width of %d', (width) =>
    withPage(
      async (page) => {
        const overflow = (): Promise<number> => page.evaluate('document.documentElement.scrollWidth - innerWidth');
        await open(page);
        await page.locator('[data-state="ready"] canvas').waitFor();
        expect(await overflow()).toBe(0);
        await page.getByRole('button', { name: 'Show table' }).click();
        expect(await overflow()).toBe(0);
        await open(page, { from: '2020-01-01', to: '2020-02-29' });
        await page.getByTestId('empty').waitFor();
        expect(await overflow()).toBe(0);
      },
      { viewport: { width, height: 800 } },
    ),
  );

  test('is dark where the system is, and remembers another choice', () =>
    withPage(
      async (page) => {
        const background = (): Promise<string> => page.evaluate('getComputedStyle(document.body).backgroundColor');
        await open(page);
        await expectFigures(page, lastYear);
        const dark = await background();
        await page.getByRole('button', { name: 'Switch to light colours' }).click();
        await page.getByRole('button', { name: 'Switch to dark colours' }).waitFor();
        await page.reload();
        await expectFigures(page, lastYear);
        const light = await background();
        expect([dark, light]).toEqual(['rgb(19, 23, 29)', 'rgb(245, 247, 249)']);
      },
      { colorScheme: 'dark' },
    ));

  test('shows a new publication after a reload', () =>
    withPage(async (page) => {
      await open(page);
      await expectFigures(page, lastYear);
      const before = await readShown(page);
      // The same products in another shop: those of both are told apart.
      await publish('second', { ...sample, asOf: '2026-07-15' });
      await page.reload();
      await expectFigures(page, { from: '2025-07-15', to: '2026-07-14' });
      expect(await readShown(page)).not.toEqual(before);
      await page.getByTestId('preset-all').click();
      await expectFigures(page, { from: '2024-07-01', to: '2026-07-14' });
      await page.getByTestId('preset-30d').click();
      await expectFigures(page, { from: '2026-06-15', to: '2026-07-14' });
    }));
});
