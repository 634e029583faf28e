/** As events.test.ts, at a hundred moments, ten in each home. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { drawRounds, seed } from './crash.ts';
import { crashEvents, type EventFiles, eventsUndisturbed, makeEventFiles } from './events.ts';
import type { UndisturbedSteps } from './steps.ts';

const { TEST_SECONDS } = process.env;

/** Homes are begun only as long as the runner allows. */
const deadline = performance.now() + 1000 * Number(TEST_SECONDS ?? Number.POSITIVE_INFINITY);

const rounds = drawRounds(100);
const homes = Array.from({ length: 10 }, (_, index) => ({
  kills: rounds.slice(10 * index, 10 * index + 10),
  name: `ten times, home ${index + 1}`,
}));

describe.runIf(process.platform === 'linux')(`events that are killed (TEST_SEED=${seed})`, { timeout: 180_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-events-'));
  let files: EventFiles;
  let undisturbed: UndisturbedSteps;

  beforeAll(async () => {
    files = makeEventFiles(folder);
    undisturbed = await eventsUndisturbed(files);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.for(homes)('$name', ({ kills }, { skip }) => {
    if (performance.now() > deadline) skip(`the ${TEST_SECONDS} seconds for beginning new homes are over`);
    return crashEvents(kills, files, undisturbed);
  });
});
