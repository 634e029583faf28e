/** As crash.test.ts, at thirty moments; every fifth round runs on the sample that a run makes by itself. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { dayIn } from '../../src/kernel/time.ts';
import {
  crashAndRecover,
  describeRound,
  drawRounds,
  generateShop,
  type Round,
  runUndisturbed,
  type Shop,
  seed,
  type Undisturbed,
} from './crash.ts';
import { skipWhenLate } from './homes.ts';

const today = (): string => dayIn(new Date(), 'UTC');

let ofToday: { readonly day: string; readonly undisturbed: Undisturbed } | undefined;

/** The sample that a run makes by itself is that of the day. */
async function runSampleUndisturbed(day: string): Promise<Undisturbed> {
  if (ofToday?.day !== day) ofToday = { day, undisturbed: await runUndisturbed(undefined) };
  return ofToday.undisturbed;
}

const rounds = drawRounds(30).map((round, index) => {
  const onSample = index % 5 === 4;
  return { round, onSample, name: `${describeRound(round)}${onSample ? ', on the own sample' : ''}` };
});

describe.runIf(process.platform === 'linux')(`a run that is killed (TEST_SEED=${seed})`, { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-shop-'));
  let shop: Shop;
  let undisturbed: Undisturbed;

  beforeAll(async () => {
    shop = await generateShop(folder, 2000);
    undisturbed = await runUndisturbed(shop);
    // No round pays for it.
    await runSampleUndisturbed(today());
  }, 240_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function crashOnSample(round: Round, skip: (note: string) => void): Promise<void> {
    const day = today();
    try {
      await crashAndRecover(round, undefined, await runSampleUndisturbed(day));
    } catch (thrown) {
      if (today() !== day) skip('the day, and with it the sample, changed meanwhile');
      throw thrown;
    }
  }

  test.for(rounds)('$name', ({ round, onSample }, { skip }) => {
    skipWhenLate(skip);
    return onSample ? crashOnSample(round, skip) : crashAndRecover(round, shop, undisturbed);
  });
});
