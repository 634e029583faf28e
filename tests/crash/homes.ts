/** Tests of homes that are killed, each at moments of its own: the set-up that suites of a few kills and of many share. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { drawRounds, type Round, seed } from './crash.ts';
import type { UndisturbedSteps } from './steps.ts';

/** A home, and when it is killed. */
interface KilledHome {
  readonly name: string;
  readonly kills: readonly Round[];
}

/** A home that is killed five times. */
export const fiveKills = (): readonly KilledHome[] => [{ name: 'five times', kills: drawRounds(5) }];

/** A hundred kills, ten in each home. */
export function hundredKills(): readonly KilledHome[] {
  const rounds = drawRounds(100);
  return Array.from({ length: 10 }, (_, index) => ({
    name: `ten times, home ${index + 1}`,
    kills: rounds.slice(10 * index, 10 * index + 10),
  }));
}

const { TEST_SECONDS } = process.env;
const deadline = performance.now() + 1000 * Number(TEST_SECONDS ?? Number.POSITIVE_INFINITY);

/** Skips a test that would begin later than the runner allows. */
export function skipWhenLate(skip: (note: string) => void): void {
  if (performance.now() > deadline) skip(`the ${TEST_SECONDS} seconds within which tests begin are over`);
}

/** A test for each home. */
export const testHomes = (homes: readonly KilledHome[], kill: (kills: readonly Round[]) => Promise<void>): void =>
  test.for(homes)('$name', ({ kills }, { skip }) => {
    skipWhenLate(skip);
    return kill(kills);
  });

/** Steps that are killed, over the same files for all homes. */
export interface KilledSteps<Files> {
  readonly title: string;
  /** Makes the files in a folder. */
  readonly make: (folder: string) => Files | Promise<Files>;
  /** Takes a home of its own through all steps. */
  readonly undisturbed: (files: Files) => Promise<UndisturbedSteps>;
  /** Takes a home through all steps and kills it at these moments: it must then hold what an undisturbed one does. */
  readonly kill: (kills: readonly Round[], files: Files, undisturbed: UndisturbedSteps) => Promise<void>;
}

/** Compares homes that are killed with one that is not. */
export function describeKilled<Files>(steps: KilledSteps<Files>, homes: readonly KilledHome[]): void {
  const title = `${steps.title} (TEST_SEED=${seed})`;
  describe.runIf(process.platform === 'linux')(title, { timeout: 180_000 }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-files-'));
    let given: { readonly files: Files; readonly undisturbed: UndisturbedSteps };

    beforeAll(async () => {
      const files = await steps.make(folder);
      given = { files, undisturbed: await steps.undisturbed(files) };
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    testHomes(homes, (kills) => steps.kill(kills, given.files, given.undisturbed));
  });
}
