/** The way of a batch of event files: found, archived as received, judged, made unique, written to the lake and booked. */
import { createHash } from 'node:crypto';
import { appendAudit } from '../../audit/audit.ts';
import { type DuckDB, type DuckDBLimits, sqlText } from '../../stores/duckdb/duckdb.ts';
import { streamRows } from '../../stores/duckdb/stream-rows.ts';
import { removeDrafts } from '../files/copies.ts';
import { requireUnchanged } from '../files/inspect.ts';
import { withJudge } from '../judge.ts';
import type { NewLakeFile } from '../lake-files.ts';
import { book, requireLakeBalance } from '../production/ledger.ts';
import { createStopwatch, type Stopwatch } from '../production/stages.ts';
import {
  bookWritten,
  copyQuarantine,
  daysOf,
  type EventsSource,
  insertBatch,
  insertFiles,
  insertQuality,
  knownHashes,
  loadedLargeFiles,
  registerSource,
} from './batch-books.ts';
import type { EventsContext } from './context.ts';
import { eventsDataset } from './day-files.ts';
import { type Drift, findNewFields, findNewWords, keepDrift } from './drift.ts';
import { loadedEvents } from './event-index.ts';
import { writeEvents } from './event-lake.ts';
import { hashLines, judgeReceived } from './judge-received.ts';
import { archivedEventName, archiveEvents, packOnTheWay } from './read/archive.ts';
import { type EventFile, findEventFiles } from './read/find.ts';
import { type EventReading, findEventLines, readEvents } from './read/read.ts';
import { conflictRule } from './verdict-statements.ts';
import { decideVerdicts, type EventVerdicts } from './verdicts.ts';

/** What to load, and as which source. */
export interface EventsRequest extends EventsSource {
  /** When the events were received; undefined: now. No event may be more than five minutes later. */
  readonly receivedAt?: Date;
}

/** A file of a load. */
export interface EventFileOutcome {
  readonly file: string;
  /** Lines that are not blank, elements of an array, or rows. */
  readonly records: number;
  /** The same bytes were loaded before: the file was left out. */
  readonly alreadyLoaded: boolean;
}

/** What became of a batch of events: received = loaded + duplicate + quarantined. */
export interface EventsResult {
  /** Undefined when every file had been loaded before. */
  readonly batch: string | undefined;
  readonly source: string;
  readonly alreadyLoaded: boolean;
  readonly files: readonly EventFileOutcome[];
  /** Files of the folders that are none of events, by their names. */
  readonly ignored: readonly string[];
  readonly received: number;
  readonly loaded: number;
  readonly duplicate: number;
  readonly quarantined: number;
  /** UTC days that events were added to. */
  readonly days: number;
  readonly brokenRules: readonly { readonly rule: string; readonly severity: 'error'; readonly broken: number }[];
  /** What the contract does not know, seen for the first time from this source. */
  readonly drift: readonly Drift[];
}

/** Beside its buffers DuckDB takes memory for texts and files that it works on: a fifth of the limit is left for that. */
const leaveRoom = (limits: DuckDBLimits): DuckDBLimits => ({
  ...limits,
  memory: limits.memory.replace(/^[\d.]+/, (size) => String(Number(size) * 0.8)),
});

/** The first of each content. */
const distinct = (files: readonly EventFile[]): readonly EventFile[] =>
  [...new Map(files.toReversed().map((file) => [file.sha256, file])).values()].toReversed();

/** DuckDB: what goes to quarantine, in the order of files and lines. */
const quarantinedRows = (batch: string): string => `SELECT ${sqlText(batch)}, 'events',
  row_number() OVER (ORDER BY file_number, line_number), names.file, line_number, '{' || array_to_string(rules, ',') || '}',
  json_object('record', line)
FROM (
  SELECT file_number, line_number, line, rules FROM broken_lines
  UNION ALL SELECT file_number, line_number, line, ['${conflictRule}'] FROM conflicts
  UNION ALL SELECT file_number, line_number, line, [rule] FROM unreadable_events
) JOIN names USING (file_number)`;

/** DuckDB: how many records broke each rule. */
const brokenCounts = `SELECT rule, count(*) AS broken FROM (
  SELECT unnest(rules) AS rule FROM broken_lines
  UNION ALL SELECT '${conflictRule}' FROM conflicts UNION ALL SELECT rule FROM unreadable_events
) GROUP BY rule ORDER BY rule`;

interface Batch {
  readonly id: string;
  readonly source: string;
  readonly contentHash: string;
  readonly receivedAt: Date;
  readonly recordedAt: Date;
}

/** A batch that is judged and written, but not booked. */
interface Prepared {
  readonly files: readonly (EventFile & {
    readonly records: number;
    readonly malformed: number;
    readonly archivedAs: string;
  })[];
  readonly unreadable: number;
  readonly verdicts: EventVerdicts;
  readonly written: readonly NewLakeFile[];
  readonly found: Parameters<typeof keepDrift>[1];
  readonly rules: readonly { readonly rule: string; readonly broken: number }[];
}

const sum = <T>(items: readonly T[], of: (item: T) => number): number =>
  items.reduce((total, item) => total + of(item), 0);

const filesWithWanted = `SELECT DISTINCT file_number AS file FROM events WHERE line_hash IN (FROM wanted_lines)`;

/** Makes event_lines of the wanted lines; files without any are not read again. */
async function findWanted(judge: DuckDB, readings: readonly EventReading[]): Promise<void> {
  const files = new Set((await judge.rows<{ file: number }>(filesWithWanted)).map(({ file }) => file));
  await findEventLines(
    judge,
    readings.filter(({ fileNumber }) => files.has(fileNumber)),
  );
}

async function prepare(
  context: EventsContext,
  judge: DuckDB,
  temporaryFolder: string,
  batch: Batch,
  files: readonly EventFile[],
  stopwatch: Stopwatch,
): Promise<Prepared> {
  const receivedDate = batch.receivedAt.toISOString().slice(0, 10);
  const archiving = archiveEvents(context.rawEvents, files, receivedDate);
  // Nobody waits for it until the events are written; a failure is told then.
  archiving.catch(() => undefined);
  const readings = await stopwatch.time('read the files', async () => ({
    result: await readEvents(judge, files, temporaryFolder),
  }));
  const received = sum(readings, ({ records }) => records);
  await stopwatch.time('judge', async () => {
    await judgeReceived(judge, context, batch.receivedAt);
    return { rows: received, result: undefined };
  });
  const fields = await findNewFields(judge, context.pseudonymKey);
  const verdicts = await stopwatch.time('find duplicates', async () => ({
    rows: received,
    result: await decideVerdicts(judge, context.eventContract, await loadedEvents(context, judge), {
      hash: () => hashLines(judge, context, batch.receivedAt),
      find: () => findWanted(judge, readings),
    }),
  }));
  const words = await findNewWords(judge, context.pseudonymKey);
  const written = await stopwatch.time('write to the lake', async () => ({
    rows: verdicts.fresh,
    result:
      verdicts.fresh === 0
        ? []
        : await writeEvents(
            judge,
            context.lake,
            {
              source: batch.source,
              batch: batch.id,
              receivedAt: batch.receivedAt,
              contractVersion: context.eventContract.version,
            },
            batch.id,
          ),
  }));
  await stopwatch.time('archive the files', async () => ({ result: await archiving }));
  const names = files.map(({ name }, place) => `(${place}::SMALLINT, ${sqlText(name)})`);
  await judge.run(`CREATE OR REPLACE TABLE names AS FROM (VALUES ${names.join(', ')}) AS names (file_number, file)`);
  return {
    files: files.map((file, place) => ({
      ...file,
      records: readings[place]?.records ?? 0,
      malformed: readings[place]?.unreadable ?? 0,
      archivedAs: archivedEventName(file, receivedDate),
    })),
    unreadable: sum(readings, ({ unreadable }) => unreadable),
    verdicts,
    written,
    found: [...fields, ...words],
    rules: await judge.rows(brokenCounts),
  };
}

async function commit(
  context: EventsContext,
  judge: DuckDB,
  temporaryFolder: string,
  request: EventsRequest,
  batch: Batch,
  prepared: Prepared,
  stopwatch: Stopwatch,
): Promise<readonly Drift[]> {
  const { files, unreadable, verdicts, written, found, rules } = prepared;
  const { id, source, contentHash, receivedAt, recordedAt } = batch;
  const quarantined = verdicts.broken + verdicts.conflicting + unreadable;
  const received = sum(files, ({ records }) => records);
  return context.postgres.transaction(async (sql) => {
    await registerSource(sql, request, recordedAt);
    await sql.run(insertBatch, [
      id,
      source,
      contentHash,
      receivedAt,
      recordedAt,
      JSON.stringify(stopwatch.stages),
      eventsDataset,
    ]);
    await sql.run(insertFiles, [id, JSON.stringify(files.map((file, place) => ({ ...file, place }))), 'events']);
    if (quarantined > 0) {
      await streamRows(judge, quarantinedRows(id), temporaryFolder, (rows) => sql.copyIn(copyQuarantine, rows));
    }
    await sql.run(insertQuality, [id, received, JSON.stringify(rules), 'events']);
    await book(sql, { operation: 'load', batch: id, at: recordedAt }, 'events', [
      { batch: id, was: undefined, becomes: 'inserted', rows: verdicts.fresh },
      { batch: id, was: undefined, becomes: 'duplicate', rows: verdicts.duplicate },
      { batch: id, was: undefined, becomes: 'quarantined', rows: quarantined },
    ]);
    await bookWritten(sql, id, written, recordedAt);
    const drift = await keepDrift(sql, found, { id, source, received, at: recordedAt });
    await requireLakeBalance(sql, { batch: id, table: 'events', received });
    await appendAudit(sql, { action: 'ingest', subject: id, details: { events: verdicts.fresh } }, context.clock);
    return drift;
  });
}

/**
 * Loads files of events as one batch: all of it or, when anything fails, nothing. Files whose bytes were loaded before are
 * left out; events that were loaded before are duplicates, wherever they come from. Errors: MR-IN-001, MR-IN-005,
 * MR-IN-007, MR-IN-010, MR-IN-014 to MR-IN-018, MR-LED-001.
 */
export async function ingestEvents(request: EventsRequest, context: EventsContext): Promise<EventsResult> {
  const recordedAt = context.clock();
  const stopwatch = createStopwatch(context.clock);
  const pack = packOnTheWay(context.rawEvents, await loadedLargeFiles(context.postgres, 'events'));
  const { files, ignored } = await stopwatch.time('find and hash the files', async () => ({
    result: await findEventFiles(request.paths, pack),
  }));
  const known = await knownHashes(context.postgres, 'events', files);
  const fresh = distinct(files).filter(({ sha256 }) => !known.has(sha256));
  const base = { source: request.source, ignored };
  if (fresh.length === 0) {
    await removeDrafts(context.rawEvents);
    await registerSource(context.postgres, request, recordedAt);
    return {
      ...base,
      batch: undefined,
      alreadyLoaded: true,
      files: files.map(({ name }) => ({ file: name, records: 0, alreadyLoaded: true })),
      received: 0,
      loaded: 0,
      duplicate: 0,
      quarantined: 0,
      days: 0,
      brokenRules: [],
      drift: [],
    };
  }
  const contentHash = createHash('sha256')
    .update(
      fresh
        .map(({ sha256 }) => sha256)
        .sort()
        .join('\n'),
    )
    .digest('hex');
  const id = `batch_${createHash('sha256').update(`events\n${request.source}\n${contentHash}`).digest('hex').slice(0, 16)}`;
  const batch: Batch = {
    id,
    source: request.source,
    contentHash,
    receivedAt: request.receivedAt ?? recordedAt,
    recordedAt,
  };
  return withJudge(leaveRoom(context.duckdb), async (judge, temporaryFolder) => {
    const prepared = await prepare(context, judge, temporaryFolder, batch, fresh, stopwatch);
    for (const file of fresh) requireUnchanged(file);
    const drift = await commit(context, judge, temporaryFolder, request, batch, prepared, stopwatch);
    const { verdicts, unreadable } = prepared;
    const records = new Map(prepared.files.map((file) => [file.path, file.records]));
    return {
      ...base,
      batch: id,
      alreadyLoaded: false,
      files: files.map(({ name, path }) => ({
        file: name,
        records: records.get(path) ?? 0,
        alreadyLoaded: !records.has(path),
      })),
      received: sum(prepared.files, ({ records }) => records),
      loaded: verdicts.fresh,
      duplicate: verdicts.duplicate,
      quarantined: verdicts.broken + verdicts.conflicting + unreadable,
      days: daysOf(prepared.written).length,
      brokenRules: prepared.rules.map((each) => ({ ...each, severity: 'error' })),
      drift,
    };
  });
}
