/** The sources of the models: views over the registered files of the lake. */
import { type LakeColumn, lakeShapes } from '../ingest/events/lake-shape.ts';
import type { LakeFile } from '../ingest/lake-files.ts';
import { type DuckDB, sqlName, sqlPath } from '../stores/duckdb/duckdb.ts';
import type { Lake } from '../stores/lake/lake.ts';

const readFiles = (paths: readonly string[]): string =>
  `SELECT * FROM read_parquet([${paths.map(sqlPath).join(', ')}], hive_partitioning = false)`;

/** What stands for a dataset of which no file came: a select without rows, of the columns that its files would have. */
const emptySelect = (columns: readonly LakeColumn[]): string =>
  `SELECT ${columns.map(({ name, type }) => `NULL::${type} AS ${sqlName(name)}`).join(', ')} WHERE false`;

type SourceFile = Pick<LakeFile, 'path' | 'writtenBy'>;

/** Files in groups of those that have the same columns, of the same types. Of those that one load wrote one is looked at. */
async function alikeFiles(duckdb: DuckDB, files: readonly SourceFile[]): Promise<readonly (readonly string[])[]> {
  const sets = Object.values(Object.groupBy(files, ({ path, writtenBy }) => writtenBy ?? path)).map((set = []) =>
    set.map(({ path }) => path),
  );
  if (sets.length < 2) return sets;
  const looked = new Map(sets.map((paths) => [paths[0] ?? '', paths]));
  const groups = await duckdb.rows<{ paths: readonly string[] }>(
    `SELECT list(file_name ORDER BY file_name) AS paths FROM (
       SELECT file_name, list(row(name, type, type_length, converted_type, logical_type, precision, scale) ORDER BY name) AS columns
       FROM parquet_schema([${[...looked.keys()].map(sqlPath).join(', ')}]) GROUP BY file_name
     ) GROUP BY columns ORDER BY paths`,
  );
  return groups.map(({ paths }) => paths.flatMap((path) => looked.get(path) ?? []));
}

/**
 * Files of events, catalog and profiles may be older than a column, which is then NULL. DuckDB could put files of different
 * columns together by itself, but would compare those of all files for every model and test that reads them.
 */
async function lakeSelect(
  duckdb: DuckDB,
  columns: readonly LakeColumn[],
  files: readonly SourceFile[],
): Promise<string> {
  if (files.length === 0) return emptySelect(columns);
  const groups = await alikeFiles(duckdb, files);
  return [emptySelect(columns), ...groups.map(readFiles)].join(' UNION ALL BY NAME ');
}

/**
 * Each model and test opens the files anew; of many small ones the footers are most of the work. Nobody writes a registered
 * file while it is read here, so it need not be looked at before each use.
 */
const settings = `SET parquet_metadata_cache = true;
SET validate_external_file_cache = 'NO_VALIDATION';`;

/** Reads the footers of a lake's files of events into memory, where sourceViews' views will find them. */
export async function keepFooters(duckdb: DuckDB, lake: Lake, files: readonly LakeFile[]): Promise<void> {
  const paths = files.filter(({ dataset }) => dataset === 'lake.events').map(({ path }) => sqlPath(lake.locate(path)));
  await duckdb.run(settings);
  if (paths.length > 0) await duckdb.run(`SELECT count(*) FROM read_parquet([${paths.join(', ')}])`);
}

/**
 * DuckDB: the sources of the models, as views over the registered files of the lake and nothing else. What comes of events
 * is there also without any file. The connection is asked for the files' columns, and keeps their footers in memory.
 */
export async function sourceViews(duckdb: DuckDB, lake: Lake, files: readonly LakeFile[]): Promise<string> {
  await duckdb.run(settings);
  const filesOf = (wanted: string): readonly SourceFile[] =>
    files
      .filter(({ dataset }) => dataset === wanted)
      .map(({ path, writtenBy }) => ({ path: lake.locate(path), writtenBy }));
  const selects = new Map<string, string>();
  for (const [name, columns] of Object.entries(lakeShapes)) {
    selects.set(`lake.${name}`, await lakeSelect(duckdb, columns, filesOf(`lake.${name}`)));
  }
  for (const { dataset } of files) {
    if (!selects.has(dataset)) selects.set(dataset, readFiles(filesOf(dataset).map(({ path }) => path)));
  }
  const views = [...selects].map(([dataset, select]) => {
    const [schema = '', table = ''] = dataset.split('.');
    return `CREATE SCHEMA IF NOT EXISTS ${sqlName(schema)};
CREATE OR REPLACE VIEW ${sqlName(schema)}.${sqlName(table)} AS ${select};`;
  });
  return [settings, ...views].join('\n');
}
