/** A preset's mapping without a database: files in, the rows of the four tables out. */
import { onTestFinished } from 'vitest';
import { type TableName, tableContracts, tableNames } from '../../src/contracts/tables.ts';
import { readCsvFile } from '../../src/ingest/csv/files.ts';
import { type PresetCsvFile, type PresetReading, readPreset } from '../../src/ingest/csv/map.ts';
import { loadPreset, locatePresetFiles, resolveOptions } from '../../src/ingest/csv/presets.ts';
import { openDuckDB } from '../../src/stores/duckdb/duckdb.ts';
import { makeFolder, smallLimits } from './fixtures.ts';

/** A row as received: the file and line it comes from, and the columns that have a value. */
export type ReceivedRow = Readonly<Record<string, string | number>>;

/** What a mapping gave. */
export interface Mapped {
  readonly reading: PresetReading;
  readonly rows: Readonly<Record<TableName, readonly ReceivedRow[]>>;
}

/** What the mapping is told beside the files. */
export interface MapWords {
  readonly currency?: string;
  readonly timeZone?: string;
  readonly options?: Readonly<Record<string, unknown>>;
}

const withoutNulls = (row: Readonly<Record<string, unknown>>): ReceivedRow =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as ReceivedRow;

/** Maps what stands at a path with a preset, its name or its folder. */
export async function mapWithPreset(word: string, path: string, words: MapWords = {}): Promise<Mapped> {
  const preset = loadPreset(word);
  const options = resolveOptions(preset, words.options ?? {});
  const files: PresetCsvFile[] = [];
  for (const found of locatePresetFiles(preset, path)) {
    files.push({ role: found.role, file: await readCsvFile(found.path) });
  }
  const folder = makeFolder(onTestFinished);
  const duckdb = await openDuckDB(':memory:', smallLimits(folder));
  try {
    const context = { currency: words.currency ?? 'USD', timeZone: words.timeZone ?? 'UTC', options };
    const reading = await readPreset(duckdb, files, preset, context, folder);
    const rows: Partial<Record<TableName, readonly ReceivedRow[]>> = {};
    for (const table of tableNames) {
      const columns = tableContracts[table].columns.map(({ name }) => name).join(', ');
      const found = await duckdb.rows(
        `SELECT row_number, file_number, line_number, ${columns}, other_columns FROM received_${table} ORDER BY row_number`,
      );
      rows[table] = found.map(withoutNulls);
    }
    return { reading, rows: rows as Mapped['rows'] };
  } finally {
    duckdb.close();
  }
}
