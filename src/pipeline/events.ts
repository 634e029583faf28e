/** Work on the lake of events, each while no other process changes the home: load files, put small ones together, prune. */
import { type Compaction, compactEvents } from '../ingest/events/compact.ts';
import { type EventsRequest, type EventsResult, ingestEvents } from '../ingest/events/ingest-events.ts';
import { ingestReference, type ReferenceRequest, type ReferenceResult } from '../ingest/events/ingest-reference.ts';
import { pruneRaw } from '../ingest/events/lake-stats.ts';
import { loadSegment } from '../ingest/events/segments/load-segment.ts';
import type { Segment } from '../ingest/events/segments/segment-file.ts';
import { pruneQuarantine } from '../ingest/production/quarantine.ts';
import { exclusively, type PipelineContext } from './run.ts';
import { knownSources, refuseMixing } from './sources.ts';

/** Loads files of events. Errors: those of `ingestEvents`. */
export const loadEvents = (context: PipelineContext, request: EventsRequest): Promise<EventsResult> =>
  exclusively(context, async () => {
    const result = await ingestEvents(request, context);
    await compactEvents(context, true);
    return result;
  });

/** Loads what a collector took in, and removes its file. Errors: those of `ingestEvents`. */
export const loadCollected = (context: PipelineContext, segment: Segment): Promise<EventsResult> =>
  exclusively(context, async () => {
    const result = await loadSegment(segment, context);
    await compactEvents(context, true);
    return result;
  });

/** Loads a user's own files of events, without building. Errors: those of `ingestEvents`, MR-IN-008. */
export const ingestEventFiles = async (context: PipelineContext, request: EventsRequest): Promise<EventsResult> => {
  refuseMixing(await knownSources(context.postgres), context.home);
  return loadEvents(context, request);
};

/** Loads a user's own catalog or profiles, without building. Errors: those of `ingestReference`, MR-IN-008. */
export const ingestReferenceFiles = async (
  context: PipelineContext,
  request: ReferenceRequest,
): Promise<ReferenceResult> => {
  refuseMixing(await knownSources(context.postgres), context.home);
  return exclusively(context, () => ingestReference(request, context));
};

/** Puts small files together. Errors: MR-LED-001. */
export const compactLake = (context: PipelineContext): Promise<Compaction> =>
  exclusively(context, () => compactEvents(context));

/** How old what was received may be, in days; undefined: any age. */
export interface Retention {
  readonly raw: number | undefined;
  readonly quarantine: number | undefined;
}

/** What was removed. */
export interface Pruned {
  /** The days of receipt whose files of events went, YYYY-MM-DD. */
  readonly rawDays: readonly string[];
  /** Rows in quarantine of which what was received is forgotten. */
  readonly quarantined: number;
}

/** Removes what was received longer ago: files of events, and the texts of rows in quarantine. */
export const pruneReceived = (context: PipelineContext, { raw, quarantine }: Retention): Promise<Pruned> =>
  exclusively(context, async () => {
    const daysAgo = (days: number): Date => new Date(context.clock().getTime() - days * 86_400_000);
    return {
      rawDays: raw === undefined ? [] : await pruneRaw(context.rawEvents, daysAgo(raw).toISOString().slice(0, 10)),
      quarantined: quarantine === undefined ? 0 : await pruneQuarantine(context.postgres, daysAgo(quarantine)),
    };
  });
