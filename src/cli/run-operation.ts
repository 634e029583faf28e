/** `millrace run-operation`: one macro of a project, run by itself. */
import { Command, Option } from 'commander';
import { MillraceError } from '../kernel/errors.ts';
import type { App } from './app.ts';
import { printResult } from './print.ts';
import { addPlace, type OpenedProject, type ProjectWords, parseMapping, withProject } from './project-words.ts';
import { summariseNode } from './render-nodes.ts';

/** Runs a macro and tells how it ended. Errors: MR-TRF-207 where there is none of the name, MR-TRF-208 where it fails. */
export async function tellOperation(
  app: App,
  words: ProjectWords,
  { session, duckdb }: OpenedProject,
  macro: string,
): Promise<void> {
  app.output.progress(`Running ${macro}`);
  const result = await session.runOperation(duckdb, { macro, args: words.args ?? {} });
  const { status, execution_time: seconds, message } = result;
  printResult(app, words, { success: status === 'success', ...summariseNode(result) }, () =>
    status === 'success' ? `Done in ${seconds.toFixed(2)} s: ${macro}.\n` : '',
  );
  if (status !== 'success') throw new MillraceError('MR-TRF-208', { macro, problem: message ?? status });
}

const runOperation = (app: App, words: ProjectWords, macro: string): Promise<void> =>
  withProject(app, { ...words, macro }, 'run-operation', true, (opened) => tellOperation(app, words, opened, macro));

/** The command. */
export const runOperationCommand = (app: () => App): Command =>
  addPlace(new Command('run-operation').description('run one macro of a project by itself'))
    .argument('<macro>', 'MACRO, or PACKAGE.MACRO')
    .addOption(new Option('--args <yaml>', "its arguments, such as '{days: 7}'").argParser(parseMapping))
    .addHelpText(
      'after',
      `
The macro's own statements are all that is run. What call statement() begins is kept after adapter.commit() alone;
run_query() needs none. target/run_results.json tells how it ended.

Example:
  millrace run-operation clean_up --args '{days: 7}' --project-dir ./jaffle --duckdb /tmp/jaffle.duckdb`,
    )
    .action((macro: string, words: ProjectWords) => runOperation(app(), words, macro));
