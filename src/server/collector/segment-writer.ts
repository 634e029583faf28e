/** Appends the events of one source to its open segment: all requests that wait share one write and one fsync. */
import type { FileHandle } from 'node:fs/promises';
import { chmod, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  closeSegmentFile,
  type Segment,
  segmentFileName,
  timeInName,
} from '../../ingest/events/segments/segment-file.ts';
import { isMissing } from '../../kernel/errors.ts';
import { flush, makeFolder } from '../../kernel/folders.ts';
import type { IdSource } from '../../kernel/ids.ts';
import type { Clock } from '../../kernel/time.ts';

/** What a writer needs of a file handle. */
export type SegmentHandle = Pick<FileHandle, 'write' | 'datasync' | 'stat' | 'close'>;

/** What is shared by the writers of all sources. */
export interface SegmentContext {
  /** The folder that has a folder for each source. */
  readonly folder: string;
  /** The process that segments belong to. */
  readonly pid: number;
  /** A segment is closed after so many seconds ... */
  readonly seconds: number;
  /** ... or when it has so many events. */
  readonly events: number;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** Makes a new file, of mode 0600, to write to. */
  readonly openFile: (path: string) => Promise<SegmentHandle>;
  /** The ids of segments that this process looks after; those of new ones are added. */
  readonly mine: Set<string>;
  /** Takes a segment that was closed. */
  readonly onClosed: (segment: Segment) => void;
  /** Told of every fsync that acknowledged events. */
  readonly onFlush: () => void;
  /** Told of what went wrong with a file. */
  readonly onError: (thrown: unknown) => void;
}

/** Makes a file that must not be there yet. */
export const createFile = (path: string): Promise<SegmentHandle> => open(path, 'wx', 0o600);

/** The open segment of a source, as status tells it. */
export interface OpenSegment {
  readonly path: string;
  /** ISO 8601. */
  readonly openedAt: string;
  readonly events: number;
  readonly bytes: number;
}

interface Waiting {
  readonly lines: Buffer;
  readonly events: number;
  readonly resolve: () => void;
  readonly reject: (thrown: unknown) => void;
}

interface Current {
  readonly path: string;
  readonly handle: SegmentHandle;
  readonly openedAt: Date;
  /** What is acknowledged of it: beyond that stands nothing, or what a failed write left. */
  events: number;
  size: number;
}

async function writeAll(handle: SegmentHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** Writes one source. Files are touched by one call at a time, in the order in which they were asked for. */
export class SegmentWriter {
  readonly source: string;
  private readonly context: SegmentContext;
  private waiting: Waiting[] = [];
  private current: Current | undefined;
  /** Closed to writing, but not cut back and renamed yet, for that failed. */
  private unfinished: readonly Current[] = [];
  private turn: Promise<void> = Promise.resolve();

  constructor(source: string, context: SegmentContext) {
    this.source = source;
    this.context = context;
  }

  /** Resolves when the lines, which end in a line end, are on the disk. When it rejects, none of them counts. */
  append(lines: Buffer, events: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ lines, events, resolve, reject });
      if (this.waiting.length === 1) void this.inTurn(() => this.commit());
    });
  }

  /** Closes the open segment if it is old enough, and what could not be closed before. */
  tidy(): Promise<void> {
    return this.inTurn(async () => {
      const due = this.current && this.ageOf(this.current) >= this.context.seconds;
      if (due) this.retire();
      await this.finishRetired();
    });
  }

  /** Closes the open segment, after all that was asked to be appended before. */
  close(): Promise<void> {
    return this.inTurn(async () => {
      this.retire();
      await this.finishRetired();
    });
  }

  /** The segment that is being written. */
  get open(): OpenSegment | undefined {
    if (!this.current) return undefined;
    const { path, openedAt, events, size } = this.current;
    return { path, openedAt: openedAt.toISOString(), events, bytes: size };
  }

  private ageOf({ openedAt }: Current): number {
    return (this.context.clock().getTime() - openedAt.getTime()) / 1000;
  }

  private inTurn(work: () => Promise<void>): Promise<void> {
    this.turn = this.turn.then(work).catch(this.context.onError);
    return this.turn;
  }

  private async commit(): Promise<void> {
    const batch = this.waiting;
    this.waiting = [];
    try {
      const bytes = Buffer.concat(batch.map(({ lines }) => lines));
      const events = batch.reduce((sum, each) => sum + each.events, 0);
      // A file that another process took for abandoned is that one's: the same lines go to a new one.
      const kept = (await this.write(bytes, events)) || (await this.write(bytes, events));
      if (!kept) throw new Error(`segments of ${this.source} are taken away while they are written`);
      this.context.onFlush();
      for (const { resolve } of batch) resolve();
    } catch (thrown) {
      this.context.onError(thrown);
      // Cut back before anybody is told that nothing of it counts.
      this.retire();
      await this.finishRetired();
      for (const { reject } of batch) reject(thrown);
    }
    if (this.current && this.current.events >= this.context.events) this.retire();
    await this.finishRetired();
  }

  /** Writes to the open segment, flushes it, and gives whether the file was this process's until then. */
  private async write(bytes: Buffer, events: number): Promise<boolean> {
    const segment = this.current ?? (await this.begin());
    await writeAll(segment.handle, bytes, segment.size);
    await segment.handle.datasync();
    const [own, found] = await Promise.all([segment.handle.stat(), stat(segment.path).catch(() => undefined)]);
    if (found?.ino !== own.ino) {
      this.current = undefined;
      await segment.handle.close();
      return false;
    }
    segment.size += bytes.length;
    segment.events += events;
    return true;
  }

  private async begin(): Promise<Current> {
    const { folder, pid, clock, ids, mine, openFile } = this.context;
    const own = join(folder, this.source);
    if (makeFolder(own)) {
      await chmod(own, 0o700);
      await flush(folder);
    }
    const openedAt = clock();
    const id = ids('seg');
    const path = join(own, segmentFileName({ time: timeInName(openedAt), pid, id, open: true }));
    mine.add(id);
    this.current = { path, handle: await openFile(path), openedAt, events: 0, size: 0 };
    await flush(own);
    return this.current;
  }

  private retire(): void {
    if (this.current) this.unfinished = [...this.unfinished, this.current];
    this.current = undefined;
  }

  private async finishRetired(): Promise<void> {
    for (const segment of this.unfinished) {
      try {
        await segment.handle.close().catch(() => undefined);
        const closed = await closeSegmentFile(this.source, segment.path, segment.size);
        this.unfinished = this.unfinished.filter((each) => each !== segment);
        if (closed) this.context.onClosed(closed);
      } catch (thrown) {
        // Taken by another process, with all that was acknowledged.
        if (isMissing(thrown)) this.unfinished = this.unfinished.filter((each) => each !== segment);
        else this.context.onError(thrown);
      }
    }
  }
}
