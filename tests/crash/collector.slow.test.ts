/** A hundred collectors that are killed under load, one after the other in the same home. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeFolder } from '../setup/fixtures.ts';
import { killCollectors } from './collector.ts';

test('after a hundred kills every acknowledged event is in the segments, once', async () => {
  const killsAt = Array.from({ length: 100 }, (_, round) => 1 + ((round * 37) % 211));
  const { acknowledged, kept } = await killCollectors(join(makeFolder(), 'collector'), killsAt);
  expect(new Set(kept).size).toBe(kept.length);
  const found = new Set(kept);
  expect(acknowledged.filter((id) => !found.has(id))).toEqual([]);
}, 900_000);
