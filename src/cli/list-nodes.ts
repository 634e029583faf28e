/** `millrace list`: what of a project a selection finds. */
import { Command, Option } from 'commander';
import { type ListOutput, listEntries, listedTypes, listOutputs } from '../transform/select/list.ts';
import type { App } from './app.ts';
import { addPlace, addSelection, fileOf, openProject, type ProjectWords, selectionOf } from './project-words.ts';

interface Words extends ProjectWords {
  readonly output: ListOutput;
  readonly outputKeys?: readonly string[];
}

async function list(app: App, words: Words): Promise<void> {
  // Nothing is read from the database: only its name counts.
  const path =
    words.duckdb === undefined && words.projectDir !== undefined ? 'dev.duckdb' : fileOf(app, words, 'list', false);
  const session = await openProject(app, words, 'list', path);
  const { ids } = selectionOf(
    app,
    session,
    { ...words, resourceType: words.resourceType ?? [...listedTypes] },
    { keepsEmpty: true },
  );
  const lines = listEntries(session.manifest, ids, words.json ? 'json' : words.output, words.outputKeys ?? []);
  app.output.settle();
  app.output.print(words.json ? `[${lines.join(',\n')}]\n` : lines.map((line) => `${line}\n`).join(''));
}

/** The command. */
export const listCommand = (app: () => App): Command =>
  addSelection(addPlace(new Command('list').alias('ls').description('list what of a project a selection finds')))
    .addOption(new Option('--output <kind>', 'what to print of each').choices(listOutputs).default('selector'))
    .option('--output-keys <keys...>', 'with --output json: these keys')
    .addHelpText(
      'after',
      `\nExamples:
  millrace list --select +fact_sales
  millrace list --project-dir ./jaffle --select tag:nightly,config.materialized:table --output path`,
    )
    .action((words: Words) => list(app(), words));
