/** The files of a batch: found, looked at, and read into DuckDB, as they are or as a preset maps them. */
import { resolve } from 'node:path';
import type { TableName } from '../../contracts/tables.ts';
import { allEnded } from '../../kernel/promises.ts';
import { type CsvFile, locateFolder, readCsvFile } from './files.ts';
import type { LoadEngines } from './load.ts';
import { type MapContext, type PresetCsvFile, type PresetReading, readPreset } from './map.ts';
import { locatePresetFiles, type Preset } from './presets.ts';
import { type FileReading, readTable } from './read.ts';

/** The files of a batch, each with what it is in it. */
export interface FoundFiles {
  /** The table, or the role in the preset -> its files. */
  readonly byRole: Readonly<Record<string, readonly CsvFile[]>>;
  readonly ofPreset: readonly PresetCsvFile[];
}

async function findPresetFiles(preset: Preset, input: string): Promise<FoundFiles> {
  const byRole: Record<string, CsvFile[]> = {};
  const ofPreset: PresetCsvFile[] = [];
  for (const { role, path } of locatePresetFiles(preset, input)) {
    const file = await readCsvFile(path);
    const name = preset.roles.length === 1 ? 'file' : role.name;
    byRole[name] = [...(byRole[name] ?? []), file];
    ofPreset.push({ role, file });
  }
  return { byRole, ofPreset };
}

/** Finds and looks at the files of a folder, or those that a preset reads. */
export async function findFiles(input: string, preset: Preset | undefined): Promise<FoundFiles> {
  if (preset) return findPresetFiles(preset, input);
  // A small file is read in less time than it takes to be opened: those of the tables are looked at side by side.
  const tables = Object.entries(locateFolder(input)).map(async ([table, paths]) => {
    const found: CsvFile[] = [];
    for (const path of paths) found.push(await readCsvFile(path, resolve(input)));
    return [table, found] as const;
  });
  return { byRole: Object.fromEntries(await allEnded(tables)), ofPreset: [] };
}

/** Reads the files into received_<table> of all four tables. */
export async function readFiles(
  { judge, temporaryFolder }: LoadEngines,
  preset: Preset | undefined,
  files: FoundFiles,
  context: MapContext,
): Promise<PresetReading> {
  if (preset) return readPreset(judge, files.ofPreset, preset, context, temporaryFolder);
  const readings: FileReading[] = [];
  for (const [table, found] of Object.entries(files.byRole)) {
    readings.push(...(await readTable(judge, found, table as TableName, temporaryFolder, readings.length)));
  }
  return { files: readings, otherRecords: [] };
}
