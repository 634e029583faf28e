/** As serving.test.ts, killed a hundred times, ten in each home. */
import { describe, test } from 'vitest';
import { drawRounds, seed } from './crash.ts';
import { crashServing } from './serving.ts';

const { TEST_SECONDS } = process.env;

/** Homes are begun only as long as the runner allows. */
const deadline = performance.now() + 1000 * Number(TEST_SECONDS ?? Number.POSITIVE_INFINITY);

const rounds = drawRounds(100);
const homes = Array.from({ length: 10 }, (_, index) => ({
  kills: rounds.slice(10 * index, 10 * index + 10),
  name: `ten times, home ${index + 1}`,
}));

describe.runIf(process.platform === 'linux')(
  `a server that is killed (TEST_SEED=${seed})`,
  { timeout: 300_000 },
  () => {
    test.for(homes)('$name', ({ kills }, { skip }) => {
      if (performance.now() > deadline) skip(`the ${TEST_SECONDS} seconds for beginning new homes are over`);
      return crashServing(kills);
    });
  },
);
