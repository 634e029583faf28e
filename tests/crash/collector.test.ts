/** A collector that is killed under load loses no event that it acknowledged. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeFolder } from '../setup/fixtures.ts';
import { killCollectors } from './collector.ts';

test('what was acknowledged before kill -9 is in the segments, once', async () => {
  const folder = join(makeFolder(), 'collector');
  const { acknowledged, kept } = await killCollectors(folder, [1, 37, 150]);
  expect(acknowledged.length).toBeGreaterThan(188);
  const counts = new Map<string, number>();
  for (const id of kept) counts.set(id, (counts.get(id) ?? 0) + 1);
  expect(acknowledged.filter((id) => counts.get(id) !== 1)).toEqual([]);
  expect(kept.filter((id) => counts.get(id) !== 1)).toEqual([]);
  expect(readdirSync(join(folder, 'web'))).toEqual([]);
});
