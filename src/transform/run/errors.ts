/** What went wrong with a node, in words that name the author's file and line. */
import { isDiskFull, MillraceError } from '../../kernel/errors.ts';
import { StatementError } from '../context/session.ts';
import { describeCalls, JinjaError, type Place } from '../jinja/errors.ts';
import { templateError } from '../parse/workspace.ts';

/** The template of a node and what it became. */
export interface CompiledText {
  readonly path: string;
  /** Of what has no template of its own: the line on which it is declared. */
  readonly line?: number | undefined;
  readonly template: string;
  readonly compiled: string;
}

const trimmedLines = (text: string): readonly string[] => text.split('\n').map((line) => line.trim());

/** The parts of a template's line that come out as they are. */
const literals = (line: string): readonly string[] =>
  line
    .split(/\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}/)
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** Whether a compiled line can be what a template's line became: it has its literal parts in their order. */
function comesFrom(compiled: string, template: string, parts: readonly string[]): boolean {
  if (parts.length === 0) return false;
  if (parts.length === 1 && parts[0] === template) return compiled === template;
  let from = 0;
  for (const part of parts) {
    const found = compiled.indexOf(part, from);
    if (found < 0) return false;
    from = found + part.length;
  }
  return true;
}

/** For each compiled line that comes from a line of the template, in the same order, that line; lines count from 0. */
function anchors(compiled: readonly string[], template: readonly string[]): ReadonlyMap<number, number> {
  const parts = template.map(literals);
  const matches = (row: number, column: number): boolean =>
    comesFrom(compiled[row] ?? '', template[column] ?? '', parts[column] ?? []);
  const lengths = Array.from({ length: compiled.length + 1 }, () => new Uint16Array(template.length + 1));
  const at = (row: number, column: number): number => lengths[row]?.[column] ?? 0;
  for (let row = compiled.length - 1; row >= 0; row -= 1) {
    for (let column = template.length - 1; column >= 0; column -= 1) {
      const line = lengths[row];
      const skipped = Math.max(at(row + 1, column), at(row, column + 1));
      if (line) line[column] = matches(row, column) ? Math.max(at(row + 1, column + 1) + 1, skipped) : skipped;
    }
  }
  const found = new Map<number, number>();
  let [row, column] = [0, 0];
  while (row < compiled.length && column < template.length) {
    if (matches(row, column) && at(row, column) === at(row + 1, column + 1) + 1) {
      found.set(row, column);
      row += 1;
      column += 1;
    } else if (at(row + 1, column) >= at(row, column + 1)) row += 1;
    else column += 1;
  }
  return found;
}

/** The longest text whose lines are aligned; beyond it a compiled line counts as the template's. */
const alignable = 1500;

/** The line of the template (from 1) that a line of the compiled text (from 1) comes from, as well as can be told. */
export function templateLine({ template, compiled }: CompiledText, line: number): number {
  const [from, to] = [trimmedLines(compiled), trimmedLines(template)];
  if (from.length > alignable || to.length > alignable) return Math.min(line, to.length);
  const found = anchors(from, to);
  const exact = found.get(line - 1);
  if (exact !== undefined) return exact + 1;
  for (let before = line - 2; before >= 0; before -= 1) {
    const anchor = found.get(before);
    if (anchor === undefined) continue;
    const next = [...found].find(([compiledLine]) => compiledLine > line - 1)?.[1] ?? to.length;
    return Math.min(anchor + (line - 1 - before), Math.max(anchor, next - 1)) + 1;
  }
  return Math.min(line, to.length);
}

/** The line of a statement that DuckDB complains of, from 1. */
const reportedLine = (message: string): number | undefined => {
  const line = /^LINE (\d+):/m.exec(message)?.[1];
  return line === undefined ? undefined : Number(line);
};

/** How many lines of a statement stand before the node's own SQL; undefined where that is not in it. */
function linesBefore(sql: string, compiled: string): number | undefined {
  const start = sql.indexOf(compiled.trim());
  return start < 0 ? undefined : sql.slice(0, start).split('\n').length - 1;
}

function lineOf(error: StatementError, text: CompiledText): number | undefined {
  const reported = reportedLine(error.message);
  const before = linesBefore(error.sql, text.compiled);
  if (reported === undefined || before === undefined || text.template === '') return undefined;
  const blank = /^\s*\n/.exec(text.compiled)?.[0].split('\n').length ?? 1;
  const line = reported - before + blank - 1;
  return line < 1 ? undefined : templateLine(text, line);
}

/** A full disk is no node's fault, and ends the run. */
export function throwIfDiskFull(thrown: unknown): void {
  for (let cause = thrown; cause instanceof Error; cause = cause.cause) if (isDiskFull(cause)) throw cause;
}

const causeOf = (thrown: unknown): unknown =>
  thrown instanceof JinjaError && thrown.cause !== undefined ? causeOf(thrown.cause) : thrown;

/** The files of the engine's own macros, of which authors know nothing. */
const isEngines = ({ file }: Place): boolean => file.startsWith('macros/engine/');

/** The catalogue's code and remedy, for mistakes that have an entry of their own. */
function advice(error: JinjaError, path: string): string {
  const entry = templateError(error, path);
  const isSettled = entry instanceof MillraceError && !['MR-TRF-110', 'MR-TRF-111'].includes(entry.code);
  return isSettled ? ` (${entry.code}). ${entry.remedy}` : '';
}

const placeOf = ({ path, line }: CompiledText): string => `${path}${line === undefined ? '' : `:${line}`}`;

/** The author's place of an error, and the calls of the author's macros that led to it. */
function jinjaMessage(error: JinjaError, text: CompiledText): string {
  const { path } = text;
  const isAuthors = (one: Place): boolean => !isEngines(one) && (text.line === undefined || one.file !== path);
  const places = [...(error.place ? [error.place] : []), ...error.calls.map(({ calledFrom }) => calledFrom)];
  const place = places.find(isAuthors);
  const calls = describeCalls(
    error.calls.filter(({ calledFrom }) => calledFrom !== place && isAuthors(calledFrom)),
    ({ macro, calledFrom }) => `in macro ${macro}, called from ${calledFrom.file}:${calledFrom.line}`,
  );
  const where = place ? `${place.file}:${place.line}` : placeOf(text);
  return `${where}: ${[`${error.message}${advice(error, path)}`, ...calls].join('\n  ')}`;
}

/** What was thrown while a node was built, as text that begins with file and line. */
export function describeFailure(thrown: unknown, text: CompiledText): string {
  const cause = causeOf(thrown);
  if (cause instanceof StatementError) {
    const line = lineOf(cause, text) ?? text.line;
    const elsewhere = thrown instanceof JinjaError && line === undefined;
    if (elsewhere) return jinjaMessage(thrown, text);
    return `${placeOf({ ...text, line })}: ${cause.message}`;
  }
  if (thrown instanceof JinjaError) return jinjaMessage(thrown, text);
  return `${placeOf(text)}: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
}
