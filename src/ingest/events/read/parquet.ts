/** Rows of a Parquet file as lines of JSON. */
import { lacksRoom, MillraceError, problemOf } from '../../../kernel/errors.ts';
import { type DuckDB, sqlName, sqlPath, sqlText } from '../../../stores/duckdb/duckdb.ts';

interface Column {
  readonly column_name: string;
  readonly column_type: string;
}

const instant = (column: string): string =>
  `CASE WHEN isfinite(${column}) THEN strftime(${column}, '%Y-%m-%dT%H:%M:%S.%fZ') ELSE ${column}::VARCHAR END`;

/** An expression that is the JSON text of a value that is not NULL. */
function jsonOf({ column_name, column_type: type }: Column): string {
  const column = sqlName(column_name);
  // Sessions count in UTC, and what has no zone is taken for UTC.
  if (type.startsWith('TIMESTAMP')) return `to_json(${instant(`${column}::TIMESTAMP`)})`;
  if (type === 'BLOB') return `to_json(coalesce(try(decode(${column})), ${column}::VARCHAR))`;
  // Text that is JSON is taken for what it says, as it stands; its line ends can only stand between tokens.
  if (column_name === 'properties' && (type === 'VARCHAR' || type === 'JSON')) {
    return `CASE WHEN json_valid(${column}) THEN translate(${column}::VARCHAR, chr(10) || chr(13), '  ')
      ELSE to_json(${column}::VARCHAR) END`;
  }
  // A struct has all fields that any row has; the patch leaves out those that are NULL.
  if (type.startsWith('STRUCT') && !type.endsWith(']')) return `json_merge_patch('{}', to_json(${column}))`;
  return `to_json(${column})`;
}

const member = (column: Column): string =>
  `CASE WHEN ${sqlName(column.column_name)} IS NOT NULL
    THEN ${sqlText(`${JSON.stringify(column.column_name)}:`)} || ${jsonOf(column)} END`;

/** Errors: MR-IN-016 when the work, which reads a Parquet file, fails on account of the file. */
export const readingParquet = <Result>(path: string, work: Promise<Result>): Promise<Result> =>
  work.catch((thrown: unknown) => {
    if (lacksRoom(thrown)) throw thrown;
    throw new MillraceError('MR-IN-016', { path, problem: problemOf(thrown) }, thrown);
  });

async function writeRows(duckdb: DuckDB, path: string, textPath: string): Promise<void> {
  const rows = `read_parquet(${sqlPath(path)}, hive_partitioning = false)`;
  const columns = await duckdb.rows<Column>(`DESCRIBE SELECT * FROM ${rows}`);
  await duckdb.run(
    `COPY (SELECT '{' || concat_ws(',', ${columns.map(member).join(',\n')}) || '}' FROM ${rows})
     TO ${sqlText(textPath)} (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x1f', COMPRESSION none)`,
  );
}

/** Writes each row as a JSON object on a line, NULL columns left out. Errors: MR-IN-016. */
export const writeParquetRows = (duckdb: DuckDB, path: string, textPath: string): Promise<void> =>
  readingParquet(path, writeRows(duckdb, path, textPath));
