/** `millrace explain-batch`: what each stage of a load did, and how long it took. */
import Table from 'cli-table3';
import { Command } from 'commander';
import { type BatchExplanation, explainBatch } from '../ingest/production/batches.ts';
import { humanDuration } from '../kernel/time.ts';
import type { App } from './app.ts';
import { jsonOption } from './options.ts';
import { number, printResult, tableStyle } from './print.ts';

const examples = `
Stages that run at the same time overlap: staging streams through PostgreSQL while DuckDB judges.

Examples:
  millrace explain-batch batch_0123456789abcdef
  millrace explain-batch batch_0123456789abcdef --json`;

function render({ batch, source, stages }: BatchExplanation): string {
  const table = new Table({
    head: ['stage', 'rows', 'time', 'rows per second'],
    colAligns: ['left', 'right', 'right', 'right'],
    style: tableStyle,
  });
  for (const { stage, rows, milliseconds } of stages) {
    const rate = rows && milliseconds > 0 ? number.format(Math.round((1000 * rows) / milliseconds)) : '';
    table.push([stage, rows === undefined ? '' : number.format(rows), humanDuration(milliseconds), rate]);
  }
  return `${source}: ${batch}\n${table.toString()}\n`;
}

/** The command. */
export const explainBatchCommand = (app: () => App): Command =>
  new Command('explain-batch')
    .description('what each stage of a load did, and how long it took')
    .argument('<batch>', 'the id of the batch; see `millrace batch list`')
    .addOption(jsonOption())
    .addHelpText('after', examples)
    .action(async (batch: string, words: { readonly json?: true }) => {
      const explanation = await app().withPipeline(({ postgres }) => explainBatch(postgres, batch));
      printResult(app(), words, explanation, render);
    });
