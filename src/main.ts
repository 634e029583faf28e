/** The composition root: reads the settings, opens stores when a command asks for them, hands them over, closes them. */
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ora from 'ora';
import type { App, Output } from './cli/app.ts';
import { runProgram } from './cli/program.ts';
import { renderFailure } from './cli/render.ts';
import { readEventContract } from './contracts/events/contract-file.ts';
import { readRules } from './contracts/severity.ts';
import { readOrMakeKey } from './ingest/pseudonym.ts';
import { type Config, loadConfig } from './kernel/config.ts';
import { asMillraceError, MillraceError, problemOf } from './kernel/errors.ts';
import { makeFolder } from './kernel/folders.ts';
import { randomIds } from './kernel/ids.ts';
import { createLogger, type Logger } from './kernel/log.ts';
import { systemClock } from './kernel/time.ts';
import type { PipelineContext } from './pipeline/run.ts';
import { createWarehouseReader, openPublished } from './publish/warehouse.ts';
import type { DuckDBLimits } from './stores/duckdb/duckdb.ts';
import { openFolderLake } from './stores/lake/lake.ts';
import { acquireEmbeddedPostgres } from './stores/postgres/embedded.ts';
import { migrate } from './stores/postgres/migrate.ts';
import { openPostgres } from './stores/postgres/postgres.ts';
import { loadProject } from './transform/project.ts';

const root = join(import.meta.dirname, '..');

/** Things to close when the program ends early, the last opened first. */
type Closers = Set<() => Promise<void>>;

function createOutput(): Output {
  const spinner =
    process.stderr.isTTY && process.stderr.columns > 0
      ? ora({ stream: process.stderr, discardStdin: false })
      : undefined;
  const settle = (): void => {
    spinner?.stop();
  };
  return {
    print: (text) => {
      process.stdout.write(text);
    },
    progress: (text) => {
      spinner?.start(`${text} ...`);
    },
    note: (text) => {
      settle();
      process.stderr.write(`${text}\n`);
    },
    settle,
  };
}

/** A new home belongs to its user; others may pass through it, as the embedded server's user must when root runs it. */
function prepareHome(home: string): void {
  if (makeFolder(home)) chmodSync(home, 0o711);
  // What Millrace writes from here on is for its user alone: rows, figures, tokens.
  process.umask(0o077);
}

const limitsOf = (config: Config): DuckDBLimits => ({
  ...config.duckdb,
  temporaryFolder: join(config.home, 'tmp'),
});

/** Opens PostgreSQL, the embedded one or that of DATABASE_URL, with the schema of this version. */
async function openDatabase(config: Config, closers: Closers) {
  const embedded = config.databaseUrl
    ? undefined
    : await acquireEmbeddedPostgres(join(config.home, 'postgres'), config.embeddedPort);
  const release = async (): Promise<void> => {
    if (closers.delete(release)) await embedded?.release();
  };
  closers.add(release);
  try {
    const postgres = await openPostgres(embedded?.url ?? config.databaseUrl ?? '', embedded?.findAgain);
    const close = async (): Promise<void> => {
      await postgres.close();
      await release();
    };
    try {
      await migrate(postgres);
    } catch (thrown) {
      await close();
      throw thrown;
    }
    return { postgres, close };
  } catch (thrown) {
    await release();
    throw thrown;
  }
}

async function withPipeline<T>(
  config: Config,
  output: Output,
  closers: Closers,
  work: (context: PipelineContext) => Promise<T>,
): Promise<T> {
  prepareHome(config.home);
  output.progress('Opening PostgreSQL');
  const { postgres, close } = await openDatabase(config, closers);
  try {
    return await work({
      ...config,
      postgres,
      lake: openFolderLake(join(config.home, 'lake')),
      duckdb: limitsOf(config),
      archive: join(config.home, 'raw', 'batches'),
      rawEvents: join(config.home, 'raw', 'events'),
      collected: join(config.home, 'raw', 'collector'),
      eventContract: readEventContract(config.home),
      ...readRules(config.rulesFile, config.home),
      clock: systemClock,
      ids: randomIds,
      pseudonymKey: config.pseudonymKey ?? readOrMakeKey(join(config.home, 'pseudonym.key')),
      loadProject: () =>
        loadProject(join(root, 'warehouse'), {
          // Models may ask for any variable of the environment, as in dbt.
          env: (name) => (name === 'SHOP_TIMEZONE' ? config.timeZone : process.env[name]),
        }),
      progress: {
        step: output.progress,
        node: (result) => {
          if (['fail', 'error', 'warn'].includes(result.status)) output.note(renderFailure(result));
        },
      },
    });
  } finally {
    await close();
  }
}

function createApp(config: Config, log: Logger, output: Output, closers: Closers): App {
  return {
    config,
    clock: systemClock,
    log,
    output,
    dashboard: join(root, 'web', 'dist'),
    withPipeline: (work) => withPipeline(config, output, closers, work),
    async withWarehouse(work) {
      const duckdb = await openPublished(config.home, limitsOf(config));
      try {
        return await work(duckdb);
      } finally {
        duckdb.close();
      }
    },
    openWarehouseReader: () => createWarehouseReader(config.home, limitsOf(config)),
    untilInterrupted: () =>
      new Promise((resolve) => {
        for (const signal of ['SIGINT', 'SIGTERM'] as const) {
          const former = process.listeners(signal);
          // Before the others go: a signal that nobody listens for at that moment would be lost.
          process.once(signal, () => resolve());
          for (const listener of former) process.off(signal, listener);
        }
      }),
  };
}

/**
 * Ctrl-C during work: gives the embedded server back and ends as a signal ends a process. What was loaded stays. Gives
 * whether that is under way; what fails then fails for want of the server.
 */
function closeOnSignals(closers: Closers, output: Output): () => boolean {
  let interrupted = false;
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(signal, () => {
      interrupted = true;
      output.settle();
      const closing = [...closers].reverse().map((close) => close().catch(() => undefined));
      Promise.all(closing).finally(() => process.exit(code));
    });
  }
  return () => interrupted;
}

const version = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version;

/** A reader that has seen enough, such as head, is no error; a disk that is full is. Where stderr is lost, all goes on. */
function tellOfLostOutput(): void {
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'EPIPE') process.exit();
    const error = new MillraceError('MR-CLI-005', { problem: problemOf(thrown) }, thrown);
    process.stderr.write(`${error.code}: ${error.message}\n${error.remedy}\n`);
    process.exit(error.exitCode);
  });
}

/** Runs one command line and sets the exit code. Nothing is thrown. */
export async function main(argv: readonly string[]): Promise<void> {
  tellOfLostOutput();
  const output = createOutput();
  const closers: Closers = new Set();
  const isInterrupted = closeOnSignals(closers, output);
  let config: Config | undefined;
  let log: Logger | undefined;
  try {
    await runProgram(argv, version, () => {
      config ??= loadConfig(process.env, root);
      log ??= createLogger({ level: config.logLevel, pretty: process.stderr.isTTY });
      return createApp(config, log, output, closers);
    });
  } catch (thrown) {
    if (isInterrupted()) return;
    output.settle();
    const error = asMillraceError(thrown, config?.home ?? root);
    log?.debug({ err: error }, 'the command failed');
    const json = argv.includes('--json');
    if (json)
      output.print(
        `${JSON.stringify({ error: { code: error.code, message: error.message, remedy: error.remedy } })}\n`,
      );
    process.stderr.write(`${error.code}: ${error.message}\n${error.remedy}\n`);
    process.exitCode = error.exitCode;
  }
}
