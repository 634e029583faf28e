/** The files of events of an export: one per month of the shop's calendar. */
import { existsSync } from 'node:fs';
import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../kernel/folders.ts';
import { dateOf } from '../calendar.ts';
import { createTextFile, type DraftFile } from '../text-file.ts';

/** A file of events in the making, a line each. */
export interface EventFile extends DraftFile {
  /** The lines added so far. */
  readonly lines: number;
  /** Adds a line, without its end; bytes where it is no text. */
  add(line: string | Uint8Array): void;
  drain(): Promise<void>;
}

/** How a file is written. */
export interface FileLayout {
  readonly byteOrderMark: boolean;
  readonly lineEnd: '\n' | '\r\n';
}

/** A file with its name in the export's folder. */
export interface NamedFile {
  readonly name: string;
  readonly file: EventFile;
}

/** The files of an export's events by month. */
export interface EventFiles {
  /** The file for the events of a day (days since 1970-01-01); days come in their order. */
  readonly of: (day: number) => Promise<NamedFile>;
}

const folderName = 'events';
const nameOf = (month: string): string => `events-${month}.ndjson`;

async function createEventFile(path: string, { byteOrderMark, lineEnd }: FileLayout): Promise<EventFile> {
  const { add: addText, addBytes, ...file } = await createTextFile(path);
  let lines = 0;
  if (byteOrderMark) addText('\uFEFF');
  return {
    ...file,
    get lines() {
      return lines;
    },
    add(line) {
      if (typeof line === 'string') addText(line);
      else addBytes(line);
      addText(lineEnd);
      lines += 1;
    },
  };
}

/** Opens the files of an export in its folder; each gets a layout and is handed to `made` when it is begun. */
export function openEventFiles(folder: string, layout: () => FileLayout, made: (file: EventFile) => void): EventFiles {
  const parent = join(folder, folderName);
  makeFolder(parent);
  let current: (NamedFile & { readonly month: string }) | undefined;
  return {
    async of(day) {
      const month = dateOf(day).slice(0, 7);
      if (current?.month === month) return current;
      const file = await createEventFile(join(parent, nameOf(month)), layout());
      current = { month, file, name: `${folderName}/${nameOf(month)}` };
      made(file);
      return current;
    },
  };
}

/** Removes the events and reference data that an earlier sample left in an export's folder. */
export async function removeEvents(folder: string): Promise<void> {
  for (const name of ['catalog.parquet', 'profiles.parquet']) await rm(join(folder, name), { force: true });
  const parent = join(folder, folderName);
  if (!existsSync(parent)) return;
  const old = (await readdir(parent)).filter((name) => /^events-\d{4}-\d{2}\.ndjson$/.test(name));
  for (const name of old) await rm(join(parent, name));
  if ((await readdir(parent)).length === 0) await rmdir(parent);
}
