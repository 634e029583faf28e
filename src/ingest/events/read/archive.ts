/** The archive of received event files: by the day of receipt, each content once, as received or packed. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { MillraceError } from '../../../kernel/errors.ts';
import { beginCopy, keepCopies, restoreCopy } from '../../files/copies.ts';
import { type BeginCopy, type EventFile, readEventFile } from './find.ts';

/** What the name of a copy is made of. */
export type ArchivedContent = Pick<EventFile, 'sha256' | 'compression' | 'format'>;

const extensions = { ndjson: 'ndjson', array: 'json', parquet: 'parquet' } as const;

function packingOf({ compression, format }: ArchivedContent): string {
  if (format === 'parquet') return '';
  return compression === 'gzip' ? '.gz' : '.zst';
}

/** Parquet is packed within, and what came packed stays so. */
const isPackedHere = ({ compression, format }: Omit<ArchivedContent, 'sha256'>): boolean =>
  compression === 'none' && format !== 'parquet';

/** The name that a file gets in the archive, below the folder of raw events. The day is YYYY-MM-DD. */
export const archivedEventName = (content: ArchivedContent, receivedDate: string): string =>
  `received_date=${receivedDate}/${content.sha256}.${extensions[content.format]}${packingOf(content)}`;

/** Keeps a copy of each file that the day does not have yet, in folders of mode 0700, each whole before it gets its name. */
export const archiveEvents = (rawFolder: string, files: readonly EventFile[], receivedDate: string): Promise<void> =>
  keepCopies(
    rawFolder,
    files.map((file) => ({
      path: file.path,
      name: archivedEventName(file, receivedDate),
      pack: isPackedHere(file),
      draft: file.draft,
    })),
  );

/** What a file is held to be loaded by, before it is read. */
export const loadedAs = ({ path, bytes }: Pick<EventFile, 'path' | 'bytes'>): string => `${bytes} ${path}`;

/** Files of so many bytes come from the disk each time they are read; smaller ones are still in memory. */
export const largeFile = 1 << 30;

/**
 * Lets large files be packed for the archive while they are looked at, which saves reading them once more, but for those
 * that are loaded already (`loadedAs`). One that proves to be loaded under another name is packed in vain.
 */
export function packOnTheWay(
  rawFolder: string,
  loaded: ReadonlySet<string>,
  leastBytes: number = largeFile,
): BeginCopy {
  let number = 0;
  return async (file) => {
    if (file.bytes < leastBytes || !isPackedHere(file) || loaded.has(loadedAs(file))) return undefined;
    number += 1;
    return beginCopy(rawFolder, number);
  };
}

/** A file of a batch that was archived. */
export interface ArchivedEvents extends ArchivedContent {
  readonly batch: string;
  /** Its name when it was received. */
  readonly file: string;
  /** Its name in the archive. */
  readonly archivedAs: string;
}

/**
 * Brings a file back from the archive, with the bytes it was received with, to be read again: unpacked into the folder
 * where it was packed by the archive. Errors: MR-BAT-004 when the copy is missing or is not what was received.
 */
export async function openArchived(
  rawFolder: string,
  archived: ArchivedEvents,
  temporaryFolder: string,
): Promise<EventFile> {
  const { batch, file, sha256, archivedAs } = archived;
  const copy = join(rawFolder, archivedAs);
  const changed = (cause?: unknown): MillraceError =>
    new MillraceError('MR-BAT-004', { batch, file, path: copy }, cause);
  if (!existsSync(copy)) throw changed();
  const path = isPackedHere(archived) ? join(temporaryFolder, `archived-${sha256}`) : copy;
  try {
    if (path !== copy) await restoreCopy(copy, true, path);
    const found = await readEventFile(path, file);
    if (found.sha256 === sha256) return found;
  } catch (thrown) {
    throw changed(thrown);
  }
  throw changed();
}
