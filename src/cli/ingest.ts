/** `millrace ingest csv`: loads files without building. */
import { Command } from 'commander';
import { MillraceError } from '../kernel/errors.ts';
import { ingestInput } from '../pipeline/run.ts';
import type { App } from './app.ts';
import {
  asOfOption,
  type InputWords,
  inputOption,
  jsonOption,
  optionOption,
  presetOption,
  sourceOption,
  toInput,
} from './options.ts';
import { renderBatch, renderExamples } from './render.ts';

interface Words extends InputWords {
  readonly json?: true;
}

const examples = `
Every row is accounted for: received = loaded + duplicate + superseded + quarantined.

Examples:
  millrace ingest csv --input ./exports
  millrace ingest csv --input ./exports --as-of 2026-06-30
  millrace ingest csv --preset online-retail --input online_retail.csv --json
  millrace ingest csv --preset shopify --option rate_EUR=1.08 --input orders_export.csv
  millrace ingest csv --preset ./my-preset --input ./exports --dry-run`;

async function ingest(app: App, words: Words): Promise<void> {
  const input = toInput(words);
  if (!input) {
    throw new MillraceError('MR-CLI-001', { problem: '--input is missing.', help: 'millrace ingest csv --help' });
  }
  app.output.progress('Loading');
  const result = await app.withPipeline((context) => ingestInput(context, input));
  app.output.settle();
  app.output.print(
    words.json ? `${JSON.stringify(result, null, 2)}\n` : `${renderBatch(result)}${renderExamples(result)}\n`,
  );
}

/** The command. */
export const ingestCommand = (app: () => App): Command =>
  new Command('ingest').description('load files, without building').addCommand(
    new Command('csv')
      .description('load the four CSV files of a folder, or the files of a preset')
      .addOption(inputOption())
      .addOption(presetOption())
      .addOption(optionOption())
      .addOption(sourceOption())
      .addOption(asOfOption())
      .option('--dry-run', 'only say what would happen, with the first ten rows of each table')
      .addOption(jsonOption())
      .addHelpText('after', examples)
      .action((words: Words) => ingest(app(), words)),
  );
