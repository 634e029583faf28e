/** Writes CSV files (RFC 4180, LF) under a temporary name and shows them under their own only when they are whole. */
import { type FileHandle, open, rename, rm } from 'node:fs/promises';

/** One value of a row. */
export type CsvValue = string | number;

/** A CSV file in the making. */
export interface CsvFile {
  /** The name the file will have. */
  readonly path: string;
  /** The rows added so far, without the header. */
  readonly rows: number;
  /** Adds a row, in the order of the header. */
  add(values: readonly CsvValue[]): void;
  /** Adds a record as it stands, which need not be CSV; without its line end. */
  addRecord(text: string): void;
  /** Writes to disk what has gathered, when that is worth a call. */
  drain(): Promise<void>;
  /** Writes the rest and closes, still under the temporary name. */
  finish(): Promise<void>;
  /** Gives the finished file its own name, in place of an earlier one. */
  reveal(): Promise<void>;
  /** Closes and removes what has not been revealed. */
  discard(): Promise<void>;
}

const drainAbove = 262_144;

const formatValue = (value: CsvValue): string =>
  typeof value === 'string' && /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : String(value);

/** One record of CSV, without its line end. */
export const formatRecord = (values: readonly CsvValue[]): string => values.map(formatValue).join(',');

/** Starts a file beside `path` and writes its header; what an earlier, killed writer left there is overwritten. */
export async function createCsv(path: string, header: readonly string[]): Promise<CsvFile> {
  const temporary = `${path}.partial`;
  const handle: FileHandle = await open(temporary, 'w');
  let gathered = `${formatRecord(header)}\n`;
  let rows = 0;
  const addRecord = (text: string): void => {
    gathered += `${text}\n`;
    rows += 1;
  };
  const write = async (): Promise<void> => {
    const text = gathered;
    gathered = '';
    await handle.appendFile(text);
  };
  return {
    path,
    get rows() {
      return rows;
    },
    add: (values) => addRecord(formatRecord(values)),
    addRecord,
    async drain() {
      if (gathered.length > drainAbove) await write();
    },
    async finish() {
      await write();
      await handle.close();
    },
    reveal: () => rename(temporary, path),
    async discard() {
      await handle.close();
      await rm(temporary, { force: true });
    },
  };
}
