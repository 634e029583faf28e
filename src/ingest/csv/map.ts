/** The file of a preset into DuckDB: its records as read, and the four tables that the preset's SELECTs make of them. */
import { type TableName, tableContracts, tableNames } from '../../contracts/tables.ts';
import { type DuckDB, sqlName } from '../../stores/duckdb/duckdb.ts';
import type { CsvFile } from './files.ts';
import type { Preset } from './presets.ts';
import { type FileReading, placesOf, readRecords } from './read.ts';

/**
 * Reads a preset's file and maps it: received_<table> of all four tables. Errors: MR-IN-004 when the file lacks one of
 * the preset's columns, MR-IN-011 as for `readTable`.
 */
export async function readPreset(duckdb: DuckDB, file: CsvFile, preset: Preset, folder: string): Promise<FileReading> {
  const places = placesOf(file, preset.columns);
  const columns = preset.columns.map((name) => `c${places.get(name.toLowerCase())} AS ${sqlName(name)}`).join(', ');
  const { records, malformed } = await readRecords(duckdb, file, 'raw', folder);
  await duckdb.run(`CREATE VIEW raw AS SELECT line_number, ${columns} FROM numbered_raw`);
  for (const table of tableNames) await mapTable(duckdb, preset, table);
  const wanted = preset.columns.map((name) => name.toLowerCase());
  return {
    file,
    fileNumber: 0,
    lineOffset: 0,
    table: undefined,
    records,
    malformed,
    copyColumns: undefined,
    unknownColumns: file.header.filter((name) => !wanted.includes(name.toLowerCase())),
  };
}

async function mapTable(duckdb: DuckDB, preset: Preset, table: TableName): Promise<void> {
  await duckdb.run(`CREATE TABLE mapped_${table} AS ${preset.mappings[table]}`);
  const given = await duckdb.rows<{ name: string }>(
    `SELECT column_name AS name FROM duckdb_columns() WHERE table_name = 'mapped_${table}'`,
  );
  const names = given.map(({ name }) => name);
  const columns = tableContracts[table].columns.map(({ name }) =>
    names.includes(name) ? `${name}::VARCHAR AS ${name}` : `NULL::VARCHAR AS ${name}`,
  );
  await duckdb.run(
    `CREATE VIEW received_${table} AS
     SELECT line_number::INTEGER AS line_number, ${columns.join(', ')}, NULL::VARCHAR AS other_columns FROM mapped_${table}`,
  );
}
