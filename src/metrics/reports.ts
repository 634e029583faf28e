/** Analytic reports: .sql files that say in a header which question they answer, and their answers for a range of days. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, parse as parsePath } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { MillraceError } from '../kernel/errors.ts';
import { nearest } from '../kernel/nearest.ts';
import type { DuckDB, QueryResult } from '../stores/duckdb/duckdb.ts';
import { checkRange, type DateRange, findAvailable } from './overview.ts';

const folder = join(import.meta.dirname, 'reports');

/**
 * What a column holds: amount is in the shop's currency, fraction 0.5 for one half, month YYYY-MM, date YYYY-MM-DD, flag
 * true or false.
 */
const unit = z.enum(['text', 'month', 'date', 'flag', 'count', 'number', 'amount', 'fraction']);

/** A chart that suits the answer: y over x, where series is given one line, row or group of columns for each. */
const chart = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('table') }),
  z.strictObject({
    type: z.enum(['line', 'bar', 'column', 'pie', 'heatmap']),
    x: z.string(),
    y: z.array(z.string()).min(1),
    series: z.string().optional(),
  }),
]);

const headerShape = z
  .strictObject({
    title: z.string(),
    question: z.string().endsWith('?'),
    /** What a reader has to know beside the figures. */
    note: z.string().endsWith('.').optional(),
    /** Without days asked for, the report covers those from the first to the last with one of these. */
    about: z.enum(['sales', 'events']).default('sales'),
    chart,
    /** How many rows are shown unless another number is asked for; all when absent. */
    limit: z.int().positive().optional(),
    columns: z.record(z.string(), z.strictObject({ unit, description: z.string() })),
  })
  .refine(({ chart: hint, columns }) => charted(hint).every((name) => name in columns), {
    error: 'the chart names a column that the report does not have',
  });

type Header = z.infer<typeof headerShape>;

/** How an answer may be drawn. */
export type Chart = z.infer<typeof chart>;

/** What a column of a report holds. */
export type ReportUnit = z.infer<typeof unit>;

/** A column of a report. */
export interface ReportColumn {
  readonly name: string;
  readonly unit: ReportUnit;
  readonly description: string;
}

/** A report as its file declares it. */
export interface Report {
  readonly name: string;
  readonly title: string;
  readonly question: string;
  /** What a reader has to know beside the figures. */
  readonly note: string | undefined;
  /** Without days asked for, the report covers those from the first to the last with one of these. */
  readonly about: Header['about'];
  readonly chart: Chart;
  readonly limit: number | undefined;
  readonly columns: readonly ReportColumn[];
  /** One SELECT over the warehouse with the parameters $from and $to, YYYY-MM-DD; its last clause is ORDER BY. */
  readonly sql: string;
}

/** The columns that a chart is drawn from. */
function charted(hint: Chart): readonly string[] {
  return hint.type === 'table' ? [] : [hint.x, ...hint.y, ...(hint.series === undefined ? [] : [hint.series])];
}

/** A report from the text of its file: YAML in a comment, then SQL. A header of another shape is a defect. */
export function parseReport(name: string, text: string): Report {
  const [, comment, sql = ''] = /^\/\*\n([\s\S]*?)\n\*\/\n([\s\S]*)$/.exec(text) ?? [];
  if (comment === undefined) throw new Error(`the report ${name} does not begin with a header`);
  const checked = headerShape.safeParse(parse(comment));
  if (!checked.success) throw new Error(`the header of the report ${name} is wrong: ${z.prettifyError(checked.error)}`);
  const header: Header = checked.data;
  const columns = Object.entries(header.columns).map(([column, about]) => ({ name: column, ...about }));
  return { ...header, name, note: header.note, limit: header.limit, columns, sql: sql.trim() };
}

/** The names of all reports. */
const reportNames = (): readonly string[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .map((file) => parsePath(file).name)
    .sort();

/** Errors: MR-QRY-004 when there is no such report. */
export function loadReport(name: string): Report {
  const known = reportNames();
  if (!known.includes(name)) throw new MillraceError('MR-QRY-004', { name, nearest: nearest(name, known) });
  return parseReport(name, readFileSync(join(folder, `${name}.sql`), 'utf8'));
}

/** All reports, by name. */
export const loadReports = (): readonly Report[] => reportNames().map(loadReport);

/** What is asked of a report. */
export interface ReportWords {
  /** Calendar days of the shop, both inclusive, YYYY-MM-DD; without them the first and the last day with data. */
  readonly from?: string;
  readonly to?: string;
  /** How many rows at most; by default what the report says. */
  readonly limit?: number | 'all';
}

/** The answer of a report. */
export interface ReportResult extends QueryResult {
  /** The days that were asked for or found; undefined where there is nothing at all of what the report is about. */
  readonly range: DateRange | undefined;
  /** True when there are more rows than shown. */
  readonly truncated: boolean;
}

/** The first and the last day with an event; undefined without any. */
async function findEventDays(duckdb: DuckDB): Promise<DateRange | undefined> {
  const [found] = await duckdb.rows<{ from: string | null; to: string | null }>(
    'SELECT min(date) AS "from", max(date) AS "to" FROM fct_daily_engagement',
  );
  return found?.from && found.to ? { from: found.from, to: found.to } : undefined;
}

/** Days that are not asked for are those of the data, unless the data lies beyond the day that is. */
function rangeOf({ from, to }: ReportWords, available: DateRange): DateRange {
  const firstOf = (one: string, other = one): string => (one < other ? one : other);
  const lastOf = (one: string, other = one): string => (one > other ? one : other);
  return { from: from ?? firstOf(available.from, to), to: to ?? lastOf(available.to, from) };
}

/**
 * Computes a report on an open warehouse; without any data in the range it has no rows. Errors: MR-QRY-003 for a wrong
 * range.
 */
export async function readReport(duckdb: DuckDB, report: Report, words: ReportWords = {}): Promise<ReportResult> {
  const available = await (report.about === 'events' ? findEventDays : findAvailable)(duckdb);
  const { from, to } = words;
  const asked = from !== undefined && to !== undefined ? { from, to } : undefined;
  const range = available ? rangeOf(words, available) : asked;
  if (range) checkRange(range);
  const limit = words.limit ?? report.limit ?? 'all';
  // One row more than wanted tells that there are more.
  const sql = limit === 'all' ? report.sql : `${report.sql}\nLIMIT ${limit + 1}`;
  const { columns, rows } = await duckdb.query(sql, { ...(range ?? nothing) });
  const shown = limit === 'all' ? rows : rows.slice(0, limit);
  return { range, columns, rows: shown, truncated: rows.length > shown.length };
}

/** A day before all data, for a warehouse that has none. */
const nothing: DateRange = { from: '0001-01-01', to: '0001-01-01' };
