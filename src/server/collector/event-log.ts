/** The collector's memory on disk: events go to segments, segments are closed in time and handed over. */
import { chmodSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { adoptLeftovers } from '../../ingest/events/segments/leftovers.ts';
import { MillraceError, problemOf } from '../../kernel/errors.ts';
import { makeFolder } from '../../kernel/folders.ts';
import type { IdSource } from '../../kernel/ids.ts';
import type { Clock } from '../../kernel/time.ts';
import { createHandOver, type OnSegment } from './hand-over.ts';
import {
  createFile,
  type OpenSegment,
  type SegmentContext,
  type SegmentHandle,
  SegmentWriter,
} from './segment-writer.ts';

/** What an event log is made of. */
export interface EventLogOptions {
  /** Where segments lie: a folder for each source. */
  readonly folder: string;
  /** The id of this process, by which its segments are known. */
  readonly pid: number;
  /** A segment is closed after so many seconds ... */
  readonly seconds: number;
  /** ... or when it has so many events. */
  readonly events: number;
  /** Bytes that must be free on the disk. */
  readonly minFreeBytes: number;
  readonly onSegment: OnSegment;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** Told of what went wrong behind the scenes. */
  readonly onError: (thrown: unknown) => void;
  /** Makes a file to write to; the file system's own when left out. */
  readonly openFile?: (path: string) => Promise<SegmentHandle>;
}

/** How the log is; instants are ISO 8601. */
export interface EventLogStatus {
  /** Sources with a segment that is being written or waits, by name. */
  readonly segments: Readonly<Record<string, { readonly open: OpenSegment | null; readonly waiting: number }>>;
  /** How often events were brought to the disk since the start. */
  readonly flushes: number;
  readonly lastFlushAt: string | null;
  readonly lastError: { readonly at: string; readonly problem: string } | null;
}

/** Keeps events until they are taken in. */
export interface EventLog {
  /** Errors: MR-COL-007 when the disk has too little space to promise anything. */
  checkSpace(): Promise<void>;
  /** Resolves when the lines of a source are on the disk. Errors: MR-COL-007; then none of them counts. */
  append(source: string, lines: Buffer, events: number): Promise<void>;
  status(): EventLogStatus;
  /** Closes what is open and hands over what waits. Nothing can be appended any more. */
  close(): Promise<void>;
}

/** How long a look at the disk holds, how often segments are looked after, and leftovers looked for; in milliseconds. */
const lookHolds = 1_000;
const tick = 1_000;
const ticksPerSearch = 60;

/** A disk that is short of space, or refuses to be written, is asked again after so many seconds. */
const retryAfter = 10;

const shortOf = (problem: string, cause?: unknown): MillraceError =>
  new MillraceError('MR-COL-007', { problem, retryAfter }, cause);

/** Looks at the free space now and then. */
function createSpaceGuard({ folder, minFreeBytes, clock }: EventLogOptions): () => Promise<void> {
  let lookedAt = Number.NEGATIVE_INFINITY;
  let free = Promise.resolve(Number.POSITIVE_INFINITY);
  return async () => {
    const now = clock().getTime();
    if (Math.abs(now - lookedAt) > lookHolds) {
      lookedAt = now;
      free = statfs(folder).then(({ bavail, bsize }) => bavail * bsize);
    }
    const bytes = await free.catch((thrown: unknown) => {
      throw shortOf(`the disk cannot be looked at (${problemOf(thrown)})`, thrown);
    });
    if (bytes < minFreeBytes) throw shortOf(`the disk has only ${Math.floor(bytes / 2 ** 20)} MiB left`);
  };
}

/** Opens the log and takes over what processes that are gone left in its folder. Errors: MR-DSK-002. */
export async function openEventLog(options: EventLogOptions): Promise<EventLog> {
  const { folder, pid, clock } = options;
  if (makeFolder(folder)) chmodSync(folder, 0o700);
  const writers = new Map<string, SegmentWriter>();
  const mine = new Set<string>();
  let flushes = 0;
  let closed = false;
  let lastFlushAt: string | null = null;
  let lastError: EventLogStatus['lastError'] = null;
  const onError = (thrown: unknown): void => {
    lastError = { at: clock().toISOString(), problem: problemOf(thrown) };
    options.onError(thrown);
  };
  const handOver = createHandOver({ onSegment: options.onSegment, retrySeconds: options.seconds, clock, onError });
  const context: SegmentContext = {
    ...options,
    mine,
    onError,
    openFile: options.openFile ?? createFile,
    onClosed: handOver.add,
    onFlush: () => {
      flushes += 1;
      lastFlushAt = clock().toISOString();
    },
  };
  const adopt = () => adoptLeftovers({ folder, pid, mine, clock, onError }, handOver.add).catch(onError);

  let ticks = 0;
  let tidying: Promise<unknown> = Promise.resolve();
  async function tidy(): Promise<void> {
    ticks += 1;
    if (ticks % ticksPerSearch === 0) await adopt();
    await Promise.all([...writers.values()].map((writer) => writer.tidy()));
    void handOver.run();
  }
  await adopt();
  void handOver.run();
  const timer = setInterval(() => {
    tidying = tidying.then(tidy);
  }, tick);

  function writerOf(source: string): SegmentWriter {
    const writer = writers.get(source) ?? new SegmentWriter(source, context);
    writers.set(source, writer);
    return writer;
  }

  return {
    checkSpace: createSpaceGuard(options),
    async append(source, lines, events) {
      if (closed) throw shortOf('the server is ending');
      try {
        await writerOf(source).append(lines, events);
      } catch (thrown) {
        throw shortOf(`they cannot be written (${problemOf(thrown)})`, thrown);
      }
    },
    status() {
      const sources = new Set([...writers.keys(), ...handOver.sources()]);
      const segments = [...sources].map((source) => {
        return [source, { open: writers.get(source)?.open ?? null, waiting: handOver.waiting(source) }] as const;
      });
      return { segments: Object.fromEntries(segments), flushes, lastFlushAt, lastError };
    },
    async close() {
      closed = true;
      clearInterval(timer);
      await tidying;
      await Promise.all([...writers.values()].map((writer) => writer.close()));
      await handOver.finish();
    },
  };
}
