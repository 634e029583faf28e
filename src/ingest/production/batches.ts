/** The batches of a home: which there are, what became of their rows, what their loads took. */
import { type BookedTable, tableNames } from '../../contracts/tables.ts';
import { MillraceError } from '../../kernel/errors.ts';
import type { Sql } from '../../stores/postgres/postgres.ts';
import type { Stage } from './stages.ts';

/** A batch at a glance. */
export interface BatchSummary {
  readonly batch: string;
  readonly source: string;
  readonly preset: string | undefined;
  /** Of a batch of the lake: events, catalog or profiles; undefined for the tables of CSV files. */
  readonly dataset: string | undefined;
  /** ISO 8601. */
  readonly observedAt: string;
  readonly recordedAt: string;
  /** Undefined while the batch counts. */
  readonly revertedAt: string | undefined;
  readonly received: number;
  readonly loaded: number;
  readonly quarantined: number;
}

interface StoredBatch {
  readonly batch: string;
  readonly source: string;
  readonly preset: string | null;
  readonly dataset: string | null;
  readonly observed_at: Date;
  readonly recorded_at: Date;
  readonly reverted_at: Date | null;
  readonly received: number;
  readonly loaded: number;
  readonly quarantined: number;
}

const summaryOf = (stored: StoredBatch): BatchSummary => ({
  batch: stored.batch,
  source: stored.source,
  preset: stored.preset ?? undefined,
  dataset: stored.dataset ?? undefined,
  observedAt: stored.observed_at.toISOString(),
  recordedAt: stored.recorded_at.toISOString(),
  revertedAt: stored.reverted_at?.toISOString(),
  received: stored.received,
  loaded: stored.loaded,
  quarantined: stored.quarantined,
});

const summaries = (condition: string): string =>
  `SELECT batch_id AS batch, source, preset, substr(dataset, 6) AS dataset, observed_at, recorded_at, reverted_at,
     coalesce(sum(received), 0)::bigint AS received, coalesce(sum(loaded), 0)::bigint AS loaded,
     coalesce(sum(quarantined), 0)::bigint AS quarantined
   FROM ops.batches LEFT JOIN ops.ledger_balance USING (batch_id) WHERE ${condition}
   GROUP BY batch_id ORDER BY batch_number`;

/** All batches in the order in which they were loaded, with where their rows are now. */
export async function listBatches(sql: Sql): Promise<readonly BatchSummary[]> {
  return (await sql.rows<StoredBatch>(summaries('true'))).map(summaryOf);
}

/** Errors: MR-BAT-001 when there is no such batch. */
export async function requireBatch(sql: Sql, batch: string): Promise<BatchSummary> {
  const [found] = await sql.rows<StoredBatch>(summaries('batch_id = $1'), [batch]);
  if (!found) throw new MillraceError('MR-BAT-001', { batch });
  return summaryOf(found);
}

/** A file of a batch. */
export interface BatchFile {
  readonly file: string;
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly encoding: string;
  readonly compression: string;
  readonly records: number;
  readonly mapped: number;
  readonly malformed: number;
  /** Its copy, below the archive; null for batches loaded before files were archived. */
  readonly archivedAs: string | null;
}

/** An entry of the ledger. */
export interface LedgerEntry {
  readonly table: BookedTable;
  readonly operation: string;
  /** The batch whose load or revert moved the rows. */
  readonly causedBy: string;
  readonly recordedAt: string;
  readonly received: number;
  readonly loaded: number;
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly duplicate: number;
  readonly superseded: number;
  readonly quarantined: number;
}

/** All that is known of a batch. */
export interface BatchDetails extends BatchSummary {
  readonly files: readonly BatchFile[];
  /** Every movement of its rows, in order; they add up to where the rows are now. */
  readonly entries: readonly LedgerEntry[];
  readonly rules: readonly {
    readonly rule: string;
    readonly severity: string;
    readonly checked: number;
    readonly broken: number;
    /** broken / checked; null where nothing was checked. */
    readonly rate: number | null;
    /** Row numbers of the first ten. */
    readonly examples: readonly number[];
  }[];
}

/** Errors: MR-BAT-001. */
export async function showBatch(sql: Sql, batch: string): Promise<BatchDetails> {
  const summary = await requireBatch(sql, batch);
  const files = await sql.rows<BatchFile>(
    `SELECT file, path, sha256, bytes, encoding, compression, records, mapped, malformed, archived_as AS "archivedAs"
     FROM ops.batch_files WHERE batch_id = $1 ORDER BY file_number, file`,
    [batch],
  );
  const entries = await sql.rows<Omit<LedgerEntry, 'recordedAt'> & { recordedAt: Date }>(
    `SELECT table_name AS table, operation, caused_by AS "causedBy", recorded_at AS "recordedAt", received, loaded, inserted,
       updated, unchanged, duplicate, superseded, quarantined
     FROM ops.ledger WHERE batch_id = $1 ORDER BY recorded_at, array_position($2::text[], table_name), entry`,
    [batch, tableNames],
  );
  const rules = await sql.rows<BatchDetails['rules'][number]>(
    `SELECT rule, severity, checked, broken, broken::double precision / nullif(checked, 0) AS rate, examples
     FROM ops.quality_results WHERE batch_id = $1 AND broken > 0 ORDER BY severity, rule`,
    [batch],
  );
  return {
    ...summary,
    files,
    entries: entries.map((entry) => ({ ...entry, recordedAt: entry.recordedAt.toISOString() })),
    rules,
  };
}

/** What the stages of a load did. */
export interface BatchExplanation {
  readonly batch: string;
  readonly source: string;
  readonly stages: readonly Stage[];
}

/** Errors: MR-BAT-001. */
export async function explainBatch(sql: Sql, batch: string): Promise<BatchExplanation> {
  const { source } = await requireBatch(sql, batch);
  const [found] = await sql.rows<{ stages: readonly Stage[] }>('SELECT stages FROM ops.batches WHERE batch_id = $1', [
    batch,
  ]);
  return { batch, source, stages: found?.stages ?? [] };
}

/** How many rows of a batch a rule looked at, and how many broke it. */
export interface QualityResult {
  readonly batch: string;
  readonly source: string;
  /** When the batch was true, ISO 8601. */
  readonly observedAt: string;
  readonly rule: string;
  readonly severity: string;
  readonly checked: number;
  readonly broken: number;
  /** broken / checked; null where nothing was checked. */
  readonly rate: number | null;
}

/** The results of batches in the order of their days: the rules that were broken or, of a named rule, all results. */
export async function listQuality(
  sql: Sql,
  batch: string | undefined,
  rule: string | undefined,
): Promise<readonly QualityResult[]> {
  const results = await sql.rows<Omit<QualityResult, 'observedAt'> & { observed_at: Date }>(
    `SELECT batch_id AS batch, source, observed_at, rule, severity, checked, broken,
       broken::double precision / nullif(checked, 0) AS rate
     FROM ops.quality_results JOIN ops.batches USING (batch_id)
     WHERE reverted_at IS NULL AND ($1::text IS NULL OR batch_id = $1)
       AND CASE WHEN $2::text IS NULL THEN broken > 0 ELSE rule = $2 END
     ORDER BY observed_at, batch_number, severity, rule`,
    [batch ?? null, rule ?? null],
  );
  return results.map(({ observed_at, ...result }) => ({ ...result, observedAt: observed_at.toISOString() }));
}
