/** What a row gives, how it is held against its aim, and how all of it is shown. */
import Table from 'cli-table3';
import { type Spread, spreadOf } from './measure.ts';

/** What a result should be. A limit holds for the worst round, a ratio for the medians. */
export type Aim =
  /** The reference's seconds divided by ours: how fast we are beside it. */
  | { readonly kind: 'speed'; readonly atLeast: number }
  /** Our seconds, less those that are free, divided by the reference's: how long we take beside it. */
  | { readonly kind: 'time'; readonly atMost: number; readonly free?: number }
  /** Our own value, in its unit. */
  | { readonly kind: 'limit'; readonly atMost: number };

/** One thing that was measured, round by round. */
export interface Measured {
  readonly what: string;
  readonly unit: 's' | 'MiB';
  readonly ours: readonly number[];
  /** What ours is compared with; a limit has none. */
  readonly reference?: { readonly name: string; readonly values: readonly number[] };
  readonly aim: Aim;
}

/** One thing that could not be measured here. */
export interface Skipped {
  readonly what: string;
  /** Why not. */
  readonly skipped: string;
}

/** A measurement as it is shown; its shape is that of --json. */
export interface Judged {
  readonly what: string;
  readonly unit: 's' | 'MiB';
  readonly ours: Spread;
  readonly reference: (Spread & { readonly name: string }) | null;
  /** As the aim's kind defines it; null for a limit. */
  readonly ratio: number | null;
  readonly aim: Aim;
  readonly met: boolean;
}

/** Holds a measurement against its aim. */
export function judge({ what, unit, ours, reference, aim }: Measured): Judged {
  const own = spreadOf(ours);
  const other = reference ? { name: reference.name, ...spreadOf(reference.values) } : null;
  const shown = { what, unit, ours: own, reference: other, aim };
  if (aim.kind === 'limit') return { ...shown, ratio: null, met: own.max <= aim.atMost };
  if (!other) throw new Error(`${what}: a ratio needs a reference`);
  if (aim.kind === 'time') {
    const ratio = (own.median - (aim.free ?? 0)) / other.median;
    return { ...shown, ratio, met: ratio <= aim.atMost };
  }
  const ratio = other.median / own.median;
  return { ...shown, ratio, met: ratio >= aim.atLeast };
}

const amount = (value: number, unit: Judged['unit']): string => (unit === 's' ? value.toFixed(3) : value.toFixed(0));

const spread = ({ median, min, max }: Spread, unit: Judged['unit']): string =>
  `${amount(median, unit)} ${unit} (${amount(min, unit)} to ${amount(max, unit)})`;

function aimText({ aim, unit }: Judged): string {
  if (aim.kind === 'speed') return `speed x ${aim.atLeast} or more`;
  if (aim.kind === 'limit') return `${aim.atMost} ${unit} or less`;
  return `time x ${aim.atMost} or less${aim.free === undefined ? '' : `, ${aim.free} s aside`}`;
}

const isSkipped = (result: Judged | Skipped): result is Skipped => 'skipped' in result;

function cells(result: Judged | Skipped): readonly string[] {
  if (isSkipped(result)) return [result.what, 'not measured', '', '', '', ''];
  const { what, unit, ours, reference, ratio, met } = result;
  return [
    what,
    spread(ours, unit),
    reference ? `${reference.name}: ${spread(reference, unit)}` : '',
    ratio === null ? '' : ratio.toFixed(2),
    aimText(result),
    met ? 'met' : 'not met',
  ];
}

/** The table for people, with a line for each row that was left out and one for aims that were missed. */
export function renderResults(results: readonly (Judged | Skipped)[]): string {
  const table = new Table({
    head: ['', 'ours', 'reference', 'ratio', 'aim', ''],
    colAligns: ['left', 'right', 'right', 'right', 'left', 'left'],
    style: { head: [], border: [], compact: true },
  });
  for (const result of results) table.push([...cells(result)]);
  const skipped = results.filter(isSkipped).map(({ what, skipped: reason }) => `Not measured: ${what}: ${reason}.`);
  const measured = results.filter((result): result is Judged => !isSkipped(result));
  const missed = measured.filter(({ met }) => !met).map(({ what }) => what);
  const verdict = missed.length > 0 ? `Aims not met: ${missed.join('; ')}.` : 'All aims that were measured are met.';
  return [table.toString(), ...skipped, ...(measured.length > 0 ? [verdict] : [])].join('\n');
}
