/** The words that commands over a dbt project share, and the project that they open. */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { MillraceError } from '../kernel/errors.ts';
import { slipOf } from '../kernel/nearest.ts';
import { publishedPath } from '../publish/warehouse.ts';
import { type DuckDB, databaseNameOf } from '../stores/duckdb/duckdb.ts';
import type { JsonMap, ResourceType } from '../transform/manifest/types.ts';
import { readYaml } from '../transform/parse/yaml.ts';
import { listedTypes } from '../transform/select/list.ts';
import type { SelectionOptions } from '../transform/select/select.ts';
import { type IndirectSelection, indirectSelections } from '../transform/select/selection.ts';
import { earlierState, openSession, type Session } from '../transform/session.ts';
import type { App } from './app.ts';
import { openDuckDBFile, refuseMissingFile } from './duckdb-file.ts';
import { jsonOption } from './options.ts';

/** What the commands over a project are told. */
export interface ProjectWords {
  readonly projectDir?: string;
  readonly duckdb?: string;
  readonly schema?: string;
  readonly target?: string;
  readonly targetPath?: string;
  readonly vars?: JsonMap;
  readonly threads?: number;
  readonly json?: true;
  readonly select?: readonly string[];
  readonly exclude?: readonly string[];
  readonly selector?: string;
  readonly state?: string;
  readonly indirectSelection?: IndirectSelection;
  readonly resourceType?: readonly ResourceType[];
  readonly fullRefresh?: true;
  readonly failFast?: true;
  readonly storeFailures?: true;
  readonly warnError?: true;
  readonly empty?: true;
  readonly defer?: true;
  readonly favorState?: true;
  readonly eventTimeStart?: Date;
  readonly eventTimeEnd?: Date;
  /** The macro of an operation, and what it is given. */
  readonly macro?: string;
  readonly args?: JsonMap;
}

/** A mapping in YAML or JSON, as `{shop_timezone: Europe/Paris}`. */
export function parseMapping(text: string): JsonMap {
  let value: unknown;
  try {
    value = readYaml('--vars', text).value;
  } catch {
    value = undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidArgumentError("Give a mapping in YAML, such as '{day: 2026-01-01}'.");
  }
  return value as JsonMap;
}

function parseSchema(text: string): string {
  if (!/^[^"]+$/.test(text)) throw new InvalidArgumentError('Give a name, without quotes in it.');
  return text;
}

function parseThreads(text: string): number {
  const threads = Number(text);
  if (!Number.isInteger(threads) || threads < 1) throw new InvalidArgumentError('Give a whole number from 1.');
  return threads;
}

function parseInstant(text: string): Date {
  const instant = new Date(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : `${text.replace(' ', 'T')}Z`);
  if (Number.isNaN(instant.getTime())) throw new InvalidArgumentError('Give YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS, UTC.');
  return instant;
}

const namedTypes: readonly ResourceType[] = [...listedTypes, 'analysis'];

function parseType(text: string, before: readonly ResourceType[] = []): readonly ResourceType[] {
  const type = namedTypes.find((one) => one === text);
  if (type === undefined) throw new InvalidArgumentError(`Give one of ${namedTypes.join(', ')}.`);
  return [...before, type];
}

/** Where the project is and where it is built. */
export const addPlace = (command: Command): Command =>
  command
    .option('--project-dir <folder>', "a dbt project's folder; default: the models of this home")
    .option('--duckdb <file>', 'the DuckDB file to work in; needed with --project-dir')
    .addOption(
      new Option('--schema <name>', 'the schema that models are built in; default: main').argParser(parseSchema),
    )
    .option('--target <name>', 'what templates read as target.name')
    .option('--target-path <folder>', 'where artifacts go; default: target in the project')
    .addOption(
      new Option('--vars <yaml>', "variables, such as '{shop_timezone: Europe/Paris}'").argParser(parseMapping),
    )
    .addOption(
      new Option('--threads <n>', 'statements at once; default: one per core, at most 4').argParser(parseThreads),
    )
    .addOption(jsonOption());

/** What of the project is meant. */
export const addSelection = (command: Command): Command =>
  command
    .option('-s, --select <words...>', 'what to take: names, +name, tag:, path:, source:, state:, ... as in dbt')
    .option('--exclude <words...>', 'what to leave out')
    .option('--selector <name>', 'a selector of selectors.yml')
    .option('--state <folder>', 'artifacts of an earlier run, for state:, result: and --defer')
    .addOption(
      new Option('--indirect-selection <how>', 'which tests come along; default: eager').choices(indirectSelections),
    )
    .addOption(
      new Option('--resource-type <type>', 'keep this kind only; may be given several times').argParser(parseType),
    );

type RunningCommand = 'build' | 'run' | 'test' | 'seed' | 'snapshot' | 'retry';

/** What makes incremental models and seeds anew. */
export const fullRefresh = new Option('-f, --full-refresh', 'make incremental models and seeds anew');
const storeFailures = new Option('--store-failures', 'keep the rows that tests find');
const empty = new Option('--empty', 'build without rows: what models read gives none');
const eventTimes = [
  new Option('--event-time-start <time>', 'microbatch models: from here').argParser(parseInstant),
  new Option('--event-time-end <time>', 'microbatch models: up to here').argParser(parseInstant),
];

/** What only some of the commands can be told; the others refuse it. */
const ofCommand: Readonly<Record<RunningCommand, readonly Option[]>> = {
  build: [fullRefresh, storeFailures, empty, ...eventTimes],
  run: [fullRefresh, empty, ...eventTimes],
  test: [storeFailures],
  seed: [fullRefresh],
  snapshot: [empty],
  retry: [fullRefresh, storeFailures, empty, ...eventTimes],
};

/** How it is run. */
export function addRunning(command: Command, name: RunningCommand): Command {
  for (const option of ofCommand[name]) command.addOption(option);
  return command
    .option('-x, --fail-fast', 'end with the first failure')
    .option('--warn-error', 'take warnings for errors')
    .option('--defer', 'read what is not built here from where --state has it')
    .option('--favor-state', 'with --defer: also what is there');
}

/** A project opened for a command, and the database that it works in. */
export interface OpenedProject {
  readonly session: Session;
  readonly duckdb: DuckDB;
}

const flagsOf = (words: ProjectWords, which: string): JsonMap => ({
  WHICH: which,
  FULL_REFRESH: words.fullRefresh ?? false,
  STORE_FAILURES: words.storeFailures ?? false,
  FAIL_FAST: words.failFast ?? false,
  WARN_ERROR: words.warnError ?? false,
  EMPTY: words.empty ?? false,
  DEFER: words.defer ?? false,
  FAVOR_STATE: words.favorState ?? false,
});

/** For run_results.json: the words by dbt's names. */
const argsOf = (words: ProjectWords, which: string): JsonMap => ({
  which,
  select: words.select ?? [],
  exclude: words.exclude ?? [],
  vars: words.vars ?? {},
  full_refresh: words.fullRefresh ?? false,
  fail_fast: words.failFast ?? false,
  store_failures: words.storeFailures ?? false,
  empty: words.empty ?? false,
  defer: words.defer ?? false,
  ...(words.selector === undefined ? {} : { selector: words.selector }),
  ...(words.macro === undefined ? {} : { macro: words.macro, args: words.args ?? {} }),
});

/** Reads the project that the words name. Errors: those of `openSession`; MR-CLI-001 where --duckdb is missing. */
export async function openProject(app: App, words: ProjectWords, which: string, path: string): Promise<Session> {
  const { config, output } = app;
  const ofHome = words.projectDir === undefined;
  const log = config.logLevel === 'debug' ? await app.openLog() : undefined;
  return openSession({
    folder: ofHome ? app.models : resolve(words.projectDir),
    target: {
      name: words.target ?? (ofHome ? 'duckdb' : 'dev'),
      database: databaseNameOf(path),
      schema: words.schema ?? 'main',
      threads: words.threads ?? Math.min(availableParallelism(), 4),
    },
    vars: words.vars ?? {},
    env: app.env,
    flags: flagsOf(words, which),
    args: argsOf(words, which),
    clock: app.clock,
    invocationId: app.uuid(),
    targetFolder:
      words.targetPath === undefined
        ? ofHome
          ? join(config.home, 'warehouse', 'target')
          : undefined
        : resolve(words.targetPath),
    log: (message, info) => {
      if (info) output.note(message);
      else log?.debug(message);
    },
    warn: (message) => output.note(`warning: ${message}`),
  });
}

/** The DuckDB file of the words; without any the published warehouse. Errors: MR-CLI-001 where --duckdb is missing. */
export function fileOf(app: App, words: ProjectWords, which: string, changes: boolean): string {
  const help = `millrace ${which === 'run' ? 'models run' : which === 'docs' ? 'docs generate' : which} --help`;
  if (words.duckdb === ':memory:' || words.duckdb === '') {
    const problem = '--duckdb needs a file: what is built in memory is gone when the command ends.';
    throw new MillraceError('MR-CLI-001', { problem, help });
  }
  if (words.duckdb !== undefined) return resolve(words.duckdb);
  if (words.projectDir !== undefined) {
    throw new MillraceError('MR-CLI-001', {
      problem: '--project-dir needs --duckdb: the file to work in, which is made when it is not there.',
      help,
    });
  }
  if (changes) {
    const problem =
      'Name the file to build in with --duckdb; the published warehouse is changed by `millrace build` alone.';
    throw new MillraceError('MR-CLI-001', { problem, help });
  }
  return publishedPath(app.config.home);
}

/** Opens the project and its database for the work, and closes the database after it. */
export async function withProject<T>(
  app: App,
  words: ProjectWords,
  which: string,
  changes: boolean,
  work: (opened: OpenedProject) => Promise<T>,
): Promise<T> {
  const path = fileOf(app, words, which, changes);
  if (words.duckdb && !changes && which !== 'compile') refuseMissingFile(path);
  const open = (): Promise<Session> => openProject(app, words, which, path);
  if (words.duckdb === undefined) {
    const session = await open();
    return app.withWarehouse((duckdb) => work({ session, duckdb }));
  }
  const opened = await openBoth(app, path, open);
  try {
    return await work(opened);
  } finally {
    opened.duckdb.close();
  }
}

/** Opens a file while the project is read; one that is not there yet is made when the project has no mistakes. */
async function openBoth(app: App, path: string, open: () => Promise<Session>): Promise<OpenedProject> {
  const opening = existsSync(path) ? openDuckDBFile(app, path, false) : undefined;
  // Told below, unless the project has mistakes, which are told first.
  opening?.catch(() => undefined);
  try {
    const session = await open();
    return { session, duckdb: await (opening ?? openDuckDBFile(app, path, false)) };
  } catch (thrown) {
    await opening?.then(
      (duckdb) => duckdb.close(),
      () => undefined,
    );
    throw thrown;
  }
}

/** For selected names that the project does not have, the nearest that it has. */
function nearestNames({ manifest }: Session, { select = [] }: ProjectWords): readonly string[] {
  const names = [...new Set(Object.values(manifest.nodes).map(({ name }) => name))];
  const bare = select.flatMap((word) => /^(?:@|\d*\+)?(\w+)(?:\+\d*)?$/.exec(word)?.[1] ?? []);
  const meant = bare.filter((word) => !names.includes(word)).flatMap((word) => slipOf(word, names) ?? []);
  return meant.map((name) => `Did you mean ${name}?`);
}

/** What the words select. Warnings are told, and the nearest name where nothing is found. */
export function selectionOf(app: App, session: Session, words: ProjectWords, more: Partial<SelectionOptions> = {}) {
  const earlier = words.state === undefined ? undefined : earlierState(resolve(words.state), session.targetFolder);
  const { ids, warnings } = session.select({
    ...(words.select ? { select: words.select } : {}),
    ...(words.exclude ? { exclude: words.exclude } : {}),
    ...(words.selector === undefined ? {} : { selector: words.selector }),
    ...(words.indirectSelection ? { indirect: words.indirectSelection } : {}),
    ...(words.resourceType ? { resourceTypes: new Set(words.resourceType) } : {}),
    ...(earlier ? { earlier } : {}),
    ...more,
  });
  for (const warning of warnings) app.output.note(`warning: ${warning}`);
  if (ids.length === 0) for (const hint of nearestNames(session, words)) app.output.note(hint);
  return { ids, earlier };
}
