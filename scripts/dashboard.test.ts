/** Tests of when the dashboard counts as changed. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sourceHash } from './dashboard.mjs';

let root = '';
const hash = () => sourceHash(join(root, 'web'), join(root, 'package-lock.json'));
const write = (path: string, text: string) => writeFileSync(join(root, path), text);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'millrace-dashboard-'));
  mkdirSync(join(root, 'web/src'), { recursive: true });
  mkdirSync(join(root, 'web/dist'));
  write('web/index.html', '<html>');
  write('web/src/main.tsx', 'start();');
  write('package-lock.json', '{}');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test('a file with other content, another name, or other packages change it', () => {
  const hashes = [hash()];
  write('web/src/main.tsx', 'start(1);');
  hashes.push(hash());
  renameSync(join(root, 'web/src/main.tsx'), join(root, 'web/src/index.tsx'));
  hashes.push(hash());
  write('package-lock.json', '{ "packages": {} }');
  hashes.push(hash());
  expect(new Set(hashes).size).toBe(4);
});

test('neither a build nor the time of a file changes it', () => {
  const before = hash();
  write('web/dist/index.html', 'built');
  utimesSync(join(root, 'web/src/main.tsx'), 0, 0);
  expect(hash()).toBe(before);
});
