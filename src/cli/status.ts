/** `millrace status`: what this home holds. */
import { Command } from 'commander';
import { readStatus, type Status } from '../pipeline/status.ts';
import type { App } from './app.ts';
import { jsonOption } from './options.ts';
import { printResult } from './print.ts';

const kindNames = { sample: 'sample shop', csv: 'CSV files', shop: 'live shop', events: 'events' } as const;

function render(status: Status): string {
  const number = (value: number): string => value.toLocaleString('en-US');
  const sources = status.sources.map(
    ({ source, kind, preset, input }) => `${source} (${preset ?? kindNames[kind]})${input && ` from ${input}`}`,
  );
  const counts = (rows: Readonly<Record<string, number>>): string =>
    Object.entries(rows)
      .map(([table, count]) => `${table} ${number(count)}`)
      .join(', ');
  const { lastRun, publication } = status;
  const lines = [
    ['Home', status.home],
    ['Sources', sources.join('\n             ') || 'none'],
    ['Batches', number(status.batches)],
    ['Production', counts(status.production)],
    ['Lake', counts(status.lake)],
    ['Quarantine', `${number(status.quarantined)} rows`],
    ['Last run', lastRun ? `${lastRun.run} at ${lastRun.startedAt}: ${lastRun.outcome}` : 'none'],
    ['Published', publication ? `${publication.id} at ${publication.publishedAt}` : 'nothing yet; run `millrace run`'],
  ];
  return `${lines.map(([name, text]) => `${String(name).padEnd(12)} ${text}`).join('\n')}\n`;
}

/** The command. */
export const statusCommand = (app: () => App): Command =>
  new Command('status')
    .description('what this home holds: sources, rows, last run, publication')
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  millrace status --json')
    .action(async (words: { json?: true }) => {
      const status = await app().withPipeline(readStatus);
      printResult(app(), words, status, render);
    });
