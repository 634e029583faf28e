/** CSV files into DuckDB: the rows of each table as text with their places, and the records that are malformed. */
import { type TableContract, type TableName, tableContracts } from '../../contracts/tables.ts';
import { MillraceError } from '../../kernel/errors.ts';
import { type DuckDB, sqlName, sqlPath, sqlText } from '../../stores/duckdb/duckdb.ts';
import { contentOf } from '../files/compression.ts';
import { toUtf8 } from '../files/encoding.ts';
import type { CsvFile } from './files.ts';
import { normalise } from './normalise.ts';

/** What one file held: records = mapped + malformed, the header and blank lines aside. */
export interface FileReading {
  readonly file: CsvFile;
  /** Its place in the batch's list of files; the first is 0. */
  readonly fileNumber: number;
  /** The table it is for; undefined for a preset's file, which feeds all of them. */
  readonly table: TableName | undefined;
  readonly records: number;
  readonly malformed: number;
  /** The lines of the table's files before it: row_number = lineOffset + line_number. */
  readonly lineOffset: number;
  /**
   * The file's columns in their order, where PostgreSQL reads the same rows from its bytes: they are not irregular, so that
   * the n-th record stands on line n + 1, and the contract knows all columns. Undefined for other files.
   */
  readonly copyColumns: readonly string[] | undefined;
  /** Columns of the file that the contract does not know. */
  readonly unknownColumns: readonly string[];
}

/** DuckDB takes the first line end for the kind of the file, even one in quotes; it can be told of all kinds but CR LF. */
const newLine: Readonly<Record<CsvFile['lineEnd'], string>> = {
  '\n': `new_line = '\\n',`,
  '\r': `new_line = '\\r',`,
  '\r\n': '',
  '': '',
};

function scan(path: string, lineEnd: CsvFile['lineEnd'], header: boolean, columns: readonly string[]): string {
  return `read_csv(${sqlPath(path)}, auto_detect = false, header = ${header}, columns = {${columns.join(', ')}},
  delim = ',', quote = '"', escape = '"', ${newLine[lineEnd]} strict_mode = true, null_padding = false,
  hive_partitioning = false)`;
}

/** The place of each of the wanted names in the header, compared without case. Errors: MR-IN-004, MR-IN-011. */
export function placesOf(file: CsvFile, required: readonly string[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  file.header.forEach((name, place) => {
    const lower = name.toLowerCase();
    if (places.has(lower)) throw new MillraceError('MR-IN-011', { path: file.path, column: name });
    places.set(lower, place);
  });
  const missing = required.filter((name) => !places.has(name.toLowerCase()));
  if (missing.length > 0) {
    const found = file.header.join(', ').slice(0, 300);
    throw new MillraceError('MR-IN-004', { path: file.path, columns: missing.join(', '), found });
  }
  return places;
}

interface TableShape {
  readonly columns: string;
  readonly unknown: readonly string[];
}

/** The SELECT list that turns a file's columns c0, c1 ... into the contract's, in the contract's order. */
function shapeOf(file: CsvFile, contract: TableContract): TableShape {
  const required = contract.columns.filter(({ inHeader }) => inHeader).map(({ name }) => name);
  const places = placesOf(file, required);
  const known = contract.columns.map(({ name }) => {
    const place = places.get(name);
    return place === undefined ? `NULL::VARCHAR AS ${name}` : `c${place} AS ${name}`;
  });
  const names = contract.columns.map(({ name }) => name);
  const unknown = [...places].filter(([name]) => !names.includes(name));
  const others = unknown.map(([name, place]) => `${sqlText(name)}, c${place}`);
  const otherColumns = others.length > 0 ? `json_object(${others.join(', ')})::VARCHAR` : 'NULL::VARCHAR';
  return { columns: [...known, `${otherColumns} AS other_columns`].join(', '), unknown: unknown.map(([name]) => name) };
}

/** The rows of one file in DuckDB. */
interface FileRecords {
  readonly good: number;
  readonly malformed: number;
  /** A relation over the file itself with line_number, c0, c1 ... */
  readonly relation: string;
  /** A relation with line_number, problem, record. Undefined when no record is malformed. */
  readonly malformedRelation: string | undefined;
}

/**
 * Takes a file in, as it is when any reader takes it apart alike, otherwise made regular first. The relation reads the file
 * anew each time; once, what it gives is to be counted (`requireAllRead`).
 */
async function takeIn(file: CsvFile, name: string, folder: string): Promise<FileRecords> {
  const columns = file.header.map((_, index) => `'c${index}': 'VARCHAR'`);
  if (file.layout !== 'irregular') {
    const read = scan(file.path, file.lineEnd, true, columns);
    const relation = `(SELECT (row_number() OVER () + 1)::INTEGER AS line_number, * FROM ${read})`;
    return { good: file.lines - 1, malformed: 0, relation, malformedRelation: undefined };
  }
  const { path, compression, encoding } = file;
  const text = toUtf8(contentOf(path, compression), encoding);
  const { goodPath, malformedPath, good, malformed } = await normalise(text, columns.length, encoding, folder, name);
  const malformedColumns = [`'line_number': 'INTEGER'`, `'problem': 'VARCHAR'`, `'record': 'VARCHAR'`];
  return {
    good,
    malformed,
    relation: scan(goodPath, '\n', false, [`'line_number': 'INTEGER'`, ...columns]),
    malformedRelation: malformed > 0 ? scan(malformedPath, '\n', false, malformedColumns) : undefined,
  };
}

/**
 * Compares what DuckDB read of each file with what the scan of its bytes had counted: a difference is a defect, of which no
 * row may get anywhere. `relation` has the file_number of every row.
 */
export async function requireAllRead(
  duckdb: DuckDB,
  relation: string,
  readings: readonly Pick<FileReading, 'file' | 'fileNumber' | 'records' | 'malformed'>[],
): Promise<void> {
  const counted = await duckdb.rows<{ file_number: number; rows: number }>(
    `SELECT file_number, count(*) AS rows FROM ${relation} GROUP BY file_number`,
  );
  for (const { file, fileNumber, records, malformed } of readings) {
    const rows = counted.find(({ file_number }) => file_number === fileNumber)?.rows ?? 0;
    if (rows === records - malformed) continue;
    throw new Error(`${file.path} has ${records - malformed} records, DuckDB read ${rows}`);
  }
}

interface PlacedRecords extends FileRecords {
  readonly fileNumber: number;
  readonly lineOffset: number;
}

const place = ({ fileNumber, lineOffset }: PlacedRecords): string =>
  `(line_number + ${lineOffset})::INTEGER AS row_number, ${fileNumber}::SMALLINT AS file_number, line_number`;

const noMalformed = `SELECT 0 AS row_number, 0::SMALLINT AS file_number, 0 AS line_number, '' AS problem, '' AS record
  WHERE false`;

/** Makes malformed_<name>: row_number, file_number, line_number, problem, and the beginning of the record's text. */
async function createMalformed(duckdb: DuckDB, name: string, files: readonly PlacedRecords[]): Promise<void> {
  const selects = files.flatMap((file) =>
    file.malformedRelation ? [`SELECT ${place(file)}, problem, record FROM ${file.malformedRelation}`] : [],
  );
  const all = selects.length > 0 ? selects.join(' UNION ALL ') : noMalformed;
  await duckdb.run(`CREATE VIEW ${sqlName(`malformed_${name}`)} AS ${all}`);
}

/**
 * Reads one file, for a preset: numbered_<name> (file_number, line_number, c0, c1 ...) with its good records, and
 * malformed_<name>. What is on its way, and the text of malformed records, stands in the folder. Errors: those of
 * `readCsvFile`.
 */
export async function readRecords(
  duckdb: DuckDB,
  file: CsvFile,
  name: string,
  folder: string,
  fileNumber = 0,
): Promise<{ readonly records: number; readonly malformed: number }> {
  const found = { ...(await takeIn(file, name, folder)), fileNumber, lineOffset: 0 };
  const numbered = sqlName(`numbered_${name}`);
  // A preset's statements read it many times.
  await duckdb.run(
    `CREATE TABLE ${numbered} AS SELECT ${fileNumber}::SMALLINT AS file_number, * FROM ${found.relation}`,
  );
  await requireAllRead(duckdb, numbered, [{ file, fileNumber, records: found.good, malformed: 0 }]);
  await createMalformed(duckdb, name, [found]);
  return { records: found.good + found.malformed, malformed: found.malformed };
}

/**
 * Reads the files of one table into received_<table>: row_number, file_number, line_number, the contract's columns as
 * text, other_columns; and malformed_<table>. Each file may have columns and an order of its own. `firstFile` is the place
 * of the first one in the batch's list of files. Errors: MR-IN-004 when a required column is missing, MR-IN-011 when one
 * stands twice, and those of `readCsvFile`.
 */
export async function readTable(
  duckdb: DuckDB,
  files: readonly CsvFile[],
  table: TableName,
  folder: string,
  firstFile = 0,
): Promise<readonly FileReading[]> {
  const shapes = files.map((file) => shapeOf(file, tableContracts[table]));
  const readings: FileReading[] = [];
  const placed: PlacedRecords[] = [];
  const selects: string[] = [];
  let lineOffset = 0;
  for (const [index, file] of files.entries()) {
    const { columns, unknown } = shapes[index] ?? { columns: '', unknown: [] };
    const records = await takeIn(file, `${table}_${index}`, folder);
    const fileNumber = firstFile + index;
    const found = { ...records, fileNumber, lineOffset };
    placed.push(found);
    selects.push(`SELECT ${place(found)}, ${columns} FROM ${found.relation}`);
    readings.push({
      file,
      fileNumber,
      table,
      records: found.good + found.malformed,
      malformed: found.malformed,
      lineOffset,
      copyColumns:
        unknown.length === 0 && file.layout !== 'irregular' ? file.header.map((name) => name.toLowerCase()) : undefined,
      unknownColumns: unknown,
    });
    lineOffset += file.lines;
  }
  await duckdb.run(`CREATE VIEW received_${table} AS ${selects.join(' UNION ALL ')}`);
  await createMalformed(duckdb, table, placed);
  return readings;
}
