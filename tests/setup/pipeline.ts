/** The batch path without the command line: loads of files, and a whole pipeline on a home of its own. */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { baseContract } from '../../src/contracts/events/event-contract.ts';
import { rules } from '../../src/contracts/rules.ts';
import { type CsvRequest, type IngestContext, type IngestResult, ingestCsv } from '../../src/ingest/csv/ingest.ts';
import { countingIds } from '../../src/kernel/ids.ts';
import type { Clock } from '../../src/kernel/time.ts';
import { type PipelineContext, type RunResult, run } from '../../src/pipeline/run.ts';
import { openWarehouse } from '../../src/publish/models.ts';
import { warehouseFolder } from '../../src/publish/warehouse.ts';
import { openFolderLake } from '../../src/stores/lake/lake.ts';
import type { Postgres } from '../../src/stores/postgres/postgres.ts';
import type { Session } from '../../src/transform/session.ts';
import {
  type AtEnd,
  makeFolder,
  makePostgres,
  root,
  type ShopFiles,
  smallLimits,
  smallShop,
  writeFiles,
} from './fixtures.ts';

/** A clock that is a second later at each look, so that nothing happens at the same time. */
export function tickingClock(start = '2024-06-01T12:00:00Z'): Clock {
  let now = Date.parse(start);
  return () => {
    now += 1000;
    return new Date(now);
  };
}

/** The small shop with more lines at the end of some of its files. */
export const smallShopAnd = (lines: Partial<Record<keyof typeof smallShop, readonly string[]>>): ShopFiles =>
  Object.fromEntries(
    Object.entries(smallShop).map(([name, content]) => [
      name,
      `${content}${(lines[name as keyof typeof smallShop] ?? []).map((line) => `${line}\n`).join('')}`,
    ]),
  );

/** How batches are judged and kept in tests: by all rules, however many rows break them. */
export const batchSettings = (
  home: string,
): Pick<IngestContext, 'archive' | 'rules' | 'rulesHash' | 'maxErrorRate'> => ({
  archive: join(home, 'raw', 'batches'),
  rules,
  rulesHash: 'the rules of the tests',
  maxErrorRate: 1,
});

/** What a load may be told beside its files. */
export interface LoadWords extends Partial<Pick<CsvRequest, 'source' | 'asOf' | 'preset' | 'options'>> {
  readonly timeZone?: string;
  readonly currency?: string;
  readonly clock?: Clock;
  readonly atEnd?: AtEnd;
}

/** Loads files (or what stands at a path) into a database as the source 'csv', with the clock at noon of 2024-06-01. */
export function load(postgres: Postgres, files: ShopFiles | string, words: LoadWords = {}): Promise<IngestResult> {
  const { timeZone = 'UTC', currency = 'USD', clock = tickingClock(), atEnd = onTestFinished, ...request } = words;
  const input = typeof files === 'string' ? files : writeFiles(files, atEnd);
  const duckdb = smallLimits(makeFolder(atEnd));
  return ingestCsv(
    { source: 'csv', kind: 'csv', input, preset: undefined, options: {}, asOf: undefined, ...request },
    { ...batchSettings(makeFolder(atEnd)), postgres, duckdb, timeZone, currency, clock },
  );
}

/** Opens a project of models for a home. */
const openProject = (folder: string, home: string, timeZone: string): Promise<Session> =>
  openWarehouse({
    folder,
    home,
    env: (name) => (name === 'SHOP_TIMEZONE' ? timeZone : undefined),
    threads: 1,
    clock: tickingClock(),
    invocationId: 'a test',
    warn: () => undefined,
  });

/** Opens a small project in the warehouse's place, of these files. */
export const smallWarehouse = (files: Readonly<Record<string, string>>): Promise<Session> =>
  openProject(writeFiles(files), makeFolder(), 'UTC');

/** What the steps of the pipeline are given. */
export type Pipeline = PipelineContext;

/** Runs the whole pipeline on the files of a folder. */
export const runPipeline = (context: Pipeline, source: string, path: string): Promise<RunResult> =>
  run(context, { source, path, preset: undefined, asOf: undefined });

/** All that the pipeline needs, on a new home and database. */
export async function makePipeline(
  atEnd: AtEnd = onTestFinished,
  changes: Partial<PipelineContext> = {},
): Promise<PipelineContext> {
  const home = join(makeFolder(atEnd), 'home');
  mkdirSync(home);
  const timeZone = changes.timeZone ?? 'UTC';
  return {
    home,
    postgres: await makePostgres(atEnd),
    lake: openFolderLake(join(home, 'lake')),
    duckdb: smallLimits(home),
    clock: tickingClock(),
    ids: countingIds(),
    version: 'the version of the tests',
    currency: 'USD',
    timeZone,
    pseudonymKey: 'a key that only tests have',
    lockSeconds: 30,
    ...batchSettings(home),
    eventContract: baseContract,
    rawEvents: join(home, 'raw', 'events'),
    collected: join(home, 'raw', 'collector'),
    loadProject: () => openProject(join(root, 'warehouse'), home, timeZone),
    progress: { step: () => undefined, node: () => undefined },
    ...changes,
  };
}

/** The names of files in a home that builds work in, or have left behind. */
export const draftsIn = ({ home }: Pick<PipelineContext, 'home'>): readonly string[] =>
  readdirSync(warehouseFolder(home)).filter((name) => name.startsWith('build-'));

/** A pipeline without the tests of its project, which other tests run: a build takes half as long. The project is read once. */
export function withModelsAlone(context: PipelineContext): PipelineContext {
  const read = async (): Promise<Session> => {
    const session = await context.loadProject();
    return {
      ...session,
      select: (options) => session.select({ ...options, exclude: ['resource_type:test', 'resource_type:unit_test'] }),
    };
  };
  let project: Promise<Session> | undefined;
  return { ...context, loadProject: () => (project ??= read()) };
}
