/** Events loaded, fixed, replayed and put together, killed at five random moments: the result is the undisturbed one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { drawRounds, seed } from './crash.ts';
import { crashEvents, type EventFiles, eventsUndisturbed, makeEventFiles } from './events.ts';
import type { UndisturbedSteps } from './steps.ts';

describe.runIf(process.platform === 'linux')(`events that are killed (TEST_SEED=${seed})`, { timeout: 180_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-events-'));
  let files: EventFiles;
  let undisturbed: UndisturbedSteps;

  beforeAll(async () => {
    files = makeEventFiles(folder);
    undisturbed = await eventsUndisturbed(files);
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('five times', () => crashEvents(drawRounds(5), files, undisturbed));
});
