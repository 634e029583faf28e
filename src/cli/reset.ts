/** `millrace reset`: empties a home. */
import { createInterface } from 'node:readline/promises';
import { Command } from 'commander';
import { MillraceError } from '../kernel/errors.ts';
import { reset } from '../pipeline/reset.ts';
import type { App } from './app.ts';
import { jsonOption } from './options.ts';

interface Words {
  readonly yes?: true;
  readonly json?: true;
}

async function confirm(app: App): Promise<void> {
  const usage = (problem: string) => new MillraceError('MR-CLI-001', { problem, help: 'millrace reset --help' });
  if (!process.stdin.isTTY) throw usage('Nobody is there to ask: give --yes to empty this home.');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`Empty ${app.config.home}, with all that was loaded and published? [y/N] `);
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw usage('Nothing was removed.');
}

/** The command. */
export const resetCommand = (app: () => App): Command =>
  new Command('reset')
    .description('remove everything that this home has loaded and published')
    .option('--yes', 'do not ask')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nFiles that you loaded stay where they are. Settings and the key of email tokens stay too.\n\nExample:\n  millrace reset --yes',
    )
    .action(async (words: Words) => {
      if (!words.yes) await confirm(app());
      await app().withPipeline(reset);
      app().output.settle();
      const { home } = app().config;
      app().output.print(words.json ? `${JSON.stringify({ home })}\n` : `${home} is empty.\n`);
    });
