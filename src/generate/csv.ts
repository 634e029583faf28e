/** Writes CSV files (RFC 4180, LF) under a temporary name and shows them under their own only when they are whole. */
import { type FileHandle, open, rename, rm } from 'node:fs/promises';

/** One value of a row. */
type CsvValue = string | number;

/** A CSV file in the making. */
export interface CsvFile {
  /** The name the file will have. */
  readonly path: string;
  /** The rows added so far, without the header. */
  readonly rows: number;
  /** Adds a row, in the order of the header. */
  add(values: readonly CsvValue[]): void;
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

/** One line of CSV with its line end. */
const formatRow = (values: readonly CsvValue[]): string => `${values.map(formatValue).join(',')}\n`;

/** Starts a file beside `path` and writes its header; what an earlier, killed writer left there is overwritten. */
export async function createCsv(path: string, header: readonly string[]): Promise<CsvFile> {
  const temporary = `${path}.partial`;
  const handle: FileHandle = await open(temporary, 'w');
  let gathered = formatRow(header);
  let rows = 0;
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
    add(values) {
      gathered += formatRow(values);
      rows += 1;
    },
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
