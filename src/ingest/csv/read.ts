/** CSV files into DuckDB: the rows of each table as text with their lines, and the records that are malformed. */
import { type TableContract, type TableName, tableContracts, tableNames } from '../../contracts/tables.ts';
import { isDiskFull, MillraceError, problemOf } from '../../kernel/errors.ts';
import { type DuckDB, sqlName, sqlPath, sqlText } from '../../stores/duckdb/duckdb.ts';
import type { CsvFile } from './files.ts';
import { findLines } from './lines.ts';

/** A record that cannot be taken apart into the header's columns. */
export interface MalformedRecord {
  readonly line: number;
  readonly problem: string;
  readonly record: string;
}

/** What one file held: records = mapped + malformed, the header aside. */
export interface FileReading {
  readonly file: CsvFile;
  /** What is added to a line to make the row_number of its row. */
  readonly lineOffset: number;
  /** The table it is for; undefined for a preset's file, which feeds all of them. */
  readonly table: TableName | undefined;
  readonly records: number;
  readonly malformed: readonly MalformedRecord[];
  /**
   * The file's columns in their order, where PostgreSQL reads the same rows from it: the n-th record stands on line n + 1,
   * the contract knows all columns, and the layout is not irregular. Undefined for other files.
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

function scan(file: CsvFile, options: string): string {
  const columns = file.header.map((_, index) => `'c${index}': 'VARCHAR'`).join(', ');
  return `read_csv(${sqlPath(file.path)}, auto_detect = false, header = true, columns = {${columns}}, delim = ',',
  quote = '"', escape = '"', ${newLine[file.lineEnd]} strict_mode = true, null_padding = false, hive_partitioning = false, ${options})`;
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

interface Reject {
  readonly record: number;
  readonly problem: string;
  readonly text: string;
}

const rejectsQuery = (name: string): string => `
SELECT line AS record, min(error_message) AS problem, any_value(csv_line) AS text
FROM ${sqlName(`rejects_${name}`)} GROUP BY line ORDER BY line`;

/** What DuckDB says when a line ends in another way than the first one, or inside a field without quotes. */
const strayLineEnd = /state machine reached an invalid state/;

/** A file that DuckDB gave up reading, for other reasons than the disk. */
function unreadable(file: CsvFile, thrown: unknown): unknown {
  if (!(thrown instanceof Error) || isDiskFull(thrown)) return thrown;
  const problem = strayLineEnd.test(thrown.message)
    ? 'its lines end in different ways'
    : problemOf(thrown.message.split('\n')[0]);
  return new MillraceError('MR-IN-012', { path: file.path, problem }, thrown);
}

/** Fills numbered_<name> (line_number, c0, c1 ...) with the good records, and finds the malformed ones. */
export async function readRecords(duckdb: DuckDB, file: CsvFile, name: string) {
  const records = sqlName(`records_${name}`);
  const rejects = `store_rejects = true, rejects_table = 'rejects_${name}', rejects_scan = 'scans_${name}', rejects_limit = 0`;
  const create = `CREATE TABLE ${records} AS SELECT row_number() OVER () AS ordinal, * FROM ${scan(file, rejects)}`;
  await duckdb.run(create).catch((thrown: unknown) => {
    throw unreadable(file, thrown);
  });
  const [counted] = await duckdb.rows<{ good: number }>(`SELECT count(*) AS good FROM ${records}`);
  const good = counted?.good ?? 0;
  const bad = await duckdb.rows<Reject>(rejectsQuery(name));
  const plain = bad.length === 0 && good + 1 === file.lines;
  const numbered = `CREATE VIEW ${sqlName(`numbered_${name}`)} AS`;
  if (plain) {
    await duckdb.run(`${numbered} SELECT (ordinal + 1)::INTEGER AS line_number, * FROM ${records}`);
    return { records: good, plain, malformed: [] };
  }
  const found = await findLines(
    file.path,
    bad.map(({ record }) => record),
  );
  if (found.good !== good) {
    const problem = `by its quotes it has ${found.good + bad.length} records, of which ${good + bad.length} could be told apart`;
    throw new MillraceError('MR-IN-012', { path: file.path, problem });
  }
  const { shifts, malformedLines } = found;
  const shiftTable = sqlName(`shifts_${name}`);
  await duckdb.run(`CREATE TABLE ${shiftTable} (from_ordinal BIGINT, shift BIGINT)`);
  for (let start = 0; start < shifts.length; start += 1000) {
    const values = shifts.slice(start, start + 1000).map(({ fromOrdinal, shift }) => `(${fromOrdinal}, ${shift})`);
    await duckdb.run(`INSERT INTO ${shiftTable} VALUES ${values.join(', ')}`);
  }
  const malformed = bad.map(({ record, problem, text }) => ({
    line: malformedLines.get(record) ?? record,
    problem,
    record: text.replace(/^[\r\n]+|[\r\n]+$/g, ''),
  }));
  await duckdb.run(
    `${numbered} SELECT (ordinal + shift)::INTEGER AS line_number, ${records}.*
     FROM ${records} ASOF JOIN ${shiftTable} ON ordinal >= from_ordinal`,
  );
  return { records: good + malformed.length, plain, malformed };
}

/**
 * Reads the file of one table into received_<table>: line_number, the contract's columns as text, other_columns.
 * Errors: MR-IN-004 when a required column is missing, MR-IN-011 when one stands twice, MR-IN-012 when its
 * records cannot be told apart.
 */
export async function readTable(duckdb: DuckDB, file: CsvFile, table: TableName): Promise<FileReading> {
  const { columns, unknown } = shapeOf(file, tableContracts[table]);
  const { records, plain, malformed } = await readRecords(duckdb, file, table);
  await duckdb.run(`CREATE VIEW received_${table} AS
     SELECT line_number AS row_number, ${tableNames.indexOf(table)}::SMALLINT AS file_number, line_number, ${columns} FROM numbered_${table}`);
  return {
    file,
    lineOffset: 0,
    table,
    records,
    malformed,
    copyColumns:
      plain && unknown.length === 0 && file.layout !== 'irregular'
        ? file.header.map((name) => name.toLowerCase())
        : undefined,
    unknownColumns: unknown,
  };
}
