/** Builds the dashboard when its sources differ from those of the build at hand. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { programEnvironment, root } from './install.mjs';
import { withLock } from './lock.mjs';
import { Failure, runCaptured } from './processes.mjs';

const sources = join(root, 'web');
const built = join(sources, 'dist');
const stamp = '.stamp';

/**
 * All files below a folder in a fixed order, without builds and packages.
 * @param {string} folder
 * @returns {string[]}
 */
function filesBelow(folder) {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    if (entry.isDirectory()) {
      return ['dist', 'node_modules'].includes(entry.name) ? [] : filesBelow(join(folder, entry.name));
    }
    return [join(folder, entry.name)];
  });
}

/**
 * The SHA-256 of the names and contents of a folder's files and of one more file.
 * @param {string} folder
 * @param {string} packages Path of the lock file.
 */
export function sourceHash(folder, packages) {
  const hash = createHash('sha256');
  for (const path of [...filesBelow(folder), packages]) {
    const content = readFileSync(path);
    hash.update(`${relative(folder, path)}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/** @param {string} hash */
function isCurrent(hash) {
  const path = join(built, stamp);
  return existsSync(path) && readFileSync(path, 'utf8') === hash;
}

/**
 * Builds beside the present build and swaps, so that a build that fails leaves it as it was.
 * @param {string} hash
 */
async function build(hash) {
  const next = join(root, '.cache', 'dashboard');
  const { ok, output } = await runCaptured('vite', ['build', 'web', '--outDir', next, '--emptyOutDir'], {
    cwd: root,
    // Whatever the caller's, such as a test's: React has another, slow build for development.
    env: { ...programEnvironment(), NODE_ENV: 'production' },
  });
  if (!ok) throw new Failure('The dashboard could not be built.', output);
  writeFileSync(join(next, stamp), hash);
  rmSync(built, { recursive: true, force: true });
  renameSync(next, built);
}

/**
 * Makes web/dist the build of the present sources.
 * @param {() => void} building Called when that takes a build.
 */
export async function ensureDashboard(building) {
  const hash = sourceHash(sources, join(root, 'package-lock.json'));
  if (isCurrent(hash)) return;
  building();
  mkdirSync(join(root, '.cache'), { recursive: true });
  await withLock(
    join(root, '.cache', 'dashboard.lock'),
    () => {},
    async () => {
      if (!isCurrent(hash)) await build(hash);
    },
  );
}
