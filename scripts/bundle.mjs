/** Bundles the program, which then starts faster, when its sources or packages differ from those of the bundle at hand. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundles, findBundle, pointer } from '../bin/bundle.js';
import { ensureInstalled, pinnedNode, root } from './install.mjs';
import { withLock } from './lock.mjs';
import { Failure, runCaptured, runScript, say } from './processes.mjs';

const failed = 'The program could not be bundled.';

/** A program that began with a former bundle reads the rest of it when it needs it; by then most have ended. */
const keptMilliseconds = 24 * 3_600_000;

/** Notes on the bundle that counted so far when that ended. */
function retireCurrent() {
  try {
    const { entry } = JSON.parse(readFileSync(join(root, pointer), 'utf8'));
    const now = new Date();
    utimesSync(dirname(join(root, entry)), now, now);
  } catch {
    // There is none, or its pointer is broken.
  }
}

/**
 * Removes bundles that ceased to count long ago.
 * @param {string} current
 */
function removeOld(current) {
  const folder = join(root, bundles);
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const isOld = Date.now() - statSync(path).mtimeMs > keptMilliseconds;
    if (isOld && !current.startsWith(path)) rmSync(path, { recursive: true, force: true });
  }
}

/** Bundles into a new folder; it counts from when the pointer names it, as a whole. */
async function bundle() {
  const folder = join(root, bundles, randomUUID());
  mkdirSync(folder, { recursive: true });
  const { ok, output } = await runCaptured(pinnedNode, [join(root, 'scripts', 'make-bundle.mjs'), folder], {
    cwd: root,
    // Whatever the caller's, such as a test's.
    env: { ...process.env, NODE_ENV: 'production' },
  });
  if (!ok) {
    rmSync(folder, { recursive: true, force: true });
    throw new Failure(failed, output);
  }
  retireCurrent();
  renameSync(join(folder, 'bundle.json'), join(root, pointer));
  removeOld(folder);
}

/** Several commands at once bundle once. */
const bundleOnce = () =>
  withLock(
    join(root, `${bundles}.lock`),
    () => {},
    async () => {
      if (!findBundle(root)) await bundle();
    },
  );

/**
 * Makes the bundle that of the present sources and packages. Errors: Failure; the program then runs from its sources.
 * @param {() => void} bundling Called when that takes some seconds.
 */
export async function ensureBundle(bundling) {
  if (findBundle(root)) return;
  bundling();
  try {
    await bundleOnce();
  } catch (thrown) {
    // Such as of a clone that cannot be written to.
    if (thrown instanceof Error && 'syscall' in thrown) throw new Failure(failed, thrown.message);
    throw thrown;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await runScript(async () => {
    await ensureInstalled({ dev: false });
    await ensureBundle(() => say('Bundling the program.'));
    say(`The bundle is current: ${dirname(findBundle(root) ?? '')}`);
    return { code: 0, signal: null };
  });
}
