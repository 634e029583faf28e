/** Tests of what counts as installed, and that two processes never install at once. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { missingPackages } from './install.mjs';
import { withLock } from './lock.mjs';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-install-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('missing packages', () => {
  const wanted = {
    '': {},
    'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
    'node_modules/b': { version: '2.0.0', integrity: 'sha512-b', dev: true },
    'node_modules/c': { version: '3.0.0', integrity: 'sha512-c', optional: true },
  };
  const { 'node_modules/a': a, 'node_modules/b': b } = wanted;

  test('none when all needed ones are there in their version; optional ones may lack', () => {
    expect(missingPackages(wanted, { 'node_modules/a': a, 'node_modules/b': b }, true)).toEqual([]);
  });

  test('a tool of development only where development is asked for', () => {
    expect(missingPackages(wanted, { 'node_modules/a': a }, true)).toEqual(['node_modules/b']);
    expect(missingPackages(wanted, { 'node_modules/a': a }, false)).toEqual([]);
  });

  test('those of another version or content', () => {
    const other = { ...a, version: '1.0.1' };
    const changed = { ...b, integrity: 'sha512-x' };
    const installed = { 'node_modules/a': other, 'node_modules/b': changed };
    expect(missingPackages(wanted, installed, true)).toEqual(['node_modules/a', 'node_modules/b']);
  });
});

const endedProcess = async (): Promise<number> => {
  const child = spawn(process.execPath, ['--eval', '']);
  await once(child, 'exit');
  return child.pid ?? 0;
};

describe('the lock', () => {
  const lockModule = JSON.stringify(new URL('lock.mjs', import.meta.url).href);

  test('lets processes work one after another', async () => {
    const log = join(folder, 'log');
    const program = `
      import { appendFileSync } from 'node:fs';
      import { setTimeout as pause } from 'node:timers/promises';
      import { withLock } from ${lockModule};
      const [lock, log] = process.argv.slice(1);
      await withLock(lock, () => {}, async () => {
        appendFileSync(log, 'in ');
        await pause(20);
        appendFileSync(log, 'out ');
      });`;
    const work = async () => {
      const child = spawn(process.execPath, ['--input-type=module', '--eval', program, join(folder, 'lock'), log]);
      await once(child, 'exit');
    };
    await Promise.all([work(), work(), work(), work()]);
    expect(readFileSync(log, 'utf8')).toBe('in out '.repeat(4));
    expect(existsSync(join(folder, 'lock'))).toBe(false);
  });

  test('is free again after its work failed', async () => {
    const lock = join(folder, 'lock');
    await expect(withLock(lock, vi.fn(), () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    const waiting = vi.fn();
    expect(await withLock(lock, waiting, async () => 'done')).toBe('done');
    expect(waiting).not.toHaveBeenCalled();
  });

  test('passes from holders that have ended, without a word', async () => {
    const lock = join(folder, 'lock');
    mkdirSync(lock);
    writeFileSync(join(lock, String(await endedProcess())), '');
    const waiting = vi.fn();
    expect(await withLock(lock, waiting, async () => 'done')).toBe('done');
    expect(waiting).not.toHaveBeenCalled();
  });

  test('stays with a child whose parent has ended', async () => {
    const lock = join(folder, 'lock');
    mkdirSync(lock);
    writeFileSync(join(lock, String(await endedProcess())), '');
    writeFileSync(join(lock, String(process.pid)), '');
    const waiting = vi.fn(() => rmSync(lock, { recursive: true }));
    expect(await withLock(lock, waiting, async () => 'done')).toBe('done');
    expect(waiting).toHaveBeenCalledOnce();
  });

  test('names its holders while it is held', async () => {
    const lock = join(folder, 'lock');
    await withLock(lock, vi.fn(), async (hold) => {
      hold(4242424);
      expect(existsSync(join(lock, String(process.pid)))).toBe(true);
      expect(existsSync(join(lock, '4242424'))).toBe(true);
    });
  });

  test('passes when it is older than any work takes', async () => {
    const lock = join(folder, 'lock');
    mkdirSync(lock);
    writeFileSync(join(lock, String(process.pid)), '');
    utimesSync(lock, 0, 0);
    const waiting = vi.fn();
    expect(await withLock(lock, waiting, async () => 'done')).toBe('done');
    expect(waiting).not.toHaveBeenCalled();
  });
});
