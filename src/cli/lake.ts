/** `millrace lake`: what the lake of events holds; putting its small files together; removing what was kept as received. */
import Table from 'cli-table3';
import { Command } from 'commander';
import type { Compaction } from '../ingest/events/compact.ts';
import { type DayStats, eventsByDay } from '../ingest/events/lake-stats.ts';
import { MillraceError } from '../kernel/errors.ts';
import { compactLake, type Pruned, pruneReceived } from '../pipeline/events.ts';
import type { App } from './app.ts';
import { jsonOption, parseCount } from './options.ts';
import { number, printResult, tableStyle } from './print.ts';

interface Words {
  readonly json?: true;
}

const sumOf = (days: readonly DayStats[], of: 'files' | 'rows' | 'bytes'): number =>
  days.reduce((sum, day) => sum + day[of], 0);

/** How many days a terminal is shown. */
const shownDays = 31;

function renderStats(days: readonly DayStats[]): string {
  if (days.length === 0) return 'The lake has no events yet.\n';
  const table = new Table({
    head: ['day (UTC)', 'files', 'events', 'bytes'],
    colAligns: ['left', 'right', 'right', 'right'],
    style: tableStyle,
  });
  const cells = ({ files, rows, bytes }: Omit<DayStats, 'day'>) =>
    [files, rows, bytes].map((each) => number.format(each));
  for (const day of days.slice(-shownDays)) table.push([day.day, ...cells(day)]);
  const all = { files: sumOf(days, 'files'), rows: sumOf(days, 'rows'), bytes: sumOf(days, 'bytes') };
  table.push([`${number.format(days.length)} days`, ...cells(all)]);
  const earlier = days.length > shownDays ? `The last ${shownDays} days; --json has all.\n` : '';
  return `${table.toString()}\n${earlier}`;
}

const renderCompaction = ({ days, filesBefore, filesAfter }: Compaction): string =>
  days === 0
    ? 'No day has several small files.\n'
    : `${number.format(filesBefore)} files of ${number.format(days)} days became ${number.format(filesAfter)}.\n`;

interface PruneWords extends Words {
  readonly rawOlderThan?: number;
  readonly quarantineOlderThan?: number;
}

function renderPruned({ rawDays, quarantined }: Pruned): string {
  const lines = [
    ...(rawDays.length > 0
      ? [`Removed the files of ${number.format(rawDays.length)} days, ${rawDays[0]} to ${rawDays.at(-1)}.`]
      : []),
    ...(quarantined > 0 ? [`Forgot what was received of ${number.format(quarantined)} rows in quarantine.`] : []),
  ];
  return `${lines.length > 0 ? lines.join('\n') : 'Nothing is as old as that.'}\n`;
}

/** The command. */
export function lakeCommand(app: () => App): Command {
  const stats = new Command('stats')
    .description('files, events and bytes of each UTC day')
    .addOption(jsonOption())
    .action(async (words: Words) => {
      const days = await app().withPipeline(({ postgres }) => eventsByDay(postgres));
      printResult(app(), words, days, renderStats);
    });
  const compact = new Command('compact')
    .description('put the small files of each day together; a load does it by itself where there are many')
    .addOption(jsonOption())
    .action(async (words: Words) => {
      app().output.progress('Putting files together');
      const compaction = await app().withPipeline(compactLake);
      printResult(app(), words, compaction, renderCompaction);
    });
  const prune = new Command('prune')
    .description('remove what is kept as received and may hold personal data; what was loaded of it stays')
    .option('--raw-older-than <days>', 'files of events that were received more than so many days ago', parseCount)
    .option('--quarantine-older-than <days>', 'the texts of rows in quarantine that were loaded longer ago', parseCount)
    .addOption(jsonOption())
    .action(async (words: PruneWords) => {
      const { rawOlderThan: raw, quarantineOlderThan: quarantine } = words;
      if (raw === undefined && quarantine === undefined) {
        const problem = '--raw-older-than or --quarantine-older-than is missing.';
        throw new MillraceError('MR-CLI-001', { problem, help: 'millrace lake prune --help' });
      }
      const pruned = await app().withPipeline((context) => pruneReceived(context, { raw, quarantine }));
      printResult(app(), words, pruned, renderPruned);
    });
  return new Command('lake')
    .description('the lake of events: statistics, compaction, retention')
    .addCommand(stats)
    .addCommand(compact)
    .addCommand(prune)
    .addHelpText(
      'after',
      '\nExamples:\n  millrace lake stats\n  millrace lake compact\n  millrace lake prune --raw-older-than 90 --quarantine-older-than 30',
    );
}
