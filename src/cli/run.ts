/** `millrace run`: the whole pipeline, then, if asked, the dashboard. */
import { Command } from 'commander';
import { readInsights } from '../metrics/insights.ts';
import { readHeadline } from '../metrics/overview.ts';
import { run } from '../pipeline/run.ts';
import type { App } from './app.ts';
import { type InputWords, toInput } from './input-words.ts';
import {
  asOfOption,
  hostOption,
  inputOption,
  jsonOption,
  optionOption,
  portOption,
  presetOption,
  sourceOption,
} from './options.ts';
import { renderHeadline, renderInsights, renderRun, summarisePublication } from './render.ts';
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
  const { headline, insights } = await app.withWarehouse(async (duckdb) => ({
    headline: await readHeadline(duckdb),
    insights: await readInsights(duckdb, app.config.currency),
  }));
  app.output.settle();
  if (words.json) {
    const publication = summarisePublication(result.publication);
    app.output.print(`${JSON.stringify({ ...result, publication, headline: headline ?? null, insights }, null, 2)}\n`);
  } else {
    const figures = `${renderHeadline(headline, app.config.currency)}${renderInsights(insights)}`;
    app.output.print(renderRun(result, figures));
  }
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
