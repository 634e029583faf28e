/** Tests of bin/millrace as a user starts it: in clones made for the test, whose src/main.ts says what it was given. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const source = join(import.meta.dirname, '..');
let folder = '';
let clone = '';
let launcher = '';

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'millrace launcher-')));
  clone = join(folder, 'clone');
  launcher = join(clone, 'bin/millrace');
  for (const part of ['bin', 'scripts', 'package.json']) {
    cpSync(join(source, part), join(clone, part), { recursive: true });
  }
  mkdirSync(join(clone, 'src'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function installPackages(): void {
  mkdirSync(join(clone, 'node_modules/node/bin'), { recursive: true });
  writeFileSync(join(clone, 'node_modules/.package-lock.json'), '{}');
  symlinkSync(process.execPath, join(clone, 'node_modules/node/bin/node'));
}

const writeMain = (body: string): void =>
  writeFileSync(join(clone, 'src/main.ts'), `export async function main(argv: readonly string[]) { ${body} }`);

/** Makes the calling Node take itself for another version; the Node that it starts does not inherit that. */
function pretendVersion(version: string): readonly string[] {
  const path = join(folder, 'version.cjs');
  writeFileSync(path, `Object.defineProperty(process.versions, 'node', { value: '${version}' });`);
  return ['--require', path];
}

const current: readonly string[] = [];
const starts = [
  ['on a Node that runs TypeScript', () => current],
  ['on an older Node', () => pretendVersion('20.20.2')],
] as const;

function run(options: readonly string[], ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...options, launcher, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe.each(starts)('%s', (_what, options) => {
  test('passes words, output and exit code through', () => {
    installPackages();
    writeMain(`console.log(JSON.stringify(argv)); console.error('said'); process.exitCode = 3;`);
    expect(run(options(), 'query', 'SELECT 1 AS "a b"')).toEqual({
      status: 3,
      stdout: '["query","SELECT 1 AS \\"a b\\""]\n',
      stderr: 'said\n',
    });
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('hands %s to the program, whose exit code counts', async (signal) => {
    installPackages();
    writeMain(`
      const wait = setInterval(() => {}, 1000);
      process.on('${signal}', () => { console.log('closed'); clearInterval(wait); process.exitCode = 0; });
      console.log('ready');`);
    const child = spawn(process.execPath, [...options(), launcher]);
    const output = await collect(child, () => child.kill(signal));
    expect(output).toEqual({ code: 0, signal: null, stdout: 'ready\nclosed\n', stderr: '' });
  });

  test('ends by the signal that ended the program', async () => {
    installPackages();
    writeMain(`setInterval(() => {}, 1000); console.log('ready');`);
    const child = spawn(process.execPath, [...options(), launcher]);
    const output = await collect(child, () => child.kill('SIGTERM'));
    expect(output).toEqual({ code: null, signal: 'SIGTERM', stdout: 'ready\n', stderr: '' });
  });

  test('says what to do when a package is missing', () => {
    installPackages();
    writeFileSync(join(clone, 'src/main.ts'), `import 'a-package-that-nobody-installed';`);
    const { status, stderr } = run(options());
    expect(status).toBe(2);
    expect(stderr).toMatch(/run `npm ci`/);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});

/** Calls `ready` at the first output and gives all output and the way the process ended. */
async function collect(child: ChildProcess, ready: () => void) {
  let stdout = '';
  let stderr = '';
  child.stdout?.once('data', ready);
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const [code, signal] = await once(child, 'close');
  return { code, signal, stdout, stderr };
}

test('a program does not outlive the launcher that was killed', async () => {
  installPackages();
  writeMain(`setInterval(() => {}, 1000); console.log('ready');`);
  const child = spawn(process.execPath, [...pretendVersion('20.20.2'), launcher]);
  // The output ends only when the program has ended too, for it writes to the same pipe.
  const output = await collect(child, () => child.kill('SIGKILL'));
  expect(output.signal).toBe('SIGKILL');
});

test('a signal to the whole process group, as Ctrl-C sends it, reaches the program once', async () => {
  installPackages();
  writeMain(`
    const wait = setInterval(() => {}, 1000);
    process.once('SIGINT', () => setTimeout(() => { console.log('closed'); clearInterval(wait); }, 100));
    console.log('ready');`);
  const child = spawn(process.execPath, [...pretendVersion('20.20.2'), launcher], { detached: true });
  const output = await collect(child, () => process.kill(-(child.pid ?? 0), 'SIGINT'));
  expect(output).toEqual({ code: 0, signal: null, stdout: 'ready\nclosed\n', stderr: '' });
});

test('runs as it stands, from any folder, through a link', () => {
  installPackages();
  writeMain('console.log(process.cwd());');
  const link = join(folder, 'millrace');
  symlinkSync(launcher, link);
  const { status, stdout, stderr } = spawnSync(link, [], { cwd: tmpdir(), encoding: 'utf8' });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: `${realpathSync(tmpdir())}\n`, stderr: '' });
});

test.each(starts)('without packages says in one line what to do, %s', (_what, options) => {
  expect(run(options())).toEqual({
    status: 2,
    stdout: '',
    stderr: `The packages of Millrace are not installed or not complete: run \`npm ci\` (or \`npm start\`) in ${clone}\n`,
  });
});

test('an ancient Node gets a clear message', () => {
  expect(run(pretendVersion('16.20.0'))).toEqual({
    status: 2,
    stdout: '',
    stderr: 'Millrace needs Node 20 or newer; this is Node 16.20.0.\n',
  });
});
