/**
 * Writes docs/images/overview.png, and with a folder as its argument also the page on a phone and in dark colours there:
 * `node tests/browser/screenshot.ts [FOLDER]`. TEST_CHROMIUM names the browser, /usr/bin/chromium if it is not set.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { BrowserContextOptions } from 'playwright-core';
import { ensureDashboard } from '../../scripts/dashboard.mjs';
import { startBrowser, startServer } from './browser.ts';

const root = join(import.meta.dirname, '..', '..');
const program = join(root, 'bin', 'millrace');
const asOf = '2026-07-01';

const shots = (folder: string | undefined): readonly { path: string; look: BrowserContextOptions }[] => [
  { path: join(root, 'docs', 'images', 'overview.png'), look: { viewport: { width: 1280, height: 927 } } },
  ...(folder
    ? [
        {
          path: join(folder, 'dark.png'),
          look: { viewport: { width: 1280, height: 1000 }, colorScheme: 'dark' } as const,
        },
        { path: join(folder, 'phone.png'), look: { viewport: { width: 375, height: 1900 } } },
        {
          path: join(folder, 'phone-dark.png'),
          look: { viewport: { width: 375, height: 1900 }, colorScheme: 'dark' } as const,
        },
      ]
    : []),
];

async function shoot(address: string, folder: string | undefined): Promise<void> {
  const browser = await startBrowser(process.env.TEST_CHROMIUM || '/usr/bin/chromium');
  try {
    for (const { path, look } of shots(folder)) {
      const page = await browser.newPage({ locale: 'en-US', deviceScaleFactor: 1, ...look });
      await page.goto(address);
      await page.locator('[data-testid="overview"][data-state="ready"] canvas').waitFor();
      mkdirSync(dirname(path), { recursive: true });
      await page.screenshot({ path });
    }
  } finally {
    await browser.close();
  }
}

const folder = mkdtempSync(join(tmpdir(), 'millrace-screenshot-'));
chmodSync(folder, 0o711);
const settings = { MILLRACE_HOME: join(folder, 'home'), MILLRACE_PG_PORT: '0' };
const millrace = (...words: readonly string[]): Buffer =>
  execFileSync(program, words, { env: { ...process.env, ...settings } });
try {
  await ensureDashboard(() => {});
  millrace('generate', '--output', join(folder, 'sample'), '--as-of', asOf);
  millrace('run', '--input', join(folder, 'sample'), '--as-of', asOf);
  const server = await startServer(settings);
  try {
    await shoot(server.address, process.argv[2]);
  } finally {
    await server.stop();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
