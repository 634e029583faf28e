/** One process at a time: a folder that exists while somebody works, holding the ids of those who do. */
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const graceMilliseconds = 10_000;
// Beyond this a living id is taken for one that the system has given to another program since.
const longestMilliseconds = 45 * 60_000;

/** @param {unknown} thrown */
const codeOf = (thrown) => /** @type {NodeJS.ErrnoException} */ (thrown).code;

/** @param {string} pid */
function isAlive(pid) {
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (thrown) {
    return codeOf(thrown) === 'EPERM';
  }
}

/** @param {string} folder */
function isAbandoned(folder) {
  try {
    const age = Date.now() - statSync(folder).mtimeMs;
    if (age > longestMilliseconds) return true;
    const holders = readdirSync(folder);
    return holders.length === 0 ? age > graceMilliseconds : !holders.some(isAlive);
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return false;
    throw thrown;
  }
}

/** @param {string} folder */
function clearAbandoned(folder) {
  const aside = `${folder}.${process.pid}`;
  try {
    renameSync(folder, aside);
    // Another process may have cleared it and begun to work between the look and the move.
    if (isAbandoned(aside)) rmSync(aside, { recursive: true });
    else renameSync(aside, folder);
  } catch (thrown) {
    if (codeOf(thrown) !== 'ENOENT') throw thrown;
  }
}

/** @param {string} folder */
function tryLock(folder) {
  try {
    mkdirSync(folder);
  } catch (thrown) {
    if (codeOf(thrown) === 'EEXIST') return false;
    throw thrown;
  }
  writeFileSync(join(folder, String(process.pid)), '');
  return true;
}

/**
 * Does the work while no other process holds the lock. A lock whose holders have all ended counts as free.
 * @template T
 * @param {string} folder The lock; its parent is made when absent.
 * @param {() => void} waiting Called once when somebody else holds it.
 * @param {(hold: (pid: number) => void) => Promise<T>} work Gets a function that names a child as a holder too.
 * @returns {Promise<T>}
 */
export async function withLock(folder, waiting, work) {
  mkdirSync(dirname(folder), { recursive: true });
  let told = false;
  while (!tryLock(folder)) {
    if (isAbandoned(folder)) {
      clearAbandoned(folder);
      continue;
    }
    if (!told) waiting();
    told = true;
    await pause(300);
  }
  try {
    return await work((pid) => writeFileSync(join(folder, String(pid)), ''));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
