/** Where a bar begins and ends, in percent of its track, when all bars of a list share one scale. */

/** The inline offset and length of a bar. */
export interface Bar {
  readonly start: number;
  readonly length: number;
}

/** One bar per value on a scale from the lowest value, or zero, to the highest, or zero; each begins at zero. */
export function barsOf(values: readonly number[]): readonly Bar[] {
  const lowest = Math.min(0, ...values);
  const span = Math.max(0, ...values) - lowest || 1;
  return values.map((value) => ({
    start: (100 * (Math.min(0, value) - lowest)) / span,
    length: (100 * Math.abs(value)) / span,
  }));
}
