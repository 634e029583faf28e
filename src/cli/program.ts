/** The command line: all commands under one program, and mistakes of usage as errors of the catalogue. */
import { Command, CommanderError } from 'commander';
import { MillraceError } from '../kernel/errors.ts';
import type { App } from './app.ts';

const examples = `
Examples:
  millrace run                        load what this home knows, the sample shop at first; build; publish
  millrace run --input ./exports      the same with your own four CSV files
  millrace ingest events ./clicks     load click events
  millrace serve                      show the dashboard and take events
  millrace query "SELECT * FROM agg_daily_sales ORDER BY date DESC LIMIT 7"

Exit codes: 0 done, 1 data failed its checks, 2 wrong usage or settings, 3 a store cannot be reached, 130 cancelled.
Settings: .env.example lists them; errors: docs/errors.md.`;

/** The words of a mistake, without commander's own prefix; help that nobody asked for is one of its answers. */
const problemOf = (error: CommanderError): string => {
  if (error.code === 'commander.help') return 'A command is missing.';
  const text = error.message.replace(/^error: /, '').replace(/\n\((.*)\)$/, '. $1');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?]$/.test(text) ? '' : '.'}`;
};

const isAnswer = ({ exitCode }: CommanderError): boolean => exitCode === 0;

type MakeCommand = (app: () => App) => Command;

/** The commands in the order of the help. The files of one are read when it is asked for: most of them need a few rooms. */
const commands: Readonly<Record<string, () => Promise<MakeCommand>>> = {
  run: async () => (await import('./run.ts')).runCommand,
  serve: async () => (await import('./serve.ts')).serveCommand,
  ingest: async () => (await import('./ingest.ts')).ingestCommand,
  build: async () => (await import('./build.ts')).buildCommand,
  models: async () => (await import('./run-project.ts')).modelsCommand,
  test: async () => (await import('./run-project.ts')).testCommand,
  seed: async () => (await import('./run-project.ts')).seedCommand,
  snapshot: async () => (await import('./run-project.ts')).snapshotCommand,
  retry: async () => (await import('./run-project.ts')).retryCommand,
  list: async () => (await import('./list-nodes.ts')).listCommand,
  compile: async () => (await import('./compile-nodes.ts')).compileCommand,
  show: async () => (await import('./compile-nodes.ts')).showCommand,
  docs: async () => (await import('./docs.ts')).docsCommand,
  deps: async () => (await import('./deps.ts')).depsCommand,
  freshness: async () => (await import('./freshness.ts')).freshnessCommand,
  'run-operation': async () => (await import('./run-operation.ts')).runOperationCommand,
  query: async () => (await import('./query.ts')).queryCommand,
  report: async () => (await import('./reports.ts')).reportCommand,
  status: async () => (await import('./status.ts')).statusCommand,
  batch: async () => (await import('./batch.ts')).batchCommand,
  'explain-batch': async () => (await import('./explain-batch.ts')).explainBatchCommand,
  quarantine: async () => (await import('./quarantine.ts')).quarantineCommand,
  quality: async () => (await import('./quality.ts')).qualityCommand,
  lake: async () => (await import('./lake.ts')).lakeCommand,
  lineage: async () => (await import('./lineage.ts')).lineageCommand,
  doctor: async () => (await import('./doctor.ts')).doctorCommand,
  generate: async () => (await import('./generate.ts')).generateCommand,
  shop: async () => (await import('./shop.ts')).shopCommand,
  keys: async () => (await import('./keys.ts')).keysCommand,
  sources: async () => (await import('./sources.ts')).sourcesCommand,
  reset: async () => (await import('./reset.ts')).resetCommand,
};

/** The command of that name alone; for other words, which are answered with help or the nearest name, all of them. */
function commandsFor(word: string | undefined): Promise<readonly MakeCommand[]> {
  if (word === '--version' || word === '-V') return Promise.resolve([]);
  const named = word !== undefined && Object.hasOwn(commands, word) ? commands[word] : undefined;
  return Promise.all((named ? [named] : Object.values(commands)).map((read) => read()));
}

async function createProgram(version: string, app: () => App, word: string | undefined): Promise<Command> {
  const program = new Command('millrace')
    .description('Turns what an online shop produces into figures that people can trust.')
    .version(version)
    .addHelpText('after', examples)
    .showHelpAfterError(false);
  for (const make of await commandsFor(word)) program.addCommand(make(app));
  return program;
}

function quieten(command: Command): void {
  command.exitOverride().configureOutput({ writeErr: () => undefined });
  for (const child of command.commands) quieten(child);
}

/** The command whose --help answers a mistake in these words, after those that it is below of. */
function commandsIn([word, ...others]: readonly string[], { commands }: Command): readonly Command[] {
  const named = commands.find((command) => command.name() === word);
  return named ? [named, ...commandsIn(others, named)] : [];
}

/** What nodes are named by, for those who name them without it. */
const hintOf = ({ code }: CommanderError, command: Command | undefined): string =>
  code === 'commander.excessArguments' && command?.options.some(({ long }) => long === '--select')
    ? ' Models are named with --select.'
    : '';

/**
 * Runs the command that the words name; the stores are opened by the command. Errors: MR-CLI-001 for wrong usage, and
 * those of the command.
 */
export async function runProgram(argv: readonly string[], version: string, app: () => App): Promise<void> {
  const program = await createProgram(version, app, argv[0]);
  quieten(program);
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    if (argv.length === 0) program.outputHelp();
    if (argv.length === 0 || isAnswer(thrown)) return;
    const commands = commandsIn(argv, program);
    throw new MillraceError('MR-CLI-001', {
      problem: `${problemOf(thrown)}${hintOf(thrown, commands.at(-1))}`,
      help: ['millrace', ...commands.map((command) => command.name()), '--help'].join(' '),
    });
  }
}
