/** `millrace build`: models and tests over what was loaded, and the publication. */
import { Command } from 'commander';
import { MillraceError } from '../kernel/errors.ts';
import type { App } from './app.ts';
import { addPlace, addRunning, addSelection, type ProjectWords } from './project-words.ts';
import { isTest, renderNodeLine } from './render-nodes.ts';
import { runProjectCommand } from './run-project.ts';

/** What a build of a file may be told, and one that publishes may not. Errors: MR-CLI-001. */
function refusePart(words: ProjectWords): void {
  const part = (['select', 'exclude', 'selector', 'resourceType', 'vars', 'schema', 'defer'] as const).find(
    (name) => words[name] !== undefined,
  );
  if (part === undefined) return;
  const flag = part === 'resourceType' ? 'resource-type' : part;
  const problem = `--${flag} needs --duckdb: what is published is always the whole of it.`;
  throw new MillraceError('MR-CLI-001', { problem, help: 'millrace build --help' });
}

async function buildOnce(app: App, words: ProjectWords): Promise<void> {
  if (words.projectDir !== undefined || words.duckdb !== undefined) return runProjectCommand(app, 'build', words);
  refusePart(words);
  // A foreign project needs nothing of the pipeline.
  const { build } = await import('../pipeline/run.ts');
  const result = await app.withPipeline((context) => build(context, words.fullRefresh));
  app.output.settle();
  if (words.json) {
    const { summarisePublication } = await import('./render.ts');
    app.output.print(`${JSON.stringify(summarisePublication(result), null, 2)}\n`);
    return;
  }
  const models = result.nodes.filter((node) => !isTest(node));
  const lines = models.map((node, place) => renderNodeLine(node, place + 1));
  const tests = result.nodes.length - models.length;
  app.output.print(`${lines.join('\n')}\n${tests} tests passed. Published ${result.publication}.\n`);
}

/** The command. */
export const buildCommand = (app: () => App): Command =>
  addRunning(
    addSelection(addPlace(new Command('build').description('build the models, run their tests, publish'))),
    'build',
  )
    .addHelpText(
      'after',
      `
Without --duckdb all of this home's models are built and published when their tests have passed; a failed test leaves the
published warehouse as it was. Incremental models take over the rows that are published, and build what has changed; with
--full-refresh everything is built anew. With --duckdb what is selected is built in that file.

Examples:
  millrace build
  millrace build --project-dir ./jaffle --duckdb /tmp/jaffle.duckdb --select +orders`,
    )
    .action((words: ProjectWords) => buildOnce(app(), words));
