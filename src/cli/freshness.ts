/** `millrace freshness`: how old the newest rows of a project's sources are. */
import Table from 'cli-table3';
import { Command } from 'commander';
import { MillraceError } from '../kernel/errors.ts';
import type { FreshnessResult } from '../transform/run/freshness.ts';
import type { App } from './app.ts';
import { printResult, tableStyle } from './print.ts';
import { addPlace, addSelection, type ProjectWords, selectionOf, withProject } from './project-words.ts';
import { renderNodeFailure } from './render-nodes.ts';

/** An age in its two largest units, as `3 d 4 h`. */
function ageText(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

function render(results: readonly FreshnessResult[]): string {
  if (results.length === 0) return 'No selected source says how fresh it must be.\n';
  const table = new Table({ head: ['source', 'status', 'newest row', 'age'], style: tableStyle });
  for (const { name, status, max_loaded_at, age, message } of results) {
    table.push([name, status, max_loaded_at ?? message ?? '', age === null ? '' : ageText(age)]);
  }
  return `${table.toString()}\n`;
}

async function freshness(app: App, words: ProjectWords): Promise<void> {
  await withProject(app, words, 'freshness', false, async ({ session, duckdb }) => {
    const { sources: results, hooks } = await session.checkFreshness(duckdb, selectionOf(app, session, words).ids);
    printResult(app, words, results, render);
    const failedHooks = hooks.filter(({ status }) => status === 'error');
    for (const hook of failedHooks) app.output.note(renderNodeFailure(hook) ?? '');
    const stale = results.filter(({ status }) => status === 'error' || status === 'runtime error');
    if (stale.length === 0 && failedHooks.length > 0) {
      const names = failedHooks.map(({ name }) => name).join(', ');
      throw new MillraceError('MR-TRF-201', { failed: failedHooks.length, total: hooks.length, names });
    }
    if (stale.length === 0) return;
    throw new MillraceError('MR-TRF-203', {
      stale: stale.length,
      total: results.length,
      names: stale.map(({ name }) => name).join(', '),
    });
  });
}

/** The command. */
export const freshnessCommand = (app: () => App): Command =>
  addSelection(addPlace(new Command('freshness').description("ask how old the newest rows of a project's sources are")))
    .addHelpText(
      'after',
      `
A source says in YAML which column tells when its rows were loaded, and how old the newest may be. target/sources.json
has the answers too.

Example:
  millrace freshness --project-dir ./jaffle --duckdb /tmp/jaffle.duckdb`,
    )
    .action((words: ProjectWords) => freshness(app(), words));
