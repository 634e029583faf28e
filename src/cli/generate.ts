/** `millrace generate`: the sample shop's files into a folder, as one export or several, clean or with defects. */
import { dirname, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import {
  eventsPerTransaction,
  generateSample,
  type Sample,
  type SampleOptions,
  sampleDefaults,
} from '../generate/sample.ts';
import { dayIn } from '../kernel/time.ts';
import type { App } from './app.ts';
import { jsonOption, parseCount, parseDay } from './options.ts';
import { printResult } from './print.ts';

interface Words extends Partial<SampleOptions> {
  readonly output: string;
  readonly json?: true;
}

const examples = `
The same seed, day, counts and SHOP_TIMEZONE give the same bytes.

With --batches the shop has a history: a first export, and later ones with what is new or has changed. Each is a folder
of its own; batches.json names them with the day of each, for \`ingest csv --as-of\`.
Beside the CSV files are click events, in events/, whose purchases are the orders of those files, and catalog.parquet and
profiles.parquet. --events 0 leaves them out.
With --dirty rows get defects of every rule, and lines at fault stand among the events; manifest.csv and
events-manifest.csv say which.

Examples:
  millrace generate --output ./sample
  millrace generate --output ./history --batches 4
  millrace generate --output ./dirty --dirty 0.03
  millrace generate --output ./clicks --events 10m
  millrace generate --output ./big --transactions 100k --customers 10k --seed 7 --as-of 2026-06-30`;

function parseRate(text: string): number {
  if (!/^(0|0?\.\d+)$/.test(text)) throw new InvalidArgumentError('Give a share from 0 to 0.5, such as 0.03.');
  return Number(text);
}

const rows = (count: number, what: string): string => `${count.toLocaleString('en-US')} ${what}`;

/** What was written, a line each; the files of events of one folder share theirs. */
function report({ files, events, reference, manifest, eventManifest }: Sample): string {
  const folders = Map.groupBy(events, ({ path }) => dirname(path));
  const lines = [
    ...files.map((file) => `${file.path}: ${rows(file.rows, 'rows')}`),
    ...Array.from(folders, ([folder, all]) => {
      const total = all.reduce((sum, file) => sum + file.lines, 0);
      return `${folder}: ${rows(total, 'event lines')} in ${rows(all.length, all.length === 1 ? 'file' : 'files')}`;
    }),
    ...reference,
    ...(manifest ? [`${manifest}: the defects`] : []),
    ...(eventManifest ? [`${eventManifest}: the defects of events and reference data`] : []),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

async function generate(app: App, words: Words): Promise<void> {
  const { output, json: _json, ...given } = words;
  app.output.progress('Generating the sample shop');
  const sample = await generateSample(resolve(output), {
    ...sampleDefaults,
    asOf: dayIn(app.clock(), app.config.timeZone),
    timeZone: app.config.timeZone,
    events: eventsPerTransaction * (given.transactions ?? sampleDefaults.transactions),
    ...given,
  });
  printResult(app, words, sample, report);
}

/** The command. */
export const generateCommand = (app: () => App): Command =>
  new Command('generate')
    .description('make the CSV files, click events and reference data of a sample shop')
    .requiredOption('--output <folder>', 'where to write them')
    .option('--seed <number>', `decides every value; default ${sampleDefaults.seed}`, parseCount)
    .option('--as-of <date>', 'the sample covers the 24 months before this day; default today', parseDay)
    .option('--customers <count>', `default ${sampleDefaults.customers}`, parseCount)
    .option('--products <count>', `default ${sampleDefaults.products}`, parseCount)
    .option('--transactions <count>', `sales and returns; default ${sampleDefaults.transactions}`, parseCount)
    .option('--events <count>', `click events; default ${eventsPerTransaction} for each transaction`, parseCount)
    .option('--batches <count>', 'a first export and later ones, in folders of their own; default 1', parseCount)
    .option('--dirty <rate>', 'the share of rows that get a defect, up to 0.5; default 0', parseRate)
    .addOption(jsonOption())
    .addHelpText('after', examples)
    .action((words: Words) => generate(app(), words));
