/** `millrace docs`: the artifacts that dbt's documentation page reads. */
import { Command } from 'commander';
import type { App } from './app.ts';
import { printResult } from './print.ts';
import { addPlace, type ProjectWords, withProject } from './project-words.ts';

interface Words extends ProjectWords {
  readonly compile: boolean;
}

async function generate(app: App, words: Words): Promise<void> {
  await withProject(app, words, 'docs', false, async ({ session, duckdb }) => {
    await session.document(duckdb, words.compile);
    const { targetFolder } = session;
    printResult(
      app,
      words,
      { folder: targetFolder },
      () => `Written: manifest.json and catalog.json in ${targetFolder}\n`,
    );
  });
}

/** The command. */
export const docsCommand = (app: () => App): Command =>
  new Command('docs')
    .description('describe a project and what was built of it')
    .addCommand(
      addPlace(new Command('generate').description("write manifest.json and catalog.json, which dbt's docs page reads"))
        .option('--no-compile', 'leave out the compiled SQL')
        .addHelpText(
          'after',
          `
Put dbt's index.html beside the two files and serve the folder to read them as a page.

Example:
  millrace docs generate --target-path ./docs`,
        )
        .action((words: Words) => generate(app(), words)),
    )
    .addHelpText('after', '\nExample:\n  millrace docs generate --target-path ./docs');
