/** `millrace batch`: the batches of a home, what became of their rows, and undoing a wrong one. */
import Table from 'cli-table3';
import { Command } from 'commander';
import { type BatchDetails, type BatchSummary, listBatches, showBatch } from '../ingest/production/batches.ts';
import type { RevertResult } from '../ingest/production/revert.ts';
import { revert } from '../pipeline/corrections.ts';
import type { App } from './app.ts';
import { jsonOption } from './options.ts';
import { number, printResult, tableStyle } from './print.ts';

interface Words {
  readonly json?: true;
}

const day = (instant: string): string => instant.slice(0, 10);
function renderList(batches: readonly BatchSummary[]): string {
  if (batches.length === 0) return 'No batch was loaded yet.\n';
  const table = new Table({
    head: ['batch', 'source', 'what', 'true on', 'loaded on', 'received', 'loaded', 'quarantined', 'state'],
    colAligns: ['left', 'left', 'left', 'left', 'left', 'right', 'right', 'right', 'left'],
    style: tableStyle,
  });
  for (const each of batches) {
    const counts = [each.received, each.loaded, each.quarantined].map((count) => number.format(count));
    const state = each.revertedAt ? `undone on ${day(each.revertedAt)}` : '';
    const what = each.dataset ?? each.preset ?? 'tables';
    table.push([each.batch, each.source, what, day(each.observedAt), day(each.recordedAt), ...counts, state]);
  }
  return `${table.toString()}\n`;
}

function renderFiles({ files }: BatchDetails): string {
  return files
    .map(({ file, records, malformed, encoding, compression }) => {
      const packed = compression === 'none' ? '' : `, ${compression}`;
      const broken = malformed > 0 ? `, ${number.format(malformed)} malformed` : '';
      return `  ${file}: ${number.format(records)} records${broken} (${encoding}${packed})`;
    })
    .join('\n');
}

const columns = ['received', 'inserted', 'updated', 'unchanged', 'duplicate', 'superseded', 'quarantined'] as const;

function renderEntries({ batch, entries }: BatchDetails): string {
  const table = new Table({
    head: ['', 'table', ...columns],
    colAligns: ['left', 'left', ...columns.map(() => 'right' as const)],
    style: tableStyle,
  });
  for (const entry of entries) {
    const cause = entry.causedBy === batch ? entry.operation : `${entry.operation} of ${entry.causedBy}`;
    table.push([cause, entry.table, ...columns.map((name) => number.format(entry[name]))]);
  }
  return table.toString();
}

function renderShow(details: BatchDetails): string {
  const undone = details.revertedAt ? ` It was undone on ${day(details.revertedAt)}.` : '';
  const rules = details.rules.map(
    ({ rule, severity, broken, checked, rate }) =>
      `  ${severity.padEnd(5)}  ${rule}: ${number.format(broken)} of ${number.format(checked)} (${(100 * (rate ?? 0)).toFixed(2)} %)`,
  );
  return [
    `${details.batch} of ${details.source}: true on ${day(details.observedAt)}, loaded on ${day(details.recordedAt)}.${undone}`,
    renderFiles(details),
    renderEntries(details),
    ...(rules.length > 0 ? ['Rules broken:', ...rules] : []),
    '',
  ].join('\n');
}

function renderRevert({ batch, source, tables }: RevertResult): string {
  const lines = tables
    .filter(({ removed, quarantined, restored }) => removed + quarantined + restored > 0)
    .map(
      ({ table, removed, quarantined, restored }) =>
        `  ${table}: ${number.format(removed)} rows of it left production, ${number.format(restored)} of other batches took their place, ${number.format(quarantined)} wait for a parent now`,
    );
  return [
    `${source}: ${batch} is undone.`,
    ...lines,
    'The published figures follow with `millrace build`. Loading its files with --input brings the batch back.',
    '',
  ].join('\n');
}

/** The command. */
export function batchCommand(app: () => App): Command {
  const list = new Command('list')
    .description('all batches, in the order in which they were loaded')
    .addOption(jsonOption())
    .action(async (words: Words) => {
      const batches = await app().withPipeline(({ postgres }) => listBatches(postgres));
      printResult(app(), words, batches, renderList);
    });
  const show = new Command('show')
    .description('its files, every entry of the ledger, the rules that its rows broke')
    .argument('<batch>', 'the id of the batch')
    .addOption(jsonOption())
    .action(async (batch: string, words: Words) => {
      const details = await app().withPipeline(({ postgres }) => showBatch(postgres, batch));
      printResult(app(), words, details, renderShow);
    });
  const undo = new Command('revert')
    .description('undo a batch as if it had never come')
    .argument('<batch>', 'the id of the batch')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nWhat its rows had superseded counts again; rows of other batches whose parents leave wait in quarantine.\nBatches of events, catalog and profiles cannot be undone.\n\nExample:\n  millrace batch revert batch_0123456789abcdef && millrace build',
    )
    .action(async (batch: string, words: Words) => {
      app().output.progress('Undoing the batch');
      const result = await app().withPipeline((context) => revert(context, batch));
      printResult(app(), words, result, renderRevert);
    });
  return new Command('batch')
    .description('list, show and undo batches')
    .addCommand(list)
    .addCommand(show)
    .addCommand(undo)
    .addHelpText('after', '\nExamples:\n  millrace batch list\n  millrace batch show batch_0123456789abcdef');
}
