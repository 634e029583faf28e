/** The pipeline: the steps of the data's way in their order, from the sources that a home knows to the publication. */
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { referenceNames } from '../contracts/events/reference-data.ts';
import { tableContracts, tableNames } from '../contracts/tables.ts';
import { type SampleBatch, sampleBatches } from '../generate/batches.ts';
import { eventsPerTransaction, generateSample, type SampleOptions, sampleDefaults } from '../generate/sample.ts';
import { type CsvRequest, type IngestContext, type IngestResult, ingestCsv } from '../ingest/csv/ingest.ts';
import { compactEvents } from '../ingest/events/compact.ts';
import type { EventsContext } from '../ingest/events/context.ts';
import { type EventsResult, ingestEvents } from '../ingest/events/ingest-events.ts';
import { ingestReference, type ReferenceResult } from '../ingest/events/ingest-reference.ts';
import { adoptLeftovers } from '../ingest/events/segments/leftovers.ts';
import { loadSegment } from '../ingest/events/segments/load-segment.ts';
import type { Segment } from '../ingest/events/segments/segment-file.ts';
import { type Extract, extractProduction } from '../ingest/extract.ts';
import { removeDrafts } from '../ingest/files/copies.ts';
import { currentFiles, removeRetired, removeUnregistered } from '../ingest/lake-files.ts';
import { exportShop, hasOrders } from '../ingest/shop/export.ts';
import { dayIn, endOfDay } from '../kernel/time.ts';
import {
  type PublishContext,
  type PublishOptions,
  type PublishResult,
  prepareDraft,
  publish,
  readUnchanged,
  recoverPublication,
} from '../publish/publish.ts';
import { removeDeadSpills } from '../stores/duckdb/duckdb.ts';
import type { NodeResult } from '../transform/run/results.ts';
import type { Session } from '../transform/session.ts';
import { keepInput, knownSources, refuseMixing, type Source } from './sources.ts';

/** What a step reports while it works. */
export interface Progress {
  /** A step begins; the text says what it does. */
  readonly step: (text: string) => void;
  /** A model or test has ended. */
  readonly node: (result: NodeResult) => void;
}

/** What the pipeline needs of its surroundings. */
export interface PipelineContext extends PublishContext, IngestContext, EventsContext {
  readonly lockSeconds: number;
  /** The folder in which the collector keeps events until they are loaded. */
  readonly collected: string;
  /** Reads the models; called when they are needed. */
  readonly loadProject: () => Promise<Session>;
  readonly progress: Progress;
}

/** Files to load in this run; without them, the sources that the home knows are loaded again. */
export interface Input {
  readonly source: string;
  readonly path: string;
  readonly preset: string | undefined;
  /** What the user says about the source: name -> value, as `--option` gives them. */
  readonly options?: Readonly<Record<string, string>>;
  /** YYYY-MM-DD. */
  readonly asOf: string | undefined;
  /** Only say what would happen. */
  readonly dryRun?: boolean;
}

/** What a run did. */
export interface RunResult {
  readonly run: string;
  /** False when it found nothing new: no row of production, no file of the lake and no figure has changed. */
  readonly changed: boolean;
  readonly batches: readonly IngestResult[];
  /** Files of events that were loaded, and what belongs to them; one entry per batch. */
  readonly events: readonly (EventsResult | ReferenceResult)[];
  readonly extract: Extract;
  readonly publication: PublishResult;
  readonly milliseconds: number;
}

/** The name under which the sample's rows are kept. */
const sampleSource = 'sample';

/** A first export and three later ones, so that a new home shows history. */
const sampleExports = 4;

const lockName = 'millrace pipeline';

/** What the folders of work under way begin with. */
const workFolders = /^(load|extract|rows)-/;

/** Removes what killed processes left in the temporary folder. */
async function removeLeftovers(folder: string): Promise<void> {
  const names = existsSync(folder) ? await readdir(folder) : [];
  for (const name of names.filter((each) => workFolders.test(each))) {
    await rm(join(folder, name), { recursive: true, force: true });
  }
  removeDeadSpills(folder);
}

/** Runs work that changes the home while no other process does. Errors: MR-RUN-001. */
export const exclusively = <T>(context: PipelineContext, work: () => Promise<T>): Promise<T> =>
  context.postgres.exclusive(lockName, context.lockSeconds, async () => {
    await recoverPublication(context);
    await removeLeftovers(context.duckdb.temporaryFolder);
    for (const folder of [context.archive, context.rawEvents]) await removeDrafts(folder);
    await context.lake.removeDrafts();
    await removeUnregistered(context.postgres, context.lake);
    return work();
  });

const sampleFolder = (context: PipelineContext): string => join(context.home, 'sample');

/** A sample of today. Files of a sample that was made but never loaded may be of another day: they go. */
async function newSample(context: PipelineContext): Promise<Source> {
  const input = sampleFolder(context);
  await rm(input, { recursive: true, force: true });
  const options = {
    ...sampleDefaults,
    batches: sampleExports,
    events: eventsPerTransaction * sampleDefaults.transactions,
    timeZone: context.timeZone,
    asOf: dayIn(context.clock(), context.timeZone),
  };
  return { source: sampleSource, kind: 'sample', preset: undefined, input, options };
}

/** The live shop as a source: its files are written anew for each run, and removed after it. */
const liveShop = (context: PipelineContext): Source => ({
  source: 'shop',
  kind: 'shop',
  preset: undefined,
  input: join(context.duckdb.temporaryFolder, 'load-shop'),
  options: {},
});

/** The sample's files are in the home, also after the home was moved. */
const inPlace = (context: PipelineContext, source: Source): Source =>
  source.kind === 'sample' ? { ...source, input: sampleFolder(context) } : source;

async function chooseSources(context: PipelineContext, input: Input | undefined): Promise<readonly Source[]> {
  const known = await knownSources(context.postgres);
  if (!input) {
    const loaded = known.filter(({ kind }) => kind !== 'shop').map((source) => inPlace(context, source));
    const live = (await hasOrders(context.postgres)) ? [liveShop(context)] : [];
    return [...(loaded.length > 0 ? loaded : [await newSample(context)]), ...live];
  }
  refuseMixing(known, context.home);
  return [{ source: input.source, kind: 'csv', preset: input.preset, input: input.path, options: input.options ?? {} }];
}

/** What a sample is made with; one that was made before samples had several exports names no number of them. */
const sampleOptions = ({ options }: Source): SampleOptions => options as unknown as SampleOptions;

/** The exports of a sample in their order, each with the last day that it covers: then it was true, whenever it is loaded. */
const exportsOf = (source: Source): readonly SampleBatch[] => {
  const { asOf, batches = 1 } = sampleOptions(source);
  return sampleBatches(asOf, batches);
};

/** The sample's files are made when they are not there: their options, kept with the source, give the same bytes. */
async function ensureSample(context: PipelineContext, source: Source): Promise<void> {
  const folders = exportsOf(source).map(({ folder }) => join(source.input, folder));
  const files = folders.flatMap((folder) => tableNames.map((table) => join(folder, tableContracts[table].file)));
  if (files.every((file) => existsSync(file))) return;
  context.progress.step('Generating the sample shop');
  await generateSample(source.input, sampleOptions(source));
}

/** What was loaded of a source. */
interface Loaded {
  readonly batches: readonly IngestResult[];
  readonly events: readonly (EventsResult | ReferenceResult)[];
}

const nothing: Loaded = { batches: [], events: [] };

const together = (one: Loaded, other: Loaded): Loaded => ({
  batches: [...one.batches, ...other.batches],
  events: [...one.events, ...other.events],
});

/** Loads what lies beside the CSV files of a folder: events/, catalog.parquet, profiles.parquet; `receivedAt` is undefined for: now. */
async function ingestBeside(
  context: PipelineContext,
  { source, kind }: Pick<Source, 'source' | 'kind'>,
  folder: string,
  receivedAt: Date | undefined,
): Promise<readonly (EventsResult | ReferenceResult)[]> {
  const asked = { source, kind: kind === 'sample' ? kind : 'events' } as const;
  const loaded: (EventsResult | ReferenceResult)[] = [];
  for (const dataset of referenceNames) {
    const path = join(folder, `${dataset}.parquet`);
    if (!existsSync(path)) continue;
    const request = { ...asked, dataset, paths: [path] };
    loaded.push(await ingestReference(receivedAt ? { ...request, observedAt: receivedAt } : request, context));
  }
  const path = join(folder, 'events');
  if (!existsSync(path)) return loaded;
  const request = { ...asked, paths: [path], repeatable: false };
  return [...loaded, await ingestEvents(receivedAt ? { ...request, receivedAt } : request, context)];
}

async function ingestSample(context: PipelineContext, source: Source & { readonly kind: 'sample' }): Promise<Loaded> {
  await ensureSample(context, source);
  let loaded = nothing;
  for (const { folder, asOf } of exportsOf(source)) {
    context.progress.step(`Loading ${source.source}${folder && `, ${folder}`}`);
    const input = join(source.input, folder);
    const batch = await ingestCsv({ ...source, input, asOf, repeated: true }, context);
    const events = await ingestBeside(context, source, input, endOfDay(asOf, context.timeZone));
    loaded = together(loaded, { batches: [batch], events });
  }
  await keepInput(context.postgres, source);
  return loaded;
}

/** Loads again the folders that files of events came from; those that are gone are left out. */
async function repeatEvents(context: PipelineContext, source: Source): Promise<Loaded> {
  const { paths = [] } = source.options as { readonly paths?: readonly string[] };
  const present = paths.filter((path) => existsSync(path));
  if (present.length === 0) return nothing;
  const request = { source: source.source, kind: 'events', paths: present, repeatable: false } as const;
  return { batches: [], events: [await ingestEvents(request, context)] };
}

/** How a source is loaded this time. */
interface LoadWords extends Pick<CsvRequest, 'asOf' | 'dryRun' | 'repeated' | 'onNew'> {}

async function ingestSource(context: PipelineContext, source: Source, words: LoadWords): Promise<Loaded> {
  const { kind } = source;
  if (kind === 'sample') return ingestSample(context, { ...source, kind });
  context.progress.step(`Loading ${source.source}`);
  if (kind === 'events') return repeatEvents(context, source);
  try {
    if (kind === 'shop' && (await exportShop(context.postgres, source.input, context.timeZone)) === 0) return nothing;
    const batch = await ingestCsv({ ...source, kind, ...words }, context);
    const receivedAt = words.asOf === undefined ? undefined : endOfDay(words.asOf, context.timeZone);
    const events = words.dryRun ? [] : await ingestBeside(context, source, source.input, receivedAt);
    return { batches: [batch], events };
  } finally {
    if (source.kind === 'shop') await rm(source.input, { recursive: true, force: true });
  }
}

/** Loads files, without building. Errors: those of ingestCsv, MR-IN-008. */
export const ingestInput = (context: PipelineContext, input: Input): Promise<IngestResult> =>
  exclusively(context, async () => {
    const [source] = await chooseSources(context, input);
    const words = { asOf: input.asOf, dryRun: input.dryRun ?? false };
    const { batches } = source ? await ingestSource(context, source, words) : nothing;
    const [result] = batches;
    if (!result) throw new Error('an input makes one source and one batch');
    return result;
  });

async function buildAndPublish(
  context: PipelineContext,
  options: Omit<PublishOptions, 'onNode'>,
): Promise<[Extract, PublishResult]> {
  context.progress.step('Extracting production to Parquet');
  const extract = await extractProduction(context);
  context.progress.step('Building the models and running their tests');
  const files = await currentFiles(context.postgres);
  const publication = await publish(context, await context.loadProject(), files, {
    ...options,
    onNode: context.progress.node,
  });
  await removeRetired(context.postgres, context.lake);
  return [extract, publication];
}

/** Builds and publishes what there is; everything anew with `fullRefresh`. Errors: MR-TRF-005, MR-TRF-006. */
export const build = (context: PipelineContext, fullRefresh = false): Promise<PublishResult> =>
  exclusively(context, async () => (await buildAndPublish(context, { always: true, fullRefresh, unitTests: true }))[1]);

/** Loads what a server that is gone had collected; a live one loads its own. */
async function ingestLeftovers(context: PipelineContext): Promise<Loaded> {
  const segments: Segment[] = [];
  const failures: unknown[] = [];
  const search = {
    folder: context.collected,
    pid: process.pid,
    mine: new Set<string>(),
    clock: context.clock,
    onError: (thrown: unknown) => failures.push(thrown),
  };
  await adoptLeftovers(search, (segment) => segments.push(segment));
  if (failures.length > 0) throw failures[0];
  if (segments.length > 0) context.progress.step('Loading collected events');
  const events: EventsResult[] = [];
  for (const segment of segments) events.push(await loadSegment(segment, context));
  return { batches: [], events };
}

async function runSteps(
  context: PipelineContext,
  input: Input | undefined,
): Promise<Omit<RunResult, 'run' | 'milliseconds'>> {
  const loadProject = readUnchanged(context, context.loadProject);
  const ahead = prepareDraft(context, loadProject);
  try {
    // A home that has collected events is not one that is to show the sample.
    let loaded = await ingestLeftovers(context);
    for (const source of await chooseSources(context, input)) {
      const words = { asOf: input?.asOf, repeated: input === undefined, onNew: ahead.begin };
      loaded = together(loaded, await ingestSource(context, source, words));
    }
    await compactEvents(context, true);
    const { batches, events } = loaded;
    const [extract, publication] = await buildAndPublish({ ...context, loadProject }, { ahead });
    const changed =
      batches.some(({ alreadyLoaded, reverted }) => !alreadyLoaded && !reverted) ||
      events.some(({ alreadyLoaded }) => !alreadyLoaded) ||
      extract.written ||
      publication.published;
    return { changed, batches, events, extract, publication };
  } finally {
    await ahead.discard();
  }
}

/** Runs the whole pipeline and records the run. Errors: those of its steps; each leaves what was published before. */
export const run = (context: PipelineContext, input: Input | undefined): Promise<RunResult> =>
  exclusively(context, async () => {
    const id = context.ids('run');
    const started = context.clock();
    await context.postgres.run('INSERT INTO ops.runs (run_id, started_at) VALUES ($1, $2)', [id, started]);
    const end = async (outcome: 'succeeded' | 'failed', summary: unknown): Promise<void> => {
      await context.postgres.run('UPDATE ops.runs SET ended_at = $2, outcome = $3, summary = $4 WHERE run_id = $1', [
        id,
        context.clock(),
        outcome,
        JSON.stringify(summary),
      ]);
    };
    try {
      const result = await runSteps(context, input);
      const milliseconds = context.clock().getTime() - started.getTime();
      await end('succeeded', {
        changed: result.changed,
        batches: [...result.batches, ...result.events].flatMap(({ batch }) => batch ?? []),
        publication: result.publication.publication,
      });
      return { run: id, milliseconds, ...result };
    } catch (thrown) {
      await end('failed', { problem: thrown instanceof Error ? thrown.message : String(thrown) }).catch(
        () => undefined,
      );
      throw thrown;
    }
  });
