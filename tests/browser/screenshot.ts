/**
 * Writes docs/images/overview.png; given a folder, also the page on a desk and on a phone, light and dark, there:
 * `node tests/browser/screenshot.ts [FOLDER]`. TEST_CHROMIUM names the browser, /usr/bin/chromium if it is not set.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ensureDashboard } from '../../scripts/dashboard.mjs';
import { startBrowser, startServer } from './browser.ts';

const root = join(import.meta.dirname, '..', '..');
const program = join(root, 'bin', 'millrace');
const asOf = '2026-07-01';

/** Ends between two rows. */
const desktop = { width: 1280, height: 927 };
const phone = { width: 375, height: 1900 };

interface Shot {
  readonly path: string;
  readonly viewport: typeof desktop;
  readonly colorScheme: 'light' | 'dark';
}

const shotsFor = (folder: string | undefined): readonly Shot[] => [
  { path: join(root, 'docs', 'images', 'overview.png'), viewport: desktop, colorScheme: 'light' },
  ...(['light', 'dark'] as const).flatMap((colorScheme): readonly Shot[] =>
    folder === undefined
      ? []
      : [
          { path: join(folder, `desktop-${colorScheme}.png`), viewport: desktop, colorScheme },
          { path: join(folder, `phone-${colorScheme}.png`), viewport: phone, colorScheme },
        ],
  ),
];

async function shoot(address: string, folder: string | undefined): Promise<void> {
  const browser = await startBrowser(process.env.TEST_CHROMIUM || '/usr/bin/chromium');
  try {
    for (const { path, ...look } of shotsFor(folder)) {
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
  millrace('generate', '--output', join(folder, 'sample'), '--as-of', asOf, '--events', '0');
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
