/** A project opened for a command: read, selected from, run in a DuckDB file, its artifacts written to its target folder. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MillraceError } from '../kernel/errors.ts';
import type { DuckDB } from '../stores/duckdb/duckdb.ts';
import { catalogArtifact } from './artifacts/catalog.ts';
import { type CompiledSql, manifestArtifact } from './artifacts/manifest.ts';
import { type Invocation, runResultsArtifact, sourcesArtifact } from './artifacts/run-results.ts';
import { prepareTarget, readArtifact, writeArtifact, writeCompiled } from './artifacts/write.ts';
import type { RunProject } from './context/run-project.ts';
import type { JsonMap, Manifest } from './manifest/types.ts';
import { checkFreshness, type FreshnessRun, type Shown, showNode } from './run/ask.ts';
import { type CompiledNode, compileNodes } from './run/compile-nodes.ts';
import { runGraph } from './run/graph.ts';
import { openProject } from './run/open-project.ts';
import { type Operation, runOperation } from './run/operation.ts';
import type { NodeResult, RunResult } from './run/results.ts';
import { type RunRequest, runProject } from './run/run.ts';
import type { EarlierState } from './select/methods.ts';
import { type SelectionOptions, type SelectionResult, selectEntries } from './select/select.ts';
import { noSelectors, readSelectors, type Selectors } from './select/selectors-file.ts';

/** Where a project is built: what dbt has in a profile. */
export interface SessionTarget {
  /** What templates read as target.name. */
  readonly name: string;
  /** The name that DuckDB gives the file. */
  readonly database: string;
  readonly schema: string;
  readonly threads: number;
}

/** What a project is opened with. */
export interface SessionSettings {
  /** The folder of dbt_project.yml. */
  readonly folder: string;
  readonly target: SessionTarget;
  /** From --vars. */
  readonly vars: JsonMap;
  readonly env: (name: string) => string | undefined;
  /** Flags by dbt's names in capitals: FULL_REFRESH, STORE_FAILURES, ... */
  readonly flags: JsonMap;
  /** The command's words, for run_results.json. */
  readonly args: JsonMap;
  readonly clock: () => Date;
  /** A UUID. */
  readonly invocationId: string;
  /** Where artifacts are written; undefined: the project's own target-path. */
  readonly targetFolder?: string | undefined;
  /** Told of what templates log; `info` is meant for whoever watches. */
  readonly log: (message: string, info: boolean) => void;
  readonly warn: (message: string) => void;
}

/** What a run is given besides the project and its settings. */
export type SessionRun = Pick<
  RunRequest,
  'command' | 'selected' | 'failFast' | 'signal' | 'defer' | 'eventTime' | 'again' | 'onStart' | 'onResult'
> & {
  /** Nodes at once; without it, as many as the target says. */
  readonly threads?: number;
  /** False: the compiled SQL stands in manifest.json alone, not in a file for each node. */
  readonly compiledFiles?: boolean;
  /** True: what was built is put on the disk while the artifacts are written. Where that fails, the next checkpoint says so. */
  readonly checkpoint?: boolean;
};

/** An opened project. */
export interface Session {
  /** Absolute path. */
  readonly folder: string;
  readonly manifest: Manifest;
  readonly project: RunProject;
  /** Where the artifacts are. */
  readonly targetFolder: string;
  /** unique_ids of what can be run, each behind all that it reads. */
  readonly order: readonly string[];
  select(options: Omit<SelectionOptions, 'selectors' | 'now'>): SelectionResult;
  /** Runs what was selected; writes run_results.json, manifest.json and compiled SQL. */
  run(duckdb: DuckDB, request: SessionRun): Promise<RunResult>;
  /** The SQL of what was selected; nothing is run, but templates may ask the database. */
  compile(duckdb: DuckDB, ids: readonly string[]): Promise<readonly CompiledNode[]>;
  /** Writes manifest.json and target/compiled with what was compiled. */
  writeCompiled(compiled: readonly CompiledNode[]): void;
  /** Runs a node's query; `limit` is the number of rows, null for all. */
  show(duckdb: DuckDB, id: string, limit: number | null): Promise<Shown>;
  /** Asks for the age of the selected sources, between the project's hooks; writes sources.json. */
  checkFreshness(duckdb: DuckDB, ids: readonly string[]): Promise<FreshnessRun>;
  /** Runs one macro; writes run_results.json. Errors: MR-TRF-207 where there is none of the name. */
  runOperation(duckdb: DuckDB, operation: Operation, signal?: AbortSignal): Promise<NodeResult>;
  /** Compiles everything unless told not to; writes manifest.json, and catalog.json of what stands in the database. */
  document(duckdb: DuckDB, compiles: boolean): Promise<void>;
}

function selectorsOf(folder: string): Selectors {
  const path = join(folder, 'selectors.yml');
  return existsSync(path) ? readSelectors(readFileSync(path, 'utf8'), 'selectors.yml') : noSelectors;
}

/**
 * What an earlier run left in a folder: its manifest, results and freshness, as far as they are there.
 * `current` is the folder of this project's own artifacts.
 */
export function earlierState(folder: string, current: string): EarlierState {
  const manifest = readArtifact<Manifest>(folder, 'manifest.json');
  const results = readArtifact<{ results: NonNullable<EarlierState['results']> }>(folder, 'run_results.json')?.results;
  type Sources = { results: NonNullable<EarlierState['sources']> };
  const sources = readArtifact<Sources>(folder, 'sources.json')?.results;
  const currentSources = readArtifact<Sources>(current, 'sources.json')?.results;
  return {
    ...(manifest ? { manifest } : {}),
    ...(results ? { results } : {}),
    ...(sources ? { sources } : {}),
    ...(currentSources ? { currentSources } : {}),
  };
}

/** Opens a project. Errors: those of `readProject`; MR-SEL-008 for selectors.yml; MR-TRF-209 for a warning with the flag WARN_ERROR. */
export async function openSession(settings: SessionSettings): Promise<Session> {
  const { folder, target, clock, invocationId, flags, args, log, warn } = settings;
  const startedAt = clock();
  const opened = await openProject(folder, {
    target: { ...target, profile_name: 'millrace' },
    vars: settings.vars,
    env: settings.env,
    cacheFolder: join(settings.targetFolder ?? join(folder, 'target'), 'parse-cache'),
    flags,
    clock,
    startedAt,
    invocationId,
    log,
    warn,
  });
  for (const warning of opened.warnings) {
    if (flags.WARN_ERROR === true) throw new MillraceError('MR-TRF-209', { problem: warning.replace(/[.\s]+$/, '') });
    warn(warning);
  }
  const { project, base } = opened;
  const { manifest } = project;
  const targetFolder = settings.targetFolder ?? join(folder, opened.targetPath);
  const selectors = selectorsOf(folder);
  const asking = { project, base, threads: target.threads };
  const compile = (duckdb: DuckDB, selected: readonly string[]): Promise<readonly CompiledNode[]> =>
    compileNodes({ ...asking, duckdb, command: 'compile', selected });
  const writeSql = (compiled: readonly CompiledSql[], files = true): void => {
    writeArtifact(targetFolder, 'manifest.json', manifestArtifact(manifest, compiled, { folder, targetFolder }));
    if (files) writeCompiled(targetFolder, manifest, compiled);
  };
  const writeCompiledNodes = (compiled: readonly CompiledNode[]): void =>
    writeSql(compiled.map(({ unique_id, sql }) => ({ unique_id, compiled_code: sql })));
  const invocation = (): Invocation => ({ id: invocationId, startedAt, endedAt: clock(), args });
  return {
    folder,
    manifest,
    project,
    targetFolder,
    order: runGraph(manifest, new Set(Object.keys(manifest.nodes)), 'run').order,
    select: (options) => selectEntries(manifest, { ...options, selectors, now: startedAt }),
    async run(duckdb, { compiledFiles = true, checkpoint = false, ...request }) {
      prepareTarget(targetFolder);
      const result = await runProject({ ...asking, ...request, duckdb });
      const saved = checkpoint ? duckdb.run('checkpoint').catch(() => undefined) : undefined;
      try {
        writeArtifact(targetFolder, 'run_results.json', runResultsArtifact(manifest, result.results, invocation()));
        writeSql(result.results, compiledFiles);
      } finally {
        await saved;
      }
      return result;
    },
    compile,
    writeCompiled: writeCompiledNodes,
    async show(duckdb, id, limit) {
      const node = manifest.nodes[id];
      if (!node) throw new Error(`the manifest has no ${id}`);
      return showNode({ ...asking, duckdb, selected: [id] }, node, limit);
    },
    async checkFreshness(duckdb, selected) {
      const run = await checkFreshness({ ...asking, duckdb, selected });
      writeArtifact(targetFolder, 'sources.json', sourcesArtifact(manifest, run.sources, invocation()));
      return run;
    },
    async runOperation(duckdb, operation, signal) {
      prepareTarget(targetFolder);
      const result = await runOperation({ ...asking, duckdb, selected: [], signal }, operation);
      writeArtifact(targetFolder, 'run_results.json', runResultsArtifact(manifest, [result], invocation()));
      return result;
    },
    async document(duckdb, compiles) {
      const compiled = compiles ? await compile(duckdb, Object.keys(manifest.nodes)) : [];
      writeCompiledNodes(compiled);
      writeArtifact(targetFolder, 'catalog.json', await catalogArtifact(duckdb, manifest, invocation()));
    },
  };
}
