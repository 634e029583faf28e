/** `millrace quality`: how many rows broke which rule, batch by batch, and judging again after rules changed. */
import Table from 'cli-table3';
import { Command } from 'commander';
import type { RecheckedBatch } from '../ingest/csv/rejudge.ts';
import { listQuality, type QualityResult } from '../ingest/production/batches.ts';
import { recheck } from '../pipeline/corrections.ts';
import type { App } from './app.ts';
import { jsonOption } from './options.ts';
import { number, printResult, tableStyle } from './print.ts';

interface Words {
  readonly batch?: string;
  readonly rule?: string;
  readonly all?: true;
  readonly json?: true;
}

function renderResults(results: readonly QualityResult[]): string {
  if (results.length === 0) return 'No rule was broken.\n';
  const table = new Table({
    head: ['true on', 'batch', 'rule', 'severity', 'checked', 'broken', 'rate'],
    colAligns: ['left', 'left', 'left', 'left', 'right', 'right', 'right'],
    style: tableStyle,
  });
  for (const { observedAt, batch, rule, severity, checked, broken, rate } of results) {
    const share = rate === null ? '' : `${(100 * rate).toFixed(2)} %`;
    table.push([observedAt.slice(0, 10), batch, rule, severity, number.format(checked), number.format(broken), share]);
  }
  return `${table.toString()}\n`;
}

const told: Readonly<Record<RecheckedBatch['outcome'], string>> = {
  judged: 'judged again',
  current: 'already judged by these rules',
  skipped: 'loaded before files were archived: cannot be judged again',
};

function renderRecheck(batches: readonly RecheckedBatch[]): string {
  if (batches.length === 0) return 'No batch of CSV files is there to be judged again.\n';
  const lines = batches.map(({ batch, source, outcome, quarantinedBefore, quarantined }) => {
    const change =
      outcome === 'judged'
        ? `: ${number.format(quarantined)} rows in quarantine, before ${number.format(quarantinedBefore)}`
        : '';
    return `${source} ${batch}: ${told[outcome]}${change}`;
  });
  const judged = batches.some(({ outcome }) => outcome === 'judged');
  return `${[...lines, ...(judged ? ['The published figures follow with `millrace build`.'] : [])].join('\n')}\n`;
}

/** The command. */
export function qualityCommand(app: () => App): Command {
  const list = new Command('list')
    .description('the rules that rows broke, batch by batch: with --rule, its course over the batches')
    .option('--batch <id>', 'only this batch')
    .option('--rule <id>', 'only this rule, also in batches of which no row broke it')
    .addOption(jsonOption())
    .action(async (words: Words) => {
      const results = await app().withPipeline(({ postgres }) => listQuality(postgres, words.batch, words.rule));
      printResult(app(), words, results, renderResults);
    });
  const again = new Command('recheck')
    .description(
      'judge what was loaded anew, by the rules in force: from the archived files, with the fixes since made',
    )
    .option('--batch <id>', 'only this batch')
    .option('--all', 'also batches that these rules have judged already')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nRows that break a rule now leave production for quarantine, rows that break none any more enter it.\nEvents are judged again by `millrace quarantine replay`.\n\nExample:\n  millrace quality recheck && millrace build',
    )
    .action(async (words: Words) => {
      app().output.progress('Judging batches again');
      const options = { ...(words.batch === undefined ? {} : { batch: words.batch }), always: words.all === true };
      const batches = await app().withPipeline((context) => recheck(context, options));
      printResult(app(), words, batches, renderRecheck);
    });
  return new Command('quality')
    .description('results of the rules per batch; judge again after rules changed')
    .addCommand(list)
    .addCommand(again)
    .addHelpText(
      'after',
      '\nExamples:\n  millrace quality list --rule customers.email.syntax\n  millrace quality recheck',
    );
}
