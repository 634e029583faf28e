/** Batches follow each other without gaps, from where the plan begins to its end. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BatchSize, batchId, batchStart, planBatches } from './batches.ts';

const sizes: readonly BatchSize[] = ['hour', 'day', 'month', 'year'];
const moment = fc.date({
  min: new Date('2019-01-01T00:00:00Z'),
  max: new Date('2020-12-31T00:00:00Z'),
  noInvalidDate: true,
});

test('batches are whole, adjoin each other and reach beyond now', () => {
  fc.assert(
    fc.property(moment, fc.integer({ min: 0, max: 5e8 }), fc.constantFrom(...sizes), (begin, later, size) => {
      const now = new Date(begin.getTime() + later);
      const batches = planBatches({ size, begin, lookback: 1, incremental: false, now });
      expect(batches[0]?.start).toEqual(batchStart(begin, size));
      for (const [index, { start, end }] of batches.entries()) {
        expect(end).toEqual(batchStart(start, size, 1));
        if (index > 0) expect(start).toEqual(batches[index - 1]?.end);
      }
      expect(batches.at(-1)?.end.getTime()).toBeGreaterThanOrEqual(now.getTime());
    }),
    { numRuns: 50 },
  );
});

test('a run that adds to the table goes back by its lookback', () => {
  const plan = {
    size: 'day',
    begin: new Date('2020-01-01'),
    lookback: 2,
    incremental: true,
    now: new Date('2024-03-01T10:00:00Z'),
  } as const;
  expect(planBatches(plan).map(({ start }) => batchId(start, 'day'))).toEqual(['20240228', '20240229', '20240301']);
  const given = planBatches({
    ...plan,
    start: new Date('2024-01-30T05:00:00Z'),
    end: new Date('2024-02-01T00:00:00Z'),
  });
  expect(given.map(({ start }) => batchId(start, 'day'))).toEqual(['20240130', '20240131']);
});

test('a batch is named by its start', () => {
  const start = new Date('2024-02-03T04:00:00Z');
  expect(sizes.map((size) => batchId(start, size))).toEqual(['20240203T04', '20240203', '202402', '2024']);
});
