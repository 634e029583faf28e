/** `millrace run` killed at three random moments, then run again: the result is that of an undisturbed run. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import {
  crashAndRecover,
  describeRound,
  drawRounds,
  generateShop,
  runUndisturbed,
  type Shop,
  seed,
  type Undisturbed,
} from './crash.ts';

describe.runIf(process.platform === 'linux')(`a run that is killed (TEST_SEED=${seed})`, { timeout: 180_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-shop-'));
  let shop: Shop;
  let undisturbed: Undisturbed;

  beforeAll(async () => {
    shop = await generateShop(folder, 2000);
    undisturbed = await runUndisturbed(shop);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(drawRounds(3).map((round) => ({ round, name: describeRound(round) })))('$name', ({ round }) =>
    crashAndRecover(round, shop, undisturbed),
  );
});
