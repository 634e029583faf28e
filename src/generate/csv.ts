/** Writes CSV files (RFC 4180, LF). */
import { createTextFile, type DraftFile } from './text-file.ts';

/** One value of a row. */
export type CsvValue = string | number;

/** A CSV file in the making. */
export interface CsvFile extends DraftFile {
  /** The rows added so far, without the header. */
  readonly rows: number;
  /** Adds a row, in the order of the header. */
  add(values: readonly CsvValue[]): void;
  /** Adds a record as it stands, which need not be CSV; without its line end. */
  addRecord(text: string): void;
  /** Writes to disk what has gathered, when that is worth a call. */
  drain(): Promise<void>;
}

const formatValue = (value: CsvValue): string =>
  typeof value === 'string' && /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : String(value);

/** One record of CSV, without its line end. */
export const formatRecord = (values: readonly CsvValue[]): string => values.map(formatValue).join(',');

/** Starts a file beside `path` and writes its header. */
export async function createCsv(path: string, header: readonly string[]): Promise<CsvFile> {
  const { add: addText, addBytes: _, ...file } = await createTextFile(path);
  let rows = 0;
  const addRecord = (text: string): void => {
    addText(`${text}\n`);
    rows += 1;
  };
  addText(`${formatRecord(header)}\n`);
  return {
    ...file,
    get rows() {
      return rows;
    },
    add: (values) => addRecord(formatRecord(values)),
    addRecord,
  };
}
