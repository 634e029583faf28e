/** The command line: all commands under one program, and mistakes of usage as errors of the catalogue. */
import { Command, CommanderError } from 'commander';
import { MillraceError } from '../kernel/errors.ts';
import type { App } from './app.ts';
import { batchCommand } from './batch.ts';
import { buildCommand } from './build.ts';
import { doctorCommand } from './doctor.ts';
import { explainBatchCommand } from './explain-batch.ts';
import { generateCommand } from './generate.ts';
import { ingestCommand } from './ingest.ts';
import { keysCommand } from './keys.ts';
import { lakeCommand } from './lake.ts';
import { qualityCommand } from './quality.ts';
import { quarantineCommand } from './quarantine.ts';
import { queryCommand } from './query.ts';
import { reportCommand } from './reports.ts';
import { resetCommand } from './reset.ts';
import { runCommand } from './run.ts';
import { serveCommand } from './serve.ts';
import { shopCommand } from './shop.ts';
import { sourcesCommand } from './sources.ts';
import { statusCommand } from './status.ts';

const examples = `
Examples:
  millrace run                        load what this home knows, the sample shop at first; build; publish
  millrace run --input ./exports      the same with your own four CSV files
  millrace ingest events ./clicks     load click events
  millrace serve                      show the dashboard and take events
  millrace query "SELECT * FROM agg_daily_sales ORDER BY date DESC LIMIT 7"

Exit codes: 0 done, 1 data failed its checks, 2 wrong usage or settings, 3 a store cannot be reached.
Settings: .env.example lists them; errors: docs/errors.md.`;

/** The words of a mistake, without commander's own prefix; help that nobody asked for is one of its answers. */
const problemOf = (error: CommanderError): string => {
  if (error.code === 'commander.help') return 'A command is missing.';
  const text = error.message.replace(/^error: /, '').replace(/\n\((.*)\)$/, '. $1');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?]$/.test(text) ? '' : '.'}`;
};

const isAnswer = ({ exitCode }: CommanderError): boolean => exitCode === 0;

function createProgram(version: string, app: () => App): Command {
  const program = new Command('millrace')
    .description('Turns what an online shop produces into figures that people can trust.')
    .version(version)
    .addHelpText('after', examples)
    .showHelpAfterError(false);
  const commands = [
    runCommand,
    serveCommand,
    ingestCommand,
    buildCommand,
    queryCommand,
    reportCommand,
    statusCommand,
    batchCommand,
    explainBatchCommand,
    quarantineCommand,
    qualityCommand,
    lakeCommand,
    doctorCommand,
    generateCommand,
    shopCommand,
    keysCommand,
    sourcesCommand,
    resetCommand,
  ];
  for (const command of commands) program.addCommand(command(app));
  return program;
}

function quieten(command: Command): void {
  command.exitOverride().configureOutput({ writeErr: () => undefined });
  for (const child of command.commands) quieten(child);
}

/** The command whose --help answers a mistake in these words, by its words. */
function commandIn([word, ...others]: readonly string[], { commands }: Command): readonly string[] {
  const named = commands.find((command) => command.name() === word);
  return named ? [named.name(), ...commandIn(others, named)] : [];
}

/**
 * Runs the command that the words name; the stores are opened by the command. Errors: MR-CLI-001 for wrong usage, and
 * those of the command.
 */
export async function runProgram(argv: readonly string[], version: string, app: () => App): Promise<void> {
  const program = createProgram(version, app);
  quieten(program);
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    if (argv.length === 0) program.outputHelp();
    if (argv.length === 0 || isAnswer(thrown)) return;
    throw new MillraceError('MR-CLI-001', {
      problem: problemOf(thrown),
      help: ['millrace', ...commandIn(argv, program), '--help'].join(' '),
    });
  }
}
