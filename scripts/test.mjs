/** What `npm test` does: install, then every check that a change should pass. With --slow: the long tests only. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBundle } from './bundle.mjs';
import { ensureDashboard } from './dashboard.mjs';
import { ensureInstalled, programEnvironment, root } from './install.mjs';
import { provideTestTools } from './install-test-tools.mjs';
import { Failure, runCaptured, runScript } from './processes.mjs';
import { add, closingLine, countRun, none, skippedTests } from './test-counts.mjs';

/**
 * @typedef {import('./test-counts.mjs').Counts} Counts
 * @typedef {{ counts: Counts, output?: string, remark?: string }} Outcome
 * @typedef {{ name: string, run: () => Promise<Outcome> }} Check
 */

const passed = { ...none, passed: 1 };
const failed = { ...none, failed: 1 };

/**
 * @param {string} name
 * @param {string} program
 * @param {readonly string[]} args
 * @returns {Check}
 */
const programCheck = (name, program, ...args) => ({
  name,
  run: async () => {
    const { ok, output } = await runCaptured(program, args, { cwd: root, env: programEnvironment() });
    return { counts: ok ? passed : failed, output };
  },
});

/**
 * @param {string} name
 * @param {(making: () => void) => Promise<void>} ensure Makes something that is not current.
 * @returns {Check}
 */
const makingCheck = (name, ensure) => ({
  name,
  run: async () => {
    try {
      await ensure(() => {});
      return { counts: passed };
    } catch (thrown) {
      if (!(thrown instanceof Failure)) throw thrown;
      return { counts: failed, output: thrown.output };
    }
  },
});

/** @param {string} path */
function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * @param {string} name
 * @param {{ environment: NodeJS.ProcessEnv, seconds: number }} options
 * @returns {Check}
 */
const testCheck = (name, { environment, seconds }) => ({
  name,
  run: async () => {
    const path = join(root, '.cache', 'tests.json');
    mkdirSync(join(root, '.cache'), { recursive: true });
    rmSync(path, { force: true });
    const { ok, output } = await runCaptured(
      'vitest',
      ['run', '--no-color', '--reporter=default', '--reporter=json', `--outputFile.json=${path}`],
      { cwd: root, env: { ...programEnvironment(), ...environment }, seconds },
    );
    const report = readReport(path);
    const counts = countRun(report, ok);
    const skipped = skippedTests(report).map((test) => `not run: ${test}`);
    return { counts, output: counts.failed > 0 ? output : skipped.join('\n'), remark: closingLine(counts) };
  },
});

/** @param {string} text */
const indent = (text) => text.trimEnd().replace(/^(?=.)/gm, '      ');

/**
 * Runs a check and prints its line, and what it says where it failed or left something out.
 * @param {Check} check
 * @returns {Promise<Counts>}
 */
async function report({ name, run }) {
  const terminal = process.stdout.isTTY;
  if (terminal) process.stdout.write(`...   ${name}`);
  const began = performance.now();
  const { counts, output = '', remark } = await run();
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const label = `${name}${remark ? ` (${remark})` : ''}`;
  console.log(
    `${terminal ? '\r' : ''}${counts.failed > 0 ? 'FAIL' : 'ok  '}  ${label.padEnd(50)} ${seconds.padStart(6)} s`,
  );
  if (output && (counts.failed > 0 || counts.skipped > 0)) console.log(indent(output));
  return counts;
}

/**
 * Makes the tools ready that tests ask for, and says what will be left out for want of one.
 * @param {boolean} required
 */
async function prepareTools(required) {
  const tools = await provideTestTools({ required });
  let counts = none;
  /** @type {NodeJS.ProcessEnv} */
  const environment = required ? { TEST_REQUIRE_ALL: '1' } : {};
  for (const [name, tool] of Object.entries(tools)) {
    if ('path' in tool) environment[`TEST_${name.toUpperCase()}`] = tool.path;
    else if (required) {
      console.log(`FAIL  ${name}: ${tool.problem}\n${indent(tool.output)}`);
      counts = add(counts, failed);
    } else console.log(`skip  tests that need ${name}: ${tool.problem}`);
  }
  return { environment, counts };
}

/**
 * @param {NodeJS.ProcessEnv} environment
 * @returns {readonly Check[]}
 */
const allChecks = (environment) => [
  programCheck('format and lint', 'biome', 'check', '.'),
  programCheck('types', 'tsc', '-p', 'tsconfig.json'),
  programCheck('types of the dashboard', 'tsc', '-p', 'web/tsconfig.json'),
  programCheck('no dead code', 'knip'),
  makingCheck('dashboard builds', ensureDashboard),
  // From here on the tests that start the program start its bundle.
  makingCheck('program bundles', ensureBundle),
  testCheck('tests', { environment, seconds: 1500 }),
];

/**
 * @param {NodeJS.ProcessEnv} environment
 * @param {string | undefined} seconds How long the tests may go on beginning new rounds.
 * @returns {readonly Check[]}
 */
function slowChecks(environment, seconds) {
  const bound = seconds === undefined ? {} : { TEST_SECONDS: seconds };
  const limit = seconds === undefined ? 4 * 3600 : Number(seconds) + 600;
  return [testCheck('slow tests', { environment: { ...environment, ...bound, SLOW: '1' }, seconds: limit })];
}

function readArguments() {
  try {
    return parseArgs({ options: { slow: { type: 'boolean' }, seconds: { type: 'string' } } }).values;
  } catch (thrown) {
    throw new Failure(`${/** @type {Error} */ (thrown).message}\nUsage: npm test, npm run test:slow -- --seconds 300`);
  }
}

await runScript(async () => {
  const { slow, seconds } = readArguments();
  if (seconds !== undefined && !(Number(seconds) > 0)) throw new Failure('--seconds needs a number above 0.');
  await ensureInstalled();
  let { environment, counts } = await prepareTools(process.env.CI === 'true');
  for (const check of slow ? slowChecks(environment, seconds) : allChecks(environment)) {
    counts = add(counts, await report(check));
  }
  console.log(closingLine(counts));
  return { code: counts.failed > 0 ? 1 : 0, signal: null };
});
