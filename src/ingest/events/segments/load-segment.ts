/** A segment of collected events on its way into the lake: loaded as a batch, then removed. */
import { rm } from 'node:fs/promises';
import type { EventsContext } from '../context.ts';
import { type EventsResult, ingestEvents } from '../ingest-events.ts';
import type { Segment } from './segment-file.ts';

/**
 * Loads a closed segment and removes its file. When the process dies between the two, the same bytes come again and
 * change nothing. Errors: those of `ingestEvents`; the file then stays.
 */
export async function loadSegment({ source, path, closedAt }: Segment, context: EventsContext): Promise<EventsResult> {
  const request = { source, kind: 'events', paths: [path], receivedAt: closedAt, repeatable: false } as const;
  const result = await ingestEvents(request, context);
  await rm(path, { force: true });
  return result;
}
