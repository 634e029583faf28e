/** `millrace build`: models and tests over what was loaded, and the publication. */
import { Command } from 'commander';
import { build } from '../pipeline/run.ts';
import type { App } from './app.ts';
import { jsonOption } from './options.ts';
import { summarisePublication } from './render.ts';

async function buildOnce(app: App, words: { readonly json?: true }): Promise<void> {
  const result = await app.withPipeline(build);
  app.output.settle();
  if (words.json) {
    app.output.print(`${JSON.stringify(summarisePublication(result), null, 2)}\n`);
    return;
  }
  const lines = result.nodes
    .filter(({ kind }) => kind !== 'test')
    .map(({ name, materialized, rows, milliseconds }) => {
      const size = rows === undefined ? '' : `${rows.toLocaleString('en-US')} rows`;
      return `${materialized.padEnd(6)} ${name.padEnd(28)} ${size.padStart(16)} ${String(Math.round(milliseconds)).padStart(6)} ms`;
    });
  const tests = result.nodes.filter(({ kind }) => kind === 'test').length;
  app.output.print(`${lines.join('\n')}\n${tests} tests passed. Published ${result.publication}.\n`);
}

/** The command. */
export const buildCommand = (app: () => App): Command =>
  new Command('build')
    .description('build the models, run their tests, publish')
    .addOption(jsonOption())
    .addHelpText('after', '\nA failed test leaves the published warehouse as it was.\n\nExample:\n  millrace build')
    .action((words: { json?: true }) => buildOnce(app(), words));
