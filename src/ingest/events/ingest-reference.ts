/** Reference data beside the events, the catalog of products and the profiles of users: of each key the latest file counts. */
import { createHash } from 'node:crypto';
import { appendAudit } from '../../audit/audit.ts';
import {
  judgeReferenceStatement,
  type ReferenceContract,
  type ReferenceName,
  referenceContracts,
} from '../../contracts/events/reference-data.ts';
import { personalDataMacros, personalDataSigns } from '../../contracts/personal-data.ts';
import { MillraceError } from '../../kernel/errors.ts';
import { type DuckDB, sqlName, sqlPath, sqlText } from '../../stores/duckdb/duckdb.ts';
import { streamRows } from '../../stores/duckdb/stream-rows.ts';
import type { Sql } from '../../stores/postgres/postgres.ts';
import { requireUnchanged } from '../files/inspect.ts';
import { withJudge } from '../judge.ts';
import { type NewLakeFile, registerFiles, retireFiles } from '../lake-files.ts';
import { book, requireLakeBalance, type Standing } from '../production/ledger.ts';
import { createStopwatch, type Stage } from '../production/stages.ts';
import { copyQuarantine, insertBatch, insertFiles, insertQuality, knownHashes, registerSource } from './batch-books.ts';
import type { EventsContext } from './context.ts';
import { currentOf } from './event-lake.ts';
import { lakeShapes } from './lake-shape.ts';
import { archivedEventName, archiveEvents } from './read/archive.ts';
import { type EventFile, findReferenceFiles } from './read/find.ts';
import { readingParquet } from './read/parquet.ts';
import * as statement from './reference-statements.ts';

/** What to load, and as which source. */
export interface ReferenceRequest {
  readonly dataset: ReferenceName;
  readonly source: string;
  readonly kind: 'sample' | 'events';
  /** Parquet files, or folders of them. */
  readonly paths: readonly string[];
  /** When the content was true; undefined: now. */
  readonly observedAt?: Date;
}

/** What became of the rows: received = inserted + updated + unchanged + duplicate + superseded + quarantined. */
export type ReferenceCounts = Readonly<Record<Standing | 'received', number>>;

/** What became of a batch of reference data. */
export interface ReferenceResult extends ReferenceCounts {
  readonly dataset: ReferenceName;
  /** Undefined when every file had been loaded before. */
  readonly batch: string | undefined;
  readonly source: string;
  readonly alreadyLoaded: boolean;
  readonly brokenRules: readonly { readonly rule: string; readonly broken: number }[];
}

const nothing: ReferenceCounts = {
  received: 0,
  inserted: 0,
  updated: 0,
  unchanged: 0,
  duplicate: 0,
  superseded: 0,
  quarantined: 0,
};

/** The contract's columns that a file has, whatever their case. Errors: MR-IN-004 without the key, MR-IN-016. */
async function columnsOf(
  judge: DuckDB,
  { columns, key }: ReferenceContract,
  { path, format }: EventFile,
): Promise<readonly string[]> {
  if (format !== 'parquet') throw new MillraceError('MR-IN-016', { path, problem: 'it does not begin like one' });
  const described = await readingParquet(
    path,
    judge.rows<{ name: string }>(
      `SELECT lower(column_name) AS name FROM (DESCRIBE FROM read_parquet(${sqlPath(path)}, hive_partitioning = false))`,
    ),
  );
  const found = described.map(({ name }) => name);
  if (!found.includes(key)) throw new MillraceError('MR-IN-004', { path, columns: key, found: found.join(', ') });
  return columns.map(({ name }) => name).filter((name) => found.includes(name));
}

/**
 * Makes received_rows of the files: file_number, row_number from 1, and the contract's columns as text, NULL where a file
 * lacks one. Gives the columns that any file has. Errors: MR-IN-004, MR-IN-016.
 */
async function readRows(
  judge: DuckDB,
  contract: ReferenceContract,
  files: readonly EventFile[],
): Promise<readonly string[]> {
  const names = contract.columns.map(({ name }) => name);
  await judge.run(`CREATE OR REPLACE TABLE received_rows
    (file_number SMALLINT, row_number BIGINT, ${names.map((name) => `${sqlName(name)} VARCHAR`).join(', ')})`);
  const found = new Set<string>();
  for (const [fileNumber, file] of files.entries()) {
    const columns = await columnsOf(judge, contract, file);
    for (const name of columns) found.add(name);
    const texts = columns.map((name) => `COLUMNS('(?i)^${name}$')::VARCHAR AS ${sqlName(name)}`);
    await readingParquet(
      file.path,
      judge.run(`INSERT INTO received_rows BY NAME
        SELECT ${fileNumber}::SMALLINT AS file_number, file_row_number + 1 AS row_number, ${texts.join(', ')}
        FROM read_parquet(${sqlPath(file.path)}, file_row_number = true, hive_partitioning = false)`),
    );
  }
  return names.filter((name) => found.has(name));
}

async function readStored(context: EventsContext, judge: DuckDB, dataset: ReferenceName): Promise<readonly string[]> {
  const current = await currentOf(context.postgres, `lake.${dataset}`);
  const columns = lakeShapes[dataset].map(({ name, type }) => `${name} ${type}`).join(', ');
  await judge.run(`CREATE OR REPLACE TABLE stored (${columns})`);
  for (const { path } of current) {
    await judge.run(`INSERT INTO stored BY NAME FROM read_parquet(${sqlPath(context.lake.locate(path))})`);
  }
  return current.map(({ path }) => path);
}

async function writeDataset(
  context: EventsContext,
  judge: DuckDB,
  dataset: ReferenceName,
  batch: string,
  rows: string,
): Promise<NewLakeFile> {
  const path = `processed/${dataset}/${batch}.parquet`;
  const bytes = await context.lake.put(path, (draft) =>
    judge.run(`COPY (${rows}) TO ${sqlText(draft)} (FORMAT parquet, COMPRESSION zstd)`),
  );
  const [counted] = await judge.rows<{ rows: number }>(
    `SELECT count(*) AS rows FROM read_parquet(${sqlPath(context.lake.locate(path))})`,
  );
  return { dataset: `lake.${dataset}`, path, rows: counted?.rows ?? 0, bytes, batch };
}

async function countStandings(judge: DuckDB): Promise<ReferenceCounts> {
  const counted = await judge.rows<{ standing: Standing; rows: number }>(
    'SELECT standing, count(*) AS rows FROM settled GROUP BY standing',
  );
  const received = counted.reduce((sum, { rows }) => sum + rows, 0);
  return { ...nothing, received, ...Object.fromEntries(counted.map(({ standing, rows }) => [standing, rows])) };
}

/** A batch, and what tells it from others. */
interface Batch {
  readonly id: string;
  readonly contentHash: string;
  readonly observedAt: Date;
  readonly recordedAt: Date;
  readonly files: readonly EventFile[];
}

function identify(
  { dataset, source }: ReferenceRequest,
  files: readonly EventFile[],
): Pick<Batch, 'id' | 'contentHash'> {
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  const contentHash = sha256(files.map((file) => file.sha256).join('\n'));
  return { id: `batch_${sha256([dataset, source, contentHash].join('\n')).slice(0, 16)}`, contentHash };
}

/** A batch that is judged and written, but not booked. */
interface Prepared {
  readonly counts: ReferenceCounts;
  readonly brokenRules: ReferenceResult['brokenRules'];
  /** The contract's columns that any file has. */
  readonly columns: readonly string[];
  /** Rows of each file, by its place. */
  readonly records: ReadonlyMap<number, number>;
  /** The dataset's files so far. */
  readonly former: readonly string[];
  readonly written: NewLakeFile;
  readonly stages: readonly Stage[];
}

const receivedDateOf = ({ observedAt }: Batch): string => observedAt.toISOString().slice(0, 10);

async function maskPersonal(judge: DuckDB, contract: ReferenceContract, key: string): Promise<void> {
  await judge.run(personalDataSigns);
  const [found] = await judge.rows<{ rows: number }>(statement.countPersonal(contract));
  if (!found?.rows) return;
  await judge.run(personalDataMacros(key));
  await judge.run(statement.maskRows(contract));
}

async function prepare(
  context: EventsContext,
  judge: DuckDB,
  { dataset, source }: ReferenceRequest,
  batch: Batch,
): Promise<Prepared> {
  const { files, observedAt } = batch;
  const contract = referenceContracts[dataset];
  const stopwatch = createStopwatch(context.clock);
  const columns = await readRows(judge, contract, files);
  await judge.run(judgeReferenceStatement(contract, columns));
  await maskPersonal(judge, contract, context.pseudonymKey);
  const former = await readStored(context, judge, dataset);
  await judge.run(statement.settleRows(contract, source, observedAt));
  const rows = statement.settledDataset(contract, source, observedAt);
  const written = await stopwatch.time('write to the lake', async () => ({
    result: await writeDataset(context, judge, dataset, batch.id, rows),
  }));
  await archiveEvents(context.rawEvents, files, receivedDateOf(batch));
  const counted = await judge.rows<{ file: number; rows: number }>(
    'SELECT file_number AS file, count(*) AS rows FROM received_rows GROUP BY file_number',
  );
  return {
    counts: await countStandings(judge),
    brokenRules: await judge.rows(
      'SELECT rule, count(*) AS broken FROM (SELECT unnest(rules) AS rule FROM settled) GROUP BY rule ORDER BY rule',
    ),
    columns,
    records: new Map(counted.map((each) => [each.file, each.rows])),
    former,
    written,
    stages: stopwatch.stages,
  };
}

/** Sends what is to be held to quarantine. */
async function quarantine(
  sql: Sql,
  judge: DuckDB,
  temporaryFolder: string,
  contract: ReferenceContract,
  { id, files }: Batch,
  columns: readonly string[],
): Promise<void> {
  const names = files.map(({ name }, place) => `(${place}::SMALLINT, ${sqlText(name)})`);
  await judge.run(`CREATE OR REPLACE TABLE names AS FROM (VALUES ${names.join(', ')}) AS names (file_number, file)`);
  await streamRows(judge, statement.quarantinedRows(contract, id, columns), temporaryFolder, (rows) =>
    sql.copyIn(copyQuarantine, rows),
  );
}

/** Marks the ids that have other content now: whatever is computed from them is to be computed again. */
async function markChanged(
  sql: Sql,
  judge: DuckDB,
  temporaryFolder: string,
  contract: ReferenceContract,
  { id, recordedAt }: Batch,
): Promise<void> {
  await sql.run('CREATE TEMP TABLE changed_now (key text) ON COMMIT DROP');
  await streamRows(judge, statement.changedKeys(contract), temporaryFolder, (rows) =>
    sql.copyIn('COPY changed_now FROM STDIN (FORMAT csv)', rows),
  );
  await sql.run(
    'INSERT INTO ops.changed_keys (dataset, key, batch_id, recorded_at) SELECT $1, key, $2, $3 FROM changed_now',
    [`lake.${contract.name}`, id, recordedAt],
  );
}

async function commit(
  context: EventsContext,
  judge: DuckDB,
  temporaryFolder: string,
  { dataset, source, kind }: ReferenceRequest,
  batch: Batch,
  { counts, brokenRules, columns, records, former, written, stages }: Prepared,
): Promise<void> {
  const contract = referenceContracts[dataset];
  const { id, contentHash, observedAt, recordedAt } = batch;
  const { received, ...standings } = counts;
  const files = batch.files.map((file, place) => ({
    ...file,
    place,
    records: records.get(place) ?? 0,
    malformed: 0,
    archivedAs: archivedEventName(file, receivedDateOf(batch)),
  }));
  const moves = Object.entries(standings).map(([becomes, rows]) => ({
    batch: id,
    was: undefined,
    becomes: becomes as Standing,
    rows,
  }));
  await context.postgres.transaction(async (sql) => {
    await registerSource(sql, { source, kind, paths: [], repeatable: false }, recordedAt);
    const values = [id, source, contentHash, observedAt, recordedAt, JSON.stringify(stages), `lake.${dataset}`];
    await sql.run(insertBatch, values);
    await sql.run(insertFiles, [id, JSON.stringify(files), dataset]);
    if (counts.quarantined > 0) await quarantine(sql, judge, temporaryFolder, contract, batch, columns);
    await sql.run(insertQuality, [id, received, JSON.stringify(brokenRules), dataset]);
    await book(sql, { operation: 'load', batch: id, at: recordedAt }, dataset, moves);
    await retireFiles(sql, former, recordedAt);
    await registerFiles(sql, [written], recordedAt);
    await markChanged(sql, judge, temporaryFolder, contract, batch);
    await requireLakeBalance(sql, { batch: id, table: dataset, received });
    await appendAudit(sql, { action: 'ingest', subject: id, details: { [dataset]: counts.inserted } }, context.clock);
  });
}

/**
 * Loads Parquet files of the catalog or of profiles as one batch. A later file's content counts, whatever the order in
 * which files are loaded; the same bytes again change nothing. Errors: MR-IN-001, MR-IN-004, MR-IN-010, MR-IN-016,
 * MR-LED-001.
 */
export async function ingestReference(request: ReferenceRequest, context: EventsContext): Promise<ReferenceResult> {
  const { dataset, source } = request;
  const recordedAt = context.clock();
  const found = await findReferenceFiles(request.paths);
  const known = await knownHashes(context.postgres, dataset, found);
  const files = found.filter(({ sha256 }) => !known.has(sha256));
  const base = { dataset, source };
  if (files.length === 0) return { ...base, ...nothing, batch: undefined, alreadyLoaded: true, brokenRules: [] };
  const batch = { ...identify(request, files), observedAt: request.observedAt ?? recordedAt, recordedAt, files };
  return withJudge(context.duckdb, async (judge, temporaryFolder) => {
    const prepared = await prepare(context, judge, request, batch);
    for (const file of files) requireUnchanged(file);
    await commit(context, judge, temporaryFolder, request, batch, prepared);
    const { counts, brokenRules } = prepared;
    return { ...base, ...counts, batch: batch.id, alreadyLoaded: false, brokenRules };
  });
}
