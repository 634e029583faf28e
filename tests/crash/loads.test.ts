/** Loads, a revert, fixes and a replay, killed at five random moments and given again: the result is the undisturbed one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { drawRounds, seed } from './crash.ts';
import { crashLoads, type Exports, generateExports, loadUndisturbed } from './loads.ts';
import type { UndisturbedSteps } from './steps.ts';

describe.runIf(process.platform === 'linux')(`loads that are killed (TEST_SEED=${seed})`, { timeout: 180_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-shop-'));
  let exports: Exports;
  let undisturbed: UndisturbedSteps;

  beforeAll(async () => {
    exports = await generateExports(folder);
    undisturbed = await loadUndisturbed(exports);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('five times', () => crashLoads(drawRounds(5), exports, undisturbed));
});
