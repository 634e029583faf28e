/** The files of a preset into DuckDB: their records as read, and the four tables that the preset's SELECTs make of them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TableName, tableContracts, tableNames } from '../../contracts/tables.ts';
import { isDiskFull, MillraceError, problemOf } from '../../kernel/errors.ts';
import { type DuckDB, sqlName, sqlText } from '../../stores/duckdb/duckdb.ts';
import type { CsvFile } from './files.ts';
import type { OptionValue, Preset, PresetRole, PresetSql } from './presets.ts';
import { type FileReading, placesOf, readRecords } from './read.ts';

/** A file of a preset that has been looked at. */
export interface PresetCsvFile {
  readonly role: PresetRole;
  readonly file: CsvFile;
}

/** What a preset's SQL may ask for beside the records. */
export interface MapContext {
  /** ISO 4217. */
  readonly currency: string;
  /** IANA name of the zone that dates and times of the four tables are local to. */
  readonly timeZone: string;
  /** As `resolveOptions` gives them. */
  readonly options: Readonly<Record<string, OptionValue>>;
}

/** How many records no row stands for, and why. */
export interface OtherRecords {
  readonly reason: string;
  readonly records: number;
}

/** What a preset's files held; the rows stand in received_<table>. */
export interface PresetReading {
  readonly files: readonly FileReading[];
  readonly otherRecords: readonly OtherRecords[];
}

/**
 * Records are numbered through all files: the number of a record is its line plus this much for each file before its
 * own. Of the first file it is the line itself, and the order of numbers is that of files and lines.
 */
const fileStride = 2 ** 32;

const sharedMacros = readFileSync(join(import.meta.dirname, 'presets', 'macros.sql'), 'utf8');

/** Runs SQL of a preset; what DuckDB objects to is the preset's fault. Errors: MR-PRE-002. */
async function attempt<T>({ path }: PresetSql, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof Error) || thrown instanceof MillraceError || isDiskFull(thrown)) throw thrown;
    throw new MillraceError('MR-PRE-002', { path, problem: problemOf(thrown) }, thrown);
  }
}

const sqlValue = (value: OptionValue): string => (typeof value === 'string' ? sqlText(value) : String(value));

/** Options as variables: those that stand for several are one MAP from the rest of their names to a DECIMAL or a text. */
function setOptions(preset: Preset, options: MapContext['options']): string {
  const single = preset.options.filter(({ name }) => !name.endsWith('_*'));
  const several = preset.options.filter(({ name }) => name.endsWith('_*'));
  const statements = single.map(({ name }) => `SET VARIABLE ${name} = ${sqlValue(options[name] ?? '')}`);
  for (const { name, type } of several) {
    const prefix = name.slice(0, -1);
    const given = Object.entries(options).filter(([each]) => each.startsWith(prefix));
    const keys = given.map(([each]) => sqlText(each.slice(prefix.length)));
    const values = given.map(([, value]) => (type === 'number' ? `${value}::DECIMAL(18, 8)` : sqlText(String(value))));
    const kind = type === 'number' ? 'DECIMAL(18, 8)' : 'VARCHAR';
    statements.push(
      `SET VARIABLE ${prefix.slice(0, -1)} = MAP([${keys.join(', ')}]::VARCHAR[], [${values.join(', ')}]::${kind}[])`,
    );
  }
  return statements.join(';\n');
}

async function prepare(duckdb: DuckDB, preset: Preset, { currency, timeZone, options }: MapContext): Promise<void> {
  await duckdb.run(`SET VARIABLE shop_currency = ${sqlText(currency)};
SET VARIABLE shop_timezone = ${sqlText(timeZone)};
${setOptions(preset, options)}`);
  await duckdb.run(sharedMacros);
  const { prepare: own } = preset;
  if (own) await attempt(own, () => duckdb.run(own.sql));
}

interface RoleReading extends FileReading {
  /** SELECT over the file's records: line_number, file_number and the role's columns. */
  readonly select: string;
  /** SELECT over the file's malformed records: file_number, line_number, problem, record. */
  readonly malformedRecords: string;
}

async function readFile(
  duckdb: DuckDB,
  { role, file }: PresetCsvFile,
  fileNumber: number,
  folder: string,
): Promise<RoleReading> {
  const places = placesOf(file, role.columns);
  const wanted = [...role.columns, ...role.optionalColumns];
  const columns = wanted.map((name) => {
    const place = places.get(name.toLowerCase());
    return `${place === undefined ? 'NULL::VARCHAR' : `c${place}`} AS ${sqlName(name)}`;
  });
  const name = `${role.name}_${fileNumber}`;
  const { records, malformed } = await readRecords(duckdb, file, name, folder, fileNumber);
  const known = wanted.map((column) => column.toLowerCase());
  return {
    file,
    fileNumber,
    lineOffset: 0,
    table: undefined,
    records,
    malformed,
    copyColumns: undefined,
    unknownColumns: file.header.filter((column) => !known.includes(column.toLowerCase())),
    malformedRecords: `FROM ${sqlName(`malformed_${name}`)}`,
    select: `SELECT ${fileNumber * fileStride} + line_number AS line_number, ${fileNumber}::SMALLINT AS file_number,
      ${columns.join(', ')} FROM ${sqlName(`numbered_${name}`)}`,
  };
}

const noRecords = (role: PresetRole): string => {
  const columns = [...role.columns, ...role.optionalColumns].map((name) => `NULL::VARCHAR AS ${sqlName(name)}`);
  return `SELECT 0::BIGINT AS line_number, 0::SMALLINT AS file_number, ${columns.join(', ')} WHERE false`;
};

async function readRoles(
  duckdb: DuckDB,
  preset: Preset,
  files: readonly PresetCsvFile[],
  folder: string,
): Promise<FileReading[]> {
  const readings: FileReading[] = [];
  const malformed: string[] = [];
  const selects = new Map<PresetRole, string[]>(preset.roles.map((role) => [role, []]));
  for (const [fileNumber, file] of files.entries()) {
    const { select, malformedRecords, ...reading } = await readFile(duckdb, file, fileNumber, folder);
    readings.push(reading);
    selects.get(file.role)?.push(select);
    malformed.push(malformedRecords);
  }
  await duckdb.run(`CREATE TABLE main.malformed_records AS ${malformed.join(' UNION ALL ')}`);
  for (const [role, parts] of selects) {
    const union = parts.length > 0 ? parts.join(' UNION ALL ') : noRecords(role);
    await duckdb.run(`CREATE VIEW ${sqlName(role.name)} AS ${union}`);
  }
  return readings;
}

/** The columns that a SELECT gives, once it stands as a view. Errors: MR-PRE-002 when it gives others than these. */
async function columnsOf(duckdb: DuckDB, sql: PresetSql, view: string, allowed: readonly string[]): Promise<string[]> {
  await attempt(sql, () => duckdb.run(`CREATE VIEW ${view} AS ${sql.sql}`));
  const given = await duckdb.rows<{ name: string }>(
    `SELECT lower(column_name) AS name FROM duckdb_columns() WHERE table_name = '${view}'`,
  );
  const names = given.map(({ name }) => name);
  const wrong = names.find((name) => !allowed.includes(name));
  const problem = !names.includes('line_number')
    ? 'it does not give line_number'
    : `it gives ${wrong}, which is none of ${allowed.join(', ')}`;
  if (wrong !== undefined || !names.includes('line_number')) {
    throw new MillraceError('MR-PRE-002', { path: sql.path, problem });
  }
  return names;
}

/**
 * Makes received_<table>: row_number (by line, key and content), file_number, line_number, the contract's columns as
 * text, other_columns.
 */
async function mapTable(duckdb: DuckDB, preset: Preset, table: TableName): Promise<void> {
  const { key, columns } = tableContracts[table];
  const names = columns.map(({ name }) => name);
  const sql = preset.mappings[table];
  const given = await columnsOf(duckdb, sql, `mapping_${table}`, ['line_number', ...names]);
  const texts = names.map((name) =>
    given.includes(name) ? `${sqlName(name)}::VARCHAR AS ${name}` : `NULL::VARCHAR AS ${name}`,
  );
  await attempt(sql, () =>
    duckdb.run(
      `CREATE TABLE main.received_${table} AS
       WITH mapped AS (SELECT line_number::BIGINT AS record_number, ${texts.join(', ')} FROM mapping_${table})
       SELECT row_number() OVER (ORDER BY record_number, ${key}, ${names.join(', ')})::INTEGER AS row_number,
         (record_number // ${fileStride})::SMALLINT AS file_number, (record_number % ${fileStride})::INTEGER AS line_number,
         ${names.join(', ')}, NULL::VARCHAR AS other_columns
       FROM mapped ORDER BY row_number`,
    ),
  );
}

const rolesRecords = (preset: Preset): string =>
  preset.roles.map(({ name }) => `SELECT line_number FROM ${sqlName(name)}`).join(' UNION ALL ');

const rowsRecords = tableNames
  .map((table) => `SELECT file_number::BIGINT * ${fileStride} + line_number AS line_number FROM main.received_${table}`)
  .join(' UNION ALL ');

interface Example {
  readonly count: number;
  readonly first: number;
}

async function firstOf(duckdb: DuckDB, numbers: string): Promise<Example | undefined> {
  const [found] = await duckdb.rows<Example>(
    `SELECT count(*) AS count, coalesce(min(line_number), 0) AS first FROM (${numbers})`,
  );
  return found && found.count > 0 ? found : undefined;
}

/**
 * Holds that every record is the source of a row or is named with a reason, and that no row comes of a record that is not
 * there. Errors: MR-PRE-002, MR-PRE-005.
 */
async function accountForRecords(duckdb: DuckDB, preset: Preset): Promise<readonly OtherRecords[]> {
  const { otherRecords } = preset;
  if (otherRecords) {
    await columnsOf(duckdb, otherRecords, 'mapping_other_records', ['line_number', 'reason']);
    await attempt(otherRecords, () =>
      duckdb.run(
        'CREATE TABLE other_records AS SELECT line_number::BIGINT AS line_number, reason::VARCHAR AS reason FROM mapping_other_records',
      ),
    );
  } else await duckdb.run('CREATE TABLE other_records (line_number BIGINT, reason VARCHAR)');
  await duckdb.run(`CREATE TABLE records_with_rows AS SELECT DISTINCT line_number FROM (${rowsRecords});
    CREATE TABLE records_read AS ${rolesRecords(preset)}`);
  const stray = await firstOf(
    duckdb,
    'SELECT line_number FROM records_with_rows ANTI JOIN records_read USING (line_number)',
  );
  if (stray) {
    const problem = `${stray.count} line numbers of its rows are those of no record, the least is ${stray.first}`;
    throw new MillraceError('MR-PRE-002', { path: preset.folder, problem });
  }
  const left = await firstOf(
    duckdb,
    `SELECT line_number FROM records_read ANTI JOIN records_with_rows USING (line_number)
     ANTI JOIN (SELECT line_number FROM other_records WHERE reason <> '') USING (line_number)`,
  );
  if (left) throw new MillraceError('MR-PRE-005', { preset: preset.name, records: left.count, ...placeOf(left.first) });
  return duckdb.rows<OtherRecords>(
    `SELECT reason, count(DISTINCT line_number) AS records FROM other_records
     ANTI JOIN records_with_rows USING (line_number) GROUP BY reason ORDER BY reason`,
  );
}

const placeOf = (recordNumber: number): { readonly file: number; readonly line: number } => ({
  file: Math.floor(recordNumber / fileStride) + 1,
  line: recordNumber % fileStride,
});

/**
 * Reads a preset's files and maps them: received_<table> of all four tables. A file's number is its place in the list.
 * Errors: MR-IN-004 when a file lacks a column, MR-IN-011 and MR-IN-012 as for `readTable`, MR-PRE-002 when SQL of the
 * preset fails, MR-PRE-005 when it leaves records out.
 */
export async function readPreset(
  duckdb: DuckDB,
  files: readonly PresetCsvFile[],
  preset: Preset,
  context: MapContext,
  folder: string,
): Promise<PresetReading> {
  // A schema of its own: whatever a preset calls its tables, they meet no others, and go when the rows are there.
  await duckdb.run(`CREATE SCHEMA preset; SET schema = 'preset'`);
  const readings = await readRoles(duckdb, preset, files, folder);
  await prepare(duckdb, preset, context);
  for (const table of tableNames) await mapTable(duckdb, preset, table);
  const otherRecords = await accountForRecords(duckdb, preset);
  await duckdb.run(`SET schema = 'main'; DROP SCHEMA preset CASCADE`);
  return { files: readings, otherRecords };
}
