/** `millrace generate`: the sample shop's CSV files into a folder, as one export or several, clean or with defects. */
import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
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

With --batches the shop has a history: a first export, and later ones with what is new or has changed. Each is a folder
of its own; batches.json names them with the day of each, for \`ingest csv --as-of\`.
With --dirty rows get defects of every rule; manifest.csv says which row got which.

Examples:
  millrace generate --output ./sample
  millrace generate --output ./history --batches 4
  millrace generate --output ./dirty --dirty 0.03
  millrace generate --output ./big --transactions 100k --customers 10k --seed 7 --as-of 2026-06-30`;

function parseRate(text: string): number {
  if (!/^(0|0?\.\d+)$/.test(text)) throw new InvalidArgumentError('Give a share from 0 to 0.5, such as 0.03.');
  return Number(text);
}

async function generate(app: App, words: Words): Promise<void> {
  const { output, json, ...given } = words;
  app.output.progress('Generating the sample shop');
  const { files, batches, manifest } = await generateSample(resolve(output), {
    ...sampleDefaults,
    asOf: dayIn(app.clock(), app.config.timeZone),
    ...given,
  });
  app.output.settle();
  app.output.print(
    json
      ? `${JSON.stringify({ files, batches, manifest }, null, 2)}\n`
      : [
          ...files.map(({ path, rows }) => `${path}: ${rows.toLocaleString('en-US')} rows\n`),
          ...(manifest ? [`${manifest}: the defects\n`] : []),
        ].join(''),
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
    .option('--batches <count>', 'a first export and later ones, in folders of their own; default 1', parseCount)
    .option('--dirty <rate>', 'the share of rows that get a defect, up to 0.5; default 0', parseRate)
    .addOption(jsonOption())
    .addHelpText('after', examples)
    .action((words: Words) => generate(app(), words));
