/** The bundle of the program: where it is, and whether it was made of the sources and packages that are there now. */
const { readFileSync, statSync } = require('node:fs');

/**
 * @typedef {readonly [path: string, size: number, ...times: number[]]} FileStamp What changes when a file does; the path
 *   is below the clone.
 * @typedef {{ root: string, entry: string, files: readonly FileStamp[] }} Bundle What current.json says: the clone that
 *   the bundle was made in, its first file, and all files that it was made of and consists of.
 */

/** Where bundles lie, below the clone; each in a folder of its own. */
const bundles = '.cache/bundle';

/** Names the bundle that counts; it is written when that is complete. */
const pointer = `${bundles}/current.json`;

/** What npm writes last of all when it installs: it stands for all packages. */
const packages = 'node_modules/.package-lock.json';

const quiet = { throwIfNoEntry: false };

/**
 * Of a file of the project the time of its inode counts too, for it can be replaced by one of the same size and age.
 * @param {string} root The clone.
 * @param {string} path Below it.
 * @returns {FileStamp}
 */
function stampOf(root, path) {
  const { size, mtimeMs, ctimeMs } = statSync(`${root}/${path}`);
  return path === packages ? [path, size, mtimeMs] : [path, size, mtimeMs, ctimeMs];
}

/**
 * The first file of the bundle; undefined where there is none, or where a file is not as it was when it was made.
 * @param {string} root The clone.
 * @returns {string | undefined}
 */
function findBundle(root) {
  try {
    /** @type {Bundle} */
    const bundle = JSON.parse(readFileSync(`${root}/${pointer}`, 'utf8'));
    // Without arrays and texts in between: it is the first that every command does.
    const isCurrent = bundle.files.every(([path, size, mtime, ctime]) => {
      const found = statSync(`${root}/${path}`, quiet);
      return found?.size === size && found.mtimeMs === mtime && (ctime === undefined || found.ctimeMs === ctime);
    });
    return bundle.root === root && isCurrent ? `${root}/${bundle.entry}` : undefined;
  } catch {
    return undefined;
  }
}

module.exports = { bundles, pointer, packages, stampOf, findBundle };
