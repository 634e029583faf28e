/** The batches of a microbatch model: hours, days, months or years of event time, all in UTC. */
export type BatchSize = 'hour' | 'day' | 'month' | 'year';

/** From a moment up to another, the second excluded. */
export interface Batch {
  readonly start: Date;
  readonly end: Date;
}

const parts = (moment: Date): [number, number, number, number] => [
  moment.getUTCFullYear(),
  moment.getUTCMonth(),
  moment.getUTCDate(),
  moment.getUTCHours(),
];

/** The start of the batch that a moment is in, moved by so many batches. */
export function batchStart(moment: Date, size: BatchSize, offset = 0): Date {
  const [year, month, day, hour] = parts(moment);
  if (size === 'hour') return new Date(Date.UTC(year, month, day, hour + offset));
  if (size === 'day') return new Date(Date.UTC(year, month, day + offset));
  if (size === 'month') return new Date(Date.UTC(year, month + offset));
  return new Date(Date.UTC(year + offset, 0));
}

/** The start of the first batch at or after a moment. */
function ceiling(moment: Date, size: BatchSize): Date {
  const start = batchStart(moment, size);
  return start.getTime() === moment.getTime() ? start : batchStart(start, size, 1);
}

/** What decides which batches are run. */
export interface BatchPlan {
  readonly size: BatchSize;
  readonly begin: Date;
  /** How many batches before the last are run again. */
  readonly lookback: number;
  /** Whether the table is there and is added to. */
  readonly incremental: boolean;
  readonly now: Date;
  /** Given for this run, in place of what the configs come to. */
  readonly start?: Date | undefined;
  readonly end?: Date | undefined;
}

function firstStart({ size, begin, lookback, incremental, start }: BatchPlan, end: Date): Date {
  if (start) return batchStart(start, size);
  if (!incremental) return batchStart(begin, size);
  // An end between batches is that of the batch before it.
  const between = end.getTime() === batchStart(end, size).getTime() ? 1 : 0;
  return batchStart(end, size, -(lookback + between));
}

/** The batches to run, in their order. */
export function planBatches(plan: BatchPlan): readonly Batch[] {
  const end = ceiling(plan.end ?? plan.now, plan.size);
  const batches: Batch[] = [];
  let start = firstStart(plan, end);
  do {
    const next = batchStart(start, plan.size, 1);
    batches.push({ start, end: new Date(Math.min(next.getTime(), end.getTime())) });
    start = next;
  } while (start < end);
  return batches;
}

/** A batch's name: 2024, 202401, 20240101 or 20240101T05. */
export function batchId(start: Date, size: BatchSize): string {
  const text = start.toISOString().replaceAll('-', '');
  return text.slice(0, { year: 4, month: 6, day: 8, hour: 11 }[size]);
}
