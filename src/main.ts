/**
 * The composition root: reads the settings, opens stores when a command asks for them, hands them over, closes them. Rooms
 * that few commands need are imported where they are, so that the others start without them.
 */
import { randomUUID } from 'node:crypto';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { App, Output } from './cli/app.ts';
import { runProgram } from './cli/program.ts';
import { renderNodeFailure } from './cli/render-nodes.ts';
import { type Config, loadConfig } from './kernel/config.ts';
import { asMillraceError, MillraceError, problemOf } from './kernel/errors.ts';
import { makeFolder } from './kernel/folders.ts';
import { randomIds } from './kernel/ids.ts';
import type { Logger } from './kernel/log.ts';
import { systemClock } from './kernel/time.ts';
import type { PipelineContext } from './pipeline/run.ts';
import type { DuckDBLimits } from './stores/duckdb/duckdb.ts';
import type { Session } from './transform/session.ts';

const root = join(import.meta.dirname, '..');

/** This program's own dbt project. */
const models = join(root, 'warehouse');

/** Models may ask for any variable of the environment, as in dbt. */
const variablesOf =
  (config: Config) =>
  (name: string): string | undefined =>
    name === 'SHOP_TIMEZONE' ? config.timeZone : process.env[name];

/** Things to close when the program ends early, the last opened first. */
type Closers = Set<() => Promise<void>>;

async function createOutput(): Promise<Output> {
  const spinner =
    process.stderr.isTTY && process.stderr.columns > 0
      ? (await import('ora')).default({ stream: process.stderr, discardStdin: false })
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
  const { acquireEmbeddedPostgres } = await import('./stores/postgres/embedded.ts');
  const { openPostgres } = await import('./stores/postgres/postgres.ts');
  const { migrate } = await import('./stores/postgres/migrate.ts');
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

async function loadWarehouse(config: Config, output: Output): Promise<Session> {
  const { openWarehouse } = await import('./publish/models.ts');
  return openWarehouse({
    folder: models,
    home: config.home,
    env: variablesOf(config),
    // DuckDB gives one statement all cores; its memory is for one at a time. Increments are built otherwise.
    threads: 1,
    clock: systemClock,
    invocationId: randomUUID(),
    warn: (message) => output.note(`warning: ${message}`),
  });
}

async function withPipeline<T>(
  config: Config,
  output: Output,
  closers: Closers,
  work: (context: PipelineContext) => Promise<T>,
): Promise<T> {
  prepareHome(config.home);
  output.progress('Opening PostgreSQL');
  const [{ openFolderLake }, { readEventContract }, { readRules }, { readOrMakeKey }] = await Promise.all([
    import('./stores/lake/lake.ts'),
    import('./contracts/events/contract-file.ts'),
    import('./contracts/severity.ts'),
    import('./ingest/pseudonym.ts'),
  ]);
  const { postgres, close } = await openDatabase(config, closers);
  try {
    return await work({
      ...config,
      version,
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
      loadProject: () => loadWarehouse(config, output),
      progress: {
        step: output.progress,
        node: (result) => {
          const failure = renderNodeFailure(result);
          if (failure !== undefined) output.note(failure);
        },
      },
    });
  } finally {
    await close();
  }
}

/** Log lines on stderr, readable where that is a terminal. */
async function openLog({ logLevel: level }: Config): Promise<Logger> {
  const { createLogger } = await import('./kernel/log.ts');
  return createLogger({ level, pretty: process.stderr.isTTY });
}

function createApp(config: Config, output: Output, closers: Closers): App {
  return {
    config,
    clock: systemClock,
    output,
    models,
    uuid: randomUUID,
    env: variablesOf(config),
    dashboard: join(root, 'web', 'dist'),
    openLog: () => openLog(config),
    withPipeline: (work) => withPipeline(config, output, closers, work),
    async withWarehouse(work) {
      const { openPublished } = await import('./publish/warehouse.ts');
      const duckdb = await openPublished(config.home, limitsOf(config));
      try {
        return await work(duckdb);
      } finally {
        duckdb.close();
      }
    },
    async compiledModels(duckdb) {
      const { compileWarehouse } = await import('./publish/models.ts');
      return compileWarehouse(await loadWarehouse(config, output), duckdb);
    },
    async openWarehouseReader() {
      const { createWarehouseReader } = await import('./publish/warehouse.ts');
      return createWarehouseReader(config.home, limitsOf(config));
    },
    untilInterrupted: () =>
      new Promise((resolve) => {
        for (const signal of signals) {
          const former = process.listeners(signal);
          // Before the others go: a signal that nobody listens for at that moment would be lost.
          onSignal(signal, () => resolve());
          for (const listener of former) process.off(signal, listener);
        }
      }),
  };
}

/** The signals that ask a process to end, with the exit codes that tell of them. */
const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;
const signals = ['SIGINT', 'SIGTERM'] as const;

/**
 * Does work at the first such signal; a second one ends the process at once. It goes on listening: the library of locks
 * raises a signal again that it finds nobody else listening for.
 */
function onSignal(signal: (typeof signals)[number], work: () => void): void {
  let isFirst = true;
  process.on(signal, () => {
    if (!isFirst) process.exit(exitCodes[signal]);
    isFirst = false;
    work();
  });
}

/**
 * Ctrl-C during work: gives the embedded server back and ends as a signal ends a process. What was loaded stays. Gives
 * whether that is under way; what fails then fails for want of the server.
 */
function closeOnSignals(closers: Closers, output: Output): () => boolean {
  let interrupted = false;
  for (const signal of signals) {
    onSignal(signal, () => {
      interrupted = true;
      output.settle();
      const closing = [...closers].reverse().map((close) => close().catch(() => undefined));
      Promise.all(closing).finally(() => process.exit(exitCodes[signal]));
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
  const output = await createOutput();
  const closers: Closers = new Set();
  const isInterrupted = closeOnSignals(closers, output);
  let config: Config | undefined;
  try {
    await runProgram(argv, version, () => {
      config ??= loadConfig(process.env, root);
      return createApp(config, output, closers);
    });
  } catch (thrown) {
    if (isInterrupted()) return;
    output.settle();
    const error = asMillraceError(thrown, config?.home ?? root);
    if (config?.logLevel === 'debug') (await openLog(config)).debug({ err: error }, 'the command failed');
    const json = argv.includes('--json');
    if (json)
      output.print(
        `${JSON.stringify({ error: { code: error.code, message: error.message, remedy: error.remedy } })}\n`,
      );
    process.stderr.write(`${error.code}: ${error.message}\n${error.remedy}\n`);
    process.exitCode = error.exitCode;
  }
}
