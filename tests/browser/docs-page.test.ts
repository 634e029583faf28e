/** dbt's own documentation page in Chromium, over the manifest and the catalog that commands wrote for warehouse/. */
import { createReadStream, existsSync, globSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, dirname, join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Manifest } from '../../src/transform/manifest/types.ts';
import { readJson } from '../parity/dbt-runner.ts';
import { afterTheLast, makeHome, runMillrace, smallShop, writeFiles } from '../setup/fixtures.ts';
import { findTool, whyLeftOut } from '../setup/tools.ts';
import { startBrowser } from './browser.ts';

const chromium = findTool('chromium');
const dbt = findTool('dbt');

/** The page that comes with dbt: one file with all that it needs. */
const findPage = (program: string): string | undefined =>
  globSync(join(dirname(program), '..', 'lib', 'python3.*', 'site-packages', 'dbt', 'task', 'docs', 'index.html'))[0];

/** Serves the page beside the artifacts of a folder. */
function serve(page: string, target: string): Promise<Server> {
  const server = createServer(({ url = '/' }, response) => {
    const name = basename(new URL(url, 'http://localhost').pathname) || 'index.html';
    const path = name === 'index.html' ? page : join(target, name);
    // The page asks for pictures by names that were never filled in.
    const isMissing = !existsSync(path);
    response.statusCode = isMissing && name.endsWith('.json') ? 404 : 200;
    if (isMissing) return response.end();
    response.setHeader('content-type', name.endsWith('.json') ? 'application/json' : 'text/html');
    return createReadStream(path).pipe(response);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

const left = whyLeftOut('chromium', chromium) || whyLeftOut('dbt', dbt);

describe.skipIf(!chromium || !dbt)(`dbt's documentation page${left}`, () => {
  const atEnd = afterTheLast();
  let target: string;
  let server: Server;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    const home = await makeHome(atEnd);
    const run = ['run', '--input', writeFiles(smallShop, atEnd), '--as-of', '2024-04-01'];
    for (const words of [run, ['docs', 'generate']]) {
      const { code, stderr } = await runMillrace(words, home);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    }
    target = join(home.MILLRACE_HOME, 'warehouse', 'target');
    server = await serve(findPage(dbt ?? '') ?? '', target);
    browser = await startBrowser(chromium ?? '');
    page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(String(error)));
  }, 240_000);

  afterAll(async () => {
    await browser?.close();
    server?.close();
    expect(problems).toEqual([]);
  });

  const address = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  /** A picture for those who ask for it by TEST_SCREENSHOTS. */
  async function shoot(name: string): Promise<void> {
    const folder = process.env.TEST_SCREENSHOTS;
    if (folder) await page.screenshot({ path: join(folder, `${name}.png`) });
  }

  test("a model's page shows its description, its columns with their types, and its SQL", async () => {
    const manifest = readJson<Manifest>(target, 'manifest.json');
    const model = manifest.nodes['model.millrace.fact_sales'];
    if (!model) throw new Error('the manifest has no model');
    await page.goto(`${address()}/#!/model/${model.unique_id}`);
    await page
      .getByRole('heading', { name: new RegExp(model.name) })
      .first()
      .waitFor();
    const text = ((await page.locator('body').textContent()) ?? '').replace(/\s+/g, ' ');
    expect(text).toContain(model.description.trim().split('\n')[0]?.slice(0, 40));
    for (const column of Object.keys(model.columns)) expect(text).toContain(column);
    expect(text).toMatch(/BIGINT|INTEGER/);
    await shoot('model');
  });

  test('the lineage graph has the model with what it reads', async () => {
    await page.goto(`${address()}/#!/model/model.millrace.fact_sales`);
    await page.locator('.launcher-btn a').click();
    await page.locator('canvas[data-id="layer2-node"]').waitFor();
    // Cytoscape, which draws the graph, keeps it on the element that it draws in.
    const drawn = await page.evaluate<readonly string[]>(
      `[...document.querySelectorAll('*')].find((one) => one._cyreg)._cyreg.cy.nodes(':visible').map((node) => node.id())`,
    );
    const { parent_map: parents } = readJson<Manifest>(target, 'manifest.json');
    expect(drawn).toEqual(
      expect.arrayContaining(['model.millrace.fact_sales', ...(parents['model.millrace.fact_sales'] ?? [])]),
    );
    await shoot('lineage');
  });
});
