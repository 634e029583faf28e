/** The steps of the conformance projects, and running them with dbt or with the project's own engine. */
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openDuckDB } from '../../src/stores/duckdb/duckdb.ts';
import type { Manifest } from '../../src/transform/manifest/types.ts';
import { runMillrace, smallLimits } from '../setup/fixtures.ts';
import { type ProjectCopy, readJson, runDbt } from './dbt-runner.ts';
import { type DatabaseContents, readDatabase, readStatuses, type Statuses } from './outcome.ts';
import { runOwn } from './own-runner.ts';

/** One command, in dbt's words, and the artifact that says how it went. */
interface Command {
  readonly words: readonly string[];
  readonly results: 'run_results.json' | 'sources.json' | undefined;
}

/** What happens to the sources, and the commands that are then run. */
export interface Step {
  readonly name: string;
  readonly sql: string | undefined;
  readonly commands: readonly Command[];
}

const build = (...words: readonly string[]): Command => ({ words: ['build', ...words], results: 'run_results.json' });

/** The packages of the conformance project: name -> folder. */
export const conformancePackages: Readonly<Record<string, string>> = {
  money: join(import.meta.dirname, 'conformance', 'project', 'packages', 'money'),
};

export const conformanceSteps: readonly Step[] = [
  {
    name: 'the first run',
    sql: 'first.sql',
    commands: [build()],
  },
  {
    name: 'a later run over changed rows',
    sql: 'second.sql',
    commands: [build('--vars', '{threshold: 20, with_broken: true}')],
  },
  { name: 'a full refresh', sql: undefined, commands: [build('--full-refresh')] },
  {
    name: 'tests, snapshots, seeds and models by themselves',
    sql: undefined,
    commands: [
      { words: ['test', '--select', 'stg_orders', 'test_type:unit', '--store-failures'], results: 'run_results.json' },
      { words: ['snapshot'], results: 'run_results.json' },
      { words: ['seed', '--select', 'typed', '--full-refresh'], results: 'run_results.json' },
      {
        words: ['run', '--select', 'inc_append+', 'dim_customers', '--exclude', 'tag:hourly'],
        results: 'run_results.json',
      },
      build('--select', '+fails_test+'),
    ],
  },
  {
    name: 'freshness and an operation',
    sql: undefined,
    commands: [
      { words: ['source', 'freshness'], results: 'sources.json' },
      { words: ['run-operation', 'make_note', '--args', '{text: noted, times: 2, tags: [a, b]}'], results: undefined },
    ],
  },
];

/** What the engine's functions have no part in: the command line finds by itself what is to be run again. */
export const retryStep: Step = {
  name: 'a retry',
  sql: undefined,
  commands: [
    build('--select', '+fails_test+', 'inc_batches', '--vars', '{threshold: 20, with_broken: true}'),
    { words: ['retry'], results: 'run_results.json' },
  ],
};

export const utilitySteps: readonly Step[] = [{ name: 'a run', sql: 'first.sql', commands: [build()] }];

/** Something that runs a project: dbt, or the engine. */
export interface Engine {
  readonly run: (project: ProjectCopy, words: readonly string[]) => Promise<void>;
}

/** dbt, by the path of its program. */
export const dbtEngine = (program: string): Engine => ({
  run: async (project, words) => {
    await runDbt(program, project, [words]);
  },
});

export const ownEngine: Engine = { run: runOwn };

/** dbt's commands that have another name here. */
const renamed: Readonly<Record<string, readonly string[]>> = { run: ['models', 'run'], source: ['freshness'] };

/** The engine as a command, which must not end otherwise than by success or failed nodes. */
export const commandLineEngine: Engine = {
  run: async (project, words) => {
    const [first = '', ...others] = words;
    const rest = first === 'source' ? others.slice(1) : others;
    const place = ['--project-dir', project.folder, '--duckdb', project.file, '--target-path', project.target];
    const all = [...(renamed[first] ?? [first]), ...rest, ...place, '--target', 'duckdb', '--threads', '1', '--json'];
    const { code, stderr } = await runMillrace(all, { MILLRACE_HOME: dirname(project.folder) });
    if (code !== 0 && code !== 1) throw new Error(`${all.join(' ')}: ${stderr.slice(-2000)}`);
  },
};

/** What was there after a step. */
export interface StepOutcome {
  readonly statuses: readonly Statuses[];
  readonly database: DatabaseContents;
}

export async function applySql(project: ProjectCopy, name: string, file: string): Promise<void> {
  mkdirSync(dirname(project.file), { recursive: true });
  const duckdb = await openDuckDB(project.file, smallLimits(dirname(project.folder)));
  await duckdb.run(readFileSync(join(import.meta.dirname, name, 'steps', file), 'utf8'));
  duckdb.close();
}

async function runStep(engine: Engine, project: ProjectCopy, step: Step): Promise<StepOutcome> {
  const statuses: Statuses[] = [];
  for (const { words, results } of step.commands) {
    await engine.run(project, words);
    if (results) statuses.push(readStatuses(project.target, results));
  }
  return { statuses, database: await readDatabase(project.file, dirname(project.folder)) };
}

export interface ProjectOutcome {
  readonly steps: readonly StepOutcome[];
  readonly manifest: Manifest;
}

/** Runs all steps; the SQL of the first is done already, for it tells times from now and holds for every engine. */
export async function runSteps(
  engine: Engine,
  name: string,
  project: ProjectCopy,
  steps: readonly Step[],
): Promise<ProjectOutcome> {
  const done: StepOutcome[] = [];
  for (const [at, step] of steps.entries()) {
    if (step.sql && at > 0) await applySql(project, name, step.sql);
    done.push(await runStep(engine, project, step));
  }
  return { steps: done, manifest: readJson<Manifest>(project.target, 'manifest.json') };
}
