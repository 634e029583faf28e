/**
 * Increments: a build may start from a copy of the published file, and pipeline.changed_keys then tells its models what has
 * changed since. What changed is found by comparing what that file was built from with what there is now, so that it does
 * not matter by which way a row came, moved or went.
 */
import { extractShapes } from '../ingest/extract.ts';
import type { LakeFile } from '../ingest/lake-files.ts';
import { type DuckDB, type DuckDBLimits, sqlName, sqlPath, sqlText } from '../stores/duckdb/duckdb.ts';
import type { Lake } from '../stores/lake/lake.ts';
import type { Manifest } from '../transform/manifest/types.ts';
import { openPublished } from './warehouse.ts';

/** A file of the lake that a build read. */
type BuiltFile = Pick<LakeFile, 'dataset' | 'path' | 'day' | 'rows' | 'version'>;

/** A published build that the next one can start from. */
export interface Basis {
  /** The publication. */
  readonly publication: string;
  /** What built it; rows that were built by another are not taken over. */
  readonly builtBy: string;
  readonly files: readonly BuiltFile[];
}

const eventsDataset = 'lake.events';

const ofProduction = ({ dataset }: BuiltFile): boolean => dataset.startsWith('production.');

/** DuckDB: keeps in the file what it is built from. */
export const recordBuiltFrom = (files: readonly BuiltFile[]): string => {
  const built = files.map(({ dataset, path, day, rows, version }) => ({ dataset, path, day, rows, version }));
  return `CREATE SCHEMA IF NOT EXISTS ops;
CREATE OR REPLACE TABLE ops.built_from AS SELECT row->>'dataset' AS dataset, row->>'path' AS path, row->>'day' AS day,
  (row->>'rows')::BIGINT AS rows, row->>'version' AS version FROM (SELECT unnest(${sqlText(JSON.stringify(built))}::JSON[]) AS row);`;
};

async function readBasis(duckdb: DuckDB, builtBy: string): Promise<Basis | undefined> {
  const [found] = await duckdb.rows<{ id: string }>(
    'SELECT publication_id AS id FROM ops.publication WHERE built_by = $1',
    [builtBy],
  );
  return found && { publication: found.id, builtBy, files: await duckdb.rows<BuiltFile>('FROM ops.built_from') };
}

/** What the published file was built from; undefined when there is none, or it was not built by the same. */
export async function publishedBasis(home: string, limits: DuckDBLimits, builtBy: string): Promise<Basis | undefined> {
  let duckdb: DuckDB | undefined;
  try {
    duckdb = await openPublished(home, limits);
    return await readBasis(duckdb, builtBy);
  } catch {
    // No file, one of a version that kept nothing of this, or one that is broken: a new one takes its place.
    return undefined;
  } finally {
    duckdb?.close();
  }
}

/** What each day of events is known by: its rows, and the loads that touched it. Files that are put together change neither. */
function eventDays(files: readonly BuiltFile[]): ReadonlyMap<string, string> {
  const rows = new Map<string, number>();
  const versions = new Map<string, string>();
  for (const file of files.filter(({ dataset }) => dataset === eventsDataset)) {
    const day = file.day ?? '';
    rows.set(day, (rows.get(day) ?? 0) + file.rows);
    versions.set(day, file.version);
  }
  return new Map([...rows].map(([day, count]) => [day, `${count} ${versions.get(day)}`]));
}

/** The UTC days on which events came or went; '' stands for files that name no day. */
function changedDays(before: readonly BuiltFile[], now: readonly BuiltFile[]): readonly string[] {
  const [former, present] = [eventDays(before), eventDays(now)];
  const days = [...new Set([...former.keys(), ...present.keys()])].sort();
  return days.filter((day) => former.get(day) !== present.get(day));
}

const pathsOf = (files: readonly BuiltFile[], relation: string): readonly string[] =>
  files.filter(({ dataset }) => dataset === `production.${relation}`).map(({ path }) => path);

/** Whether what a basis was built from can be compared with the files that there are now. */
export async function isComparable(lake: Lake, { files: before }: Basis, now: readonly LakeFile[]): Promise<boolean> {
  const relations = Object.keys(extractShapes);
  const complete = [before, now].every((files) => relations.every((relation) => pathsOf(files, relation).length > 0));
  if (!complete || changedDays(before, now).includes('')) return false;
  const former = before.filter(ofProduction);
  const versions = new Map(now.map(({ path, version }) => [path, version]));
  if (former.some(({ path, version }) => (versions.get(path) ?? version) !== version)) return false;
  const sizes = await Promise.all(former.map(({ path }) => lake.size(path)));
  return !sizes.includes(undefined);
}

/** Relations whose rows a build takes over; all others it makes anew. */
const keptRelations = ({ nodes }: Manifest): readonly string[] =>
  Object.values(nodes)
    .filter(({ resource_type, config }) => resource_type === 'snapshot' || config.materialized === 'incremental')
    .map(({ schema, alias }) => `${schema}.${alias}`);

/** A table or view of a file. */
interface Found {
  readonly kind: 'TABLE' | 'VIEW';
  readonly schema: string;
  readonly name: string;
}

const findRelations = (duckdb: DuckDB): Promise<readonly Found[]> =>
  duckdb.rows(`SELECT 'TABLE' AS kind, schema_name AS schema, table_name AS name FROM duckdb_tables()
     WHERE NOT internal AND database_name = current_database()
     UNION ALL SELECT 'VIEW', schema_name, view_name FROM duckdb_views()
     WHERE NOT internal AND database_name = current_database()`);

const qualified = ({ schema, name }: Found): string => `${sqlName(schema)}.${sqlName(name)}`;

/** What a table may become before its rows are moved together: the share that is dead, and row groups that are not full. */
const bounds = { dead: 0.2, rowsOfGroup: 122_880, groupsBeside: 16 } as const;

/** DuckDB: a row for each table that has become worse than the bounds. */
const wastefulTables = (tables: readonly string[]): string =>
  tables
    .map(
      (table) => `SELECT 1 FROM (
  SELECT sum(count) AS stored, count(DISTINCT row_group_id) AS groups, (SELECT count(*) FROM ${table}) AS alive
  FROM pragma_storage_info(${sqlText(table)}) WHERE column_path = '[0]'
) WHERE stored - alive > ${bounds.dead} * stored OR groups > ${bounds.groupsBeside} + 2 * ceil(alive / ${bounds.rowsOfGroup})`,
    )
    .join('\nUNION ALL ');

/**
 * A checkpoint moves rows together wherever that saves a row group, and so writes large parts of what stays again for the
 * sake of the few rows that come. That is put off until a table is worth it.
 */
async function putOffVacuum(duckdb: DuckDB, tables: readonly string[]): Promise<void> {
  const wasteful = tables.length === 0 ? [] : await duckdb.rows(wastefulTables(tables));
  if (wasteful.length === 0) await duckdb.run('SET max_vacuum_tasks = 0');
}

/** Leaves in a copy what the build takes over: drops what it makes anew, and what an earlier one has left that is no model any more. */
export async function keepRelations(duckdb: DuckDB, manifest: Manifest): Promise<void> {
  const kept = new Set(keptRelations(manifest));
  const found = await findRelations(duckdb);
  const isKept = ({ schema, name }: Found): boolean => kept.has(`${schema}.${name}`);
  await putOffVacuum(duckdb, found.filter((each) => each.kind === 'TABLE' && isKept(each)).map(qualified));
  const drops = found.filter((each) => !isKept(each)).map((each) => `DROP ${each.kind} ${qualified(each)};`);
  // Only behind a checkpoint is the room of what was dropped used again.
  await duckdb.run(`${drops.join('\n')} CHECKPOINT;`);
}

/** A dataset of production: the column that its keys are made of, and the relations that tell whether one has changed. */
interface KeyedDataset {
  readonly id: string;
  readonly relations: readonly (keyof typeof extractShapes)[];
  /** Columns that no row of an incremental model depends on. */
  readonly ignored: readonly string[];
  /** Whether the relation has the snapshots of each id, of which one that repeats the one before tells nothing. */
  readonly ofSnapshots: boolean;
}

const keyedDatasets: Readonly<Record<string, KeyedDataset>> = {
  transactions: {
    id: 'transaction_id',
    relations: ['transactions', 'transaction_items'],
    ignored: ['observed_at'],
    ofSnapshots: false,
  },
  customers: { id: 'customer_id', relations: ['customer_snapshots'], ignored: [], ofSnapshots: true },
  products: { id: 'product_id', relations: ['product_snapshots'], ignored: ['stock_quantity'], ofSnapshots: true },
};

/** What puts the snapshots of an id in order, as the models do; all other columns are their content. */
const snapshotOrder = ['observed_at', 'updated_at', 'content_hash'];

/** DuckDB: behind a select from a relation, leaves the snapshots whose content is not that of the one before. */
function onlyChanges(id: string, columns: readonly string[]): string {
  const content = columns.filter((name) => !['source', id, ...snapshotOrder].includes(name));
  return ` QUALIFY row(${content.join(', ')}) IS DISTINCT FROM lag(row(${content.join(', ')}))
    OVER (PARTITION BY source, ${id} ORDER BY observed_at, updated_at NULLS FIRST, content_hash)`;
}

/** DuckDB: the keys of rows that only one of two states of a relation has; undefined when their files are the same. */
function differingKeys(
  { id, ignored, ofSnapshots }: KeyedDataset,
  relation: keyof typeof extractShapes,
  before: readonly string[],
  now: readonly string[],
): string | undefined {
  const [former, present] = [new Set(before), new Set(now)];
  if (former.size === present.size && before.every((path) => present.has(path))) return undefined;
  const columns = extractShapes[relation].columns.map(({ name }) => name).filter((name) => !ignored.includes(name));
  const rows = (paths: readonly string[], others: ReadonlySet<string>, side: 1 | -1): readonly string[] => {
    // A snapshot's change is told by the one before it, which may be in another file.
    const told = ofSnapshots ? paths : paths.filter((path) => !others.has(path));
    if (told.length === 0) return [];
    return [
      `SELECT ${columns.join(', ')}, ${side} AS side FROM read_parquet([${told.map(sqlPath).join(', ')}], hive_partitioning = false)
    ${ofSnapshots ? onlyChanges(id, columns) : ''}`,
    ];
  };
  const sides = [...rows(before, present, -1), ...rows(now, former, 1)];
  return `SELECT source || '|' || ${id} AS key FROM (
  SELECT ${columns.join(', ')}, sum(side) AS balance FROM (${sides.join(' UNION ALL ')}) GROUP BY ALL
) WHERE balance <> 0`;
}

/** DuckDB: selects of what changed in production, as dataset and key. */
function changesOfProduction(lake: Lake, before: readonly BuiltFile[], now: readonly BuiltFile[]): readonly string[] {
  const located = (files: readonly BuiltFile[], relation: string): readonly string[] =>
    pathsOf(files, relation).map((path) => lake.locate(path));
  return Object.entries(keyedDatasets).flatMap(([name, dataset]) => {
    const differing = dataset.relations.flatMap(
      (relation) => differingKeys(dataset, relation, located(before, relation), located(now, relation)) ?? [],
    );
    const keys = differing.join('\nUNION ALL ');
    return differing.length === 0
      ? []
      : [`SELECT DISTINCT 'production.${name}' AS dataset, key FROM (${keys}) AS keys`];
  });
}

/** Where changes are put down before there is a file to build in: the database in memory of its draft. */
const foundChanges = 'memory.main.found_changes';

const changedKeysShape = '(dataset VARCHAR NOT NULL, key VARCHAR NOT NULL)';

/**
 * Finds, in the database in memory beside the file to build in, what has changed since the basis, behind a row of the
 * publication that it is. That row is there also when nothing has changed, for without any row the models build all.
 */
export async function findChanges(duckdb: DuckDB, lake: Lake, basis: Basis, files: readonly LakeFile[]): Promise<void> {
  const rows = [
    `(${sqlText('publication')}, ${sqlText(basis.publication)})`,
    ...changedDays(basis.files, files).map((day) => `(${sqlText(eventsDataset)}, ${sqlText(day)})`),
  ];
  await duckdb.run(
    `CREATE TABLE ${foundChanges} ${changedKeysShape}; INSERT INTO ${foundChanges} VALUES ${rows.join(', ')}`,
  );
  for (const changes of changesOfProduction(lake, basis.files, files)) {
    await duckdb.run(`INSERT INTO ${foundChanges} ${changes}`);
  }
}

const createChangedKeys = `CREATE SCHEMA IF NOT EXISTS pipeline;
CREATE OR REPLACE TABLE pipeline.changed_keys ${changedKeysShape};`;

/** Gives the models pipeline.changed_keys without a row: all is to be built. */
export const startAnew = (duckdb: DuckDB): Promise<void> => duckdb.run(createChangedKeys);

/** Gives the models of a draft that took over the basis the changes that were found. */
export const startFromBasis = (duckdb: DuckDB): Promise<void> =>
  duckdb.run(
    `${createChangedKeys} INSERT INTO pipeline.changed_keys FROM ${foundChanges}; DROP TABLE ${foundChanges};`,
  );
