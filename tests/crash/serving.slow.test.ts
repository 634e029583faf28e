/** As serving.test.ts, killed a hundred times, ten in each home. */
import { describe } from 'vitest';
import { seed } from './crash.ts';
import { hundredKills, testHomes } from './homes.ts';
import { crashServing } from './serving.ts';

describe.runIf(process.platform === 'linux')(`a server that is killed (TEST_SEED=${seed})`, { timeout: 300_000 }, () =>
  testHomes(hundredKills(), crashServing),
);
