/** `millrace ingest csv | events | catalog | profiles`: loads files without building. */
import { Command, Option } from 'commander';
import type { ReferenceName } from '../contracts/events/reference-data.ts';
import { MillraceError } from '../kernel/errors.ts';
import { endOfDay } from '../kernel/time.ts';
import { ingestEventFiles, ingestReferenceFiles } from '../pipeline/events.ts';
import { ingestInput } from '../pipeline/run.ts';
import type { App } from './app.ts';
import { type InputWords, toInput } from './input-words.ts';
import {
  asOfOption,
  inputOption,
  jsonOption,
  optionOption,
  parseNewSource,
  presetOption,
  sourceOption,
} from './options.ts';
import { printResult } from './print.ts';
import { renderBatch, renderEvents, renderExamples, renderReference } from './render.ts';

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
  printResult(app, words, result, (loaded) => `${renderBatch(loaded)}${renderExamples(loaded)}\n`);
}

const csvCommand = (app: () => App): Command =>
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
    .action((words: Words) => ingest(app(), words));

const eventExamples = `
NDJSON, JSON arrays and Parquet, also packed by gzip or zstd. Every record is accounted for: received = loaded + duplicate +
quarantined. Files that were loaded before are left out.

Examples:
  millrace ingest events ./clicks-2026-06-30.ndjson.gz
  millrace ingest events ./clicks --source web --json
  millrace ingest events ./clicks && millrace build`;

interface EventWords {
  readonly source: string;
  readonly json?: true;
}

async function ingestEvents(app: App, paths: readonly string[], words: EventWords): Promise<void> {
  app.output.progress('Loading events');
  const request = { source: words.source, kind: 'events', paths, repeatable: true } as const;
  const result = await app.withPipeline((context) => ingestEventFiles(context, request));
  printResult(app, words, result, (loaded) => `${renderEvents(loaded)}\n`);
}

const eventsCommand = (app: () => App): Command =>
  new Command('events')
    .description('load files of click events into the lake')
    .argument('<paths...>', 'files, or folders with files of events')
    .addOption(new Option('--source <name>', 'where the events come from').argParser(parseNewSource).default('events'))
    .addOption(jsonOption())
    .addHelpText('after', eventExamples)
    .action((paths: readonly string[], words: EventWords) => ingestEvents(app(), paths, words));

const referenceTitles: Readonly<Record<ReferenceName, string>> = {
  catalog: 'load the catalog of products, Parquet files, into the lake',
  profiles: 'load the profiles of users, Parquet files, into the lake',
};

async function ingestReference(
  app: App,
  dataset: ReferenceName,
  paths: readonly string[],
  words: EventWords & { readonly asOf?: string },
): Promise<void> {
  app.output.progress(`Loading the ${dataset}`);
  const { source, asOf } = words;
  const request = { source, kind: 'events', dataset, paths } as const;
  const result = await app.withPipeline((context) =>
    ingestReferenceFiles(context, asOf ? { ...request, observedAt: endOfDay(asOf, context.timeZone) } : request),
  );
  printResult(app, words, result, (loaded) => `${renderReference(loaded)}\n`);
}

const referenceCommand = (app: () => App, dataset: ReferenceName): Command =>
  new Command(dataset)
    .description(referenceTitles[dataset])
    .argument('<paths...>', 'Parquet files, or folders of them')
    .addOption(new Option('--source <name>', 'where they come from').argParser(parseNewSource).default('events'))
    .addOption(asOfOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `\nOf each key the latest file counts, in whatever order files are loaded.\n\nExample:\n  millrace ingest ${dataset} ./${dataset}.parquet`,
    )
    .action((paths: readonly string[], words: EventWords) => ingestReference(app(), dataset, paths, words));

/** The command. */
export const ingestCommand = (app: () => App): Command =>
  new Command('ingest')
    .description('load files, without building')
    .addHelpText(
      'after',
      '\nExamples:\n  millrace ingest csv --input ./exports\n  millrace ingest events ./clicks\n  millrace ingest catalog ./catalog.parquet',
    )
    .addCommand(csvCommand(app))
    .addCommand(eventsCommand(app))
    .addCommand(referenceCommand(app, 'catalog'))
    .addCommand(referenceCommand(app, 'profiles'));
