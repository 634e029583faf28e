/** `millrace report`: the analytic reports, listed or computed, as a table, CSV or JSON. */
import Table from 'cli-table3';
import { Command, InvalidArgumentError, Option } from 'commander';
import { renderResult, visible } from '../exports/tables.ts';
import { MillraceError } from '../kernel/errors.ts';
import {
  loadReport,
  loadReports,
  type Report,
  type ReportResult,
  type ReportUnit,
  readReport,
} from '../metrics/reports.ts';
import { readPublication } from '../publish/warehouse.ts';
import type { JsonValue } from '../stores/duckdb/duckdb.ts';
import type { App } from './app.ts';
import { parseCount, parseDay } from './options.ts';
import { tableStyle } from './print.ts';

interface Words {
  readonly from?: string;
  readonly to?: string;
  readonly limit?: number | 'all';
  readonly json?: true;
  readonly csv?: true;
}

const examples = `
Days are those of the shop, both inclusive; without them a report covers all days with data. In CSV a text that a
spreadsheet would take for a formula begins with an apostrophe; JSON has it as it is.

Examples:
  millrace report list
  millrace report revenue-trend
  millrace report top-products --from 2026-01-01 --to 2026-03-31 --limit 50
  millrace report rfm-segments --csv > segments.csv`;

/** A number of rows of at least 1, or all. */
function parseLimit(text: string): number | 'all' {
  if (text === 'all') return 'all';
  const count = parseCount(text);
  if (count === 0 || !Number.isSafeInteger(count))
    throw new InvalidArgumentError('Give a number of rows of at least 1, or all.');
  return count;
}

const fixed = (digits: number): Intl.NumberFormat =>
  new Intl.NumberFormat('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
const percent = new Intl.NumberFormat('en-US', {
  style: 'percent',
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
});

/** How numbers are written on a terminal; all other units are written as they are. */
const numberFormats: Partial<Record<ReportUnit, Intl.NumberFormat>> = {
  count: fixed(0),
  number: fixed(2),
  amount: fixed(2),
  fraction: percent,
};

function renderCell(value: JsonValue | undefined, unit: ReportUnit): string {
  if (unit === 'flag') return value === true ? 'yes' : 'no';
  return typeof value === 'number' ? (numberFormats[unit]?.format(value) ?? String(value)) : visible(value);
}

const hasMoney = ({ columns }: Report): boolean => columns.some(({ unit }) => unit === 'amount');

const missing: Readonly<Record<Report['about'], string>> = {
  sales: 'No sale and no return is in the figures yet',
  events: 'No event is in the figures yet',
};

/** What stands above the table: which days, and in which currency. */
function renderScope(report: Report, { range }: ReportResult, currency: string): string {
  const days = range ? `${range.from} to ${range.to}` : missing[report.about];
  return hasMoney(report) ? `${days}, amounts in ${currency}.` : `${days}.`;
}

function renderTable(report: Report, result: ReportResult): string {
  const table = new Table({
    head: report.columns.map(({ name }) => name.replaceAll('_', ' ')),
    colAligns: report.columns.map(({ unit }) => (numberFormats[unit] ? 'right' : 'left')),
    style: tableStyle,
  });
  for (const row of result.rows) table.push(report.columns.map(({ name, unit }) => renderCell(row[name], unit)));
  return table.toString();
}

/** A report for a person. */
export function renderReport(report: Report, result: ReportResult, currency: string): string {
  const { length } = result.rows;
  const rows = `${fixed(0).format(length)} ${length === 1 ? 'row' : 'rows'}`;
  const counted = result.truncated ? `The first ${rows}; --limit all shows all.` : rows;
  return [
    `${report.title}: ${report.question}`,
    renderScope(report, result, currency),
    ...(report.note === undefined ? [] : [report.note]),
    renderTable(report, result),
    counted,
    '',
  ].join('\n');
}

/** A report for a program. */
function renderJson(report: Report, result: ReportResult, currency: string): string {
  const { name, title, question, note, chart, columns } = report;
  const { range, truncated, rows } = result;
  const answer = {
    report: name,
    title,
    question,
    note: note ?? null,
    range: range ?? null,
    currency: hasMoney(report) ? currency : null,
    chart,
    columns,
    truncated,
    rows,
  };
  return `${JSON.stringify(answer, null, 2)}\n`;
}

async function answer(app: App, report: Report, words: Words): Promise<void> {
  app.output.progress('Computing the report');
  const { result, currency } = await app.withWarehouse(async (duckdb) => ({
    result: await readReport(duckdb, report, words),
    currency: (await readPublication(duckdb))?.currency ?? app.config.currency,
  }));
  app.output.settle();
  if (words.csv) app.output.print(renderResult(result, 'csv'));
  else app.output.print((words.json ? renderJson : renderReport)(report, result, currency));
}

function list(app: App, words: Words): void {
  const reports = loadReports();
  if (words.json) {
    const listed = reports.map(({ name, title, question, chart, columns }) => ({
      name,
      title,
      question,
      chart,
      columns,
    }));
    app.output.print(`${JSON.stringify(listed, null, 2)}\n`);
    return;
  }
  const table = new Table({ head: ['report', 'title', 'question'], style: tableStyle });
  for (const { name, title, question } of reports) table.push([name, title, question]);
  app.output.print(`${table.toString()}\n`);
}

/** Errors: MR-CLI-001 for words that a list has no use for. */
function requireListWords(words: Words): void {
  const lonely = (['from', 'to', 'limit', 'csv'] as const).find((name) => words[name] !== undefined);
  if (lonely) {
    throw new MillraceError('MR-CLI-001', {
      problem: `--${lonely} says what a report covers or how it is written, but list only names the reports.`,
      help: 'millrace report --help',
    });
  }
}

/** The command. */
export const reportCommand = (app: () => App): Command =>
  new Command('report')
    .description('answer a question about the shop from the published figures')
    .argument('<name>', "a report's name; list shows all")
    .addOption(new Option('--from <date>', 'the first day; default: the first with data').argParser(parseDay))
    .addOption(new Option('--to <date>', 'the last day; default: the last with data').argParser(parseDay))
    .addOption(new Option('--limit <rows>', 'how many rows at most, or all').argParser(parseLimit))
    .addOption(new Option('--json', 'print rows, columns and chart as JSON').conflicts('csv'))
    .option('--csv', 'print CSV with a header')
    .addHelpText('after', examples)
    .action(async (name: string, words: Words) => {
      if (name !== 'list') return answer(app(), loadReport(name), words);
      requireListWords(words);
      return list(app(), words);
    });
