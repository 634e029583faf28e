/** `millrace compile` and `millrace show`: the SQL of nodes, and the rows that it gives. */
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { renderResult } from '../exports/tables.ts';
import { MillraceError, problemOf } from '../kernel/errors.ts';
import type { App } from './app.ts';
import { printResult } from './print.ts';
import { addPlace, addSelection, fullRefresh, type ProjectWords, selectionOf, withProject } from './project-words.ts';

async function compile(app: App, words: ProjectWords): Promise<void> {
  await withProject(app, words, 'compile', false, async ({ session, duckdb }) => {
    const compiled = await session.compile(duckdb, selectionOf(app, session, words).ids);
    session.writeCompiled(compiled);
    const named = compiled.filter(({ name }) => compiled.length === 1 || words.select?.includes(name));
    const [only] = named;
    const told = only && named.length === 1 ? only.sql.trim() : `${compiled.length} nodes compiled.`;
    printResult(app, words, compiled, () => `${told}\nWritten below ${join(session.targetFolder, 'compiled')}\n`);
  });
}

/** `millrace compile`. */
export const compileCommand = (app: () => App): Command =>
  addSelection(addPlace(new Command('compile').description('make the SQL of models and tests, without running it')))
    .addOption(fullRefresh)
    .addHelpText(
      'after',
      `
One that is selected by its name is printed; all are written to target/compiled. Templates may ask the database.

Example:
  millrace compile --select fact_sales`,
    )
    .action((words: ProjectWords) => compile(app(), words));

interface ShowWords extends ProjectWords {
  readonly limit: number;
}

async function show(app: App, words: ShowWords): Promise<void> {
  await withProject(app, words, 'show', false, async ({ session, duckdb }) => {
    const shown = ['model', 'seed', 'snapshot', 'test', 'analysis'];
    const ids = selectionOf(app, session, words).ids.filter((id) => shown.includes(id.split('.')[0] ?? ''));
    const models = ids.filter((id) => !id.startsWith('test.'));
    const [id, ...others] = models.length > 0 ? models : ids;
    if (id === undefined || others.length > 0) {
      const problem = id === undefined ? 'The selection finds nothing to show.' : 'Select one node to show.';
      throw new MillraceError('MR-CLI-001', { problem, help: 'millrace show --help' });
    }
    const { result } = await session.show(duckdb, id, words.limit < 0 ? null : words.limit).catch((thrown: unknown) => {
      throw thrown instanceof MillraceError
        ? thrown
        : new MillraceError('MR-TRF-211', { name: id.split('.')[2] ?? id, problem: problemOf(thrown) }, thrown);
    });
    app.output.settle();
    app.output.print(renderResult(result, words.json ? 'json' : 'table'));
  });
}

function parseLimit(text: string): number {
  const limit = Number(text);
  if (!Number.isInteger(limit)) throw new InvalidArgumentError('Give a whole number; -1 for all rows.');
  return limit;
}

/** `millrace show`. */
export const showCommand = (app: () => App): Command =>
  addSelection(addPlace(new Command('show').description('print the first rows that a model gives')))
    .option('--limit <n>', 'how many rows; -1 for all', parseLimit, 5)
    .addHelpText(
      'after',
      '\nThe model is not built: its query is run.\n\nExample:\n  millrace show --select dim_users --limit 20',
    )
    .action((words: ShowWords) => show(app(), words));
