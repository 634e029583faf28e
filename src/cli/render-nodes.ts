/** How the nodes of a project are told on a terminal: a line as each ends, and what went wrong. */
import type { NodeResult } from '../transform/run/results.ts';
import { number } from './print.ts';

/** Whether what ended is a test, of data or of a unit. */
export const isTest = ({ resource_type }: NodeResult): boolean => ['test', 'unit_test'].includes(resource_type);

/** A node that has ended, for a program. */
export const summariseNode = (node: NodeResult) => ({
  name: node.name,
  kind: node.resource_type,
  materialized: node.materialized,
  status: node.status,
  milliseconds: Math.round(node.execution_time * 1000),
  ...(typeof node.adapter_response.rows_affected === 'number' ? { rows: node.adapter_response.rows_affected } : {}),
  ...(node.failures === null ? {} : { failures: node.failures }),
  ...(node.message === null ? {} : { message: node.message }),
  ...(node.failing_rows ? { failingRows: node.failing_rows } : {}),
});

const rowsOf = (count: number): string => `${number.format(count)} ${count === 1 ? 'row' : 'rows'}`;

/** How many of what a node made or found. */
function amountOf({ failures, adapter_response }: NodeResult): string {
  if (failures !== null && failures > 0) return rowsOf(failures);
  const rows = adapter_response.rows_affected;
  return typeof rows === 'number' ? rowsOf(rows) : '';
}

/** One line for a node that has ended; `place` is how many have. */
export function renderNodeLine(result: NodeResult, place: number): string {
  const { status, materialized, resource_type, name, execution_time, message } = result;
  const kind = resource_type === 'model' ? materialized : resource_type.replace('_', ' ');
  const words = [
    String(place).padStart(4),
    status.padEnd(8),
    kind.padEnd(11),
    name.padEnd(48),
    amountOf(result).padStart(14),
  ];
  const reason = status === 'skipped' && message !== null ? `  ${message}` : '';
  return `${words.join(' ')} ${execution_time.toFixed(2).padStart(7)} s${reason}`;
}

/** A node that did not end well: what is wrong, and of a test the SQL and the first rows; undefined for others. */
export function renderNodeFailure(result: NodeResult): string | undefined {
  const { status, name, path, line, message, compiled_code, resource_type, failing_rows } = result;
  if (!['error', 'fail', 'warn', 'partial success'].includes(status)) return undefined;
  const rows = result.failures ? `: ${rowsOf(result.failures)}` : '';
  const lines = [
    `${status.toUpperCase()} ${resource_type.replace('_', ' ')} ${name}${rows} (${path}${line === undefined ? '' : `:${line}`})`,
  ];
  if (message !== null) lines.push(`  ${message.trim().split('\n').join('\n  ')}`);
  if (resource_type === 'test' && compiled_code !== null)
    lines.push(`  ${compiled_code.trim().split('\n').join('\n  ')}`);
  for (const row of failing_rows ?? []) lines.push(`  ${JSON.stringify(row)}`);
  return lines.join('\n');
}
