/** Installs what the tests need beyond npm: Chromium from Debian's packages, and dbt from PyPI in an environment of its own. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './install.mjs';
import { withLock } from './lock.mjs';
import { runCaptured, runScript, say } from './processes.mjs';

/**
 * @typedef {{ path: string } | { problem: string, output: string }} Tool Where a tool is, or why it is not there.
 * @typedef {readonly string[]} Command A program and its arguments.
 */

const dbtRequirements = ['dbt-core==1.11.*', 'dbt-duckdb==1.10.*', 'duckdb==1.5.5'];

const chromiumNames = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const chromeOnMac = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';

/** @param {string} name */
function findProgram(name) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

const mayInstallPackages = () => process.getuid?.() === 0 && findProgram('apt-get') !== undefined;

/** @param {Command} command */
const run = ([program = '', ...args]) =>
  runCaptured(program, args, { cwd: root, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });

/**
 * Runs commands until one fails.
 * @param {readonly Command[]} commands
 */
async function runAll(commands) {
  let result = { ok: true, output: '' };
  for (const command of commands) {
    if (result.ok) result = await run(command);
  }
  return result;
}

/** @param {readonly string[]} packages */
function installPackages(packages) {
  say(`Installing Debian packages: ${packages.join(', ')}.`);
  const patience = ['-o', 'DPkg::Lock::Timeout=300'];
  return runAll([
    ['apt-get', ...patience, 'update'],
    ['apt-get', ...patience, 'install', '-y', '--no-install-recommends', ...packages],
  ]);
}

/** The first Chromium that starts; Ubuntu has programs of that name which only ask to install one. */
async function findChromium() {
  const named = [process.env.TEST_CHROMIUM, ...chromiumNames.map(findProgram), chromeOnMac];
  for (const path of named) {
    if (path && existsSync(path) && (await run([path, '--version'])).ok) return path;
  }
  return undefined;
}

/** @returns {Promise<Tool>} */
async function provideChromium() {
  const present = await findChromium();
  if (present) return { path: present };
  if (!mayInstallPackages()) {
    return { problem: 'Chromium is not installed, and only root can install it with apt-get', output: '' };
  }
  const { output } = await installPackages(['chromium', 'fonts-liberation']);
  const path = await findChromium();
  return path ? { path } : { problem: 'Chromium could not be installed with apt-get', output };
}

const dbtFolder = join(root, '.cache', 'dbt');
const dbtProgram = join(dbtFolder, 'bin', 'dbt');
const dbtStamp = join(dbtFolder, '.requirements');

/** @param {string} python */
function isDbtCurrent(python) {
  const wanted = [python, ...dbtRequirements].join('\n');
  return existsSync(dbtProgram) && existsSync(dbtStamp) && readFileSync(dbtStamp, 'utf8') === wanted;
}

/** @param {string} python */
const makeEnvironment = (python) => run([python, '-m', 'venv', '--clear', dbtFolder]);

/**
 * @param {string} python
 * @returns {Promise<Tool>}
 */
async function installDbt(python) {
  say(`Installing ${dbtRequirements.join(', ')} into ${dbtFolder}.`);
  rmSync(dbtStamp, { force: true });
  let made = await makeEnvironment(python);
  if (!made.ok && mayInstallPackages()) {
    await installPackages(['python3-venv']);
    made = await makeEnvironment(python);
  }
  if (!made.ok) return { problem: 'Python cannot make a virtual environment', output: made.output };
  const { ok, output } = await run([join(dbtFolder, 'bin', 'pip'), 'install', '--quiet', ...dbtRequirements]);
  if (!ok) return { problem: 'dbt could not be installed with pip', output };
  writeFileSync(dbtStamp, [python, ...dbtRequirements].join('\n'));
  return { path: dbtProgram };
}

/**
 * The dbt that TEST_DBT names, else one in an environment of its own.
 * @param {boolean} required Whether to install Python too where there is none.
 * @returns {Promise<Tool>}
 */
async function provideDbt(required) {
  const named = process.env.TEST_DBT;
  if (named && existsSync(named)) return { path: named };
  const installs = !findProgram('python3') && required && mayInstallPackages();
  const { output } = installs ? await installPackages(['python3', 'python3-venv']) : { output: '' };
  const python = findProgram('python3');
  if (!python) return { problem: 'dbt needs Python, and python3 is not installed', output };
  const isRecent = await run([python, '-c', 'import sys; sys.exit(sys.version_info < (3, 10))']);
  if (!isRecent.ok)
    return { problem: `dbt needs Python 3.10 or newer, and ${python} is older`, output: isRecent.output };
  return isDbtCurrent(python) ? { path: dbtProgram } : installDbt(python);
}

/**
 * Finds the tools, and installs those that are absent where that can be done.
 * @param {{ required: boolean }} options
 * @returns {Promise<{ chromium: Tool, dbt: Tool }>}
 */
export function provideTestTools({ required }) {
  const lock = join(root, '.cache', 'test-tools.lock');
  return withLock(
    lock,
    () => say(`Waiting for another command that installs test tools (${lock}).`),
    async () => ({ chromium: await provideChromium(), dbt: await provideDbt(required) }),
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await runScript(async () => {
    const tools = Object.entries(await provideTestTools({ required: true }));
    for (const [name, tool] of tools) {
      say('path' in tool ? `${name}: ${tool.path}` : `${tool.output}\n${name}: ${tool.problem}`);
    }
    return { code: tools.every(([, tool]) => 'path' in tool) ? 0 : 2, signal: null };
  });
}
