/** `millrace generate`: the sample shop's four CSV files into a folder. */
import { resolve } from 'node:path';
import { Command } from 'commander';
import { generateSample, type SampleOptions, sampleDefaults } from '../generate/sample.ts';
import { dayIn } from '../kernel/time.ts';
import type { App } from './app.ts';
import { jsonOption, parseCount, parseDay } from './options.ts';

interface Words extends Partial<SampleOptions> {
  readonly output: string;
  readonly json?: true;
}

const examples = `
The same seed, day and counts give the same bytes.

Examples:
  millrace generate --output ./sample
  millrace generate --output ./big --transactions 100k --customers 10k --seed 7 --as-of 2026-06-30`;

async function generate(app: App, words: Words): Promise<void> {
  const { output, json, ...given } = words;
  app.output.progress('Generating the sample shop');
  const { files } = await generateSample(resolve(output), {
    ...sampleDefaults,
    asOf: dayIn(app.clock(), app.config.timeZone),
    ...given,
  });
  app.output.settle();
  app.output.print(
    json
      ? `${JSON.stringify({ files }, null, 2)}\n`
      : files.map(({ path, rows }) => `${path}: ${rows.toLocaleString('en-US')} rows\n`).join(''),
  );
}

/** The command. */
export const generateCommand = (app: () => App): Command =>
  new Command('generate')
    .description('make the four CSV files of a sample shop')
    .requiredOption('--output <folder>', 'where to write them')
    .option('--seed <number>', `decides every value; default ${sampleDefaults.seed}`, parseCount)
    .option('--as-of <date>', 'the sample covers the 24 months before this day; default today', parseDay)
    .option('--customers <count>', `default ${sampleDefaults.customers}`, parseCount)
    .option('--products <count>', `default ${sampleDefaults.products}`, parseCount)
    .option('--transactions <count>', `sales and returns; default ${sampleDefaults.transactions}`, parseCount)
    .addOption(jsonOption())
    .addHelpText('after', examples)
    .action((words: Words) => generate(app(), words));
