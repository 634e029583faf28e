/** Small files of the lake's events put together: a file a day, and few files of the index. */
import { createHash } from 'node:crypto';
import type { DuckDB } from '../../stores/duckdb/duckdb.ts';
import { withJudge } from '../judge.ts';
import { type NewLakeFile, registerFiles, retireFiles } from '../lake-files.ts';
import { requireLakeBalance } from '../production/ledger.ts';
import type { EventsContext } from './context.ts';
import { eventsDataset } from './day-files.ts';
import { type CurrentFile, currentOf, indexDataset, mergeEvents, mergeIndex } from './event-lake.ts';

/** What was put together. */
export interface Compaction {
  /** UTC days of which files were put together. */
  readonly days: number;
  readonly filesBefore: number;
  readonly filesAfter: number;
}

/** Beyond so many bytes a file is large enough to be left alone. */
const largeFile = 256 << 20;

/** Bytes of files that are read together, so that sorting them needs little memory. */
const readTogether = 64 << 20;

/** Files that a day, or the index, may have before a load puts them together by itself. */
const filesBeforeCompaction = 8;

/** A size class: files are put together with their like, so that each event is written again a few times only. */
const indexSizes = [1 << 20, 32 << 20, 1 << 30];

/** Files that are put together. */
type Groups = readonly (readonly CurrentFile[])[];

function byDay(files: readonly CurrentFile[]): ReadonlyMap<string, readonly CurrentFile[]> {
  const days = new Map<string, CurrentFile[]>();
  for (const file of files) {
    const day = file.day ?? '';
    days.set(day, [...(days.get(day) ?? []), file]);
  }
  return days;
}

const sizeOf = (files: readonly CurrentFile[]): number => files.reduce((sum, { bytes }) => sum + bytes, 0);

/** The small files of those days that have at least `least` of them, in groups that are read together. */
function groupsOf(files: readonly CurrentFile[], least: number): Groups {
  const small = files.filter(({ bytes }) => bytes < largeFile);
  const groups: CurrentFile[][] = [];
  for (const ofDay of byDay(small).values()) {
    if (ofDay.length < Math.max(least, 2)) continue;
    const last = groups.at(-1);
    if (last && sizeOf(last) + sizeOf(ofDay) <= readTogether) last.push(...ofDay);
    else groups.push([...ofDay]);
  }
  return groups;
}

/** The files of the index of one size class, where there are many. */
function indexGroup(files: readonly CurrentFile[], least: number): readonly CurrentFile[] {
  const classOf = ({ bytes }: CurrentFile): number => indexSizes.findIndex((size) => bytes < size);
  const groups = indexSizes.map((_, size) => files.filter((file) => classOf(file) === size));
  return groups.find((group) => group.length >= Math.max(least, 2)) ?? [];
}

async function replaceFiles(
  context: EventsContext,
  former: readonly CurrentFile[],
  merged: readonly NewLakeFile[],
): Promise<void> {
  const at = context.clock();
  await context.postgres.transaction(async (sql) => {
    await retireFiles(
      sql,
      former.map(({ path }) => path),
      at,
    );
    await registerFiles(sql, merged, at);
    await requireLakeBalance(sql);
  });
}

const pathsOf = (files: readonly CurrentFile[]): readonly string[] => files.map(({ path }) => path);

/** The same files get the same name, whenever they are put together. */
const nameOf = (files: readonly CurrentFile[]): string =>
  `merged_${createHash('sha256').update(pathsOf(files).join('\n')).digest('hex').slice(0, 16)}`;

async function compactDays(context: EventsContext, judge: DuckDB, groups: Groups): Promise<Compaction> {
  let after = 0;
  for (const group of groups) {
    const version = Math.min(...group.map(({ contractVersion }) => contractVersion ?? 0));
    const merged = await mergeEvents(judge, context.lake, pathsOf(group), nameOf(group), version);
    await replaceFiles(context, group, merged);
    after += merged.length;
  }
  const all = groups.flat();
  return { days: byDay(all).size, filesBefore: all.length, filesAfter: after };
}

async function compactIndex(context: EventsContext, judge: DuckDB, group: readonly CurrentFile[]): Promise<void> {
  if (group.length === 0) return;
  await replaceFiles(context, group, [await mergeIndex(judge, context.lake, pathsOf(group), nameOf(group))]);
}

/**
 * Puts the small files of each day together, and those of the index; with `onlyCrowded` only where there are many, as
 * after a load. The rows stay the same; files that the published warehouse reads stay until it no longer does.
 */
export async function compactEvents(context: EventsContext, onlyCrowded = false): Promise<Compaction> {
  const least = onlyCrowded ? filesBeforeCompaction : 2;
  const groups = groupsOf(await currentOf(context.postgres, eventsDataset), least);
  const ofIndex = indexGroup(await currentOf(context.postgres, indexDataset), least);
  if (groups.length === 0 && ofIndex.length === 0) return { days: 0, filesBefore: 0, filesAfter: 0 };
  return withJudge(context.duckdb, async (judge) => {
    const compaction = await compactDays(context, judge, groups);
    await compactIndex(context, judge, ofIndex);
    return compaction;
  });
}
