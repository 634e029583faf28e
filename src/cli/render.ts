/** How results of loads and runs are told on a terminal. */
import Table from 'cli-table3';
import { renderResult, visible } from '../exports/tables.ts';
import type { IngestResult, TableOutcome } from '../ingest/csv/ingest.ts';
import type { Drift } from '../ingest/events/drift.ts';
import type { EventsResult } from '../ingest/events/ingest-events.ts';
import type { ReferenceResult } from '../ingest/events/ingest-reference.ts';
import { humanDuration } from '../kernel/time.ts';
import type { Insight } from '../metrics/insights.ts';
import type { Headline } from '../metrics/overview.ts';
import type { RunResult } from '../pipeline/run.ts';
import type { PublishResult } from '../publish/publish.ts';
import { number, tableStyle } from './print.ts';
import { isTest, summariseNode } from './render-nodes.ts';

const columns = ['received', 'loaded', 'duplicate', 'superseded', 'quarantined'] as const;

/** The ledger of a batch as a table. */
function renderLedger(tables: IngestResult['tables']): string {
  const table = new Table({
    head: ['', ...columns],
    colAligns: ['left', ...columns.map(() => 'right' as const)],
    style: tableStyle,
  });
  for (const row of tables) table.push([row.table, ...columns.map((name) => number.format(row[name]))]);
  const sum = (name: 'inserted' | 'updated' | 'unchanged'): string =>
    `${number.format(tables.reduce((total, row) => total + row[name], 0))} ${name}`;
  return `${table.toString()}\nLoaded: ${sum('inserted')}, ${sum('updated')}, ${sum('unchanged')}.`;
}

function renderFiles(batch: IngestResult): readonly string[] {
  return batch.files
    .filter(({ malformed }) => malformed > 0 || batch.files.length === 1)
    .map(
      ({ file, records, mapped, malformed }) =>
        `${file}: ${number.format(records)} records = ${number.format(mapped)} read + ${number.format(malformed)} malformed`,
    );
}

const renderRules = (batch: IngestResult): readonly string[] =>
  batch.brokenRules.map(({ rule, severity, broken }) => `  ${severity.padEnd(5)}  ${rule}: ${number.format(broken)}`);

function titleOf({ source, batch, alreadyLoaded, reverted, examples, stopped }: IngestResult): string {
  if (examples) {
    const title = `${source}: nothing was loaded, this is what would come of it.`;
    return stopped ? `${title}\nBut the batch would be stopped. ${stopped}` : title;
  }
  if (reverted) return `${source}: these files were undone (${batch}); load them with --input to bring them back.`;
  return alreadyLoaded ? `${source}: these files were loaded before (${batch}).` : `${source}: loaded as ${batch}.`;
}

/** The first rows of each table of a dry run; nothing for other loads. */
export function renderExamples({ examples }: IngestResult): string {
  const tables = Object.entries(examples ?? {}).filter(([, rows]) => rows.length > 0);
  return tables
    .map(([name, rows]) => {
      const columns = Object.keys(rows[0] ?? {}).map((column) => ({ name: column, type: 'VARCHAR' }));
      return `\n\n${name}, the first rows as they would be stored:\n${renderResult({ columns, rows }, 'table').trimEnd()}`;
    })
    .join('');
}

/** What became of one batch. */
export function renderBatch(batch: IngestResult): string {
  const title = titleOf(batch);
  if (batch.reverted) return title;
  const unknown = Object.entries(batch.unknownColumns).map(
    ([file, names]) => `${file}: columns that nothing reads: ${names.join(', ')}`,
  );
  const others = batch.otherRecords.map(
    ({ reason, records }) => `No row of its own: ${number.format(records)} (${reason})`,
  );
  const rules = renderRules(batch);
  return [
    title,
    renderLedger(batch.tables),
    ...renderFiles(batch),
    ...others,
    ...unknown,
    ...(rules.length > 0 ? ['Rules broken:', ...rules] : []),
    ...(batch.released > 0
      ? [`Let in from earlier batches, for they had waited: ${number.format(batch.released)}.`]
      : []),
  ].join('\n');
}

const renderDrift = ({ kind, field, value, example, rows, rate }: Drift): string => {
  const share = `${number.format(rows)} ${rows === 1 ? 'event' : 'events'}, ${(100 * rate).toFixed(2)} %`;
  return kind === 'field'
    ? `  field ${field}, first with ${visible(example)} (${share})`
    : `  ${field} ${visible(value)} (${share})`;
};

/** What became of a batch of events. */
export function renderEvents(result: EventsResult): string {
  const { source, batch, files, ignored, received, loaded, duplicate, quarantined, days, brokenRules, drift } = result;
  if (batch === undefined) return `${source}: these events were loaded before.`;
  const table = new Table({
    head: ['', 'received', 'loaded', 'duplicate', 'quarantined'],
    colAligns: ['left', 'right', 'right', 'right', 'right'],
    style: tableStyle,
  });
  table.push(['events', ...[received, loaded, duplicate, quarantined].map((count) => number.format(count))]);
  const again = files.filter(({ alreadyLoaded }) => alreadyLoaded).length;
  return [
    `${source}: loaded as ${batch}, into ${number.format(days)} ${days === 1 ? 'day' : 'days'}.`,
    table.toString(),
    ...(again > 0 ? [`Files that were loaded before: ${number.format(again)}.`] : []),
    ...(ignored.length > 0 ? [`No files of events: ${ignored.map(visible).join(', ')}`] : []),
    ...(brokenRules.length > 0 ? ['Rules broken:'] : []),
    ...brokenRules.map(({ rule, severity, broken }) => `  ${severity.padEnd(5)}  ${rule}: ${number.format(broken)}`),
    ...(drift.length > 0 ? ['New to the contract:'] : []),
    ...drift.map(renderDrift),
  ].join('\n');
}

const loadedOf = (result: EventsResult | ReferenceResult): number =>
  'dataset' in result ? result.inserted + result.updated + result.unchanged : result.loaded;

/** What became of a batch of reference data. */
export function renderReference(result: ReferenceResult): string {
  if (result.batch === undefined) return `${result.source}: these files of ${result.dataset} were loaded before.`;
  const loaded = loadedOf(result);
  const others = (['duplicate', 'superseded', 'quarantined'] as const).map(
    (name) => `${number.format(result[name])} ${name}`,
  );
  return [
    `${result.source}: ${result.dataset} loaded as ${result.batch}.`,
    `${number.format(result.received)} rows = ${number.format(loaded)} loaded + ${others.join(' + ')}`,
    ...result.brokenRules.map(({ rule, broken }) => `  error  ${rule}: ${number.format(broken)}`),
  ].join('\n');
}

/** What a source brought to the lake in a run, by dataset. */
function renderLake(results: RunResult['events']): string {
  const datasetOf = (each: RunResult['events'][number]): string => ('dataset' in each ? each.dataset : 'events');
  const fresh = results.filter(({ alreadyLoaded }) => !alreadyLoaded);
  const source = results[0]?.source;
  if (fresh.length === 0) {
    return `${source}: ${[...new Set(results.map(datasetOf))].join(', ')} were loaded before.`;
  }
  const table = new Table({
    head: ['', ...columns],
    colAligns: ['left', ...columns.map(() => 'right' as const)],
    style: tableStyle,
  });
  for (const dataset of new Set(fresh.map(datasetOf))) {
    const own = fresh.filter((each) => datasetOf(each) === dataset);
    const counts: Record<(typeof columns)[number], (each: (typeof own)[number]) => number> = {
      received: ({ received }) => received,
      loaded: loadedOf,
      duplicate: ({ duplicate }) => duplicate,
      superseded: (each) => ('dataset' in each ? each.superseded : 0),
      quarantined: ({ quarantined }) => quarantined,
    };
    const cells = columns.map((name) => number.format(own.reduce((sum, each) => sum + counts[name](each), 0)));
    table.push([dataset, ...cells]);
  }
  const drift = fresh.flatMap((each) => ('drift' in each ? each.drift : []));
  const news = drift.length > 0 ? ['New to the contract:', ...drift.map(renderDrift)] : [];
  return [`${source}: into the lake.`, table.toString(), ...news].join('\n');
}

/** What became of the batches of one source, together. */
function renderSource(batches: readonly IngestResult[]): string {
  const [first] = batches;
  if (!first) return '';
  if (batches.length === 1) return renderBatch(first);
  const loaded = batches.filter(({ reverted }) => !reverted);
  const sums = (loaded[0]?.tables ?? []).map(({ table }) => {
    const rows = batches.flatMap(({ tables }) => tables.filter((each) => each.table === table));
    const sum = (name: Exclude<keyof TableOutcome, 'table'>): number =>
      rows.reduce((total, row) => total + row[name], 0);
    return {
      table,
      received: sum('received'),
      loaded: sum('loaded'),
      duplicate: sum('duplicate'),
      superseded: sum('superseded'),
      quarantined: sum('quarantined'),
      inserted: sum('inserted'),
      updated: sum('updated'),
      unchanged: sum('unchanged'),
    };
  });
  const fresh = loaded.filter(({ alreadyLoaded }) => !alreadyLoaded).map(({ batch }) => batch);
  const title =
    fresh.length === 0
      ? `${first.source}: the files of its ${batches.length} batches were loaded before.`
      : `${first.source}: ${batches.length} batches, of which are new: ${fresh.join(', ')}.`;
  const undone = batches.length - loaded.length;
  const note = undone > 0 ? `\nUndone before, and left so: ${undone}.` : '';
  return `${title}${note}\n${renderLedger(sums)}`;
}

/** The figures that a person looks at first. */
export function renderHeadline(headline: Headline | undefined, currency: string): string {
  if (!headline) return 'No sale and no return is in the figures yet.';
  const { range, totals } = headline;
  const money = new Intl.NumberFormat('en-US', { style: 'currency', currency });
  const amount = (value: number | null): string => (value === null ? 'none' : money.format(value));
  const count = (value: number | null): string => number.format(value ?? 0);
  return [
    `Net revenue ${amount(totals.net_revenue)} (gross ${amount(totals.gross_revenue)}, returns ${amount(totals.returns)})`,
    `from ${count(totals.orders)} orders of ${count(totals.customers)} customers,`,
    `${amount(totals.average_order_value)} per order, ${range.from} to ${range.to}.`,
  ].join(' ');
}

/** The insights as lines below the headline; nothing without any. */
export const renderInsights = (insights: readonly Insight[]): string =>
  insights.map(({ text }) => `\n  - ${text}`).join('');

/** A publication for a program: what ended how, without the SQL. */
export const summarisePublication = ({ nodes, ...publication }: PublishResult) => ({
  ...publication,
  nodes: nodes.map(summariseNode),
});

/** What a run did, for a person. */
export function renderRun(result: RunResult, figures: string): string {
  const { publication, milliseconds } = result;
  const tests = publication.nodes.filter(isTest);
  const models = publication.nodes.length - tests.length;
  const warned = tests.filter(({ status }) => status === 'warn').length;
  const built = publication.published
    ? `Published ${publication.publication}: ${models} models and seeds, ${tests.length} tests passed${warned > 0 ? `, ${warned} with warnings` : ''}.`
    : `${publication.publication} stays published.`;
  const outcome = result.changed ? '' : 'Nothing has changed: no row, no file, no figure.\n';
  const sources = [...new Set(result.batches.map(({ source }) => source))];
  const batches = sources
    .map((source) => renderSource(result.batches.filter((batch) => batch.source === source)))
    .join('\n\n');
  const lake = [...new Set(result.events.map(({ source }) => source))].map((source) =>
    renderLake(result.events.filter((each) => each.source === source)),
  );
  const loaded = [...(batches ? [batches] : []), ...lake].join('\n\n');
  return `${loaded}\n\n${built}\n${outcome}${figures}\nDone in ${humanDuration(milliseconds)}.\n`;
}
