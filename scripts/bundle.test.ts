/** Tests of the bundle: in clones made for the test, whose program says which of its two forms runs. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const source = join(import.meta.dirname, '..');
let folder = '';
let clone = '';
const at = (path: string): string => join(clone, path);

/** The packages of this clone, and a list of them that a test may change. */
function linkPackages(): void {
  mkdirSync(at('node_modules'));
  for (const name of readdirSync(join(source, 'node_modules'))) {
    if (!name.startsWith('.')) symlinkSync(join(source, 'node_modules', name), at(`node_modules/${name}`));
  }
  for (const path of ['package-lock.json', 'node_modules/.package-lock.json']) {
    writeFileSync(at(path), '{ "packages": {} }');
  }
}

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'millrace bundle-')));
  clone = join(folder, 'clone');
  for (const part of ['bin', 'scripts', 'package.json', 'tsconfig.json']) {
    cpSync(join(source, part), at(part), { recursive: true });
  }
  linkPackages();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (path: string, text: string): void => writeFileSync(at(path), text);

/** A program that tells which form of it runs, and what it finds in its second file and in one beside it. */
function writeProgram(): void {
  mkdirSync(at('src/deep'), { recursive: true });
  write('src/deep/beside.txt', 'beside');
  write('src/deep/said.ts', `export const said: string = 'once';`);
  write(
    'src/deep/read.ts',
    `import { readFileSync } from 'node:fs';
     export const beside = readFileSync(import.meta.dirname + '/beside.txt', 'utf8');`,
  );
  write(
    'src/main.ts',
    `import { parse } from 'yaml';
     import { said } from './deep/said.ts';
     export async function main(argv: readonly string[]): Promise<void> {
       const { beside } = await import('./deep/read.ts');
       const form = new Error().stack?.includes('/.cache/bundle/') ? 'bundle' : 'sources';
       console.log(form, said, beside, parse('a: 1').a, ...argv);
     }`,
  );
}

const runNode = (path: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  spawnSync(process.execPath, [at(path), ...args], { encoding: 'utf8', env: { ...process.env, ...env } });

/** What the program says. */
function run(env: NodeJS.ProcessEnv = {}): string {
  const { stdout, stderr } = runNode('bin/millrace', ['a b'], env);
  expect(stderr).toBe('');
  return stdout;
}

const bundle = () => runNode('scripts/bundle.mjs', []);

/** The folders of bundles. */
const made = (): readonly string[] =>
  readdirSync(at('.cache/bundle'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

const fromBundle = 'bundle once beside 1 a b\n';
const fromSources = 'sources once beside 1 a b\n';

describe('a small program', () => {
  beforeEach(writeProgram);

  test('runs from its sources without a bundle, and from the bundle that was made', () => {
    expect(run()).toBe(fromSources);
    expect(bundle()).toMatchObject({ status: 0, stderr: expect.stringContaining('Bundling the program.') });
    expect(run()).toBe(fromBundle);
    expect(bundle().stderr).not.toContain('Bundling');
    expect(made()).toHaveLength(1);
  });

  test('is seen at once when it has changed, and bundled again', () => {
    bundle();
    write('src/deep/said.ts', `export const said = 'twice';`);
    expect(run()).toBe('sources twice beside 1 a b\n');
    bundle();
    expect(run()).toBe('bundle twice beside 1 a b\n');
  });

  test('is seen when a file was replaced by one of the same size and age', () => {
    bundle();
    const { atime, mtime } = statSync(at('src/deep/said.ts'));
    write('src/deep/said.ts', readFileSync(at('src/deep/said.ts'), 'utf8').replace('once', 'else'));
    utimesSync(at('src/deep/said.ts'), atime, mtime);
    expect(run()).toBe('sources else beside 1 a b\n');
  });

  test('names its sources to whoever looks for a defect', () => {
    bundle();
    expect(run({ MILLRACE_LOG_LEVEL: 'debug' })).toBe(fromSources);
  });

  test.each<readonly [string, (entry: string) => void]>([
    ['a file of it is cut short', (entry) => truncateSync(entry, 10)],
    ['a file of it is gone', (entry) => rmSync(entry)],
    ['what names it is cut short', () => truncateSync(at('.cache/bundle/current.json'), 10)],
    ['its folder is gone', () => rmSync(at('.cache/bundle'), { recursive: true })],
    ['packages were installed', () => write('node_modules/.package-lock.json', '{ "packages": { } }')],
  ])('runs from its sources, and is bundled again, when %s', (_what, change) => {
    bundle();
    change(at(`.cache/bundle/${made()[0]}/main.js`));
    expect(run()).toBe(fromSources);
    bundle();
    expect(run()).toBe(fromBundle);
  });

  test('runs from its sources when the clone was moved', () => {
    bundle();
    renameSync(clone, join(folder, 'moved'));
    clone = join(folder, 'moved');
    expect(run()).toBe(fromSources);
  });

  test('is bundled once by two that begin at once', async () => {
    const start = () => spawn(process.execPath, [at('scripts/bundle.mjs')], { stdio: 'ignore' });
    const codes = await Promise.all([start(), start()].map((child) => once(child, 'close')));
    expect(codes).toEqual([
      [0, null],
      [0, null],
    ]);
    expect(made()).toHaveLength(1);
    expect(run()).toBe(fromBundle);
  });

  test('that cannot be bundled says why, and leaves nothing', () => {
    write('src/deep/said.ts', 'export const said: string = import.meta.url;');
    const { status, stderr } = bundle();
    expect(status).toBe(2);
    expect(stderr).toMatch(/Of import\.meta only the dirname is known in a bundle/);
    expect(stderr).toMatch(/The program could not be bundled\.\n$/);
    expect(made()).toEqual([]);
  });

  test('that cannot be written down runs from its sources', () => {
    write('.cache', 'no folder');
    expect(bundle()).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/The program could not be bundled\.\n$/),
    });
    expect(run()).toBe(fromSources);
  });

  test('keeps a bundle for a day after it was the one that counts', () => {
    bundle();
    const [oldest = ''] = made();
    write('src/deep/said.ts', `export const said = 'twice';`);
    bundle();
    expect(made()).toHaveLength(2);
    const yesterday = new Date(Date.now() - 25 * 3_600_000);
    for (const name of made()) utimesSync(at(`.cache/bundle/${name}`), yesterday, yesterday);
    write('src/deep/said.ts', `export const said = 'thrice';`);
    bundle();
    expect(made()).not.toContain(oldest);
    expect(made()).toHaveLength(2);
    expect(run()).toBe('bundle thrice beside 1 a b\n');
  });
});

test('the program itself runs from its bundle alone, with the files that it reads beside its sources', () => {
  cpSync(join(source, 'src'), at('src'), { recursive: true });
  expect(bundle().status).toBe(0);
  const coverage = join(folder, 'coverage');
  const env = { MILLRACE_HOME: join(folder, 'home'), NODE_V8_COVERAGE: coverage };
  expect(runNode('bin/millrace', ['--version'], env).stdout).toBe(
    `${JSON.parse(readFileSync(at('package.json'), 'utf8')).version}\n`,
  );
  const project = join(folder, 'project');
  cpSync(join(source, 'tests/parity/cafe/project'), project, { recursive: true });
  const built = runNode('bin/millrace', ['build', '--project-dir', project, '--duckdb', join(folder, 'x.duckdb')], env);
  expect({ status: built.status, stderr: built.stderr }).toEqual({ status: 0, stderr: '' });
  const loaded = readdirSync(coverage).map((name) => readFileSync(join(coverage, name), 'utf8'));
  expect(loaded.join()).toContain('/.cache/bundle/');
  expect(loaded.join()).not.toContain('/clone/src/');
});
