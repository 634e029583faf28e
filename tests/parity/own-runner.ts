/** Runs the project's own engine on a copy of a project with dbt's words, and writes the artifacts that are compared. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { openDuckDB } from '../../src/stores/duckdb/duckdb.ts';
import { baseContext } from '../../src/transform/context/base-context.ts';
import type { JsonMap } from '../../src/transform/manifest/types.ts';
import { readProject } from '../../src/transform/parse/project.ts';
import { checkFreshness } from '../../src/transform/run/ask.ts';
import { runOperation } from '../../src/transform/run/operation.ts';
import { type RunRequest, runProject } from '../../src/transform/run/run.ts';
import { selectEntries } from '../../src/transform/select/select.ts';
import { noSelectors, readSelectors, type Selectors } from '../../src/transform/select/selectors-file.ts';
import { smallLimits } from '../setup/fixtures.ts';
import type { ProjectCopy } from './dbt-runner.ts';
import { joinValues } from './select-words.ts';

const quoting = { database: true, schema: true, identifier: true };

const isCommand = (word: string | undefined): word is RunRequest['command'] =>
  ['build', 'run', 'test', 'seed', 'snapshot', 'compile'].includes(word ?? '');

function readSettings(words: readonly string[]) {
  const rest = words.slice(['source', 'run-operation'].includes(words[0] ?? '') ? 2 : 1);
  const { values } = parseArgs({
    args: joinValues(rest),
    options: {
      select: { type: 'string', multiple: true },
      exclude: { type: 'string', multiple: true },
      vars: { type: 'string' },
      args: { type: 'string' },
      'full-refresh': { type: 'boolean' },
      'fail-fast': { type: 'boolean' },
      'store-failures': { type: 'boolean' },
    },
  });
  return values;
}

const clock = (): Date => new Date();

/** No variables of the environment. */
const env = (): string | undefined => undefined;

/** What reading and running share: where is built, and what templates see of the command. */
function settingsOf(project: ProjectCopy, flags: JsonMap) {
  const target = {
    name: 'duckdb',
    profile_name: 'duckdb',
    database: basename(project.file, '.duckdb'),
    schema: 'main',
    threads: 1,
  };
  const base = {
    flags: { FULL_REFRESH: false, STORE_FAILURES: false, ...flags },
    clock,
    startedAt: clock(),
    invocationId: 'parity',
    dbtVersion: '1.11.16',
    log: () => undefined,
    warn: () => undefined,
  };
  return { target, base };
}

/** Reads a project as the engine does, and writes its manifest. */
export async function readOwn(project: ProjectCopy, vars: JsonMap = {}, flags: JsonMap = {}) {
  const { target, base } = settingsOf(project, flags);
  const read = await readProject(project.folder, {
    vars,
    env,
    target,
    cacheFolder: join(project.target, 'cache'),
    clock,
    invocationId: 'parity',
    common: baseContext({ ...base, target, quoting }),
  });
  mkdirSync(project.target, { recursive: true });
  writeFileSync(join(project.target, 'manifest.json'), JSON.stringify(read.manifest));
  return read;
}

/** The selectors of a project; none where it has no file of them. */
export function selectorsOf({ folder }: ProjectCopy): Selectors {
  const path = join(folder, 'selectors.yml');
  return existsSync(path) ? readSelectors(readFileSync(path, 'utf8'), 'selectors.yml') : noSelectors;
}

/** Runs one command. */
export async function runOwn(project: ProjectCopy, words: readonly string[]): Promise<void> {
  const [command] = words;
  const values = readSettings(words);
  const flags = {
    FULL_REFRESH: values['full-refresh'] ?? false,
    STORE_FAILURES: values['store-failures'] ?? false,
    WHICH: command === 'source' ? 'freshness' : (command ?? ''),
  };
  const { target, base } = settingsOf(project, flags);
  const { manifest, macros, packages, vars } = await readOwn(
    project,
    (values.vars ? parse(values.vars) : {}) as JsonMap,
    flags,
  );
  const { ids } = selectEntries(manifest, {
    select: values.select ?? [],
    exclude: values.exclude ?? [],
    selectors: selectorsOf(project),
    now: clock(),
  });
  const duckdb = await openDuckDB(project.file, smallLimits(dirname(project.folder)));
  const folders = new Map(packages.map(({ name, root }) => [name, root]));
  const request = {
    project: { manifest, macros, folders, target, vars, env, quoting },
    duckdb,
    selected: ids,
    base,
    threads: 1,
    failFast: values['fail-fast'] ?? false,
  };
  const write = (file: string, results: unknown): void =>
    writeFileSync(join(project.target, file), JSON.stringify({ results }));
  try {
    if (command === 'source') write('sources.json', (await checkFreshness(request)).sources);
    else if (command === 'run-operation') {
      await runOperation(request, { macro: words[1] ?? '', args: parse(values.args ?? '{}') });
    } else if (isCommand(command)) write('run_results.json', (await runProject({ ...request, command })).results);
  } finally {
    duckdb.close();
  }
}
