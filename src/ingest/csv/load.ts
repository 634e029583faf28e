/** One batch into PostgreSQL in one transaction: staging, production, quarantine, quality results, ledger. */
import { createReadStream } from 'node:fs';
import { rulesOf } from '../../contracts/judge.ts';
import { uniqueKeyRule } from '../../contracts/rules.ts';
import { type TableName, tableNames } from '../../contracts/tables.ts';
import { MillraceError } from '../../kernel/errors.ts';
import type { DuckDB } from '../../stores/duckdb/duckdb.ts';
import { streamRows } from '../../stores/duckdb/stream-rows.ts';
import { isBadCopyFormat, type Sql } from '../../stores/postgres/postgres.ts';
import { type CsvFile, requireUnchanged } from './files.ts';
import type { FileReading } from './read.ts';
import * as statement from './statements.ts';

/** What became of the rows of one table: received = loaded + duplicate + superseded + quarantined. */
export interface TableOutcome {
  readonly table: TableName;
  readonly received: number;
  readonly loaded: number;
  readonly duplicate: number;
  readonly superseded: number;
  readonly quarantined: number;
  /** loaded = inserted + updated + unchanged. */
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
}

/** A batch that has been read and is about to be judged and loaded. */
export interface Batch {
  readonly id: string;
  readonly source: string;
  readonly preset: string | undefined;
  readonly contentHash: string;
  /** When the content was true. */
  readonly observedAt: Date;
  /** When it is loaded. */
  readonly recordedAt: Date;
  readonly readings: readonly FileReading[];
}

/** What a load works with: the DuckDB in which its rows are judged, and a folder for what is on its way. */
export interface LoadEngines {
  readonly judge: DuckDB;
  readonly temporaryFolder: string;
}

const countsOf = (
  rows: readonly { readonly count: number }[],
  names: readonly string[],
): ((name: string) => number) => {
  const counts = new Map(rows.map((row, index) => [names[index], row.count]));
  return (name) => counts.get(name) ?? 0;
};

/** Records the batch and its files; gives its number. */
export async function registerBatch(sql: Sql, batch: Batch): Promise<number> {
  const [registered] = await sql.rows<{ batch_number: number }>(
    `INSERT INTO ops.batches (batch_id, source, preset, content_hash, observed_at, recorded_at)
     VALUES ($1, $2, $3, $4, $5, $6) RETURNING batch_number`,
    [batch.id, batch.source, batch.preset ?? null, batch.contentHash, batch.observedAt, batch.recordedAt],
  );
  for (const { file, records, malformed } of batch.readings) {
    await sql.run(
      `INSERT INTO ops.batch_files (batch_id, file, path, sha256, bytes, records, mapped, malformed)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [batch.id, file.name, file.path, file.sha256, file.bytes, records, records - malformed, malformed],
    );
  }
  return registered?.batch_number ?? 0;
}

/** Copies the bytes of a file; undefined, with nothing copied, when PostgreSQL objects to what DuckDB has accepted. */
async function copyFile(
  sql: Sql,
  batchNumber: number,
  table: TableName,
  file: CsvFile,
  columns: readonly string[],
): Promise<number | undefined> {
  await sql.run(`SAVEPOINT before_copy; ${statement.numberStaging(table, batchNumber)}`);
  try {
    return await sql.copyIn(statement.copyFile(table, columns, file.layout), createReadStream(file.path));
  } catch (thrown) {
    if (!isBadCopyFormat(thrown)) throw thrown;
    await sql.run('ROLLBACK TO SAVEPOINT before_copy');
    return undefined;
  }
}

/**
 * Puts the rows as received into staging; gives their number. The bytes of a file that PostgreSQL reads as DuckDB did go
 * there straight from the disk; of other files, such as one with a comma too many, the rows that were read are streamed.
 */
export async function stageTable(
  sql: Sql,
  engines: LoadEngines,
  batchNumber: number,
  table: TableName,
  reading: FileReading | undefined,
): Promise<number> {
  if (reading?.copyColumns) {
    const copied = await copyFile(sql, batchNumber, table, reading.file, reading.copyColumns);
    if (copied !== undefined) return copied;
  }
  // A connection of its own, so that the rows can be judged at the same time.
  const duckdb = await engines.judge.fork();
  try {
    return await streamRows(duckdb, statement.stagingRows(table, batchNumber), engines.temporaryFolder, (rows) =>
      sql.copyIn(statement.copyStaging(table), rows),
    );
  } finally {
    duckdb.close();
  }
}

async function upsert(
  sql: Sql,
  engines: LoadEngines,
  batch: Batch,
  table: TableName,
): Promise<(name: string) => number> {
  await sql.run(statement.createClean(table));
  await streamRows(engines.judge, statement.cleanRows(table), engines.temporaryFolder, (rows) =>
    sql.copyIn(statement.copyClean(table), rows),
  );
  await sql.run(`ANALYZE clean_${table}`);
  await sql.run(statement.createOutcome(table), [batch.source, batch.observedAt]);
  await sql.run(`ANALYZE outcome_${table}`);
  const parameters = [batch.source, batch.observedAt, batch.id, batch.recordedAt];
  await sql.run(statement.insertNew(table), parameters);
  await sql.run(statement.updateChanged(table), parameters);
  await sql.run(statement.touchUnchanged(table), [batch.source, batch.observedAt]);
  const counted = await sql.rows<{ outcome: string; count: number }>(statement.countOutcomes(table));
  return countsOf(
    counted,
    counted.map(({ outcome }) => outcome),
  );
}

/** Malformed records belong to no row of a table; they go to quarantine as they were found. */
export async function quarantineMalformed(sql: Sql, engines: LoadEngines, batch: Batch): Promise<void> {
  for (const { table, file, fileNumber, malformed } of batch.readings) {
    if (malformed === 0) continue;
    const rows = statement.malformedRows(table, batch.id, file.name, fileNumber);
    await streamRows(engines.judge, rows, engines.temporaryFolder, (stream) =>
      sql.copyIn(statement.copyQuarantine, stream),
    );
  }
}

const insertQuality = `INSERT INTO ops.quality_results (batch_id, rule, table_name, severity, checked, broken)
SELECT $1, rule, $2, $3, $4, broken FROM unnest($5::text[], $6::bigint[]) AS results (rule, broken)`;

/** Books how many rows broke each rule; a row that another content of its key superseded breaks the key's uniqueness. */
async function recordQuality(
  sql: Sql,
  engines: LoadEngines,
  batch: Batch,
  { table, superseded }: TableOutcome,
): Promise<void> {
  const [counts] = await engines.judge.rows<Record<string, number>>(statement.countBroken(table));
  for (const severity of ['error', 'warn'] as const) {
    const rules = rulesOf(table, severity).map(({ id }) => id);
    const broken = rules.map((rule) => counts?.[rule] ?? 0);
    if (severity === 'warn') {
      rules.push(uniqueKeyRule(table));
      broken.push(superseded);
    }
    await sql.run(insertQuality, [batch.id, table, severity, counts?.checked ?? 0, rules, broken]);
  }
}

async function book(
  sql: Sql,
  batch: Batch,
  batchNumber: number,
  outcome: TableOutcome,
  storedBefore: number,
): Promise<void> {
  const { table, received, duplicate, superseded, quarantined, inserted, updated, unchanged } = outcome;
  await sql.run(statement.insertLedger, [
    batch.id,
    table,
    received,
    duplicate,
    superseded,
    quarantined,
    inserted,
    updated,
    unchanged,
  ]);
  const differences = await sql.rows<{ claim: string; booked: number; found: number }>(statement.checkLedger(table), [
    batch.id,
    batchNumber,
    batch.source,
    storedBefore,
  ]);
  const [difference] = differences;
  if (difference) {
    const problem = `${table}: ${difference.claim} is booked as ${difference.booked}, found ${difference.found}`;
    throw new MillraceError('MR-LED-001', { batch: batch.id, problem });
  }
}

/** Loads one judged table and books it. Errors: MR-LED-001 when the books do not agree with the tables. */
export async function loadTable(
  sql: Sql,
  engines: LoadEngines,
  batch: Batch,
  batchNumber: number,
  table: TableName,
  staged: number,
): Promise<TableOutcome> {
  const reading = batch.readings.find((each) => each.table === table);
  const malformed = reading?.malformed ?? 0;
  const [before] = await sql.rows<{ count: number }>(statement.countProduction(table), [batch.source]);
  const verdicts = await engines.judge.rows<{ verdict: string; count: number }>(statement.countVerdicts(table));
  const judged = countsOf(
    verdicts,
    verdicts.map(({ verdict }) => verdict),
  );
  const stored = await upsert(sql, engines, batch, table);
  if (judged('quarantined') > 0) {
    const file = reading?.file.name ?? batch.readings[0]?.file.name ?? '';
    await streamRows(engines.judge, statement.quarantineRows(table, batch.id, file), engines.temporaryFolder, (rows) =>
      sql.copyIn(statement.copyQuarantine, rows),
    );
  }
  if (staged > judged('loaded') || stored('superseded') > 0) {
    await sql.run(statement.createVerdicts(table));
    await streamRows(engines.judge, statement.verdictRows(table), engines.temporaryFolder, (rows) =>
      sql.copyIn(statement.copyVerdicts(table), rows),
    );
    await sql.run(statement.applyVerdicts(table), [batchNumber]);
  }
  const [inserted, updated, unchanged] = [stored('inserted'), stored('updated'), stored('unchanged')];
  const outcome: TableOutcome = {
    table,
    received: staged + malformed,
    loaded: inserted + updated + unchanged,
    duplicate: judged('duplicate'),
    superseded: judged('superseded') + stored('superseded'),
    quarantined: judged('quarantined') + malformed,
    inserted,
    updated,
    unchanged,
  };
  await recordQuality(sql, engines, batch, outcome);
  await book(sql, batch, batchNumber, outcome, before?.count ?? 0);
  return outcome;
}

/** Stages all tables of the batch, one after the other; gives the rows staged of each. */
export async function stageAll(
  sql: Sql,
  engines: LoadEngines,
  batch: Batch,
  batchNumber: number,
): Promise<ReadonlyMap<TableName, number>> {
  const staged = new Map<TableName, number>();
  try {
    for (const table of tableNames) {
      const reading = batch.readings.find((each) => each.table === table);
      staged.set(table, await stageTable(sql, engines, batchNumber, table, reading));
    }
  } finally {
    // Also after a failure, for which a file that changed meanwhile is the reason to tell.
    for (const { file } of batch.readings) requireUnchanged(file);
  }
  return staged;
}
