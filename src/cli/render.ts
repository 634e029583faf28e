/** How results of loads and runs are told on a terminal. */
import Table from 'cli-table3';
import { renderResult } from '../exports/tables.ts';
import type { IngestResult } from '../ingest/csv/ingest.ts';
import { humanDuration } from '../kernel/time.ts';
import type { Insight } from '../metrics/insights.ts';
import type { Headline } from '../metrics/overview.ts';
import type { RunResult } from '../pipeline/run.ts';
import type { PublishResult } from '../publish/publish.ts';
import type { NodeResult } from '../transform/run.ts';

const number = new Intl.NumberFormat('en-US');

const columns = ['received', 'loaded', 'duplicate', 'superseded', 'quarantined'] as const;

/** The ledger of a batch as a table. */
function renderLedger(batch: IngestResult): string {
  const table = new Table({
    head: ['', ...columns],
    colAligns: ['left', ...columns.map(() => 'right' as const)],
    style: { head: [], border: [], compact: true },
  });
  for (const row of batch.tables) table.push([row.table, ...columns.map((name) => number.format(row[name]))]);
  const sum = (name: 'inserted' | 'updated' | 'unchanged'): string =>
    `${number.format(batch.tables.reduce((total, row) => total + row[name], 0))} ${name}`;
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

function titleOf({ source, batch, alreadyLoaded, reverted, examples }: IngestResult): string {
  if (examples) return `${source}: nothing was loaded, this is what would come of it.`;
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
    renderLedger(batch),
    ...renderFiles(batch),
    ...others,
    ...unknown,
    ...(rules.length > 0 ? ['Rules broken:', ...rules] : []),
    ...(batch.released > 0
      ? [`Let in from earlier batches, for they had waited: ${number.format(batch.released)}.`]
      : []),
  ].join('\n');
}

/** A model or test that did not end well, with the SQL and the first rows of a failed test. */
export function renderFailure(node: NodeResult): string {
  const lines = [
    `${node.status.toUpperCase()} ${node.kind} ${node.name}${node.failures ? `: ${node.failures} rows` : ''}`,
  ];
  if (node.message) lines.push(`  ${node.message.split('\n').join('\n  ')}`);
  if (node.kind === 'test' && node.status !== 'skipped') lines.push(`  ${node.sql.trim().split('\n').join('\n  ')}`);
  for (const row of node.failingRows ?? []) lines.push(`  ${JSON.stringify(row)}`);
  return lines.join('\n');
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
  nodes: nodes.map(({ sql: _sql, ...node }) => node),
});

/** What a run did, for a person. */
export function renderRun(result: RunResult, figures: string): string {
  const { publication, milliseconds } = result;
  const tests = publication.nodes.filter(({ kind }) => kind === 'test');
  const models = publication.nodes.length - tests.length;
  const warned = tests.filter(({ status }) => status === 'warn').length;
  const built = publication.published
    ? `Published ${publication.publication}: ${models} models and seeds, ${tests.length} tests passed${warned > 0 ? `, ${warned} with warnings` : ''}.`
    : `${publication.publication} stays published.`;
  const outcome = result.changed ? '' : 'Nothing has changed: no row, no file, no figure.\n';
  const batches = result.batches.map(renderBatch).join('\n\n');
  return `${batches}\n\n${built}\n${outcome}${figures}\nDone in ${humanDuration(milliseconds)}.\n`;
}
