/** Segments of processes that are gone: found, taken over, closed. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../../../kernel/errors.ts';
import { isAlive } from '../../../kernel/processes.ts';
import type { Clock } from '../../../kernel/time.ts';
import { claimSegment, closeSegmentFile, parseSegmentName, type Segment, type SegmentName } from './segment-file.ts';

/** What looking for leftovers needs. */
export interface LeftoverContext {
  readonly folder: string;
  readonly pid: number;
  /** The ids of segments that this process looks after already; those it takes over are added. */
  readonly mine: Set<string>;
  readonly clock: Clock;
  /** Told of a file that could not be taken over; it is tried again with the next look. */
  readonly onError: (thrown: unknown) => void;
}

/**
 * A process whose id is in use may still be another one, such as after a restart in a container. What nobody has
 * touched for this long, in milliseconds, is taken over all the same: its owner would notice when it next writes.
 */
const forgottenAfter = 3_600_000;

async function isAbandoned(name: SegmentName, path: string, { pid, clock }: LeftoverContext): Promise<boolean> {
  if (name.pid === pid || !isAlive(name.pid)) return true;
  const { mtimeMs } = await stat(path);
  return clock().getTime() - mtimeMs > forgottenAfter;
}

async function takeOver(source: string, file: string, context: LeftoverContext): Promise<Segment | undefined> {
  const name = parseSegmentName(file);
  if (!name || context.mine.has(name.id)) return undefined;
  const found = join(context.folder, source, file);
  if (!(await isAbandoned(name, found, context)) || context.mine.has(name.id)) return undefined;
  context.mine.add(name.id);
  try {
    const path = await claimSegment(found, context.pid);
    if (path === undefined) return undefined;
    if (name.open) return await closeSegmentFile(source, path);
    return { source, path, closedAt: (await stat(path)).mtime };
  } catch (thrown) {
    context.mine.delete(name.id);
    if (isMissing(thrown)) return undefined;
    throw thrown;
  }
}

async function entriesOf(folder: string, kind: 'folders' | 'files'): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    const asked = entries.filter((entry) => (kind === 'folders' ? entry.isDirectory() : entry.isFile()));
    return asked.map(({ name }) => name).sort();
  } catch (thrown) {
    if (isMissing(thrown)) return [];
    throw thrown;
  }
}

/**
 * Takes over the segments of processes that are gone and gives them to `take`, the oldest of each source first. An open
 * one is cut back to its last whole line: what comes after it was never acknowledged.
 */
export async function adoptLeftovers(context: LeftoverContext, take: (segment: Segment) => void): Promise<void> {
  for (const source of await entriesOf(context.folder, 'folders')) {
    for (const file of await entriesOf(join(context.folder, source), 'files')) {
      try {
        const segment = await takeOver(source, file, context);
        if (segment) take(segment);
      } catch (thrown) {
        context.onError(thrown);
      }
    }
  }
}
