/** `millrace run`: the whole pipeline, then, if asked, the dashboard. */
import { Command } from 'commander';
import { readHeadline } from '../metrics/overview.ts';
import { run } from '../pipeline/run.ts';
import type { App } from './app.ts';
import {
  asOfOption,
  hostOption,
  type InputWords,
  inputOption,
  jsonOption,
  optionOption,
  portOption,
  presetOption,
  sourceOption,
  toInput,
} from './options.ts';
import { renderHeadline, renderRun, summarisePublication } from './report.ts';
import { serve } from './serve.ts';
import { requireInput } from './usage.ts';

interface Words extends InputWords {
  readonly json?: true;
  readonly serve?: boolean;
  readonly host?: string;
  readonly port?: number;
}

const examples = `
Without --input the sources that this home knows are loaded again; a new home gets the sample shop.
The same files a second time change nothing.

Examples:
  millrace run
  millrace run --input ./exports --serve
  millrace run --preset online-retail --input online_retail.csv --json`;

async function runOnce(app: App, words: Words): Promise<void> {
  const result = await app.withPipeline((context) => run(context, toInput(words)));
  const headline = await app.withWarehouse((duckdb) => readHeadline(duckdb));
  app.output.settle();
  app.output.print(
    words.json
      ? `${JSON.stringify({ ...result, publication: summarisePublication(result.publication), headline: headline ?? null }, null, 2)}\n`
      : renderRun(result, renderHeadline(headline, app.config.currency)),
  );
}

/** The command. */
export const runCommand = (app: () => App): Command =>
  new Command('run')
    .description('load, build, test and publish; the whole pipeline')
    .addOption(inputOption())
    .addOption(presetOption())
    .addOption(optionOption())
    .addOption(sourceOption())
    .addOption(asOfOption())
    .option('--serve', 'show the dashboard afterwards, until Ctrl-C')
    .option('--no-serve', 'end after the pipeline (the default)')
    .addOption(hostOption())
    .addOption(portOption())
    .addOption(jsonOption())
    .addHelpText('after', examples)
    .action(async (words: Words) => {
      requireInput(words);
      await runOnce(app(), words);
      if (words.serve) await serve(app(), words);
    });
