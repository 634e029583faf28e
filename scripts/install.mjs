/** Installs the npm packages when node_modules lacks something that package-lock.json names. */
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from './lock.mjs';
import { Failure, runCaptured, say } from './processes.mjs';

/** @typedef {{ version?: string, integrity?: string, optional?: boolean, devOptional?: boolean, dev?: boolean }} LockedPackage */
/** @typedef {Readonly<Record<string, LockedPackage>>} LockedPackages Path below the clone -> package. */

/** The clone that these scripts belong to. */
export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '');

const programs = join(root, 'node_modules', '.bin');

/** The Node that the project pins, as a path. */
export const pinnedNode = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

/** The environment in which the programs of node_modules come first, the pinned Node among them. */
export const programEnvironment = () => ({ ...process.env, PATH: `${programs}${delimiter}${process.env.PATH ?? ''}` });

/** The environment as it is without them, for npm, which replaces them. */
function outerEnvironment() {
  const inClone = (/** @type {string} */ folder) => folder.startsWith(join(root, 'node_modules') + sep);
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => !inClone(folder));
  return { ...process.env, PATH: path.join(delimiter) };
}

/**
 * The packages that should be there and are not, or are there in another version. Optional packages, which a platform
 * may rightly lack, are left out, and without `dev` those that only development needs.
 * @param {LockedPackages} wanted From package-lock.json.
 * @param {LockedPackages} installed From node_modules/.package-lock.json, which npm writes last.
 * @param {boolean} dev
 */
export function missingPackages(wanted, installed, dev) {
  return Object.keys(wanted).filter((path) => {
    const { version, integrity, ...kind } = wanted[path] ?? {};
    if (path === '' || kind.optional || kind.devOptional || (kind.dev && !dev)) return false;
    const found = installed[path];
    return found === undefined || found.version !== version || found.integrity !== integrity;
  });
}

/**
 * @param {string} path
 * @returns {LockedPackages | undefined}
 */
function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** @param {boolean} dev */
function isInstalled(dev) {
  const wanted = readPackages(join(root, 'package-lock.json'));
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'));
  if (!wanted || !installed || !existsSync(pinnedNode)) return false;
  return missingPackages(wanted, installed, dev).length === 0;
}

/** @param {(pid: number) => void} hold */
async function install(hold) {
  say('Installing the packages that package-lock.json names (npm ci); this takes about half a minute.');
  const { ok, output } = await runCaptured(
    process.platform === 'win32' ? 'npm.cmd' : 'npm',
    ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'],
    { cwd: root, env: outerEnvironment(), started: hold },
  );
  if (!ok) throw new Failure('The packages could not be installed: npm ci failed, as shown above.', output);
  if (!existsSync(pinnedNode)) {
    throw new Failure(
      'npm ci ran no install scripts, so the pinned Node is missing. Run `npm ci --ignore-scripts=false`.',
      output,
    );
  }
}

/**
 * Makes node_modules complete. Several commands at once install once.
 * @param {{ dev?: boolean }} options dev: whether the tools of development are needed too.
 */
export async function ensureInstalled({ dev = true } = {}) {
  if (isInstalled(dev)) return;
  const lock = join(root, '.cache', 'install.lock');
  await withLock(
    lock,
    () => say(`Waiting for another command that installs the packages (${lock}).`),
    async (hold) => {
      if (!isInstalled(dev)) await install(hold);
    },
  );
}
