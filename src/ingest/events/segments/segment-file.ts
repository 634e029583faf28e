/**
 * Files of collected events: what their names say, and how one that is open becomes one that is closed.
 *
 * A name is TIME-PID-ID.ndjson, with .open behind it while its process appends to it. Whoever takes over a file of a
 * process that is gone renames it to its own process id first; of two that try, one finds it gone.
 */
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isMissing } from '../../../kernel/errors.ts';
import { flush } from '../../../kernel/folders.ts';

/** A closed file of events that came for one source, one event on each line. */
export interface Segment {
  readonly source: string;
  /** Absolute path; the name ends in .ndjson. */
  readonly path: string;
  /** When the last of its events had been written. */
  readonly closedAt: Date;
}

/** What the name of a segment says. */
export interface SegmentName {
  /** When it was begun, such as 20261121T092944.123Z. */
  readonly time: string;
  /** The process that it belongs to. */
  readonly pid: number;
  readonly id: string;
  readonly open: boolean;
}

const pattern = /^(\d{8}T\d{6}\.\d{3}Z)-(\d+)-(\w+)\.ndjson(\.open)?$/;

/** Takes a file name apart; undefined when it is not of a segment. */
export function parseSegmentName(name: string): SegmentName | undefined {
  const [, time, pid, id, open] = pattern.exec(name) ?? [];
  if (time === undefined || pid === undefined || id === undefined) return undefined;
  return { time, pid: Number(pid), id, open: open !== undefined };
}

/** The reverse of parseSegmentName. */
export const segmentFileName = ({ time, pid, id, open }: SegmentName): string =>
  `${time}-${pid}-${id}.ndjson${open ? '.open' : ''}`;

/** An instant as names of segments have it. */
export const timeInName = (instant: Date): string => instant.toISOString().replaceAll(/[-:]/g, '');

/** The size up to the end of the last whole line. */
async function wholeLines(file: FileHandle): Promise<number> {
  const chunk = Buffer.alloc(64 * 1024);
  let end = (await file.stat()).size;
  while (end > 0) {
    const start = Math.max(0, end - chunk.length);
    const { bytesRead } = await file.read(chunk, 0, end - start, start);
    const at = chunk.subarray(0, bytesRead).lastIndexOf(0x0a);
    if (at >= 0) return start + at + 1;
    end = start;
  }
  return 0;
}

/**
 * Closes an open segment: cut back to `size` (else to its last whole line), brought to the disk, renamed. One without
 * an event is removed, which undefined tells. What was written last keeps the time at which it was.
 */
export async function closeSegmentFile(source: string, path: string, size?: number): Promise<Segment | undefined> {
  const file = await open(path, 'r+');
  const { mtime } = await file.stat();
  let kept: number;
  try {
    kept = size ?? (await wholeLines(file));
    await file.truncate(kept);
    await file.utimes(mtime, mtime);
    await file.sync();
  } finally {
    await file.close();
  }
  const closed = join(dirname(path), basename(path, '.open'));
  await (kept === 0 ? unlink(path) : rename(path, closed));
  await flush(dirname(path));
  return kept === 0 ? undefined : { source, path: closed, closedAt: mtime };
}

/** Makes the file this process's own by its name; the new path, or undefined when it is gone. */
export async function claimSegment(path: string, pid: number): Promise<string | undefined> {
  const name = parseSegmentName(basename(path));
  if (!name) return undefined;
  const own = join(dirname(path), segmentFileName({ ...name, pid }));
  try {
    if (own !== path) await rename(path, own);
    return own;
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw thrown;
  }
}
