/** The commands that build a dbt project in a DuckDB file: models run, test, seed, snapshot, retry, and build of a foreign one. */
import { Command } from 'commander';
import { MillraceError } from '../kernel/errors.ts';
import type { RunResults } from '../transform/artifacts/run-results.ts';
import { readArtifact } from '../transform/artifacts/write.ts';
import { isMap } from '../transform/parse/json.ts';
import type { BatchResults, NodeResult, RunResult, Status } from '../transform/run/results.ts';
import type { RunRequest } from '../transform/run/run.ts';
import type { App } from './app.ts';
import {
  addPlace,
  addRunning,
  addSelection,
  fileOf,
  type OpenedProject,
  openProject,
  type ProjectWords,
  selectionOf,
  withProject,
} from './project-words.ts';
import { renderNodeFailure, renderNodeLine } from './render-nodes.ts';
import { tellOperation } from './run-operation.ts';

type RunCommand = Exclude<RunRequest['command'], 'compile'>;

const failed: readonly Status[] = ['error', 'fail', 'partial success', 'runtime error'];

/** The statuses that nodes ended with, and how many did. */
function countStatuses(results: readonly NodeResult[]): Readonly<Record<string, number>> {
  return Object.fromEntries(
    [...Map.groupBy(results, ({ status }) => status)].map(([status, some]) => [status, some.length]),
  );
}

/** Ctrl-C stops the statements that run and skips the rest. */
function untilAborted(app: App): AbortSignal {
  const controller = new AbortController();
  void app.untilInterrupted().then(() => controller.abort());
  return controller.signal;
}

/** Tells how a run ended. Errors: MR-TRF-201 when a node failed, MR-TRF-206 when it was cancelled. */
function tellResult(
  app: App,
  words: ProjectWords,
  { result, cancelled }: Ran,
  nothing = 'Nothing was selected.',
): void {
  const counts = countStatuses(result.results);
  app.output.settle();
  if (words.json) {
    const nodes = result.results.map(({ compiled_code: _sql, timing: _timing, ...node }) => node);
    app.output.print(
      `${JSON.stringify({ success: result.success, seconds: result.elapsed_time, counts, nodes }, null, 2)}\n`,
    );
  } else {
    const told = Object.entries(counts).map(([status, count]) => `${count} ${status}`);
    const seconds = result.elapsed_time.toFixed(2);
    app.output.print(told.length > 0 ? `Done in ${seconds} s: ${told.join(', ')}.\n` : `${nothing}\n`);
  }
  if (cancelled) {
    const ended = result.results.filter(({ status }) => status !== 'skipped').length;
    throw new MillraceError('MR-TRF-206', { total: result.results.length, ended });
  }
  if (result.success) return;
  const broken = result.results.filter(({ status }) => failed.includes(status));
  throw new MillraceError('MR-TRF-201', {
    failed: broken.length,
    total: result.results.length,
    names: broken.map(({ name }) => name).join(', '),
  });
}

/** How a run ended, and whether the user ended it. */
interface Ran {
  readonly result: RunResult;
  readonly cancelled: boolean;
}

/** Runs what the words select, telling of each node as it ends. */
async function runSelected(
  app: App,
  { session, duckdb }: OpenedProject,
  words: ProjectWords,
  command: RunCommand,
  ids: readonly string[],
  earlier: ReturnType<typeof selectionOf>['earlier'],
  more: Pick<RunRequest, 'again'> = {},
): Promise<Ran> {
  let ended = 0;
  if (words.defer && !earlier?.manifest) {
    throw new MillraceError('MR-CLI-001', {
      problem: '--defer needs the manifest.json of an earlier run: name its folder with --state.',
      help: `millrace ${command === 'run' ? 'models run' : command} --help`,
    });
  }
  const signal = untilAborted(app);
  const result = await session.run(duckdb, {
    command,
    selected: ids,
    ...more,
    failFast: words.failFast ?? false,
    signal,
    checkpoint: words.duckdb !== undefined,
    eventTime: { start: words.eventTimeStart, end: words.eventTimeEnd },
    ...(words.defer && earlier?.manifest
      ? { defer: { manifest: earlier.manifest, favorState: words.favorState ?? false } }
      : {}),
    onStart: (id) => app.output.progress(`Running ${id.split('.').at(-1)}`),
    onResult: (result) => {
      ended += 1;
      const line = renderNodeLine(result, ended);
      if (words.json) app.output.note(line);
      else app.output.print(`${line}\n`);
      const failure = renderNodeFailure(result);
      if (failure !== undefined) app.output.note(failure);
    },
  });
  return { result, cancelled: signal.aborted };
}

/** Runs a command over a project. */
export async function runProjectCommand(app: App, command: RunCommand, words: ProjectWords): Promise<void> {
  await withProject(app, words, command, command !== 'test', async (opened) => {
    const { ids, earlier } = selectionOf(app, opened.session, words);
    tellResult(app, words, await runSelected(app, opened, words, command, ids, earlier));
  });
}

const kinds: Readonly<
  Record<'run' | 'test' | 'seed' | 'snapshot', { readonly about: string; readonly examples: string }>
> = {
  run: {
    about: 'build models, without their tests',
    examples: `millrace models run --project-dir ./jaffle --duckdb /tmp/jaffle.duckdb --select +orders
  millrace models run --duckdb /tmp/shop.duckdb --full-refresh`,
  },
  test: {
    about: 'run tests of data and of units',
    examples: `millrace test                              the tests of the published warehouse
  millrace test --project-dir ./jaffle --duckdb /tmp/jaffle.duckdb --select test_type:unit`,
  },
  seed: {
    about: 'load the seeds of a project',
    examples: 'millrace seed --project-dir ./jaffle --duckdb /tmp/jaffle.duckdb',
  },
  snapshot: {
    about: 'take the snapshots of a project',
    examples: 'millrace snapshot --project-dir ./jaffle --duckdb /tmp/jaffle.duckdb',
  },
};

const runnable = (app: () => App, name: 'run' | 'test' | 'seed' | 'snapshot'): Command =>
  addRunning(addSelection(addPlace(new Command(name).description(kinds[name].about))), name)
    .addHelpText('after', `\nExamples:\n  ${kinds[name].examples}`)
    .action((words: ProjectWords) => runProjectCommand(app(), name, words));

/** `millrace models run`. */
export const modelsCommand = (app: () => App): Command =>
  new Command('models')
    .description('build models of a dbt project')
    .addCommand(runnable(app, 'run'))
    .addHelpText('after', `\nExamples:\n  ${kinds.run.examples}`);

/** `millrace test`. */
export const testCommand = (app: () => App): Command => runnable(app, 'test');

/** `millrace seed`. */
export const seedCommand = (app: () => App): Command => runnable(app, 'seed');

/** `millrace snapshot`. */
export const snapshotCommand = (app: () => App): Command => runnable(app, 'snapshot');

const isRunCommand = (word: unknown): word is RunCommand =>
  ['build', 'run', 'test', 'seed', 'snapshot'].includes(String(word));

const again: readonly string[] = ['error', 'fail', 'skipped', 'partial success', 'runtime error'];

/** The words of a run that count again when it is repeated, unless others are given. */
const formerWords = ({ args }: RunResults): ProjectWords => ({
  ...(args.full_refresh === true ? { fullRefresh: true } : {}),
  ...(args.fail_fast === true ? { failFast: true } : {}),
  ...(args.empty === true ? { empty: true } : {}),
  ...(args.store_failures === true ? { storeFailures: true } : {}),
  ...(isMap(args.vars) ? { vars: args.vars } : {}),
});

/** The batches that failed, of models of which others did not; a model without a good batch is run anew as a whole. */
const failedBatches = ({ results }: RunResults): ReadonlyMap<string, BatchResults> =>
  new Map(
    results.flatMap(({ unique_id, batch_results: batches }) =>
      batches && batches.successful.length > 0 && batches.failed.length > 0 ? [[unique_id, batches] as const] : [],
    ),
  );

/** The run that the target folder tells of. Errors: MR-TRF-202. */
function formerRun(folder: string): RunResults {
  const former = readArtifact<RunResults>(folder, 'run_results.json');
  if (!former) throw new MillraceError('MR-TRF-202', { folder });
  return former;
}

/** Runs again what failed or was skipped in the run that the target folder tells of, with its words. */
async function retry(app: App, words: ProjectWords): Promise<void> {
  const { targetFolder } = await openProject(app, words, 'retry', fileOf(app, words, 'retry', true));
  const former = formerRun(targetFolder);
  const { macro, args, which } = former.args;
  const given = { ...formerWords(former), ...words };
  if (which === 'run-operation' && typeof macro === 'string') {
    const operation = { ...given, macro, ...(isMap(args) ? { args } : {}) };
    await withProject(app, operation, which, true, (opened) => tellOperation(app, operation, opened, macro));
    return;
  }
  const command = isRunCommand(which) ? which : 'build';
  const ids = former.results.filter(({ status }) => again.includes(status)).map(({ unique_id }) => unique_id);
  const startedAt = new Date(String(former.metadata.invocation_started_at ?? former.metadata.generated_at));
  const more = { again: { batches: failedBatches(former), startedAt } };
  await withProject(app, given, command, true, async (opened) => {
    const ran = await runSelected(app, opened, given, command, ids, undefined, more);
    tellResult(app, words, ran, 'Nothing failed or was skipped the last time.');
  });
}

/** `millrace retry`. */
export const retryCommand = (app: () => App): Command =>
  addRunning(addPlace(new Command('retry').description('run again what failed or was skipped the last time')), 'retry')
    .addHelpText('after', '\nExample:\n  millrace retry --project-dir ./jaffle --duckdb /tmp/jaffle.duckdb')
    .action((words: ProjectWords) => retry(app(), words));
